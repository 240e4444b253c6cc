"""The closing summary of a market, for people."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table

from offbeat.cli.amounts import micros_text
from offbeat.cli.output import facts, table
from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.sim.ledger import Expired, Fate
from offbeat.sim.summary import Structure, Summary

_PILLARS: Final = {
    "fills_net_to_zero": "every instrument nets to zero",
    "cash_nets_to_zero": "cash nets to zero",
    "accounts_healthy": "every account healthy",
    "commitments_equal": "every commitment on chain equals the record",
    "settled_once": "no intent settled twice",
}
"""The auditor's checks that a reader asks for first."""


_FAULTS_SHOWN: Final = 3
_FAULT_LENGTH: Final = 240


def show_summary(console: Console, summary: Summary) -> None:
    """Everything that ``--json`` tells, condensed to what fits a few screens."""
    for made in (_overview(summary), *_tables(summary)):
        console.print(made)
        console.print()
    _show_verdict(console, summary)


def _tables(summary: Summary) -> Iterator[Table]:
    yield _fills(summary)
    if any(len(each.legs) > 1 for each in summary.structures) and summary.not_replayed:
        yield _blocks(summary)
    if summary.not_replayed:
        yield _not_replayed(summary)
    if summary.intents.refused_by_reason:
        yield _refused(summary)
    yield _gas(summary)


def _overview(summary: Summary) -> Table:
    counts, fates = summary.intents, summary.intents.fates
    rows = {
        "intents": f"{counts.distinct:,} signed, sent {counts.sent:,} times; "
        f"{counts.duplicates_refused:,} duplicates refused",
        "orders": f"{fates[Fate.FILLED]:,} filled whole, {fates[Fate.FILLED_IN_PART]:,} in part, "
        f"{fates[Fate.UNMATCHED]:,} found no match, {fates[Fate.CANCELLED]:,} cancelled",
        "other intents": ", ".join(f"{n} {name}" for name, n in sorted(summary.actions.items())),
        "bad intents": f"{fates[Fate.REFUSED]:,} refused" if fates[Fate.REFUSED] else "",
        "session keys": f"{counts.by_session_key:,} intents signed by a delegated key settled"
        if counts.by_session_key
        else "",
        "batches": f"{len(summary.batches):,}, with {micros_text(summary.fees_micros)} in fees",
        "expiry": "; ".join(map(_expiry_text, summary.expiries)),
    }
    return facts(summary.market, {name: text for name, text in rows.items() if text})


def _expiry_text(expired: Expired) -> str:
    at = expired.settlement
    name = Instrument(at.symbol, Kind.CALL, at.expiry_seconds, limits.QUOTE_SCALE).name
    return (
        f"{name.rsplit('-', 2)[0]} settled at {micros_text(at.price_micros)}: "
        f"{expired.positions} positions of {expired.accounts} accounts; shorts paid "
        f"{micros_text(expired.cash_in_micros)} and {micros_text(expired.spot_in_micros)} "
        f"{at.symbol}, longs got {micros_text(expired.cash_out_micros)} and "
        f"{micros_text(expired.spot_out_micros)} {at.symbol}"
    )


def _fills(summary: Summary) -> Table:
    made = table(
        "Fills by strategy", "strategy", "orders", "filled", "contracts", "net premium", numbers=4
    )
    for each in summary.strategies:
        made.add_row(
            _words(each.strategy),
            f"{each.orders:,}",
            f"{each.filled_orders:,}",
            micros_text(each.filled_micros),
            micros_text(each.premium_micros),
        )
    return made


def _blocks(summary: Summary) -> Table:
    made = table(
        "Multi-leg blocks", "block", "strategy and legs", "filled", "agreed", "paid", numbers=3
    )
    for each in summary.structures:
        if len(each.legs) > 1:
            made.add_row(
                each.source,
                f"{_words(each.strategy)}\n{_legs_text(each)}",
                f"{micros_text(each.filled_micros)} of {micros_text(each.quantity_micros)}",
                micros_text(each.agreed_premium_micros),
                micros_text(each.executed_premium_micros),
            )
    return made


def _legs_text(structure: Structure) -> str:
    return "\n".join(f"{leg.ratio:+} {leg.instrument}" for leg in structure.legs)


def _not_replayed(summary: Summary) -> Table:
    made = table("Not replayed", "trade or block", "reason", "why")
    for each in summary.not_replayed:
        made.add_row(each.source, each.code, each.message)
    return made


def _refused(summary: Summary) -> Table:
    made = table("Bad intents refused", "reason", "intents", numbers=1)
    for reason, count in sorted(summary.intents.refused_by_reason.items()):
        made.add_row(reason, f"{count:,}")
    return made


def _gas(summary: Summary) -> Table:
    gas = summary.gas
    made = table("Gas", "settled", "intents", "gas", "gas per intent", numbers=3)
    for each in gas.alone:
        made.add_row(
            f"alone: {_words(each.strategy)}",
            f"{each.intents:,}",
            f"{each.gas:,}",
            f"{each.gas_per_intent:,}",
        )
    made.add_section()
    made.add_row("alone, on average", "", "", f"{gas.alone_per_intent:,}")
    traded = sum(each.intents for each in summary.batches)
    made.add_row("in shared batches", f"{traded:,}", f"{gas.trading:,}", f"{gas.per_intent:,}")
    made.caption = (
        "Alone: one order with only those that fill it, in a batch of its own, on a snapshot of "
        f"the same chain. Sharing saves {gas.saving_bps / 100:.0f} %."
    )
    made.caption_justify = "left"
    return made


def _show_verdict(console: Console, summary: Summary) -> None:
    checks = summary.audit.checks
    passed = sum(each.ok for each in checks)
    examined = sum(each.examined for each in checks)
    style = "green" if passed == len(checks) else "bold red"
    console.print(
        f"[{style}]{passed} of {len(checks)} audit checks passed[/], {examined:,} examinations:"
    )
    for name, words in _PILLARS.items():
        mark = "[green]✓[/]" if summary.audit.check(name).ok else "[bold red]✗[/]"
        console.print(f"  {mark} {words}")
    for check in checks:
        for fault in check.faults[:_FAULTS_SHOWN]:
            console.print(f"  ✗ {check.name}: {fault[:_FAULT_LENGTH]}", style="red", markup=False)
    for surprise in summary.unexpected:
        console.print(f"  ✗ unexpected: {surprise}", style="red", markup=False)


def _words(name: str) -> str:
    return name.replace("_", " ")
