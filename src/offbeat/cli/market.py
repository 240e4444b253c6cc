"""``offbeat demo`` and ``offbeat replay``: whole markets, signed, cleared, settled and audited."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from offbeat.cli.live import watch
from offbeat.cli.market_view import show_summary
from offbeat.cli.output import ExitCode, Result
from offbeat.sim.audit import audit
from offbeat.sim.demo_market import build_demo
from offbeat.sim.engine import run_scenario
from offbeat.sim.replay_market import load_replay
from offbeat.sim.scenario import Scenario
from offbeat.sim.summary import summarise


def demo() -> Result:
    """Trade an invented market, the same every time, on an EVM in this process.

    Exits with 1 if anything happens that the market did not foresee, or if the auditor objects.
    """
    return _run(build_demo())


def replay(
    folder: Annotated[Path, Parameter(help="Holds order_book.csv and last_trades.csv.")],
) -> Result:
    """Sign, clear and settle a real book and real trades (Deribit's CSV) on an EVM in this process.

    The book becomes resting orders; every trade and complete block becomes two orders that either
    meet each other or find something better in the book. Exits as demo does.
    """
    return _run(load_replay(folder))


def _run(scenario: Scenario) -> Result:
    with watch(scenario) as on_batch:
        run = run_scenario(scenario, on_batch)
    summary = summarise(run, audit(run.venue.chain, run.venue.deployment))
    return Result(
        data=summary.to_json(),
        show=lambda console: show_summary(console, summary),
        exit_code=ExitCode.OK if summary.ok else ExitCode.FAILURE,
    )
