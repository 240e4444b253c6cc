"""A market while it runs: a live table on a terminal, a plain line for each batch elsewhere."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from offbeat.cli.output import stderr, table
from offbeat.sim.engine import Progress
from offbeat.sim.ledger import BatchRecord, Ledger
from offbeat.sim.scenario import Scenario

_AROUND_THE_ROWS: Final = 8
"""Lines of the terminal that are not the table's rows."""


@contextmanager
def watch(scenario: Scenario) -> Iterator[Progress]:
    """Give a callback that shows every batch of a run on stderr."""
    console = stderr()
    if not console.is_terminal:
        console.print(f"{scenario.name}: deploying, depositing", soft_wrap=True)
        yield lambda record, _: console.print(" ".join(_cells(record)), soft_wrap=True)
        return
    rows: deque[tuple[str, ...]] = deque(maxlen=max(4, console.height - _AROUND_THE_ROWS))
    start = Text(f"{scenario.name}: deploying contracts, depositing collateral …")
    with Live(start, console=console, auto_refresh=False, transient=True) as live:

        def on_batch(record: BatchRecord, ledger: Ledger) -> None:
            rows.append(_cells(record))
            live.update(Group(_table(scenario.name, rows), _totals(ledger)), refresh=True)

        yield on_batch


def _table(name: str, rows: deque[tuple[str, ...]]) -> Table:
    made = table(name, "batch", "market time", "what", "executed", "gas", numbers=2)
    for row in rows:
        made.add_row(*row)
    return made


def _cells(record: BatchRecord) -> tuple[str, ...]:
    landed = record.landed
    moment = datetime.fromtimestamp(landed.time_seconds, UTC)
    n_intents = len(record.executions)
    share = f" ({record.gas // n_intents:,} each)" if n_intents else ""
    return (
        f"#{record.number}",
        f"{moment:%d %b %H:%M:%S}",
        _purpose(record),
        f"{n_intents} of {record.considered}",
        f"{record.gas:,} gas{share}",
    )


def _purpose(record: BatchRecord) -> str:
    batch = record.landed.built.batch
    if record.executions:
        return "trades"
    return "settles an expiry" if batch.settling else f"{len(batch.credits)} deposits"


def _totals(ledger: Ledger) -> Text:
    refused = sum(each.refusal is not None for each in ledger.journeys.values())
    return Text(
        f"{len(ledger.journeys):,} intents known, {ledger.duplicates:,} duplicates and "
        f"{refused:,} bad ones refused",
        style="dim",
    )
