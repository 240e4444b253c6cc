"""The auction: multi-leg orders in, whole-lot fills and uniform prices out.

1. ``minimums`` chooses which orders with a minimum fill take part.
2. ``relaxation`` solves the auction in divisible lots; its duals are prices.
3. ``prices`` turns these into whole nanos at which nobody who is filled pays beyond the limit.
4. ``lots`` turns the fills into whole lots that balance in every instrument.
5. ``verify`` proves the outcome in integers.

Steps 3 and 4 can fail for a few contrived orders. Then these orders are shaded or stand aside, and
the auction of the others runs again, warm; after a fixed amount of work nothing trades, which is
always sound.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from offbeat.clearing.book import MICRO_NANOS, Book, Integers, Mask
from offbeat.clearing.lots import NIMBLE, obstacles, whole_lots
from offbeat.clearing.minimums import choose, dive
from offbeat.clearing.orders import AuctionOrder, Clearing
from offbeat.clearing.prices import beyond_bounds, whole_prices
from offbeat.clearing.relaxation import Relaxation
from offbeat.clearing.solver import Budget, Stuck
from offbeat.clearing.verify import verify
from offbeat.core import limits

_Outcome: TypeAlias = tuple[Integers, Integers]

_ROUNDS: Final = 8


class _Attempt(NamedTuple):
    """One run of rounds: the greatest ratio that takes part, and its simplex iterations.

    As attempts fail, the orders that are hardest to balance stand aside, so that a few of them
    cannot empty the auction, nor keep it waiting.
    """

    coarseness: int
    iterations: int


_ATTEMPTS: Final = (
    _Attempt(limits.MAX_RATIO, 6_000),
    _Attempt(NIMBLE, 4_000),
    _Attempt(1, 4_000),
)


def clear(orders: Sequence[AuctionOrder]) -> Clearing:
    """Clear the orders at uniform prices, for the greatest surplus up to whole lots.

    Guaranteed, and proven in integers for every outcome before it is returned (``verify``):

    - fills are whole lots, zero or between minimum and quantity, and net to zero per instrument;
    - the net price of every filled order is within its limit, to the last nano;
    - bound − surplus is exactly what all orders left short would have gained at these prices, and
      no clearing of these orders at any prices has a surplus above the bound.

    If each order pays ``min(ceil(P·fill / 1e9), floor(limit·fill / 1e6))`` micros, with P its net
    price in nanos, every payment is less than a micro away from P·fill, and these sum to zero: the
    batch's dust is less than one micro per filled order, of either sign.

    Expected, and measured by the outcome itself: a divisible order whose limit is a micro or more
    better than its net price is left short by at most ``shortfall_micros``, one lot in most books
    (see ``lots.LADDER``), and surplus ≥ 99.95 % of the bound in large books of divisible orders.
    Orders with a minimum fill may be left out although the prices would suit them.

    The outcome is a function of the set of orders: the same for any order of the input if keys are
    unique, on one build of the solver. The work is bounded without a clock: rounds, rungs, nodes
    and iterations all have limits.

    Raises :class:`~offbeat.core.InvalidInput` with code ``too_many_orders``,
    ``too_many_instruments``, ``legs_invalid``, ``quantity_invalid``, ``min_fill_invalid`` or
    ``limit_invalid``.
    """
    if not orders:
        return Clearing((), {}, 0, 0, 0)
    book = Book.of(orders)
    nothing = np.zeros(len(book.limit), np.int64), np.zeros(len(book.instruments), np.int64)
    clearing = _publish(book, *(_trade(book) or nothing))
    return clearing if verify(orders, clearing) is None else _publish(book, *nothing)


def _trade(book: Book) -> _Outcome | None:
    """Fills in lots and prices in nanos, or None when all attempts have failed."""
    relaxation = Relaxation(book, Budget(0))
    active = np.ones(len(book.limit), np.bool_)
    for attempt in _ATTEMPTS:
        relaxation.budget.iterations = attempt.iterations
        try:
            outcome = _attempt(
                book, relaxation, active & (book.legs.coarseness <= attempt.coarseness)
            )
        except Stuck:
            continue
        if outcome is not None:
            return outcome
    return None


def _attempt(book: Book, relaxation: Relaxation, active: Mask) -> _Outcome | None:
    """The outcome for ``active`` orders, or None when the rounds are used up."""
    active = choose(book, relaxation, active)
    failures = 0
    for _ in range(_ROUNDS):
        active, vertex = dive(book, relaxation, active)
        duals = relaxation.middle()
        if (wild := active & beyond_bounds(book, duals)).any():
            active = active & ~wild
            continue
        filled = vertex > 0.5
        prices = whole_prices(book, filled, duals, relaxation.budget)
        margins = book.margins(prices)
        if (violated := filled & (margins < 0)).any():
            relaxation.shade(violated)
            continue
        fills = whole_lots(book, active, margins, vertex, failures)
        if fills is not None:
            return fills, prices
        active = active & ~obstacles(book, active, margins, vertex, failures)
        failures += 1
    return None


def _publish(book: Book, fills: Integers, prices: Integers) -> Clearing:
    margins = book.limit.astype(object) - book.legs.net(prices.astype(object))
    gains = np.maximum(margins, 0)
    left_short = (book.quantity - fills)[(margins >= MICRO_NANOS) & (book.min_fill == 0)]
    fills_micros = np.empty(len(fills), np.int64)
    fills_micros[book.places] = fills * limits.LOT_MICROS
    return Clearing(
        fills_micros=tuple(fills_micros.tolist()),
        prices_nanos=dict(zip(book.instruments, prices.tolist(), strict=True)),
        surplus_femtos=int(gains @ fills) * limits.LOT_MICROS,
        bound_femtos=int(gains @ book.quantity) * limits.LOT_MICROS,
        shortfall_micros=int(left_short.max(initial=0)) * limits.LOT_MICROS,
    )
