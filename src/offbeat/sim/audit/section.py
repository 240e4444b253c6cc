"""Audits one account in one batch: the record it starts from, its actions, where they leave it."""

from collections import defaultdict
from dataclasses import dataclass

from offbeat.core import limits
from offbeat.sim.audit.actions import book_action
from offbeat.sim.audit.desk import Desk
from offbeat.sim.audit.expiry import exchange
from offbeat.sim.audit.health import Unpriced, Weight, is_fair, survives_expiry, weigh
from offbeat.sim.audit.payload import (
    HOLD,
    LIQUIDATE,
    REDUCE,
    SCAN,
    STATIC,
    Instrument,
    Section,
)
from offbeat.sim.audit.records import Record


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account holds at one moment; ``positions`` are signed micros, none zero."""

    cash_micros: int
    positions: dict[Instrument, int]

    @classmethod
    def of(cls, record: Record) -> "Standing":
        """As the record stands now."""
        return cls(record.cash_micros, dict(record.positions))


def audit_section(desk: Desk, section: Section) -> None:
    """Judge a section and book what it does. Expiries come first, then actions in their order."""
    record = desk.record
    witnessed = Record.of_witness(section) == record and any(section.owner)
    desk.expect("records_witnessed", witnessed, f"brought {section}, kept {record}")
    _settle_expired(desk)
    before = Standing.of(record)
    desk.is_liquidation = section.mode == LIQUIDATE
    for action in section.actions:
        book_action(desk, action)
    after = Standing.of(record)
    listed = after.positions.keys() <= section.positions.keys()
    desk.expect("records_witnessed", listed, "holds what its section does not list")
    _check_bounds(desk)
    try:
        healthy = _is_healthy(desk, section.mode, before, after)
    except Unpriced:
        healthy = False
    desk.expect("accounts_healthy", healthy, f"fails test {section.mode}: {after}, before {before}")
    paid = after.cash_micros >= min(0, before.cash_micros)
    owned = all(q > 0 for each, q in after.positions.items() if not each.is_option)
    desk.expect("accounts_healthy", paid and owned, f"overdrawn: {after}, before {before}")


def _settle_expired(desk: Desk) -> None:
    """Exchange what expired with its pots, the earlier expiry first."""
    groups: defaultdict[int, dict[Instrument, int]] = defaultdict(dict)
    for instrument, quantity in sorted(desk.record.positions.items()):
        if instrument in desk.batch.settling:
            groups[instrument.group][instrument] = quantity
    for group, options in groups.items():
        pot = desk.books.pots.get(group)
        if pot is None:
            continue  # The batch is at fault for it already.
        exchange(desk.record, options, pot)
        solvent = pot.cash_micros >= 0 and pot.spot_micros >= 0
        desk.expect("expiries_paid", solvent, f"pot {group:#x} is short: {pot}")


def _check_bounds(desk: Desk) -> None:
    record = desk.record
    options = sum(each.is_option for each in record.positions)
    holds = (
        options <= limits.MAX_POSITIONS
        and len(record.partials) <= limits.MAX_PARTIALS
        and abs(record.cash_micros) <= limits.MAX_CASH_MICROS
        and all(abs(q) <= limits.MAX_QUANTITY_MICROS for q in record.positions.values())
    )
    desk.expect("records_bounded", holds, f"{record}")


def _is_healthy(desk: Desk, mode: int, before: Standing, after: Standing) -> bool:
    """The test that the batch names; raises :class:`Unpriced` where the report is silent."""

    def weight(standing: Standing) -> Weight:
        return weigh(standing.cash_micros, standing.positions, desk.batch)

    initial = limits.INITIAL_MARGIN_BPS
    if mode == STATIC:
        return survives_expiry(after.cash_micros, after.positions)
    if mode == SCAN:
        return weight(after).deficit(initial) <= 0
    if mode == REDUCE:
        return weight(after).deficit(initial) < weight(before).deficit(initial)
    if mode == LIQUIDATE:
        fair = is_fair(weight(before), weight(after), desk.covered_micros)
        in_trouble = not survives_expiry(before.cash_micros, before.positions)
        fault = f"from {before} to {after} with {desk.covered_micros} from the fund"
        return desk.expect("liquidations_fair", fair and in_trouble, fault)
    return mode == HOLD and not desk.gave_away and after.cash_micros >= before.cash_micros
