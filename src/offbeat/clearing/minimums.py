"""Which orders with a minimum fill stand aside.

The linear program may fill such an order below its minimum. Every choice of the orders that stand
aside gives a sound auction of the others; the choices differ in surplus. A quick dive finds one:
as long as orders are below their minimum, the half that is furthest below stands aside. Then a
branch and bound looks for a better one: an order below its minimum either stands aside or is held
to its minimum, and nothing beneath a branch beats the surplus of the branch itself.

An order held to its minimum may be trading against its limit. So a choice counts only if its linear
program, with nobody held, leaves nobody below. What its prices would suit may still stand aside, as
in every auction of indivisible orders at uniform prices.
"""

import heapq
from itertools import count
from typing import Final, NamedTuple

import numpy as np

from offbeat.clearing.book import Book, Floats, Mask
from offbeat.clearing.relaxation import Relaxation
from offbeat.clearing.solver import Stuck

_HALVINGS: Final = 40
_PROGRAMS: Final = 256
_WORK: Final = 1 << 16
"""The search solves at most ``_PROGRAMS`` linear programs of ``_WORK`` orders in all."""
_FEWEST: Final = 32
"""With fewer programs than this, in a large book, the search would rarely beat the dive."""
_GAP: Final = 1e-4
"""A choice is as good as another within this share of its surplus."""


def choose(book: Book, relaxation: Relaxation, active: Mask) -> Mask:
    """Those of ``active`` that take part; none is filled below its minimum at the vertex.

    Raises :class:`~offbeat.clearing.solver.Stuck`.
    """
    everyone = active & (book.quantity > 0) & (book.min_fill <= relaxation.reach)
    if not book.min_fill.any():
        return everyone
    dived, _ = dive(book, relaxation, everyone)
    programs = min(_PROGRAMS, _WORK // len(everyone))
    if programs < _FEWEST:
        return dived
    return _Search(book, relaxation, dived).run(everyone, programs)


def dive(book: Book, relaxation: Relaxation, active: Mask) -> tuple[Mask, Floats]:
    """Let orders stand aside until nobody who takes part is filled below the minimum.

    Returns who takes part and their fills in lots, for which the relaxation is left solved. Raises
    :class:`~offbeat.clearing.solver.Stuck`.
    """
    for halvings in count():
        fills, _ = relaxation.solve(active)
        below = _below_minimum(book, fills)
        if not below.any():
            break
        share = fills / np.maximum(book.min_fill, 1)
        aside = below & (share <= np.median(share[below]))
        # A chain of orders, each of which uncovers the next, must not keep everyone waiting.
        active = active & ~(aside if halvings < _HALVINGS else book.min_fill > 0)
    return active, fills


def _below_minimum(book: Book, fills: Floats) -> Mask:
    return (fills > 0.5) & (fills < book.min_fill - 0.5)


class _Branch(NamedTuple):
    """A part of the search. ``rank`` is minus its greatest surplus; ``serial`` settles ties."""

    rank: float
    serial: int
    active: Mask
    held: Mask


class _Search:
    """Branch and bound: down the held side first, then from the branch of greatest surplus."""

    def __init__(self, book: Book, relaxation: Relaxation, found: Mask) -> None:
        self._book = book
        self._relaxation = relaxation
        self._indivisible = book.min_fill > 0
        self._best = found
        self._surplus = relaxation.solve(found)[1]
        self._branches: list[_Branch] = []
        self._serial = count()

    def run(self, everyone: Mask, programs: int) -> Mask:
        """The best choice found by solving about that many linear programs."""
        branch = self._branch(np.inf, everyone, np.zeros_like(everyone))
        while programs > 0:
            solved, child = self._explore(branch)
            programs -= solved
            if child is not None:
                branch = child
            elif self._branches:
                branch = heapq.heappop(self._branches)
            else:
                break
        return self._best

    def _branch(self, surplus: float, active: Mask, held: Mask) -> _Branch:
        return _Branch(-surplus, next(self._serial), active, held)

    def _improves(self, surplus: float) -> bool:
        return surplus > self._surplus * (1 + _GAP)

    def _explore(self, branch: _Branch) -> tuple[int, _Branch | None]:
        """Programs solved, and the branch to go down next if this one goes deeper."""
        if not self._improves(-branch.rank):
            return 0, None
        active, held = branch.active, branch.held
        try:
            fills, surplus = self._relaxation.solve(active, held)
        except Stuck:
            return 1, None
        if not self._improves(surplus):
            return 1, None
        below = _below_minimum(self._book, fills) & ~held
        if below.any():
            share = fills / np.maximum(self._book.min_fill, 1)
            nearest = np.arange(len(below)) == np.argmax(np.where(below, share, 0))
            heapq.heappush(self._branches, self._branch(surplus, active & ~nearest, held))
            return 1, self._branch(surplus, active, held | nearest)
        self._judge(branch, active & (~self._indivisible | (fills > 0.5)), surplus)
        return 2, None

    def _judge(self, branch: _Branch, takers: Mask, surplus: float) -> None:
        """Accept a choice in which nobody is below, or branch on who of them stands aside."""
        fills, sound = self._relaxation.solve(takers)
        if not _below_minimum(self._book, fills).any():
            if sound > self._surplus:
                self._best, self._surplus = takers, sound
            return
        for order in np.flatnonzero(takers & self._indivisible):
            others = np.arange(len(takers)) != order
            child = self._branch(surplus, branch.active & others, branch.held & others)
            heapq.heappush(self._branches, child)
