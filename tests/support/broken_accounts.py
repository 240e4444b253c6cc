"""Breaks of the accounts' witnesses, credits, ends and health: rules 5 and 8."""

from dataclasses import replace

from breaking import Inapplicable, account_of, breaks, find, first_section, with_section
from drafting import Draft

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Order, Withdraw
from offbeat.rulebook import Mode, Section, Submission


@breaks(Reason.PAYLOAD_BOUNDS, "lanes", "partials", "entries", "actions", "mode")
def section_over_bound(draft: Draft, what: str) -> Submission:
    batch = draft.batch()
    number, section = first_section(batch, lambda each: each.actions)
    too_many = {
        "lanes": ((0, 0),) * (limits.MAX_LANES + 1),
        "partials": ((0, 0),) * (limits.MAX_PARTIALS + 1),
        "entries": ((0, 0),) * (limits.MAX_ENTRIES + 1),
        "actions": section.actions[:1] * (limits.MAX_ACTIONS + 1),
        "mode": len(Mode),
    }
    return draft.submission(with_section(batch, number, **{what: too_many[what]}))


def _changed(section: Section, what: str) -> dict[str, object]:
    """One word of a section's witness that is not the record's."""
    entries = section.entries
    held = [n for n, (_, quantity) in enumerate(entries) if quantity]
    needs = {"quantity": held, "sold": held, "lane": section.lanes, "partial": section.partials}
    if not needs.get(what, True):
        raise Inapplicable
    match what:
        case "cash":
            return {"cash_micros": section.cash_micros + 1}
        case "index":
            return {"account": section.account ^ 1}
        case "floor":
            return {"lanes": tuple((floor + 1, bits) for floor, bits in section.lanes) or ((1, 0),)}
        case "bitmap":
            return {"lanes": tuple((f, bits ^ 1 << 255) for f, bits in section.lanes) or ((0, 1),)}
        case "lane":
            return {"lanes": section.lanes[:-1]}
        case "lane too many":
            return {"lanes": (*section.lanes, (0, 0))}
        case "partial":
            return {"partials": section.partials[:-1]}
        case "filled":
            (word, digest), *rest = section.partials
            return {"partials": ((word - (1 << 128), digest), *rest)}
        case "partial too many":
            return {"partials": (*section.partials, (0, 0))}
        case "quantity":
            row, quantity = entries[held[0]]
            return {"entries": (*entries[: held[0]], (row, -quantity), *entries[held[0] + 1 :])}
        case _:
            row, _ = entries[held[0]]
            return {"entries": (*entries[: held[0]], (row, 0), *entries[held[0] + 1 :])}


@breaks(
    Reason.WITNESS_MISMATCH,
    *("cash", "index", "floor", "bitmap", "lane", "lane too many", "partial", "filled"),
    *("partial too many", "quantity", "sold"),
)
def witness(draft: Draft, what: str) -> Submission:
    batch = draft.batch()
    wants_partial = what in ("partial", "filled")
    fits = (lambda s: s.partials) if wants_partial else (lambda s: any(q for _, q in s.entries))
    number, section = first_section(batch, fits)
    return draft.submission(with_section(batch, number, **_changed(section, what)))


@breaks(Reason.WITNESS_MISMATCH, 0, 7)
def account_of_nobody(draft: Draft, index: int) -> Submission:
    """No key signs for the zero address, so it has no account, not even a blank one."""
    batch = draft.batch()
    nobody = Section(account=index, mode=Mode.HOLD)
    return draft.submission(replace(batch, sections=(nobody, *batch.sections)))


@breaks(Reason.ENTRY_ROW, "beyond", "twice", "swapped")
def entry_row(draft: Draft, how: str) -> Submission:
    batch = draft.batch()
    number, section = first_section(batch, lambda each: len(each.entries) > 1)
    first, second, *rest = section.entries
    entries = {
        "beyond": (first, second, *rest, (len(batch.rows), 0)),
        "twice": (first, first, *rest),
        "swapped": (second, first, *rest),
    }
    return draft.submission(with_section(batch, number, entries=entries[how]))


@breaks(Reason.ENTRY_MISSING)
def opened_without_entry(draft: Draft) -> Submission:
    number, _, act = find(draft, Order)
    order = act.intent
    assert isinstance(order, Order)
    option = Instrument.from_id(order.legs[-1].instrument.id ^ 3)
    if option.kind is Kind.SPOT or draft.state.account(account_of(order)).quantity_of(option.id):
        raise Inapplicable
    act.intent = replace(order, legs=(Leg(option, 1),), limit_micros=0)
    batch = draft.batch()
    row = next(n for n, row in enumerate(batch.rows) if row.instrument_id == option.id)
    entries = tuple(entry for entry in batch.sections[number].entries if entry[0] != row)
    return draft.submission(with_section(batch, number, entries=entries))


