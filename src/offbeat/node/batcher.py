"""From the book to certified batches: when the policy says so, one number at a time.

A batch is certified once the store has taken it, which takes one of each number: of two relays
that build at the same moment one wins, and the other adopts what it finds in the journal.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from offbeat.chain import load_artifact
from offbeat.core import InvalidInput, OffbeatError
from offbeat.core.lifecycle import BatchStatus, IntentStatus
from offbeat.core.store_port import BatchCertified, Entry, IntentMoved, Store
from offbeat.intents import keccak256
from offbeat.node.book import Book
from offbeat.node.crash_points import crash_point
from offbeat.node.options import Options
from offbeat.node.report_feed import Attested
from offbeat.reconciliation import OpenIntent
from offbeat.relay import Backlog, Builder, Built, Cause, Moment, Pending
from offbeat.rulebook import GROUP_SHIFT, Rejected, State, Submission, apply
from offbeat.wire import flag_words

MAX_CONSIDERED: Final = 20_000
"""Intents that one attempt looks at; the rest has its turn when these are gone."""
_NOBODY: Final = bytes(19) + b"\x01"
"""A lander, for trying a batch out."""
_OUTRUN: Final = frozenset({"number_taken", "move_outdated", "move_illegal"})
"""What the store says to whom somebody else has outrun; the journal says who."""


class Sequencer(Protocol):
    """Who certifies a payload."""

    def certify(self, payload: bytes) -> bytes:
        """The certificate."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an attempt to build starts from, as one moment."""

    state: State
    time_seconds: int
    base_fees_wei: tuple[int, ...]
    attested: Attested | None


