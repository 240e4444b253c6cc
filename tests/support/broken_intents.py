"""Breaks of what somebody signed: rule 6."""

from dataclasses import replace

from breaking import Inapplicable, account_of, action_at, breaks, find, put, with_action
from drafting import Act, Draft
from people import ROBOT, STRANGER

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import (
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    Transfer,
    Withdraw,
    is_spent,
    make_nonce,
)
from offbeat.rulebook import Mode, Submission

SIGNED = (Order, Cancel, Withdraw, Transfer, Delegate)
OTHERS = SIGNED[1:]
LOT = limits.LOT_MICROS


def _with_intent(draft: Draft, kind: type, **changes: object) -> Submission:
    """The draft with other terms in the first intent of a kind, properly signed."""
    _, _, act = find(draft, kind)
    act.intent = replace(act.intent, **changes)  # type: ignore[arg-type]
    return draft.submission()


def _with_bits(
    draft: Draft, kind: type, word: str, shift: int, bits: int, value: int
) -> Submission:
    """The draft with raw bits in the first intent of a kind, which then is not what was signed."""
    section, position, _ = find(draft, kind)
    batch = draft.batch()
    old = getattr(action_at(batch, section, position), word)
    changed = {word: put(old, shift, bits, value)}
    return draft.submission(with_action(batch, section, position, **changed))


def _fresh_order(draft: Draft) -> Act:
    """The first order that was not filled before."""
    for part in draft.parts:
        lanes = draft.state.account(part.account).lanes
        for act in part.acts:
            is_order = isinstance(act, Act) and isinstance(act.intent, Order)
            if is_order and not is_spent(lanes, act.intent.nonce):
                return act
    raise Inapplicable


@breaks(Reason.ACTION_UNKNOWN, 0, 7, 255)
def kind_of_action(draft: Draft, kind: int) -> Submission:
    return _with_bits(draft, Intent.__args__, "head", 248, 8, kind)  # type: ignore[attr-defined]


# Signatures -----------------------------------------------------------------------------------


@breaks(Reason.SIGNATURE_INVALID, *(f"{k.__name__} {how}" for k in SIGNED for how in ("r", "s")))
def nobody_signed(draft: Draft, what: str) -> Submission:
    kind, word = what.split()
    field = "r" if word == "r" else "vs"
    return _with_bits(draft, globals()[kind], field, 0, 256, 0)


@breaks(Reason.SIGNER_UNAUTHORISED, *(kind.__name__ for kind in SIGNED))
def somebody_else_signed(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, globals()[kind])
    act.key = STRANGER.key
    return draft.submission()


@breaks(Reason.SIGNER_UNAUTHORISED, *(kind.__name__ for kind in SIGNED))
def signed_for_another_chain(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, globals()[kind])
    here = draft.world.domain
    act.domain = Domain(here.chain_id + 1, here.verifying_contract)
    return draft.submission()


@breaks(Reason.SIGNER_UNAUTHORISED, *(kind.__name__ for kind in SIGNED))
def signed_for_another_contract(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, globals()[kind])
    act.domain = Domain(draft.world.domain.chain_id, STRANGER.address)
    return draft.submission()


@breaks(
    Reason.SIGNER_UNAUTHORISED,
    *("terms 0 max fee", "third 128 limit", "fourth 0 spot", "head 240 reduce only"),
    *("head 80 ratio", "terms 192 quantity"),
)
def order_altered(draft: Draft, what: str) -> Submission:
    """Every term of an order is under its signature."""
    word, shift, _ = what.split(maxsplit=2)
    section, position, _ = find(draft, Order)
    old = getattr(action_at(draft.batch(), section, position), word) >> int(shift)
    bits, step = (64, LOT) if "quantity" in what else (8, 1)
    if word == "fourth":
        bits, old, step = 64, 0, 2**63
    return _with_bits(draft, Order, word, int(shift), bits, old + step if bits == 64 else old ^ 1)


