"""From the chain's acts to our state, through the same rules that everybody else applies."""

from collections.abc import Iterable
from typing import Final

from offbeat.core import Reason
from offbeat.intents import Lane
from offbeat.reconciliation.divergence import Diverged, Divergence, Topic
from offbeat.rulebook import (
    Account,
    Applied,
    Batch,
    Partial,
    Position,
    Rejected,
    Rules,
    Section,
    State,
    apply,
    clear_forced,
    decode,
    enqueue,
    force,
    grant,
    inspect,
    owner_of,
    pass_over_forced,
    post_settlement_price,
    register_underlying,
)
from offbeat.wire import (
    Act,
    BatchLanded,
    Deposited,
    Forced,
    ForcedCleared,
    ForcedPassedOver,
    Granted,
    Owed,
    Paid,
    SettlementPricePosted,
    UnderlyingRegistered,
)


def rebuild(rules: Rules, acts: Iterable[Act]) -> State:
    """The state after all ``acts`` of a deployment, from its first one on, in their order.

    Raises :class:`Diverged` at the first act that does not fit.
    """
    state = State(rules)
    for act in acts:
        state = follow(state, act)
    return state


def follow(state: State, act: Act) -> State:
    """The state after one more act; raises :class:`Diverged` if it does not fit."""
    match act:
        case BatchLanded():
            return follow_batch(state, act).state
        case Deposited():
            _require_same(Topic.INBOX_COUNT, "", state.inbox_count + 1, act.number)
            return enqueue(state, act.item)
        case Forced():
            return force(state, act.item)
        case ForcedCleared() | ForcedPassedOver():
            first = state.forced[0].number if state.forced else 0
            _require_same(Topic.FORCED, "", first, act.number)
            is_over = isinstance(act, ForcedCleared)
            return clear_forced(state) if is_over else pass_over_forced(state)
        case Granted():
            return grant(state, act.owner, act.key, act.delegation)
        case SettlementPricePosted():
            return post_settlement_price(state, act.group, act.price_micros)
        case UnderlyingRegistered():
            return register_underlying(state, act.symbol)
        case Owed() | Paid():
            # The batch has made it payable already; what was paid is the vault's own affair.
            return state


def follow_batch(state: State, act: BatchLanded) -> Applied:
    """What a batch that has landed did; raises :class:`Diverged` if it does not fit."""
    result = apply(state, act.submission, act.block_time_seconds, act.lander)
    subject = f"batch {act.number}"
    if isinstance(result, Rejected):
        if result.reason is Reason.WITNESS_MISMATCH:
            raise Diverged(_foreign_witness(state, act.submission.payload))
        raise Diverged(Divergence(Topic.BATCH_REFUSED, subject, result.reason, "landed"))
    after = result.state
    _require_same(Topic.HEAD, subject, after.head, act.payload_hash)
    _require_same(Topic.BATCH_NUMBER, subject, after.number, act.number)
    _require_same(Topic.FEES, subject, result.fees_micros, act.fees_micros)
    return result


def _require_same(topic: Topic, subject: str, ours: bytes | int, theirs: bytes | int) -> None:
    if ours != theirs:
        raise Diverged(Divergence.of(topic, subject, ours, theirs))


def _foreign_witness(state: State, payload: bytes) -> Divergence:
    """The first account whose record is not the one that the batch brought."""
    batch, faults = decode(payload), inspect(state, payload)
    assert isinstance(batch, Batch), "a witness was read from it"
    assert not isinstance(faults, Rejected), "a witness was reached in it"
    section = batch.sections[faults[0].section]
    return Divergence.of(
        Topic.WITNESS,
        f"account {section.account:#050x}",
        state.account(section.account).commitment,
        _witness(batch, section).commitment,
    )


def _witness(batch: Batch, section: Section) -> Account:
    """The record that a section brings as its witness."""
    return Account(
        owner=owner_of(section.account),
        index=section.account & 0xFFFFFFFF,
        cash_micros=section.cash_micros,
        lanes=tuple(Lane(*words) for words in section.lanes),
        partials=tuple(
            Partial(
                nonce=packed >> 192,
                filled_micros=packed >> 128 & _LOW_64,
                valid_until_seconds=packed >> 64 & _LOW_64,
                intent_hash=intent_hash.to_bytes(32),
            )
            for packed, intent_hash in section.partials
        ),
        positions=tuple(
            Position(batch.rows[row].instrument_id, quantity)
            for row, quantity in section.entries
            if quantity
        ),
    )


_LOW_64: Final = (1 << 64) - 1
