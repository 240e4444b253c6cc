"""From the vertex of the linear program to whole lots that balance exactly.

With the prices fixed, what remains is an integer program with little left to decide. Orders outside
the money stay empty and orders inside it stay full, both whole already; only the few at the price
(no more than instruments, where no two limits tie) have broken fills. Rounding those leaves an
imbalance of a few lots in a few instruments. It is absorbed by the orders at the price, and by
leaving some orders inside the money short by a few lots: the cheapest ones, since what a lot left
short costs is its order's margin. This is Gomory's view of an integer program from its optimal
vertex (R. E. Gomory, Linear Algebra and its Applications 2, 1969).
"""

from typing import Final, NamedTuple

import numpy as np

from offbeat.clearing.book import MICRO_NANOS, Book, Floats, Integers, Legs, Mask
from offbeat.clearing.relaxation import BONUS_NANOS, COST_NANOS
from offbeat.clearing.solver import best_whole, load

_NODES: Final = 32
_MAX_SEARCHED: Final = 2_048
"""Orders among which the search goes on for better lots than the first that balance."""
_GAP: Final = 5e-5
"""Whole lots are good enough within this share of the surplus bound."""
NIMBLE: Final = 8
"""An order of greater ratios is too coarse to absorb an imbalance of a few lots: it moves only if
its own fill is broken."""


class _Rung(NamedTuple):
    """How far an integer program may move: the cheapest ``per_instrument`` full orders by
    ``short`` lots down, and orders at the price by ``play`` lots either way."""

    per_instrument: int
    short: int
    play: int


LADDER: Final = (
    _Rung(4, 1, 1 << 12),
    _Rung(32, 1, 1 << 12),
    _Rung(4, 4, 1 << 12),
    _Rung(16, 64, 1 << 16),
)


class _Rounded(NamedTuple):
    """Rounded fills, the bounds of each order's fill, and what is left over per instrument."""

    fills: Integers
    least: Integers
    most: Integers
    imbalance: Integers


def whole_lots(
    book: Book, active: Mask, margins: Integers, vertex: Floats, failures: int = 0
) -> Integers | None:
    """Balanced fills in lots near ``vertex``, or None if no rung of the ladder finds any.

    ``margins`` are exact at the final prices; only active orders with a margin of zero or more are
    filled. Those that are full at the vertex with a margin of a micro or more end short by no more
    lots than the rung says. A minimum fill that is met at the vertex stays met; an order that is
    empty there, with a minimum fill, stays empty. Each of ``failures`` before takes a rung away,
    down to one, so that a hostile book cannot buy much time.
    """
    rounded = _round(book, active, margins, vertex)
    if not rounded.imbalance.any():
        return rounded.fills
    if _indivisible(rounded.imbalance, _divisors(book, rounded)).any():
        return None
    fills, least, most, imbalance = rounded
    full = (margins >= MICRO_NANOS) & (fills == most)
    rank = _rank_by_margin(book, np.flatnonzero(full & (most > least)), margins)
    movable = (most > least) & ((book.legs.coarseness <= NIMBLE) | _broken(vertex))
    value = float(np.maximum(margins, 0) @ book.quantity.astype(np.float64)) / COST_NANOS
    gains = np.asarray((margins + BONUS_NANOS) / COST_NANOS, np.float64)
    for rung in LADDER[: max(1, len(LADDER) - failures)]:
        free = movable & (rank < rung.per_instrument)
        down = np.where(full, rung.short, rung.play)
        moved = _move(
            book.legs.take(np.flatnonzero(free)),
            gains=gains[free],
            lower=np.maximum(least - fills, -down)[free],
            upper=np.minimum(most - fills, rung.play)[free],
            balance=-imbalance,
            gap=_GAP * value,
        )
        if moved is None:
            continue
        found = fills.copy()
        found[free] += moved
        if not book.flow(found).any() and ((least <= found) & (found <= most)).all():
            return found
    return None