@dataclass(slots=True)
class Batcher:
    """Builds and certifies batches. ``now_ms`` is a clock that never goes back."""

    store: Store
    book: Callable[[], Book]
    sequencer: Sequencer
    options: Options
    now_seconds: Callable[[], int]
    now_ms: Callable[[], int]
    _known: dict[bytes, int] = field(default_factory=dict)
    """What waits, and when it was first seen; -1 once an attempt has considered it."""
    _attempt_ms: int = 0
    _attempt_on: tuple[State | None, Attested | None] = (None, None)
    _stuck_on: State | None = None
    """The state in which nobody's expired positions could be settled."""

    async def step(self, scene: Scene) -> Cause:
        """Build and certify a batch if it is time for one; why, or why not.

        Raises :class:`~offbeat.core.Unavailable` where the store cannot be reached.
        """
        book = self.book()
        if _stands(book, scene.state.number + 1):
            return Cause.IDLE
        waiting = list(_eligible(book))
        cause = self.options.policy.decide(self._backlog(scene, waiting))
        if not cause.builds:
            return cause
        draft = await asyncio.to_thread(self._build, scene, cause, waiting)
        if cause is Cause.SETTLEMENT:
            self._stuck_on = None if draft else scene.state
        else:
            self._known.update((each.row.intent_hash, -1) for each in waiting)
        self._attempt_ms = self.now_ms()
        self._attempt_on = scene.state, scene.attested
        if draft is None:
            return Cause.IDLE
        await self._record(draft, book)
        return cause

    # Deciding -----------------------------------------------------------------------------

    def _backlog(self, scene: Scene, waiting: list[OpenIntent]) -> Backlog:
        now_ms, state = self.now_ms(), scene.state
        self._known = {
            each.row.intent_hash: self._known.get(each.row.intent_hash, now_ms) for each in waiting
        }
        seen_ms = [since for since in self._known.values() if since >= 0]
        new = [each for each in waiting if self._known[each.row.intent_hash] >= 0]
        lapses = min((each.signed.intent.valid_until_seconds for each in new), default=None)
        oldest = state.inbox.get(state.inbox_consumed + 1)
        return Backlog(
            n_new=len(new),
            oldest_new_ms=now_ms - min(seen_ms, default=now_ms),
            lapses_in_seconds=None if lapses is None else lapses - scene.time_seconds,
            n_waiting=len(waiting),
            n_inbox=state.inbox_count - state.inbox_consumed,
            oldest_item_seconds=scene.time_seconds - oldest.enqueued_at_seconds if oldest else 0,
            n_settling=0 if state is self._stuck_on else len(_settling(state)),
            since_attempt_ms=now_ms - self._attempt_ms,
            is_changed=not (state is self._attempt_on[0] and scene.attested is self._attempt_on[1]),
            base_fees_wei=scene.base_fees_wei,
        )

    # Building -----------------------------------------------------------------------------

    def _build(self, scene: Scene, cause: Cause, waiting: list[OpenIntent]) -> "Draft | None":
        """A certified batch that the rules accept; None where there is nothing to put into one."""
        state, attested, policy = scene.state, scene.attested, self.options.policy
        settling = _settling(state) if cause is Cause.SETTLEMENT else frozenset()
        time_seconds = max(scene.time_seconds, state.time_seconds)
        lapses = [each.signed.intent.valid_until_seconds for each in waiting]
        moment = Moment(
            time_seconds,
            policy.not_after(time_seconds, lapses),
            attested.report if attested else None,
        )
        touched = frozenset(each for group in settling for each in _holders(state, group))
        builder = Builder(state, moment, self.options.action_fee_micros, touched, settling)
        pending = [Pending(each.signed, each.row.intent_hash) for each in waiting]
        built = builder.build([] if settling else pending[:MAX_CONSIDERED])
        if not built.batch.sections:
            return None
        submission = Submission(
            payload=built.payload,
            certificate=self.sequencer.certify(built.payload),
            attestation=attested.attestation
            if attested and built.batch.report_time_seconds
            else b"",
            proof=built.proof.nodes,
            proof_flags=built.proof.flags,
        )
        result = apply(state, submission, time_seconds, _NOBODY)
        if isinstance(result, Rejected):
            raise OffbeatError(result.reason, "the builder made a batch that the rules refuse")
        return Draft(built, submission)

    async def _record(self, draft: "Draft", book: Book) -> None:
        """Let the store take the batch and its intents, or somebody else's instead."""
        batch_hash, fills = keccak256(draft.built.payload), draft.built.fills
        entries: list[Entry] = [
            BatchCertified(batch_hash, draft.built.batch.number, calldata(draft.submission))
        ]
        for intent_hash in fills:
            each = book.intents.get(intent_hash)
            if each is None:
                return  # it has ended while the batch was built
            entries.append(
                IntentMoved(
                    intent_hash, IntentStatus.CLEARED, batch_hash=batch_hash, seen=each.row.changed
                )
            )
        crash_point("batcher.before_append")
        try:
            await self.store.append(entries, self.now_seconds())
        except InvalidInput as error:
            if error.code not in _OUTRUN:
                raise
        # Should they come back, they are new again.
        for intent_hash in fills:
            self._known.pop(intent_hash, None)
        crash_point("batcher.after_append")


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch with its certificate, which nobody else has seen yet."""

    built: Built
    submission: Submission


def calldata(submission: Submission) -> bytes:
    """The call of ``settle`` that lands a batch."""
    return load_artifact("Settlement").abi.encode_call(
        "settle",
        submission.payload,
        submission.certificate,
        submission.attestation,
        submission.proof,
        flag_words(submission.proof_flags),
    )


def _stands(book: Book, number: int) -> bool:
    """Whether a batch that may still land has this number, or one before it is not followed yet."""
    return any(
        each.status is not BatchStatus.VOID and each.number >= number
        for each in book.batches.values()
    )


def _eligible(book: Book) -> Iterator[OpenIntent]:
    """What may stand in the next batch: nothing whose owner is cancelling it."""
    for each in book.intents.values():
        if each.row.status in (IntentStatus.RELAYED, IntentStatus.ORDERED):
            yield each


def _settling(state: State) -> frozenset[int]:
    """The groups that have a settlement price and still somebody's positions."""
    if not state.pots:
        return frozenset()
    held = {
        position.instrument_id >> GROUP_SHIFT
        for record in state.accounts.values()
        for position in record.positions
    }
    return frozenset(held & state.pots.keys())


def _holders(state: State, group: int) -> frozenset[int]:
    """The accounts with positions in a group."""
    return frozenset(
        account
        for account, record in state.accounts.items()
        if any(each.instrument_id >> GROUP_SHIFT == group for each in record.positions)
    )
