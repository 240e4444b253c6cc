"""Breaks of underlyings, rows and inbox, and of what must hold for the whole: rules 3 and 7."""

from dataclasses import replace

from breaking import Inapplicable, breaks, find, find_claim
from drafting import Act, Claim, Draft
from people import STRANGER

from offbeat.core import Reason, limits
from offbeat.instruments import Kind
from offbeat.intents import Order
from offbeat.rulebook import BatchRow, Mode, Submission, symbol_number

SYMBOL_SHIFT = 88


# Underlyings and rows -------------------------------------------------------------------------


@breaks(Reason.SYMBOL_INVALID, "swapped", "twice", "unknown", "cash", "nothing")
def underlyings(draft: Draft, how: str) -> Submission:
    batch = draft.batch()
    if len(batch.underlyings) < 2:
        raise Inapplicable
    first, second = batch.underlyings[:2]
    unknown, cash = symbol_number("ZZZZZ") << 216, symbol_number("USDC") << 216
    listed = {
        "swapped": (second, first),
        "twice": (first, first),
        "unknown": (*batch.underlyings, unknown),
        "cash": tuple(sorted((*batch.underlyings, cash))),
        "nothing": (0, *batch.underlyings),
    }
    return draft.submission(replace(batch, underlyings=listed[how]))


@breaks(Reason.ROWS_UNSORTED, "swapped", "twice", "zero")
def rows_order(draft: Draft, how: str) -> Submission:
    batch = draft.batch()
    if len(batch.rows) < 2:
        raise Inapplicable
    first, second, *rest = batch.rows
    listed = {"swapped": (second, first), "twice": (first, first), "zero": (BatchRow(0), second)}
    return draft.submission(replace(batch, rows=(*listed[how], *rest)))


@breaks(
    Reason.ROW_INSTRUMENT,
    *("spot with expiry", "spot with strike", "no such kind", "no expiry", "no strike"),
    *("symbol not listed", "no symbol"),
)
def instrument(draft: Draft, how: str) -> Submission:
    batch = draft.batch()
    if not batch.rows:
        raise Inapplicable
    symbol = batch.rows[-1].instrument_id >> SYMBOL_SHIFT << SYMBOL_SHIFT
    expiry, strike, call = 1 << 56, 1 << 8, Kind.CALL
    ids = {
        "spot with expiry": symbol | expiry,
        "spot with strike": symbol | strike,
        "no such kind": symbol | expiry | strike | 3,
        "no expiry": symbol | strike | call,
        "no strike": symbol | expiry | call,
        "symbol not listed": symbol_number("AAA") << SYMBOL_SHIFT,
        "no symbol": expiry | strike | call,
    }
    rows = [each for each in batch.rows if each.instrument_id > ids[how]]
    return draft.submission(replace(batch, rows=(BatchRow(ids[how]), *rows), settling=0))


@breaks(Reason.ROW_UNSETTLED, "no price", "spot", "half a group")
def settling(draft: Draft, what: str) -> Submission:
    batch = draft.batch()
    bits = batch.settling
    groups = [row.instrument_id >> 56 for row in batch.rows]
    for number, group in enumerate(groups):
        bit = 1 << number
        if what == "no price" and group & 0xFFFFFFFF and group not in draft.state.pots:
            return draft.submission(replace(batch, settling=bits | bit))
        if what == "spot" and not group & 0xFFFFFFFF:
            return draft.submission(replace(batch, settling=bits | bit))
        if what == "half a group" and bits & bit and groups.count(group) > 1:
            return draft.submission(replace(batch, settling=bits ^ bit))
    raise Inapplicable


# Rule 3 ---------------------------------------------------------------------------------------


@breaks(Reason.INBOX_MISMATCH, "amount", "owner", "index", "symbol", "time", "swapped", "beyond")
def inbox(draft: Draft, what: str) -> Submission:
    batch = draft.batch()
    if len(batch.credits) < 2 or len(draft.state.inbox) > len(batch.credits):
        raise Inapplicable
    first, second, *rest = batch.credits
    given = {
        "amount": (replace(first, amount_micros=first.amount_micros + 1), second),
        "owner": (replace(first, owner=STRANGER.address), second),
        "index": (replace(first, index=first.index + 1), second),
        "symbol": (replace(first, symbol=second.symbol), second),
        "time": (replace(first, enqueued_at_seconds=first.enqueued_at_seconds + 1), second),
        "swapped": (second, first),
        "beyond": (first, second, second),
    }
    return draft.submission(replace(batch, credits=(*given[what], *rest)))


@breaks(Reason.INBOX_DUE)
def due_item_left(draft: Draft) -> Submission:
    if not draft.n_credits:
        raise Inapplicable
    due_at = draft.items[0].enqueued_at_seconds + limits.INBOX_DELAY_SECONDS
    draft.n_credits = 0
    draft.report = None
    draft.parts.clear()
    draft.time_seconds = max(due_at, draft.time_seconds)
    draft.world.wait(max(0, due_at - draft.world.now))
    return draft.submission()


@breaks(Reason.CREDIT_UNKNOWN, "no such index", "twice", "other account", "transfer to come")
def credit(draft: Draft, how: str) -> Submission:
    section, _, claim = find_claim(draft)
    if how == "twice":
        draft.parts[section].acts.append(Claim(claim.index))
    elif how == "other account":
        draft.parts[section].acts.remove(claim)
        draft.parts[section - 1].acts.append(claim)
        if len(draft.parts) < 2:
            raise Inapplicable
    elif how == "transfer to come":
        draft.parts[0].acts.insert(0, Claim(draft.n_credits))
    else:
        claim.index = limits.MAX_CREDITS
    return draft.submission()


@breaks(Reason.CREDIT_UNCLAIMED, "deposit", "transfer")
def unclaimed(draft: Draft, what: str) -> Submission:
    for part in draft.parts:
        for act in part.acts:
            if isinstance(act, Claim) and (act.index < draft.n_credits) == (what == "deposit"):
                if act.symbol != "USDC":
                    continue
                part.acts.remove(act)
                part.mode = Mode.HOLD if not part.acts else part.mode
                return draft.submission()
    raise Inapplicable


# Rule 7 ---------------------------------------------------------------------------------------


@breaks(Reason.INSTRUMENT_UNBALANCED)
def one_lot_short(draft: Draft) -> Submission:
    _, _, act = find(draft, Order)
    assert isinstance(act.intent, Order)
    act.fill_micros -= limits.LOT_MICROS
    act.fee_micros = 0
    if act.fill_micros < max(1, act.intent.min_fill_micros):
        raise Inapplicable
    return draft.submission()


@breaks(Reason.CASH_UNBALANCED)
def dust_without_fees(draft: Draft) -> Submission:
    """A buyer whose limit is one micro below the price leaves the pool short by the dust."""
    _, _, act = find(draft, Order)
    order = act.intent
    assert isinstance(order, Order)
    price = sum(leg.ratio * draft.prices_nanos[leg.instrument.id] for leg in order.legs)
    act.intent = replace(order, limit_micros=price // 1_000 - 1, min_fill_micros=0)
    for part in draft.parts:
        for other in part.acts:
            if isinstance(other, Act):
                other.fee_micros = 0
    return draft.submission()
