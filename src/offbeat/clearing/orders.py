"""What goes into an auction and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_ORDERS: Final = 16_384
"""Orders in one auction; the caller chooses which to bring when there are more."""
MAX_INSTRUMENTS: Final = 1_024
"""Different instruments in one auction."""

MAX_NET_PRICE_NANOS: Final = 2**53
"""Greatest net price of one contract of strategy, of either sign (a thousand million of the quote
currency). A limit above it counts as it, and an order with a limit below its negative never
trades."""


@dataclass(frozen=True, slots=True)
class AuctionOrder:
    """A multi-leg order as the auction sees it.

    ``legs`` are ``(instrument id, ratio)`` in strictly ascending order of id, + buys and − sells.
    ``quantity_micros`` is what may still be filled and ``min_fill_micros`` the least fill other
    than zero, both in whole lots. ``limit_micros`` is the worst net price per contract of strategy
    (+ pays, − receives). ``key`` decides ties between orders that are otherwise equal, and should
    be unique (an intent hash): then the outcome does not depend on the order of the input.
    """

    legs: tuple[tuple[int, int], ...]
    quantity_micros: int
    min_fill_micros: int
    limit_micros: int
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Clearing:
    """The outcome of an auction, with the proof of how good it is.

    ``fills_micros`` is aligned with the orders. ``prices_nanos`` has every instrument of the book;
    where nothing traded, the price is only part of the proof. Money is in femtos, 1e-15 of the
    quote currency (nanos per contract times micros of a contract), so that nothing is rounded.

    Let an order's *margin* be its limit less the net price of its legs, and its *regret* the
    margin, if positive, times what was left unfilled. ``surplus_femtos`` is the sum of margin times
    fill, which equals the sum of limit times fill because every instrument nets to zero.
    ``bound_femtos`` is the sum of positive margins times whole quantities. By weak duality of
    linear programs no clearing of these orders whatsoever, at any prices, reaches a surplus above
    the bound; and bound − surplus is exactly the sum of all regrets.

    ``shortfall_micros`` is the most that any divisible order (no minimum fill) was left short
    although its margin is a micro or more, the unit in which limits are signed.
    """

    fills_micros: tuple[int, ...]
    prices_nanos: Mapping[int, int]
    surplus_femtos: int
    bound_femtos: int
    shortfall_micros: int