@breaks(Reason.SIGNER_UNAUTHORISED)
def delegate_delegates(draft: Draft) -> Submission:
    """Not even a key that may sign everything else."""
    _, _, act = find(draft, Delegate)
    delegate = act.intent
    assert isinstance(delegate, Delegate)
    grant = replace(act)
    grant.intent = replace(delegate, scope=15)
    act.intent = replace(delegate, nonce=delegate.nonce + 1, delegate=STRANGER.address)
    act.key = ROBOT.key
    part = next(part for part in draft.parts if act in part.acts)
    part.acts.insert(0, grant)
    return draft.submission()


# Nonces, time, terms --------------------------------------------------------------------------


@breaks(Reason.NONCE_LANE, 2, 8, 255)
def lane(draft: Draft, number: int) -> Submission:
    act = _fresh_order(draft)
    act.intent = replace(act.intent, nonce=make_nonce(number, 0))
    return draft.submission()


@breaks(Reason.NONCE_SPENT)
def nonce_of_another_order(draft: Draft) -> Submission:
    act = _fresh_order(draft)
    record = draft.state.account(account_of(act.intent))
    spent = [n for n in range(256) if is_spent(record.lanes, n)]
    if not spent:
        raise Inapplicable
    act.intent = replace(act.intent, nonce=spent[0])
    return draft.submission()


@breaks(Reason.NONCE_SPENT, *(kind.__name__ for kind in OTHERS))
def twice(draft: Draft, kind: str) -> Submission:
    section, _, act = find(draft, globals()[kind])
    part = draft.parts[section]
    part.acts.append(replace(act))
    return draft.submission()


@breaks(Reason.NOT_YET_VALID)
def not_yet_valid(draft: Draft) -> Submission:
    return _with_intent(draft, Order, valid_from_seconds=draft.time_seconds + 1)


@breaks(Reason.EXPIRED, *(kind.__name__ for kind in SIGNED))
def expired(draft: Draft, kind: str) -> Submission:
    until = draft.not_after_seconds - 1
    return _with_intent(draft, globals()[kind], valid_until_seconds=until)


@breaks(
    Reason.LEG_INVALID,
    *("none", "five", "zero ratio", "ratio 1001", "ratio -1001", "no such row", "twice"),
    *("swapped", "two underlyings"),
)
def legs(draft: Draft, how: str) -> Submission:
    section, position, _ = find(draft, Order)
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
    return _with_bits(draft, Order, "terms", shift, 64, value)


@breaks(Reason.BELOW_MIN_FILL, "nothing", "less")
def below_min_fill(draft: Draft, how: str) -> Submission:
    act = _fresh_order(draft)
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
        act = _fresh_order(draft)
    else:
        fresh = {id(_fresh_order(draft))}
        acts = [a for part in draft.parts for a in part.acts if isinstance(a, Act)]
        orders = [a for a in acts if isinstance(a.intent, Order) and id(a) not in fresh]
        if not orders:
            raise Inapplicable
        act = orders[0]
    assert isinstance(act.intent, Order)
    act.fee_micros = 0
    act.fill_micros = act.intent.quantity_micros + (LOT if how == "at once" else 0)
    return draft.submission()


@breaks(Reason.FEE_ABOVE_MAX, *(kind.__name__ for kind in SIGNED))
def fee(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, globals()[kind])
    bound = act.intent.max_fee_micros
    if isinstance(act.intent, Order):
        bound = bound * act.fill_micros // act.intent.quantity_micros
    act.fee_micros = bound + 1
    return draft.submission()


@breaks(Reason.MARKET_CONDITION, "above", "below")
def market_condition(draft: Draft, side: str) -> Submission:
    act = _fresh_order(draft)
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
    act = _fresh_order(draft)
    act.intent = replace(act.intent, **{bound: 1})  # type: ignore[arg-type]
    draft.report = None
    for part in draft.parts:
        part.mode = Mode.HOLD
    return draft.submission()