def obstacles(
    book: Book, active: Mask, margins: Integers, vertex: Floats, failures: int = 0
) -> Mask:
    """Who should stand aside when no whole lots were found: the likeliest cause, as few as can be.

    Where the orders that may move have ratios with a common divisor that the imbalance lacks, some
    order that may not move, a block, lacks it too: of these, the one with the least at stake. Where
    coarse orders are unbalanced: these. Where orders with a minimum fill are: of these the ones
    with the least at stake, twice as many after each failure. Otherwise the coarsest of the broken
    fills, which may then miss what the prices would have suited.
    """
    rounded = _round(book, active, margins, vertex)
    broken = _broken(vertex)
    divisors = _divisors(book, rounded)
    blocked = _indivisible(rounded.imbalance, divisors)
    if blocked.any():
        flows = book.legs.ratio * np.repeat(rounded.fills, book.legs.lengths)
        odd = blocked[book.legs.index] & _indivisible(flows, divisors[book.legs.index])
        blocks = np.logical_or.reduceat(odd, book.legs.start[:-1])
        return _least_at_stake(blocks, margins, rounded.fills, 1)
    coarse = (rounded.fills > 0) & (book.legs.coarseness > NIMBLE)
    if (unbalanced := book.touching(rounded.imbalance != 0) & coarse).any():
        return unbalanced
    if (stubborn := book.touching(rounded.imbalance != 0) & (rounded.least > 0)).any():
        return _least_at_stake(
            stubborn & (rounded.fills > 0), margins, rounded.fills, 1 << failures
        )
    coarsest = book.legs.coarseness[broken].max(initial=0)
    return np.asarray(broken & (2 * book.legs.coarseness > coarsest))


def _least_at_stake(orders: Mask, margins: Integers, fills: Integers, count: int) -> Mask:
    stake = np.where(orders, margins * fills.astype(np.float64), np.inf)
    least = np.zeros(len(stake), np.bool_)
    least[np.argsort(stake, kind="stable")[:count]] = True
    return least & orders


def _round(book: Book, active: Mask, margins: Integers, vertex: Floats) -> _Rounded:
    nearest = np.rint(vertex).astype(np.int64)
    takes_part = active & (margins >= 0) & ((book.min_fill == 0) | (nearest > 0))
    least = np.where(takes_part, book.min_fill, 0)
    most = np.where(takes_part, book.quantity, 0)
    fills = np.clip(nearest, least, most)
    return _Rounded(fills, least, most, book.flow(fills))


def _broken(vertex: Floats) -> Mask:
    return np.abs(vertex - np.rint(vertex)) > 0.01


def _divisors(book: Book, rounded: _Rounded) -> Integers:
    """Greatest common divisor of the ratios that may move in each instrument, 0 for none."""
    legs = book.legs.take(np.flatnonzero(rounded.most > rounded.least))
    divisors = np.zeros(len(book.instruments), np.int64)
    np.gcd.at(divisors, legs.index, legs.ratio)
    return divisors


def _indivisible(flows: Integers, divisors: Integers) -> Mask:
    """Flows that no sum of multiples of their divisor makes up."""
    left_over = np.where(divisors > 0, np.mod(flows, np.maximum(divisors, 1)), flows)
    return np.asarray(left_over != 0)


def _rank_by_margin(book: Book, orders: Integers, margins: Integers) -> Integers:
    """For each of ``orders``, its best rank by margin in any of its instruments; 0 for others."""
    ascending = orders[np.argsort(margins[orders], kind="stable")]
    legs = book.legs.take(ascending)
    owner = np.repeat(ascending, legs.lengths)
    by_instrument = np.argsort(legs.index, kind="stable")
    crowd = np.bincount(legs.index, minlength=len(book.instruments))
    place = np.arange(len(owner)) - np.repeat(np.cumsum(crowd) - crowd, crowd)
    rank = np.zeros(len(margins), np.int64)
    rank[orders] = len(owner)
    np.minimum.at(rank, owner[by_instrument], place)
    return rank


def _move(
    legs: Legs, gains: Floats, lower: Integers, upper: Integers, balance: Integers, gap: float
) -> Integers | None:
    """Lots to add to each order. Any that balance, if they lose little; else the best found.

    Without an objective the solver finds balanced lots several times faster, and where many orders
    can share the burden hardly any choice costs anything.
    """

    def search(objective: Floats) -> Floats | None:
        bounds = lower.astype(np.float64), upper.astype(np.float64)
        solver = load(legs, objective, *bounds, balance.astype(np.float64), whole=True)
        return best_whole(solver, _NODES, gap)

    lots = search(np.zeros(len(gains)))
    if lots is None:
        return None
    # Nanos at ties are nothing to search for.
    loses = gains @ lots < -gap - MICRO_NANOS / COST_NANOS * np.abs(lots).sum()
    if loses and len(gains) <= _MAX_SEARCHED:
        better = search(gains)
        lots = lots if better is None else better
    return np.rint(lots).astype(np.int64)
