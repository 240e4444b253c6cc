"""``offbeat simulate`` and ``offbeat replay``: whole markets, settled on an EVM and audited."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from offbeat.cli.live import watch
from offbeat.cli.market_view import show_summary
from offbeat.cli.output import ExitCode, Result
from offbeat.core import OffbeatError
from offbeat.sim import Scenario, build_demo, conclude, load_replay, run_scenario


def simulate() -> Result:
    """Trade an invented market, the same every time, on an EVM in this process.

    Exits with 1 if anything happens that the market did not foresee, or if the auditor objects.
    """
    return _run(build_demo())


def replay(
    folder: Annotated[Path, Parameter(help="Holds order_book.csv and last_trades.csv.")],
) -> Result:
    """Sign, clear and settle a real book and real trades (Deribit's CSV) on an EVM in this process.

    The book becomes resting orders; every trade and complete block becomes two orders that either
    meet each other or find something better in the book. Exits as simulate does.
    """
    return _run(load_replay(folder))


def _run(scenario: Scenario) -> Result:
    try:
        with watch(scenario) as on_batch:
            run = run_scenario(scenario, on_batch)
        summary = conclude(run)
    except OffbeatError as error:
        # Nothing that a user gave or a network did: whatever its kind, it is a fault of ours.
        raise OffbeatError(error.code, error.message) from error
    return Result(
        data=summary.to_json(),
        show=lambda console: show_summary(console, summary),
        exit_code=ExitCode.OK if summary.ok else ExitCode.FAILURE,
    )
