"""One account in a batch: witness, expiry, actions, and the record afterwards.

The steps stand in the contract's order. Actions move the account's entries one after another;
whether its positions keep their bounds is asked once, at the end.
"""

from collections import defaultdict

from offbeat.core import Reason, limits
from offbeat.instruments import Kind
from offbeat.rulebook.actions import apply_action
from offbeat.rulebook.desk import Desk
from offbeat.rulebook.expiry import GROUP_SHIFT, Holdings, settle_group
from offbeat.rulebook.health import require_health, require_static_failure
from offbeat.rulebook.layout import Mode, Section
from offbeat.rulebook.records import Account, Position
from offbeat.rulebook.refusal import Refusal, require
from offbeat.rulebook.work import Work


def apply_section(work: Work, section: Section) -> None:
    """Apply one section; the account's new record joins the work."""
    record = _check_witness(work, section)
    desk = Desk(
        time_seconds=work.header.time_seconds,
        account=section.account,
        owner=record.owner,
        index=record.index,
        cash_micros=record.cash_micros,
        lanes=record.lanes,
        partials=list(record.partials),
        before=dict(section.entries),
        is_liquidation=section.mode == Mode.LIQUIDATE,
    )
    if work.header.settling:
        _settle_expired(work, desk)
    desk.begin()
    if desk.is_liquidation:
        require_static_failure(work, desk)
    for position, action in enumerate(section.actions):
        try:
            apply_action(work, desk, action)
        except Refusal as refusal:
            refusal.action = position
            raise
    _check_positions(work, desk)
    require(abs(desk.cash_micros) <= limits.MAX_CASH_MICROS, Reason.CASH_BOUNDS)
    require(desk.cash_micros >= min(0, desk.cash_before_micros), Reason.CASH_NEGATIVE)
    require_health(work, desk, section.mode)
    work.accounts[desk.account] = Account(
        owner=desk.owner,
        index=desk.index,
        cash_micros=desk.cash_micros,
        lanes=desk.lanes,
        partials=tuple(desk.partials),
        positions=tuple(
            Position(work.rows[row].instrument.id, quantity)
            for row, quantity in desk.after.items()
            if quantity
        ),
    )


def _check_witness(work: Work, section: Section) -> Account:
    """Rule 5: the entries name known rows in order, and the witness is the current record."""
    next_row = 0
    for row, _ in section.entries:
        require(next_row <= row < len(work.rows), Reason.ENTRY_ROW)
        next_row = row + 1
    record = work.account(section.account)
    held = [
        Position(work.rows[row].instrument.id, quantity).word
        for row, quantity in section.entries
        if quantity
    ]
    witness = (
        section.account << 64 | len(section.lanes) << 16 | len(held) << 8 | len(section.partials),
        section.cash_micros % (1 << 256),
        *held,
        *(word for lane in section.lanes for word in lane),
        *(word for partial in section.partials for word in partial),
    )
    # Nobody signs for the zero address, so it never gets a record.
    is_somebody = record.owner != bytes(20)
    require(is_somebody and witness == record.words, Reason.WITNESS_MISMATCH)
    return record


def _settle_expired(work: Work, desk: Desk) -> None:
    """Turn the positions in settling rows into cash or spot, one group after another."""
    groups: dict[int, list[int]] = defaultdict(list)
    spots: dict[str, int] = {}
    for row in desk.before:
        instrument = work.rows[row].instrument
        if instrument.kind is Kind.SPOT:
            spots[instrument.underlying] = row
        elif work.rows[row].settling:
            groups[instrument.id >> GROUP_SHIFT].append(row)
    for group, rows in groups.items():
        expired = [(work.rows[row].instrument, desk.before[row]) for row in rows]
        spot_row = spots.get(expired[0][0].underlying)
        held = desk.before[spot_row] if spot_row is not None else 0
        pot, own = settle_group(work.pot(group), expired, Holdings(desk.cash_micros, held))
        require(spot_row is not None or own.spot_micros == 0, Reason.ENTRY_MISSING)
        if spot_row is not None:
            desk.before[spot_row] = own.spot_micros
        work.pots[group] = pot
        desk.cash_micros = own.cash_micros
        for row in rows:
            desk.before[row] = 0


def _check_positions(work: Work, desk: Desk) -> None:
    """Bounds, of what all actions together leave."""
    for row, quantity in desk.after.items():
        require(abs(quantity) <= limits.MAX_QUANTITY_MICROS, Reason.POSITION_BOUNDS)
        require(quantity >= 0 or not work.rows[row].is_spot, Reason.SPOT_NEGATIVE)
    options = [row for row, held in desk.after.items() if held and not work.rows[row].is_spot]
    require(len(options) <= limits.MAX_POSITIONS, Reason.POSITION_BOUNDS)
