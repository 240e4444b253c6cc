"""A market while it runs: a live table on a terminal, a plain line for each batch elsewhere."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from offbeat.cli.output import stderr, table
from offbeat.sim import BatchRecord, Ledger, Progress, Scenario

_AROUND_THE_ROWS: Final = 8
"""Lines of the terminal that are not the table's rows."""


@contextmanager
def watch(scenario: Scenario) -> Iterator[Progress]:
    """Give a callback that shows every batch of a run on stderr."""
    console = stderr()
    begins = f"{scenario.name}: deploying contracts, depositing collateral"
    if not console.is_terminal:
        console.print(begins, markup=False, soft_wrap=True)
        yield lambda record, _: console.print(_line(record), markup=False, soft_wrap=True)
        return
    rows: deque[BatchRecord] = deque(maxlen=max(4, console.height - _AROUND_THE_ROWS))
    with Live(Text(begins), console=console, auto_refresh=False, transient=True) as live:

        def on_batch(record: BatchRecord, ledger: Ledger) -> None:
            rows.append(record)
            live.update(Group(_table(scenario.name, rows), _totals(ledger)), refresh=True)

        yield on_batch


def _table(name: str, rows: Iterable[BatchRecord]) -> Table:
    made = table(name, "batch", "market time", "what", "executed", "gas", "gas each", numbers=3)
    for record in rows:
        made.add_row(
            f"{record.number}",
            _moment(record),
            _purpose(record),
            f"{len(record.executions)} of {record.considered}" if record.executions else "",
            f"{record.gas:,}",
            f"{record.gas // len(record.executions):,}" if record.executions else "",
        )
    return made


def _line(record: BatchRecord) -> str:
    executed = ""
    if n_intents := len(record.executions):
        executed = f"{n_intents} of {record.considered} intents, {record.gas // n_intents:,} each, "
    return (
        f"batch {record.number}, {_moment(record)}, {_purpose(record)}: "
        f"{executed}{record.gas:,} gas"
    )


def _moment(record: BatchRecord) -> str:
    return f"{datetime.fromtimestamp(record.landed.time_seconds, UTC):%d %b %H:%M:%S}"


def _purpose(record: BatchRecord) -> str:
    batch = record.landed.built.batch
    if record.executions:
        return "trades"
    return "expiry" if batch.settling else f"{len(batch.credits)} deposits"


def _totals(ledger: Ledger) -> Text:
    refused = sum(each.refusal is not None for each in ledger.journeys.values())
    return Text(
        f"{len(ledger.journeys):,} intents known, {ledger.duplicates:,} duplicates and "
        f"{refused:,} bad ones refused",
        style="dim",
    )
