"""Breaks of orders and their fills: rule 6."""

from dataclasses import replace

from breaking import (
    Inapplicable,
    account_of,
    action_at,
    breaks,
    find,
    fresh_order,
    put,
    with_action,
    with_bits,
    with_intent,
)
from drafting import Act, Draft

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import (
    Order,
    is_spent,
    make_nonce,
)
from offbeat.rulebook import Mode, Submission

LOT = limits.LOT_MICROS


@breaks(
    Reason.SIGNER_UNAUTHORISED,
    *("terms 0 max fee", "third 128 limit", "fourth 0 spot", "head 240 reduce only"),
    *("head 80 ratio", "terms 192 quantity"),
)
def order_altered(draft: Draft, what: str) -> Submission:
    """Every term of an order is under its signature."""
    word, shift, term = what.split(maxsplit=2)
    section, position, act = find(draft, Order)
    if term == "reduce only":
        act.intent = replace(act.intent, reduce_only=True)
    old = getattr(action_at(draft.batch(), section, position), word) >> int(shift)
    bits, step = (64, LOT) if "quantity" in what else (8, 1)
    if word == "fourth":
        bits, old, step = 64, 0, 2**63
    return with_bits(draft, Order, word, int(shift), bits, old + step if bits == 64 else old ^ 1)


@breaks(Reason.NONCE_LANE, 2, 8, 255)
def lane(draft: Draft, number: int) -> Submission:
    act = fresh_order(draft)
    act.intent = replace(act.intent, nonce=make_nonce(number, 0))
    return draft.submission()


@breaks(Reason.NONCE_SPENT)
def nonce_of_another_order(draft: Draft) -> Submission:
    act = fresh_order(draft)
    record = draft.state.account(account_of(act.intent))
    spent = [n for n in range(256) if is_spent(record.lanes, n)]
    if not spent:
        raise Inapplicable
    act.intent = replace(act.intent, nonce=spent[0])
    return draft.submission()


@breaks(Reason.NOT_YET_VALID)
def not_yet_valid(draft: Draft) -> Submission:
    return with_intent(draft, Order, valid_from_seconds=draft.time_seconds + 1)


@breaks(
    Reason.LEG_INVALID,
    *("none", "five", "zero ratio", "ratio 1001", "ratio -1001", "no such row", "twice"),
    *("swapped", "two underlyings"),
)
def legs(draft: Draft, how: str) -> Submission:
    section, position, _ = find(draft, Order)
    if how == "two underlyings":
        ids = (row.instrument_id for row in draft.batch().rows)
        draft.parts[section].opens |= {each for each in ids if each & 0xFF == Kind.SPOT}
    batch = draft.batch()
    head = action_at(batch, section, position).head
    first, second = head >> 80 & 0xFFFFFF, head >> 56 & 0xFFFFFF
    spots = [n for n, row in enumerate(batch.rows) if row.instrument_id & 0xFF == Kind.SPOT]
    if how == "two underlyings" and len(spots) < 2:
        raise Inapplicable
    heads = {
        "none": put(head, 232, 8, 0),
        "five": put(head, 232, 8, limits.MAX_LEGS + 1),
        "zero ratio": put(head, 80, 16, 0),
        "ratio 1001": put(head, 80, 16, limits.MAX_RATIO + 1),
        "ratio -1001": put(head, 80, 16, -limits.MAX_RATIO - 1),
        "no such row": put(head, 96, 8, len(batch.rows)),
        "twice": put(put(head, 232, 8, 2), 56, 24, first),
        "swapped": put(put(put(head, 232, 8, 2), 80, 24, second or first), 56, 24, first),
    }
    if how == "two underlyings":
        low, high = (spots[0] << 16 | 1), (spots[1] << 16 | 1)
        heads[how] = put(put(put(head, 232, 8, 2), 80, 24, low), 56, 24, high)
    return draft.submission(with_action(batch, section, position, head=heads[how]))


@breaks(Reason.LEG_EXPIRED)
def leg_expires_within_the_batch(draft: Draft) -> Submission:
    _, _, act = find(draft, Order)
    order = act.intent
    assert isinstance(order, Order)
    symbol = order.legs[0].instrument.underlying
    option = Instrument(symbol, Kind.CALL, draft.not_after_seconds, 1)
    act.intent = replace(order, legs=(Leg(option, 1),))
    draft.report = None
    draft.settling.clear()
    return draft.submission()


