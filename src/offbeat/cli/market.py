"""``offbeat simulate`` and ``offbeat replay``: whole markets, settled on an EVM and audited."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from offbeat.cli.crash_view import show_crashes
from offbeat.cli.live import watch
from offbeat.cli.market_view import show_summary
from offbeat.cli.output import ExitCode, Result
from offbeat.core import OffbeatError
from offbeat.sim import (
    Scenario,
    build_demo,
    conclude,
    load_crash,
    load_replay,
    run_scenario,
    tally_crash,
)


def simulate() -> Result:
    """Trade an invented market, the same every time, on an EVM in this process.

    Exits with 1 if anything happens that the market did not foresee, or if the auditor objects.
    """
    return _run(build_demo())


def replay(
    folder: Annotated[Path, Parameter(help="Holds order_book.csv and last_trades.csv.")],
    *,
    crash: Annotated[
        bool, Parameter(help="Let spot fall by 22 % in an hour instead.", negative="")
    ] = False,
    batch_seconds: Annotated[
        tuple[int, ...],
        Parameter(help="In a crash: from one batch to the next; repeat to compare.", negative=""),
    ] = (1, 10, 60),
    lag_seconds: Annotated[
        int, Parameter(help="In a crash: from a batch's certificate to its landing.")
    ] = 12,
) -> Result:
    """Sign, clear and settle a real book and real trades (Deribit's CSV) on an EVM in this process.

    The book becomes resting orders; every trade and complete block becomes two orders that either
    meet each other or find something better in the book. Exits as simulate does.

    With --crash the book only gives the options and their volatilities. Writers with little margin,
    makers who widen and step back, and batches that come too late: the same hour at each interval
    between batches. Exits with 1 also where a single unit of money is unaccounted for.
    """
    if crash:
        return _crash(folder, batch_seconds, lag_seconds)
    return _run(load_replay(folder))


def _crash(folder: Path, intervals: Sequence[int], lag_seconds: int) -> Result:
    crashes = [load_crash(folder, seconds, lag_seconds) for seconds in intervals]
    tallies = []
    for each in crashes:
        with _our_fault(), watch(each.scenario) as on_batch:
            tallies.append(tally_crash(each, run_scenario(each.scenario, on_batch)))
    is_ok = all(each.ok for each in tallies)
    return Result(
        data={"market": folder.name, "ok": is_ok, "crashes": [each.to_json() for each in tallies]},
        show=lambda console: show_crashes(console, folder.name, tallies),
        exit_code=ExitCode.OK if is_ok else ExitCode.FAILURE,
    )


def _run(scenario: Scenario) -> Result:
    with _our_fault():
        with watch(scenario) as on_batch:
            run = run_scenario(scenario, on_batch)
        summary = conclude(run)
    return Result(
        data=summary.to_json(),
        show=lambda console: show_summary(console, summary),
        exit_code=ExitCode.OK if summary.ok else ExitCode.FAILURE,
    )


@contextmanager
def _our_fault() -> Iterator[None]:
    """Nothing in here is what a user gave or a network did: whatever fails is a fault of ours."""
    try:
        yield
    except OffbeatError as error:
        raise OffbeatError(error.code, error.message) from error