@breaks(Reason.PARTIALS_FULL)
def one_partial_fill_too_many(draft: Draft) -> Submission:
    act = _fresh_order(draft)
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
    act = _fresh_order(draft)
    order = act.intent
    assert isinstance(order, Order)
    price = sum(leg.ratio * draft.prices_nanos[leg.instrument.id] for leg in order.legs)
    worst = -(-(price - limits.LIMIT_TOLERANCE_NANOS) // 1_000)
    act.intent = replace(order, limit_micros=worst - 1)
    return draft.submission()


@breaks(Reason.REDUCE_ONLY)
def opens_although_it_reduces_only(draft: Draft) -> Submission:
    act = _fresh_order(draft)
    account = account_of(act.intent)
    record = draft.state.account(account)
    assert isinstance(act.intent, Order)
    if any(record.quantity_of(leg.instrument.id) * leg.ratio < 0 for leg in act.intent.legs):
        raise Inapplicable
    act.intent = replace(act.intent, reduce_only=True)
    return draft.submission()


# Money in and out, keys -----------------------------------------------------------------------


@breaks(Reason.AMOUNT_INVALID, "Withdraw", "Transfer")
def nothing_moved(draft: Draft, kind: str) -> Submission:
    return _with_bits(draft, globals()[kind], "fourth", 128, 128, 0)


@breaks(Reason.AMOUNT_INVALID, "Withdraw", "Transfer")
def too_much_moved(draft: Draft, kind: str) -> Submission:
    too_much = limits.MAX_DEPOSIT_MICROS + 1
    return _with_bits(draft, globals()[kind], "fourth", 128, 128, too_much)


@breaks(Reason.AMOUNT_INVALID, "Withdraw", "Transfer")
def moved_to_nobody(draft: Draft, kind: str) -> Submission:
    return _with_bits(draft, globals()[kind], "third", 96, 160, 0)


@breaks(Reason.ASSET_UNKNOWN, "unknown", "option", "no such row", "lower case")
def asset(draft: Draft, how: str) -> Submission:
    if how in ("unknown", "lower case"):
        symbol = int.from_bytes(b"eth\0\0" if how == "lower case" else b"ZZZ\0\0")
        return _with_bits(draft, Withdraw, "third", 56, 40, symbol)
    _with_bits(draft, Withdraw, "third", 56, 40, int.from_bytes(b"ETH\0\0"))
    section, position, _ = find(draft, Withdraw)
    batch = draft.batch()
    action = action_at(batch, section, position)
    row = 255 if how == "no such row" else len(batch.rows) - 1
    if batch.rows[-1].instrument_id & 0xFF == Kind.SPOT and how == "option":
        raise Inapplicable
    changes = {
        "third": put(action.third, 56, 40, int.from_bytes(b"ETH\0\0")),
        "head": put(action.head, 240, 8, row),
    }
    return draft.submission(with_action(batch, section, position, **changes))


@breaks(Reason.DELEGATE_INVALID, "nobody", "oneself", "no scope", "unknown scope")
def delegate(draft: Draft, how: str) -> Submission:
    _, _, act = find(draft, Delegate)
    shift, bits, value = {
        "nobody": (96, 160, 0),
        "oneself": (96, 160, int.from_bytes(act.intent.owner)),
        "no scope": (64, 32, 0),
        "unknown scope": (64, 32, 16),
    }[how]
    return _with_bits(draft, Delegate, "third", shift, bits, value)


@breaks(Reason.DELEGATE_INVALID)
def grant_is_over_before_it_holds(draft: Draft) -> Submission:
    return _with_intent(draft, Delegate, expires_seconds=draft.not_after_seconds)


@breaks(Reason.DELEGATE_INVALID, "narrower", "shorter")
def live_grant_cut(draft: Draft, how: str) -> Submission:
    """Only revoking takes anything away, and that takes its time."""
    section, position, act = find(draft, Delegate)
    grant = act.intent
    assert isinstance(grant, Delegate)
    changes = {"scope": 8} if how == "narrower" else {"expires_seconds": grant.expires_seconds - 1}
    again = replace(grant, nonce=grant.nonce + 1, **changes)  # type: ignore[arg-type]
    draft.parts[section].acts.insert(position + 1, Act(again))
    return draft.submission()
