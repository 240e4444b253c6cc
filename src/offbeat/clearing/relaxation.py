"""The auction with divisible lots: a linear program whose duals are the uniform prices.

    maximise    Σ limit · fill
    subject to  Σ fill · ratio = 0 for every instrument,  0 ≤ fill ≤ quantity

At the optimum an order whose limit is better than the net price of its legs is filled, one whose
limit is worse is not, and only orders exactly at the price are filled in part.
"""

from typing import Final

import numpy as np

from offbeat.clearing.book import Book, Floats, Mask
from offbeat.clearing.solver import Budget, load, optimum

BONUS_NANOS: Final = 1_000 / 64
"""Added to every limit while fills are chosen, so that orders which just meet do trade. A round
trip through fewer than 64 orders that loses a whole micro stays unprofitable. Half of it depends
on the order's place: the simplex method would take thousands of equal limits one by one."""
COST_NANOS: Final = 1e6
"""Unit of the solver's objective; its tolerance of 1e-7 is then a tenth of a nano."""
_LARGEST_BITS: Final = 20
"""Quantities are scaled below 2**20: a lot is then far above the solver's tolerance."""
_NUDGE_LOTS: Final = 2.0**-10
_SHADE_NANOS: Final = 4 * BONUS_NANOS


class Relaxation:
    """The linear program of one book, kept warm between solves.

    ``reach`` is the most lots of each order that the other side could fill, and one more. The
    solving methods raise :class:`~offbeat.clearing.solver.Stuck`, at the latest when ``budget`` is
    used up.
    """

    def __init__(self, book: Book, budget: Budget) -> None:
        self.budget = budget
        self.reach = book.reach()
        self._min_fill = book.min_fill
        self._limits = book.limit / COST_NANOS
        places = np.arange(len(book.limit)) / len(book.limit)
        self._bonus = BONUS_NANOS * (1 - places / 2) / COST_NANOS
        self._shade = (_SHADE_NANOS + book.legs.weights) / COST_NANOS
        self._unit = 2.0 ** max(0, int(self.reach.max()).bit_length() - _LARGEST_BITS)
        # A strategy and its mirror image are on different sides by their first legs.
        self._side = np.sign(book.legs.ratio[book.legs.start[:-1]])
        self._columns = np.arange(len(book.limit), dtype=np.int32)
        self._lower = self._upper = np.zeros(len(book.limit))
        self._solver = load(
            book.legs, self._limits, self._lower, self._upper, np.zeros(len(book.instruments))
        )

    def solve(self, active: Mask, held: Mask | None = None) -> tuple[Floats, float]:
        """Optimal fills in lots of the ``active`` orders alone, and their surplus in solver units.

        Of equally good fills, the larger volume. Orders in ``held`` get their minimum at least.
        """
        self._upper = np.where(active, self.reach, 0.0)
        self._lower = np.zeros(len(active)) if held is None else np.where(held, self._min_fill, 0.0)
        self._set_gains(self._limits + self._bonus)
        fills, _ = self._vertex(nudge_lots=0.0)
        return fills, float(self._limits @ fills)

    def middle(self) -> Floats:
        """Prices in nanos for the orders and fills of the last ``solve``.

        Where supply and demand leave a range of prices, the end of it that the simplex method
        happens to reach would favour one side. Solving twice, with one side's quantities a hair
        larger and then the other's, reaches both ends; their middle favours neither. The fills of
        these two may miss ties; the last ``solve``'s are as good for either's prices.
        """
        self._set_gains(self._limits)
        (_, prices), (_, opposite) = map(self._vertex, (_NUDGE_LOTS, -_NUDGE_LOTS))
        return (prices + opposite) / 2

    def shade(self, orders: Mask) -> None:
        """Lower the limits of ``orders`` by some nanos, so that they no longer trade at a tie."""
        self._limits = self._limits - np.where(orders, self._shade, 0.0)

    def _set_gains(self, gains: Floats) -> None:
        self._solver.changeColsCost(len(gains), self._columns, gains)

    def _vertex(self, nudge_lots: float) -> tuple[Floats, Floats]:
        nudged = np.where(self._upper > 0, self._upper + nudge_lots * self._side, 0.0)
        lower, upper = self._lower / self._unit, nudged / self._unit
        self._solver.changeColsBounds(len(upper), self._columns, lower, upper)
        fills, prices = optimum(self._solver, self.budget)
        return fills * self._unit, prices * COST_NANOS
