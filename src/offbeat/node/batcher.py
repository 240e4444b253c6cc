"""From the book to certified batches: when the policy says so, one number at a time.

A batch stands once the store has taken it, which takes one of each number: of two relays that
build at the same moment one wins, and the other adopts what it finds in the journal.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from offbeat.chain import load_artifact
from offbeat.core import InvalidInput, OffbeatError, Reason, Refused, limits
from offbeat.core.lifecycle import BatchStatus, IntentStatus
from offbeat.core.store_port import BatchCertified, Entry, IntentMoved, Store
from offbeat.intents import keccak256
from offbeat.node.attention import Attention
from offbeat.node.book import Book
from offbeat.node.crash_points import crash_point
from offbeat.node.expired import expired_groups, holders
from offbeat.node.forced import due_item, ignores_due, selections
from offbeat.node.options import Options
from offbeat.node.report_feed import Attested
from offbeat.reconciliation import OpenIntent
from offbeat.relay import Backlog, Builder, Built, Cause, Moment, Pending, SafetyWatch
from offbeat.rulebook import Rejected, State, Submission, apply

MAX_CONSIDERED: Final = 20_000
"""Intents that one attempt looks at; the rest has its turn when these are gone."""
MAX_REASONS: Final = 256
"""Intents of which one attempt tells why they wait."""
_NOBODY: Final = bytes(19) + b"\x01"
"""A lander, for trying a batch out."""
_OUTRUN: Final = frozenset({"number_taken", "move_outdated", "move_illegal"})
"""What the store says to whom somebody else has outrun; the journal says who."""
_log = structlog.get_logger()


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


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch with its certificate, which nobody else has seen yet."""

    built: Built
    submission: Submission


