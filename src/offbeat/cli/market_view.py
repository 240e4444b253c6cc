"""The closing summary of a market, for people."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from offbeat.cli.amounts import micros_text
from offbeat.cli.output import facts, table
from offbeat.sim import Expired, Fate, Structure, Summary

_PILLARS: Final = {
    "fills_net_to_zero": "every instrument nets to zero",
    "cash_nets_to_zero": "cash nets to zero",
    "accounts_healthy": "every account is healthy",
    "commitments_equal": "every commitment on chain is that of the record",
    "settled_once": "no intent settled twice",
}
"""The auditor's checks that a reader asks for first."""
_FAULTS_SHOWN: Final = 3
_FAULT_LENGTH: Final = 240


def show_summary(console: Console, summary: Summary) -> None:
    """Everything that ``--json`` tells, condensed to what fits a few screens."""
    for made in _tables(summary):
        console.print(made)
        console.print()
    _show_verdict(console, summary)


def _tables(summary: Summary) -> Iterator[Table]:
    yield _overview(summary)
    yield _fills(summary)
    if summary.not_replayed:
        yield _blocks(summary)
        yield _not_replayed(summary)
    if summary.intents.refused_by_reason:
        yield _refused(summary)
    yield _gas(summary)


def _overview(summary: Summary) -> Table:
    counts, fates = summary.intents, summary.intents.fates
    rows = {
        "intents": f"{counts.distinct:,} signed, sent {counts.sent:,} times: "
        f"{counts.duplicates_refused:,} duplicates refused",
        "orders": f"{fates[Fate.FILLED]:,} filled whole, {fates[Fate.FILLED_IN_PART]:,} in part, "
        f"{fates[Fate.UNMATCHED]:,} found no match, {fates[Fate.CANCELLED]:,} cancelled",
        "other intents": ", ".join(f"{n} × {name}" for name, n in sorted(summary.actions.items())),
        "session keys": f"{counts.by_session_key:,} settled intents signed by a delegated key"
        if counts.by_session_key
        else "",
        "bad intents": f"{fates[Fate.REFUSED]:,} refused" if fates[Fate.REFUSED] else "",
        "bad lines": f"{len(summary.faults):,} left out" if summary.faults else "",
        "batches": f"{len(summary.batches):,}, which earned {_money(summary.fees_micros)} in fees",
        "expiry": "; ".join(map(_expiry_text, summary.expiries)),
    }
    return facts(summary.market, {name: text for name, text in rows.items() if text})


def _expiry_text(expired: Expired) -> str:
    settlement = expired.settlement
    symbol = settlement.symbol
    return (
        f"{settlement.name} settled at {_money(settlement.price_micros)}: {expired.positions} "
        f"positions of {expired.accounts} accounts. Shorts paid {_money(expired.cash_in_micros)} "
        f"and, where spot covers the call, {micros_text(expired.spot_in_micros)} {symbol}; longs "
        f"got {_money(expired.cash_out_micros)} and {micros_text(expired.spot_out_micros)} "
        f"{symbol}; {micros_text(expired.cash_left_micros)} and "
        f"{micros_text(expired.spot_left_micros)} {symbol} are left of rounding"
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
            _money(each.premium_micros),
        )
    return made


def _blocks(summary: Summary) -> Table:
    made = table("Multi-leg blocks", "block", "legs", "filled", "agreed", "paid", numbers=3)
    for each in summary.structures:
        if len(each.legs) > 1:
            made.add_row(
                f"{each.source}\n{_words(each.strategy)}",
                _legs_text(each),
                f"{micros_text(each.filled_micros)} of\n{micros_text(each.quantity_micros)}",
                _money(each.agreed_premium_micros),
                _money(each.executed_premium_micros),
            )
    return made


def _legs_text(structure: Structure) -> str:
    return "\n".join(f"{leg.ratio:+} {leg.instrument}" for leg in structure.legs)


def _not_replayed(summary: Summary) -> Table:
    made = table("Not replayed", "trade or block", "reason", "why")
    for each in summary.not_replayed:
        made.add_row(each.source, each.code, escape(each.message))
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
        f"the same chain. Sharing saves {gas.saving_bps // 100} %."
    )
    made.caption_justify = "left"
    return made


def _show_verdict(console: Console, summary: Summary) -> None:
    checks = summary.audit.checks
    passed = sum(each.ok for each in checks)
    style = "green" if passed == len(checks) else "bold red"
    examined = sum(each.examined for each in checks)
    console.print(
        f"[{style}]{passed} of {len(checks)} audit checks passed[/] in {examined:,} examinations:"
    )
    for name, words in _PILLARS.items():
        mark = "[green]✓[/]" if summary.audit.check(name).ok else "[bold red]✗[/]"
        console.print(f"  {mark} {words}")
    faults = [
        f"{check.name}: {fault}" for check in checks for fault in check.faults[:_FAULTS_SHOWN]
    ]
    for problem in (*faults, *(f"unexpected: {each}" for each in summary.unexpected)):
        console.print(f"  ✗ {problem[:_FAULT_LENGTH]}", style="red", markup=False)


def _money(micros: int) -> str:
    """Rounded to cents, for reading; JSON has every micro."""
    return f"{Decimal(micros).scaleb(-6):,.2f}"


def _words(name: str) -> str:
    return name.replace("_", " ")
