"""One door to HiGHS: fixed options, whole arrays, no wall clock.

The same model gives the same answer in every process: one thread, a fixed seed, and limits on work
(iterations, nodes), never on time. Nothing downstream trusts an answer: it is rounded and then
proven or discarded in integers.
"""

from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np

from offbeat.clearing.book import Floats, Legs

_OPTIONS: Final[dict[str, bool | int | str]] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "presolve": "off",
}
_SETTLED: Final = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)


class Stuck(Exception):
    """The solver has no vertex to show: infeasible, or beyond its budget."""


@dataclass(slots=True)
class Budget:
    """Simplex iterations that are left: the measure of work, as a clock would not repeat itself."""

    iterations: int


class _Silent(highspy.Highs):
    """HiGHS without its callbacks, whose set-up prints a banner on standard output."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()


def load(
    legs: Legs,
    gains: Floats,
    lower: Floats,
    upper: Floats,
    balance: Floats,
    *,
    whole: bool = False,
    at_most: bool = False,
) -> highspy.Highs:
    """A model: maximise gains·fills with lower ≤ fills ≤ upper and every instrument at ``balance``.

    ``balance`` has one entry per instrument. With ``whole`` the fills are integers; with
    ``at_most`` the balances are upper bounds.
    """
    solver = _Silent()
    for name, value in _OPTIONS.items():
        solver.setOptionValue(name, value)
    kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
    status = solver.passModel(
        len(gains),
        len(balance),
        len(legs.index),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        gains,
        lower,
        upper,
        np.full(len(balance), -np.inf) if at_most else balance,
        balance,
        legs.start.astype(np.int32),
        legs.index.astype(np.int32),
        legs.ratio.astype(np.float64),
        np.full(len(gains), int(kind), np.int32),
    )
    assert status != highspy.HighsStatus.kError, "the model is malformed"
    return solver


def optimum(solver: highspy.Highs, budget: Budget) -> tuple[Floats, Floats]:
    """Fills and instrument duals of a linear program's optimal vertex; raises :class:`Stuck`."""
    _run(solver, budget)
    if solver.getModelStatus() not in _SETTLED:
        # A warm start from an ill-conditioned basis can fail where a cold one does not.
        solver.clearSolver()
        _run(solver, budget)
    solution = solver.getSolution()
    infeasible = solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible
    if infeasible or not (solution.value_valid and solution.dual_valid):
        raise Stuck
    return np.array(solution.col_value), np.array(solution.row_dual)


def _run(solver: highspy.Highs, budget: Budget) -> None:
    if budget.iterations <= 0:
        raise Stuck
    solver.setOptionValue("simplex_iteration_limit", budget.iterations)
    solver.run()
    budget.iterations -= max(0, solver.getInfo().simplex_iteration_count)
    if solver.getModelStatus() == highspy.HighsModelStatus.kIterationLimit:
        budget.iterations = 0
        raise Stuck


def best_whole(solver: highspy.Highs, nodes: int, gap: float) -> Floats | None:
    """Fills of the best integer solution that ``nodes`` nodes find, or None.

    The search ends as soon as a solution is proven to lie within ``gap`` of the optimum.
    """
    solver.setOptionValue("presolve", "on")
    solver.setOptionValue("mip_max_nodes", nodes)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", gap)
    solver.run()
    feasible = highspy.SolutionStatus.kSolutionStatusFeasible
    if solver.getInfo().primal_solution_status != int(feasible):
        return None
    return np.array(solver.getSolution().col_value)