@dataclass(slots=True)
class Batcher:
    """Builds and certifies batches. ``now_ms`` is a clock that never goes back; ``certified``
    hears the hash of each batch that stands."""

    store: Store
    book: Callable[[], Book]
    sequencer: Sequencer
    options: Options
    now_seconds: Callable[[], int]
    now_ms: Callable[[], int]
    certified: Callable[[bytes], None]
    _attention: Attention = field(default_factory=Attention)
    _safety: SafetyWatch = field(default_factory=SafetyWatch)
    _attempt_ms: int = 0
    _attempt_on: tuple[State | None, Attested | None] = (None, None)
    _due_on: State | None = None
    """The state in which a forced request that is due was tried."""
    _stuck_on: State | None = None
    """The state in which nobody's expired positions could be settled."""

    async def step(self, scene: Scene) -> Cause:
        """Build and certify a batch if it is time for one; why, or why not.

        Raises :class:`~offbeat.core.Unavailable` where the store cannot be reached.
        """
        book = self.book()
        if _stands(book, scene.state.number + 1):
            return Cause.IDLE
        waiting = self._attention.waiting(book, self.now_ms())
        cause = self.options.policy.decide(self._backlog(scene, book, len(waiting)))
        if not cause.builds:
            return cause
        settling = expired_groups(scene.state) if cause is Cause.SETTLEMENT else frozenset()
        # Whoever trades beside an expiry would do so without a report.
        considered = [] if settling else waiting[:MAX_CONSIDERED]
        built, draft = await asyncio.to_thread(self._make, scene, considered, settling)
        self._attempt_ms = self.now_ms()
        if due_item(scene.state, scene.time_seconds) is not None:
            self._due_on = scene.state
        if settling:
            self._stuck_on = None if built.batch.sections else scene.state
        else:
            self._attempt_on = scene.state, scene.attested
            self._attention.considered(considered, built.refused, self._attempt_ms)
            await self._tell_reasons(book, built.refused)
        if draft is not None:
            await self._record(draft, cause, book, scene.state)
        elif built.batch.sections:
            raise Refused(Reason.INBOX_DUE, "no batch can do the forced request that is due")
        return cause

    def _backlog(self, scene: Scene, book: Book, n_waiting: int) -> Backlog:
        now_ms, state, new = self.now_ms(), scene.state, self._attention.new
        lapses_seconds = min((book.intents[each].lapses_seconds for each in new), default=None)
        oldest = state.inbox.get(state.inbox_consumed + 1)
        tried_state, tried_report = self._attempt_on
        return Backlog(
            n_new=len(new),
            oldest_new_ms=now_ms - min(new.values(), default=now_ms),
            lapses_in_seconds=lapses_seconds and lapses_seconds - scene.time_seconds,
            n_waiting=n_waiting,
            n_inbox=state.inbox_count - state.inbox_consumed + self._n_overlooked(scene, book),
            oldest_item_seconds=scene.time_seconds - oldest.enqueued_at_seconds if oldest else 0,
            n_settling=0 if state is self._stuck_on else len(expired_groups(state)),
            since_attempt_ms=now_ms - self._attempt_ms,
            is_changed=state is not tried_state or scene.attested is not tried_report,
            base_fees_wei=scene.base_fees_wei,
        )

    def _n_overlooked(self, scene: Scene, book: Book) -> int:
        """Whether a forced request is due that is not in the book, and was not tried just now."""
        item = due_item(scene.state, scene.time_seconds)
        if item is None or item.digest in book.intents:
            return 0
        is_rested = self.now_ms() - self._attempt_ms >= self.options.policy.retry_ms
        return int(is_rested or scene.state is not self._due_on)

    # On a worker's thread -----------------------------------------------------------------

    def _make(
        self, scene: Scene, waiting: list[OpenIntent], settling: frozenset[int]
    ) -> tuple[Built, Draft | None]:
        """A batch, certified unless it is empty or ignores a forced request that is due."""
        time_seconds = max(scene.time_seconds, scene.state.time_seconds)
        lapses_seconds = [each.lapses_seconds for each in waiting]
        moment = Moment(
            time_seconds,
            self.options.policy.not_after(time_seconds, lapses_seconds),
            scene.attested.report if scene.attested else None,
        )
        pending = [Pending(each.signed, each.row.intent_hash) for each in waiting]
        most_items = limits.MAX_CREDITS
        for chosen in selections(scene.state, time_seconds, pending):
            built = self._build(scene, moment, chosen, settling, most_items)
            most_items = limits.ENOUGH_BESIDE_FORCED
            draft = self._vouch(scene, built) if built.batch.sections else None
            if draft is not None:
                break
        if draft is None and built.batch.sections and settling:
            # Who is to be settled does nothing else in the batch: what is due comes first.
            return self._make(scene, waiting, frozenset())
        return built, draft

    def _build(
        self,
        scene: Scene,
        moment: Moment,
        pending: list[Pending],
        settling: frozenset[int],
        most_items: int,
    ) -> Built:
        touched = holders(scene.state, settling)
        fee_micros = self.options.action_fee_micros
        unsafe = frozenset[int]()
        if moment.report and not settling:
            unsafe = self._safety.unsafe(scene.state, moment.report)
        builder = Builder(scene.state, moment, fee_micros, touched, settling, unsafe, most_items)
        return builder.build(pending)

    def _vouch(self, scene: Scene, built: Built) -> Draft | None:
        """Certify what the rules accept: all that the builder builds, unless it had to leave out a
        forced request that is due."""
        if ignores_due(scene.state, built):
            return None
        has_report = built.batch.report_time_seconds != 0
        submission = Submission(
            payload=built.payload,
            certificate=self.sequencer.certify(built.payload),
            attestation=scene.attested.attestation if scene.attested and has_report else b"",
            proof=built.proof,
        )
        result = apply(scene.state, submission, built.batch.time_seconds, _NOBODY)
        if isinstance(result, Rejected):
            raise OffbeatError(result.reason, "the builder made a batch that the rules refuse")
        return Draft(built, submission)

    # Journalling --------------------------------------------------------------------------

    async def _record(self, draft: Draft, cause: Cause, book: Book, state: State) -> None:
        """Let the store take the batch and its intents, or somebody else's instead."""
        batch_hash, number = keccak256(draft.built.payload), draft.built.batch.number
        entries: list[Entry] = [BatchCertified(batch_hash, number, calldata(draft.submission))]
        forced = {item.digest for item in state.forced}
        for intent_hash in draft.built.fills:
            each = book.intents.get(intent_hash)
            if each is None:
                if intent_hash in forced:
                    continue  # it came past the door
                return  # it has ended while the batch was built
            entries.append(
                IntentMoved(
                    intent_hash, IntentStatus.CLEARED, batch_hash=batch_hash, seen=each.row.changed
                )
            )
        self._attention.taken(draft.built.fills)
        crash_point("batcher.before_append")
        try:
            await self.store.append(entries, self.now_seconds())
        except InvalidInput as error:
            if error.code not in _OUTRUN:
                raise
            _log.info("batch_outrun", number=number, code=error.code)
            return
        crash_point("batcher.after_append")
        _log.info(
            "batch_certified",
            number=number,
            batch_hash=f"0x{batch_hash.hex()}",
            cause=cause,
            intents=len(draft.built.fills),
        )
        self.certified(batch_hash)

    async def _tell_reasons(self, book: Book, refused: Mapping[bytes, Reason]) -> None:
        """Journal why intents wait, where that is not what the journal says already."""
        entries: list[Entry] = []
        for intent_hash, reason in refused.items():
            each = book.intents.get(intent_hash)
            if each is not None and each.row.reason != reason and len(entries) < MAX_REASONS:
                row = each.row
                entries.append(IntentMoved(intent_hash, row.status, reason, seen=row.changed))
        if entries:
            try:
                await self.store.append(entries, self.now_seconds())
            except InvalidInput as error:
                if error.code not in _OUTRUN:
                    raise


def calldata(submission: Submission) -> bytes:
    """The call of ``settle`` that lands a batch."""
    return load_artifact("Settlement").abi.encode_call(
        "settle",
        submission.payload,
        submission.certificate,
        submission.attestation,
        submission.proof,
    )


def _stands(book: Book, number: int) -> bool:
    """Whether a batch that may still land has this number, or one before it is not followed yet."""
    return any(
        each.status is not BatchStatus.VOID and each.number >= number
        for each in book.batches.values()
    )