@breaks(Reason.ENTRY_MISSING)
def paid_in_spot_without_entry(draft: Draft) -> Submission:
    """Whoever is due spot when an option expires must list it."""
    for part in draft.parts:
        held = {p.instrument_id for p in draft.state.account(part.account).positions}
        spots = {each for each in part.opens - held if each & 0xFF == Kind.SPOT}
        if spots and any(each >> 56 in draft.settling for each in held):
            part.opens -= spots
            return draft.submission()
    raise Inapplicable


@breaks(Reason.POT_SHORT)
def creditor_first(draft: Draft) -> Submission:
    if not draft.settling or len(draft.parts) < 2:
        raise Inapplicable
    draft.parts.sort(key=lambda part: _expired_micros(draft, part.account), reverse=True)
    for part in draft.parts[1:]:
        part.acts.clear()
        part.mode = Mode.HOLD
    draft.parts[0].acts.clear()
    draft.n_credits = 0
    return draft.submission()


def _expired_micros(draft: Draft, account: int) -> int:
    return sum(
        position.quantity_micros
        for position in draft.state.account(account).positions
        if position.instrument_id >> 56 in draft.settling
    )


@breaks(Reason.REPORT_MISSING, Mode.SCAN, Mode.REDUCE)
def scan_without_report(draft: Draft, mode: Mode) -> Submission:
    number, _, _ = find(draft, Order)
    draft.report = None
    draft.parts[number].mode = mode
    return draft.submission()


# Rule 8 ---------------------------------------------------------------------------------------


@breaks(Reason.CASH_NEGATIVE)
def withdraws_more_cash_than_it_has(draft: Draft) -> Submission:
    _, _, act = find(draft, Withdraw)
    withdraw = act.intent
    assert isinstance(withdraw, Withdraw)
    act.intent = replace(withdraw, asset="USDC", amount_micros=limits.MAX_DEPOSIT_MICROS)
    return draft.submission()


@breaks(Reason.SPOT_NEGATIVE)
def withdraws_more_spot_than_it_has(draft: Draft) -> Submission:
    for part in draft.parts:
        for act in part.acts:
            intent = getattr(act, "intent", None)
            if isinstance(intent, Withdraw) and intent.asset != "USDC":
                act.intent = replace(intent, amount_micros=limits.MAX_QUANTITY_MICROS)  # type: ignore[union-attr]
                return draft.submission()
    raise Inapplicable


@breaks(Reason.POSITION_BOUNDS, 1, 5)
def position_too_large(draft: Draft, times: int) -> Submission:
    """Fills that add up to more than a position may hold, by a little or by much."""
    _, _, act = find(draft, Order)
    order = act.intent
    assert isinstance(order, Order)
    most = limits.MAX_QUANTITY_MICROS // limits.LOT_MICROS * limits.LOT_MICROS
    legs = tuple(replace(leg, ratio=leg.ratio * 2) for leg in order.legs)
    act.intent = replace(
        order, legs=legs, quantity_micros=most, min_fill_micros=0, limit_micros=2**95
    )
    act.fill_micros, act.fee_micros = most // 2 // limits.LOT_MICROS * limits.LOT_MICROS * 1, 0
    if times > 1:
        act.fill_micros = most
    else:
        act.fill_micros += limits.LOT_MICROS
    return draft.submission()


@breaks(Reason.UNHEALTHY, Mode.STATIC, Mode.SCAN, Mode.REDUCE)
def naked_short(draft: Draft, mode: Mode) -> Submission:
    """Two million calls sold for nothing are unbounded, too risky, and riskier than before."""
    number, _, act = find(draft, Order)
    order = act.intent
    assert isinstance(order, Order)
    calls = [leg for leg in order.legs if leg.instrument.kind is Kind.CALL]
    if not calls:
        raise Inapplicable
    act.fill_micros, act.fee_micros = 2_000 * 10**6, 0
    act.intent = replace(
        order,
        legs=(Leg(calls[0].instrument, -1_000),),
        quantity_micros=act.fill_micros,
        limit_micros=2**63,
        nonce=order.nonce + 100,
    )
    draft.parts[number].mode = mode
    return draft.submission()


@breaks(Reason.UNHEALTHY)
def hold_that_pays(draft: Draft) -> Submission:
    number, _, act = find(draft, Order)
    act.fee_micros = max(act.fee_micros, 1)
    draft.parts[number].mode = Mode.HOLD
    return draft.submission()


@breaks(Reason.ACCOUNT_HEALTHY)
def liquidates_who_owes_nothing(draft: Draft) -> Submission:
    for part in draft.parts:
        record = draft.state.account(part.account)
        spot_only = all(position.instrument_id & 0xFF == Kind.SPOT for position in record.positions)
        if spot_only and record.cash_micros >= 0:
            part.acts.clear()
            part.mode = Mode.LIQUIDATE
            return draft.submission()
    raise Inapplicable
