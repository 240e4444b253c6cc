"""An independent check of a clearing: plain integers, nothing shared with what produced it."""

from collections.abc import Sequence
from enum import StrEnum

from offbeat.clearing.orders import MAX_NET_PRICE_NANOS, AuctionOrder, Clearing
from offbeat.core import limits


class Flaw(StrEnum):
    """The first rule that a clearing breaks."""

    FILLS_MISALIGNED = "fills_misaligned"
    PRICE_BOUNDS = "price_bounds"
    PRICE_MISSING = "price_missing"
    FILL_NEGATIVE = "fill_negative"
    FILL_BROKEN_LOT = "fill_broken_lot"
    BELOW_MIN_FILL = "below_min_fill"
    OVERFILLED = "overfilled"
    LIMIT_VIOLATED = "limit_violated"
    INSTRUMENT_UNBALANCED = "instrument_unbalanced"
    SURPLUS_MISSTATED = "surplus_misstated"
    BOUND_MISSTATED = "bound_misstated"
    SHORTFALL_MISSTATED = "shortfall_misstated"


def verify(orders: Sequence[AuctionOrder], clearing: Clearing) -> Flaw | None:
    """The first flaw of ``clearing`` as an outcome of ``orders``, or None if there is none."""
    if len(clearing.fills_micros) != len(orders):
        return Flaw.FILLS_MISALIGNED
    prices = clearing.prices_nanos
    if any(abs(price) > limits.MAX_PRICE_NANOS for price in prices.values()):
        return Flaw.PRICE_BOUNDS
    balances = dict.fromkeys(prices, 0)
    surplus = bound = shortfall = 0
    for order, fill in zip(orders, clearing.fills_micros, strict=True):
        net_price = 0
        for instrument, ratio in order.legs:
            if instrument not in prices:
                return Flaw.PRICE_MISSING
            net_price += ratio * prices[instrument]
            balances[instrument] += ratio * fill
        margin = _margin_nanos(order, net_price)
        if fill and (flaw := _flaw_of_fill(order, fill, margin)):
            return flaw
        if margin > 0:
            surplus += margin * fill
            bound += margin * order.quantity_micros
            if margin >= 1_000 and not order.min_fill_micros:
                shortfall = max(shortfall, order.quantity_micros - fill)
    if any(balances.values()):
        return Flaw.INSTRUMENT_UNBALANCED
    if surplus != clearing.surplus_femtos:
        return Flaw.SURPLUS_MISSTATED
    if bound != clearing.bound_femtos:
        return Flaw.BOUND_MISSTATED
    if shortfall != clearing.shortfall_micros:
        return Flaw.SHORTFALL_MISSTATED
    return None


def _margin_nanos(order: AuctionOrder, net_price: int) -> int:
    limit = order.limit_micros * 1_000
    if limit < -MAX_NET_PRICE_NANOS:
        return -1  # asks for more than anybody may pay
    return min(limit, MAX_NET_PRICE_NANOS) - net_price


def _flaw_of_fill(order: AuctionOrder, fill: int, margin: int) -> Flaw | None:
    if fill < 0:
        return Flaw.FILL_NEGATIVE
    if fill % limits.LOT_MICROS:
        return Flaw.FILL_BROKEN_LOT
    if fill < order.min_fill_micros:
        return Flaw.BELOW_MIN_FILL
    if fill > order.quantity_micros:
        return Flaw.OVERFILLED
    return Flaw.LIMIT_VIOLATED if margin < 0 else None
