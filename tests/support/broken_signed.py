"""Breaks of whatever people sign, and of all that is no order: rule 6."""

from dataclasses import replace

from breaking import (
    SIGNED,
    Inapplicable,
    action_at,
    breaks,
    find,
    put,
    with_action,
    with_bits,
    with_intent,
)
from drafting import Act, Draft
from people import ROBOT, STRANGER

from offbeat.core import Reason, limits
from offbeat.instruments import Kind
from offbeat.intents import (
    Delegate,
    Domain,
    Order,
    Withdraw,
)
from offbeat.rulebook import Submission

LOT = limits.LOT_MICROS


@breaks(Reason.ACTION_UNKNOWN, 0, 7, 255)
def kind_of_action(draft: Draft, kind: int) -> Submission:
    return with_bits(draft, tuple(SIGNED.values()), "head", 248, 8, kind)


@breaks(Reason.SIGNATURE_INVALID, *(f"{kind} {how}" for kind in SIGNED for how in ("r", "s")))
def nobody_signed(draft: Draft, what: str) -> Submission:
    kind, word = what.split()
    field = "r" if word == "r" else "vs"
    return with_bits(draft, SIGNED[kind], field, 0, 256, 0)


@breaks(Reason.SIGNER_UNAUTHORISED, *SIGNED)
def somebody_else_signed(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, SIGNED[kind])
    act.key = STRANGER.key
    return draft.submission()


@breaks(Reason.SIGNER_UNAUTHORISED, *SIGNED)
def signed_for_another_chain(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, SIGNED[kind])
    here = draft.world.domain
    act.domain = Domain(here.chain_id + 1, here.verifying_contract)
    return draft.submission()


@breaks(Reason.SIGNER_UNAUTHORISED, *SIGNED)
def signed_for_another_contract(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, SIGNED[kind])
    act.domain = Domain(draft.world.domain.chain_id, STRANGER.address)
    return draft.submission()


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


@breaks(Reason.NONCE_SPENT, *(kind for kind in SIGNED if kind != "Order"))
def twice(draft: Draft, kind: str) -> Submission:
    section, _, act = find(draft, SIGNED[kind])
    part = draft.parts[section]
    part.acts.append(replace(act))
    return draft.submission()


@breaks(Reason.EXPIRED, *SIGNED)
def expired(draft: Draft, kind: str) -> Submission:
    until = draft.not_after_seconds - 1
    return with_intent(draft, SIGNED[kind], valid_until_seconds=until)


@breaks(Reason.FEE_ABOVE_MAX, *SIGNED)
def fee(draft: Draft, kind: str) -> Submission:
    _, _, act = find(draft, SIGNED[kind])
    bound = act.intent.max_fee_micros
    if isinstance(act.intent, Order):
        bound = bound * act.fill_micros // act.intent.quantity_micros
    act.fee_micros = bound + 1
    return draft.submission()


@breaks(Reason.AMOUNT_INVALID, "Withdraw", "Transfer")
def nothing_moved(draft: Draft, kind: str) -> Submission:
    return with_bits(draft, SIGNED[kind], "fourth", 128, 128, 0)


@breaks(Reason.AMOUNT_INVALID, "Withdraw", "Transfer")
def too_much_moved(draft: Draft, kind: str) -> Submission:
    too_much = limits.MAX_DEPOSIT_MICROS + 1
    return with_bits(draft, SIGNED[kind], "fourth", 128, 128, too_much)


@breaks(Reason.AMOUNT_INVALID, "Withdraw", "Transfer")
def moved_to_nobody(draft: Draft, kind: str) -> Submission:
    return with_bits(draft, SIGNED[kind], "third", 96, 160, 0)


@breaks(Reason.ASSET_UNKNOWN, "unknown", "option", "no such row", "lower case")
def asset(draft: Draft, how: str) -> Submission:
    if how in ("unknown", "lower case"):
        symbol = int.from_bytes(b"eth\0\0" if how == "lower case" else b"ZZZ\0\0")
        return with_bits(draft, Withdraw, "third", 56, 40, symbol)
    with_bits(draft, Withdraw, "third", 56, 40, int.from_bytes(b"ETH\0\0"))
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
    return with_bits(draft, Delegate, "third", shift, bits, value)


@breaks(Reason.DELEGATE_INVALID)
def grant_is_over_before_it_holds(draft: Draft) -> Submission:
    return with_intent(draft, Delegate, expires_seconds=draft.not_after_seconds)


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
