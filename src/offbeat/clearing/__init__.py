"""The auction: multi-leg orders in, whole-lot fills and uniform prices out, proven in integers."""

from offbeat.clearing.auction import clear
from offbeat.clearing.orders import (
    MAX_INSTRUMENTS,
    MAX_NET_PRICE_NANOS,
    MAX_ORDERS,
    AuctionOrder,
    Clearing,
)
from offbeat.clearing.verify import Flaw, verify

__all__ = [
    "MAX_INSTRUMENTS",
    "MAX_NET_PRICE_NANOS",
    "MAX_ORDERS",
    "AuctionOrder",
    "Clearing",
    "Flaw",
    "clear",
    "verify",
]
