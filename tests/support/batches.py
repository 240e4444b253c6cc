"""Random batches, mostly in order, over whatever the world has become.

The shape (who trades what with whom, how nonces move, what else is signed) is drawn choice by
choice, so that hypothesis can shrink it; the numbers of a report come from one drawn seed.
"""

from drafting import Act, Claim, Draft, Part
from drawing import FAR_SECONDS, Draw, Hand
from founding import CASH, SYMBOLS
from hypothesis import strategies as st
from market import HOUR_SECONDS
from people import DAVE, DESK, ERIN, ROBOT, STRANGER
from trades import add_order, draw_sides, set_prices
from world import World

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, intrinsic_micros
from offbeat.intents import Cancel, Delegate, Intent, Scope, Transfer, Withdraw
from offbeat.rulebook import GROUP_SHIFT, Fault, Mode, Rejected, State, inspect, symbol_number

NEWCOMERS = (DAVE.account(3), ERIN.account(2**32 - 1), STRANGER.account())
"""Accounts that nobody has touched yet."""


@st.composite
def drafts(draw: Draw, world: World, start_seconds: int, known: dict[bytes, Act]) -> Draft:
    """A draft for the world as it stands."""
    state = world.state
    time = max(state.time_seconds, world.now - draw(st.sampled_from((0, 0, 1, 30))))
    life = max(world.now - time, draw(st.sampled_from((300, 600, 60))))
    draft = Draft(world, time, life_seconds=life)
    age = draw(st.sampled_from((0, 0, 10, 300)))
    when = max(state.report_time_seconds, time - age)
    hand = Hand(draw, draft, start_seconds, known, when, draw(st.integers(0, 2**32)))
    if hand.one_of(True, True, True, False):
        draft.report = hand.report(["ETH"])
    _take_credits(hand)
    sides = [side for _ in range(hand.one_of(1, 2, 0)) for side in draw_sides(hand)]
    set_prices(hand, sides)
    for side in sides:
        add_order(hand, side)
    for _ in range(hand.one_of(0, 1, 2)):
        _sign_something(hand)
    if state.pots:
        _settle_expired(hand)
    if draft.parts and hand.one_of(False, True):
        _add_transfer(hand)
    draft.claim_transfers()
    _finish(hand)
    return draft


def _take_credits(hand: Hand) -> None:
    """The next items of the inbox: what is due, and as many more as it falls."""
    draft, state = hand.draft, hand.draft.state
    pending = [state.inbox[n] for n in sorted(state.inbox)][: limits.MAX_CREDITS]
    due = draft.time_seconds - limits.INBOX_DELAY_SECONDS
    n_due = sum(item.enqueued_at_seconds <= due for item in pending)
    draft.n_credits = hand.draw(st.integers(n_due, len(pending)))
    for index, item in enumerate(draft.items):
        symbol = item.symbol.to_bytes(5).rstrip(b"\0").decode()
        part = draft.part(int.from_bytes(item.owner) << 32 | item.index)
        part.acts.append(Claim(index, symbol))


def _sign_something(hand: Hand) -> None:
    """A cancel, a withdrawal or a delegation."""
    account = hand.account()
    kind = hand.one_of(Cancel, Withdraw, Delegate)
    envelope = hand.envelope(account)
    key = None
    intent: Intent
    if kind is Cancel:
        partials = hand.draft.state.account(account).partials
        if partials and hand.one_of(True, False):
            envelope["nonce"] = hand.one_of(*(partial.nonce for partial in partials))
        intent, key = Cancel(**envelope), hand.key(account, Scope.CANCEL)
    elif kind is Withdraw:
        to = hand.one_of(envelope["owner"], STRANGER.address)
        asset, amount = _withdrawal(hand, account)
        intent = Withdraw(**envelope, to=to, asset=asset, amount_micros=amount)
        key = hand.key(account, Scope.WITHDRAW)
    else:
        soon = hand.draft.not_after_seconds
        intent = Delegate(
            **envelope,
            delegate=hand.one_of(DESK, ROBOT).address,
            scope=hand.one_of(15, 1, 3, 6),
            expires_seconds=hand.one_of(soon + HOUR_SECONDS, 0, soon + 1, FAR_SECONDS),
        )
    fee = hand.one_of(envelope["max_fee_micros"], 0)
    hand.draft.part(account).acts.append(Act(intent, fee_micros=fee, key=key))