@breaks(
    Reason.QUANTITY_INVALID,
    *("nothing", "too much", "dust", "dust at least", "at least more", "dust filled"),
)
def quantity(draft: Draft, how: str) -> Submission:
    _, _, act = find(draft, Order)
    assert isinstance(act.intent, Order)
    total = act.intent.quantity_micros
    most = limits.MAX_QUANTITY_MICROS // LOT * LOT
    if how == "dust filled":
        act.fill_micros += 1
        act.fee_micros = 0
        return draft.submission()
    shift, value = {
        "nothing": (192, 0),
        "too much": (192, most + LOT),
        "dust": (192, total + 1),
        "dust at least": (128, LOT - 1),
        "at least more": (128, total + LOT),
    }[how]
    return with_bits(draft, Order, "terms", shift, 64, value)


@breaks(Reason.BELOW_MIN_FILL, "nothing", "less")
def below_min_fill(draft: Draft, how: str) -> Submission:
    act = fresh_order(draft)
    order = act.intent
    assert isinstance(order, Order)
    act.fee_micros = 0
    if how == "nothing":
        act.fill_micros = 0
    else:
        more = {"quantity_micros": order.quantity_micros + LOT, "limit_micros": order.limit_micros}
        act.intent = replace(order, **more, min_fill_micros=act.fill_micros + LOT)
    return draft.submission()


@breaks(Reason.OVERFILLED, "at once", "with the rest")
def overfilled(draft: Draft, how: str) -> Submission:
    if how == "at once":
        act = fresh_order(draft)
    else:
        fresh = {id(fresh_order(draft))}
        acts = [a for part in draft.parts for a in part.acts if isinstance(a, Act)]
        orders = [a for a in acts if isinstance(a.intent, Order) and id(a) not in fresh]
        if not orders:
            raise Inapplicable
        act = orders[0]
    assert isinstance(act.intent, Order)
    act.fee_micros = 0
    act.fill_micros = act.intent.quantity_micros + (LOT if how == "at once" else 0)
    return draft.submission()


@breaks(Reason.MARKET_CONDITION, "above", "below")
def market_condition(draft: Draft, side: str) -> Submission:
    act = fresh_order(draft)
    order = act.intent
    assert isinstance(order, Order)
    if draft.report is None:
        raise Inapplicable
    symbol = order.legs[0].instrument.underlying
    (spot,) = (u.spot_micros for u in draft.report.underlyings if u.symbol == symbol)
    bounds = {"spot_min_micros": spot + 1} if side == "below" else {"spot_max_micros": spot - 1}
    act.intent = replace(order, **bounds)  # type: ignore[arg-type]
    return draft.submission()


@breaks(Reason.REPORT_MISSING, "spot_min_micros", "spot_max_micros")
def market_condition_without_report(draft: Draft, bound: str) -> Submission:
    act = fresh_order(draft)
    act.intent = replace(act.intent, **{bound: 1})  # type: ignore[arg-type]
    draft.report = None
    for part in draft.parts:
        part.mode = Mode.HOLD
    return draft.submission()


@breaks(Reason.PARTIALS_FULL)
def one_partial_fill_too_many(draft: Draft) -> Submission:
    act = fresh_order(draft)
    order = act.intent
    assert isinstance(order, Order)
    part = next(part for part in draft.parts if act in part.acts)
    part.acts[:] = [
        Act(replace(order, nonce=order.nonce + number, min_fill_micros=0), LOT, 0, act.key)
        for number in range(limits.MAX_PARTIALS + 1)
    ]
    if order.quantity_micros <= LOT:
        raise Inapplicable
    return draft.submission()


@breaks(Reason.LIMIT_VIOLATED)
def limit(draft: Draft) -> Submission:
    act = fresh_order(draft)
    order = act.intent
    assert isinstance(order, Order)
    price = sum(leg.ratio * draft.prices_nanos[leg.instrument.id] for leg in order.legs)
    worst = -(-(price - limits.LIMIT_TOLERANCE_NANOS) // 1_000)
    act.intent = replace(order, limit_micros=worst - 1)
    return draft.submission()


@breaks(Reason.REDUCE_ONLY)
def opens_although_it_reduces_only(draft: Draft) -> Submission:
    act = fresh_order(draft)
    account = account_of(act.intent)
    record = draft.state.account(account)
    assert isinstance(act.intent, Order)
    if any(record.quantity_of(leg.instrument.id) * leg.ratio < 0 for leg in act.intent.legs):
        raise Inapplicable
    act.intent = replace(act.intent, reduce_only=True)
    return draft.submission()
