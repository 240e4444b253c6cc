"""Whole-nano prices that keep every filled order inside its limit, exactly.

Rounding the duals moves the net price of an order by up to half the sum of its ratios, and the
orders that set the prices have no room to spare: some would end a nano beyond their limits. The
remedy is to move the prices by some nanos first, such that each of these orders gains that room,
and to round then. A chain of orders that just meet, bid at ask, has no room to gain. Its prices are
whole already, unless ratios divide a micro into something finer than nanos; then a small integer
program looks for whole prices nearby.
"""

from typing import Final

import numpy as np

from offbeat.clearing.book import MICRO_NANOS, Book, Floats, Integers, Legs, Mask
from offbeat.clearing.solver import Budget, best_whole, load, optimum
from offbeat.core import limits

_ATTEMPTS: Final = 4
_VIOLATION_WEIGHT: Final = 100.0
"""A nano beyond a limit is this much worse than a nano of missing room."""
_WORK: Final = 1 << 13
"""Legs times nodes of the integer program: thorough for one strategy, brief for a large book."""
_REACH: Final = limits.MAX_RATIO
"""How many nanos the integer program may move a price: two coprime ratios never need more."""
_TIE: Final = 1e-4
"""Breaks ties between rounding up and down one way, whatever the noise in the last digits."""


def beyond_bounds(book: Book, duals: Floats) -> Mask:
    """Orders with a leg whose price, set by a chain of extreme limits, is out of range."""
    wild = np.abs(duals) > limits.MAX_PRICE_NANOS // 2
    return book.touching(wild)


def whole_prices(book: Book, filled: Mask, duals: Floats, budget: Budget) -> Integers:
    """Prices in nanos, near ``duals``, with no negative margin among ``filled`` if that can be.

    The caller checks: an order whose limit no whole price was found for keeps a negative margin.
    Raises :class:`~offbeat.clearing.solver.Stuck`.
    """
    prices = np.rint(duals).astype(np.int64)
    for _ in range(_ATTEMPTS):
        margins = book.margins(prices)
        if not (filled & (margins < 0)).any():
            return prices
        tight = np.flatnonzero(filled & (margins < MICRO_NANOS))
        shift = _make_room(book.legs.take(tight), margins[tight], len(book.instruments), budget)
        prices = prices + np.rint(shift + _TIE).astype(np.int64)
    return _fitted(book, filled, prices)


def _make_room(legs: Legs, margins: Integers, instruments: int, budget: Budget) -> Floats:
    """Price changes in nanos that leave each order the room that rounding may need.

    With ``z`` the changes and ``room`` half the sum of an order's ratios, rounded up so that a
    unimodular system keeps whole solutions, this minimises

        Σ max(0, net(z) − (margin − room))  +  weight · Σ max(0, net(z) − margin)

    through its dual: an auction of the same legs, in which each order appears twice, once for one
    lot at the limit room − margin, and once for ``weight`` lots at the limit −margin.
    """
    room = (legs.weights + 1) // 2
    count = len(margins)
    _, duals = optimum(
        load(
            legs.take(np.tile(np.arange(count), 2)),
            gains=np.concatenate([room - margins, -margins]).astype(np.float64),
            lower=np.zeros(2 * count),
            upper=np.repeat([1.0, _VIOLATION_WEIGHT], count),
            balance=np.zeros(instruments),
        ),
        budget,
    )
    return -duals


def _fitted(book: Book, filled: Mask, prices: Integers) -> Integers:
    """Prices that suit all of ``filled``, if moving those of the violated orders' legs can do it.

    Moves are integers that keep every net price within its order's margin.
    """
    margins = book.margins(prices)
    violated = np.flatnonzero(filled & (margins < 0))
    if not len(violated):
        return prices
    free = np.zeros(len(prices), np.bool_)
    free[book.legs.take(violated).index] = True
    near = np.flatnonzero(filled & book.touching(free) & (margins < _REACH * book.legs.weights))
    reach = np.where(free, float(_REACH), 0.0)
    legs = book.legs.take(near)
    moves = best_whole(
        load(
            legs.transposed(len(prices)),
            gains=np.zeros(len(prices)),
            lower=-reach,
            upper=reach,
            balance=margins[near].astype(np.float64),
            whole=True,
            at_most=True,
        ),
        nodes=_WORK // len(legs.index),
        gap=0.0,
    )
    return prices if moves is None else prices + np.rint(moves).astype(np.int64)