def _withdrawal(hand: Hand, account: int) -> tuple[str, int]:
    record = hand.draft.state.account(account)
    symbols = [s for s in SYMBOLS if record.quantity_of(Instrument.spot(s).id) > 0]
    asset = hand.one_of(CASH, *symbols)
    held = record.cash_micros
    if asset != CASH:
        held = record.quantity_of(Instrument.spot(asset).id)
    return asset, max(1, hand.one_of(1, held // 10, held // 2))


def _add_transfer(hand: Hand) -> None:
    """Cash from one section's account to a later one's."""
    parts = hand.draft.parts
    source = hand.draw(st.integers(0, len(parts) - 1))
    later = [part.account for part in parts[source:]]
    fresh = [each for each in NEWCOMERS if each not in {p.account for p in parts}]
    target = hand.one_of(*later, *fresh)
    account = parts[source].account
    envelope = hand.envelope(account)
    intent = Transfer(
        **envelope,
        to_owner=(target >> 32).to_bytes(20),
        to_account=target & 0xFFFFFFFF,
        amount_micros=hand.one_of(1, 10**6, 10**9),
    )
    key = hand.key(account, Scope.TRANSFER)
    parts[source].acts.append(Act(intent, fee_micros=envelope["max_fee_micros"], key=key))
    hand.draft.part(target)


def _settle_expired(hand: Hand) -> None:
    """Bring some accounts with expired positions, debtors first, and settle."""
    draft, state = hand.draft, hand.draft.state
    for account, record in state.accounts.items():
        groups = {p.instrument_id >> GROUP_SHIFT for p in record.positions} & state.pots.keys()
        if groups and hand.one_of(True, False):
            draft.part(account)
        is_here = any(part.account == account for part in draft.parts)
        if groups and is_here and hand.one_of(True, True, False):
            draft.settling |= groups
    if not draft.settling:
        return
    for part in draft.parts:
        for group in draft.settling:
            if not hand.rarely():
                part.opens.add(group >> 32 << 88)
    if not hand.rarely():
        draft.parts.sort(key=lambda part: _due_picos(state, part))


def _due_picos(state: State, part: Part) -> int:
    return sum(
        position.quantity_micros
        * intrinsic_micros(Instrument.from_id(position.instrument_id), pot.price_micros)
        for position in state.account(part.account).positions
        if (pot := state.pots.get(position.instrument_id >> GROUP_SHIFT))
    )


def _finish(hand: Hand) -> None:
    """A report for what is there, and modes that the accounts pass, where there are any."""
    draft = hand.draft
    symbols = [s for s in SYMBOLS if symbol_number(s) in {row >> 88 for row in draft.rows}]
    complete = hand.report(symbols) if symbols else None
    draft.report = complete if draft.report else None
    for part in draft.parts:
        part.mode = hand.one_of(Mode.SCAN, Mode.STATIC, Mode.HOLD, Mode.REDUCE)
    if not _heal(hand) and not hand.rarely():
        draft.report = complete
        _heal(hand)


def _heal(hand: Hand) -> bool:
    """Try every mode on accounts that do not pass; whether all do now."""
    faults: tuple[Fault, ...] | Rejected = ()
    for mode in (Mode.STATIC, Mode.HOLD, Mode.REDUCE, Mode.SCAN):
        faults = inspect(hand.draft.state, hand.draft.batch().encode())
        for fault in faults if isinstance(faults, tuple) else ():
            if fault.reason in (Reason.UNHEALTHY, Reason.REPORT_MISSING):
                hand.draft.parts[fault.section].mode = mode
    return not faults
