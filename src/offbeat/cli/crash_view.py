"""What crashes amount to, for people: the intervals side by side, then who was hurt."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from offbeat.cli.amounts import micros_text
from offbeat.cli.output import table
from offbeat.core import limits
from offbeat.sim import CrashTally, Role


def show_crashes(console: Console, name: str, tallies: Sequence[CrashTally]) -> None:
    """Everything that ``--json`` tells, condensed to a screen."""
    for made in (_intervals(name, tallies), _fortunes(tallies[-1])):
        console.print(made)
        console.print()
    for each in tallies:
        checks = each.audit.checks
        passed = sum(check.ok for check in checks)
        style = "green" if each.ok else "bold red"
        console.print(
            f"[{style}]batches every {each.batch_seconds} s: {passed} of {len(checks)} audit "
            f"checks passed; {each.unaccounted_picos:,} picos are unaccounted for[/]"
        )


def _intervals(name: str, tallies: Sequence[CrashTally]) -> Table:
    columns = [f"every {each.batch_seconds} s" for each in tallies]
    title = f"{name}: spot falls by 22 % in an hour"
    made = table(title, "batches", *columns, numbers=len(columns))
    for figures in zip(*map(_figures, tallies), strict=True):
        made.add_row(figures[0][0], *(value for _, value in figures))
    return made


def _figures(each: CrashTally) -> Iterator[tuple[str, str]]:
    late = sum(missed.lag_seconds > each.lag_seconds for missed in each.missed)
    yield f"landed, {each.lag_seconds} s after being certified", f"{each.batches:,}"
    yield "came too late, refused by the contract", f"{late:,}"
    yield "orders refused by their market condition", f"{each.conditions_refused:,}"
    yield "liquidations", f"{len(each.liquidations):,}"
    yield "accounts liquidated", f"{len({one.account for one in each.liquidations}):,}"
    yield "cost beyond the marks", _money(each.cost_micros)
    yield "covered by the insurance fund", _money(each.fund_paid_micros)
    yield "debts left", _money(each.debt_micros)
    yield "below maintenance, minutes of accounts", f"{each.unsafe_seconds / 60:,.1f}"
    least = each.least_equity_bps
    yield "least equity then, of risk", "-" if least is None else f"{least / 100:.1f} %"


def _fortunes(tally: CrashTally) -> Table:
    title = f"Who won and who lost, with batches every {tally.batch_seconds} s"
    made = table(title, "account", "before", "after", "contracts left", "liquidated", numbers=4)
    times = [each.account for each in tally.liquidations]
    for each in tally.fortunes:
        if each.role is Role.TAKER or each.start_micros != each.end_micros:
            made.add_row(
                each.name,
                _money(each.start_micros),
                _money(each.end_micros),
                micros_text(each.held_micros),
                f"{times.count(each.name)}×" if each.name in times else "",
            )
    made.add_row("relays' fees", "", _money(tally.fees_micros), "", "")
    made.caption = (
        "A writer's number is what it owned at first, in percent of its initial margin. Equity is "
        "cash and positions at their marks."
    )
    made.caption_justify = "left"
    return made


def _money(micros: int) -> str:
    """Rounded to cents, for reading; JSON has every micro."""
    return f"{Decimal(micros) / limits.QUOTE_SCALE:,.2f}"
