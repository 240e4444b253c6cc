"""Admission of many at once: verify, make durable, acknowledge.

Whoever comes while a group is being verified and stored joins the next one, so that groups grow
with the load: one round of signatures on a few threads, one append for everybody.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from offbeat.core import InvalidInput, OffbeatError, Refused, Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import (
    IntentEntry,
    IntentMoved,
    IntentRelayed,
    Store,
    StoredIntent,
)
from offbeat.intents import Cancel, SignedIntent, intent_hash, recover
from offbeat.node.book import Book
from offbeat.node.crash_points import crash_point
from offbeat.node.options import Options
from offbeat.node.service import Admitted
from offbeat.relay import Doorway, Pending
from offbeat.wire import signed_to_json

MAX_GROUP: Final = 256
"""Intents that are verified and stored together."""

Answer = Admitted | OffbeatError


class _Waiter(NamedTuple):
    pending: Pending
    future: asyncio.Future[Answer]


class Intake:
    """Takes signed intents in. ``doorway`` gives the state at the door, or raises
    :class:`Unavailable` where nothing can be taken in now; ``now_seconds`` is the clock.

    Two groups are under way at most: while one becomes durable the next is verified.
    """

    def __init__(
        self,
        store: Store,
        book: Callable[[], Book],
        doorway: Callable[[], Doorway],
        now_seconds: Callable[[], int],
        options: Options,
    ) -> None:
        self._store = store
        self._book = book
        self._doorway = doorway
        self._now_seconds = now_seconds
        self._options = options
        self._threads = ThreadPoolExecutor(options.verify_threads, "verify")
        self._in_flight: dict[bytes, _Waiter] = {}
        self._queue: deque[_Waiter] = deque()
        self._groups: set[asyncio.Task[None]] = set()
        self._verifying = False

    def signed(self, digest: bytes) -> SignedIntent | None:
        """An intent that is being stored: it need not be decoded from the journal."""
        waiter = self._in_flight.get(digest)
        return waiter and waiter.pending.signed

    async def submit(self, intents: Sequence[SignedIntent]) -> list[Answer]:
        """See :class:`~offbeat.node.service.Service`."""
        doorway, book, now_seconds = self._doorway(), self._book(), self._now_seconds()
        n_more = len(self._in_flight) + len(intents)
        if n_more > self._options.max_submitting:
            raise Unavailable("node_busy", f"{len(self._in_flight)} intents are being taken in")
        if n_more + len(book.intents) > self._options.max_open:
            raise Unavailable("node_busy", f"{len(book.intents)} intents wait already")
        answers = [self._begin(signed, doorway, book, now_seconds) for signed in intents]
        self._start_group()
        done = [each if isinstance(each, Admitted) else await each for each in answers]
        if done and all(isinstance(each, Unavailable) for each in done):
            raise done[0]  # type: ignore[misc]
        return done

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False)

    def _begin(
        self, signed: SignedIntent, doorway: Doorway, book: Book, now_seconds: int
    ) -> "Admitted | asyncio.Future[Answer]":
        """The answer where it is known at once, or what will give it."""
        digest = intent_hash(signed.intent, doorway.state.rules.domain)
        known = book.intents.get(digest)
        if known is not None:
            return Admitted(known.row, is_new=False)
        waiter = self._in_flight.get(digest)
        if waiter is not None:
            return asyncio.ensure_future(_again(waiter.future))
        pending = Pending(signed, digest)
        refusal = doorway.check(pending, book.account(pending.account), now_seconds)
        if refusal is not None:
            return asyncio.ensure_future(self._recall(digest, refusal))
        waiter = _Waiter(pending, asyncio.get_running_loop().create_future())
        self._in_flight[digest] = waiter
        self._queue.append(waiter)
        return waiter.future

    async def _recall(self, digest: bytes, refusal: Refused) -> Answer:
        """What has ended long ago is refused as new, but it is known all the same."""
        try:
            row = await self._store.intent(digest)
        except Unavailable as error:
            return error
        return refusal if row is None else Admitted(row, is_new=False)

    # Groups -------------------------------------------------------------------------------

    def _start_group(self) -> None:
        if not self._queue or self._verifying:
            return
        group = [self._queue.popleft() for _ in range(min(MAX_GROUP, len(self._queue)))]
        self._verifying = True
        task = asyncio.get_running_loop().create_task(self._take_in(group))
        self._groups.add(task)
        task.add_done_callback(self._groups.discard)

    async def _take_in(self, group: list[_Waiter]) -> None:
        try:
            try:
                signers = await self._recover(group)
            finally:
                self._verifying = False
                self._start_group()
            await self._store_group(self._judge(group, signers))
        except Exception as error:
            # Nobody hangs: what is expected is an answer, a bug of ours is everybody's exception.
            for waiter in group:
                if waiter.future.done():
                    continue
                if isinstance(error, OffbeatError):
                    waiter.future.set_result(error)
                else:
                    waiter.future.set_exception(error)
        finally:
            for waiter in group:
                self._in_flight.pop(waiter.pending.intent_hash, None)

    async def _recover(self, group: Sequence[_Waiter]) -> list[bytes | None]:
        """The signer of each, or None; recovery lets other threads run."""
        loop = asyncio.get_running_loop()
        size = -(-len(group) // self._options.verify_threads)
        parts = [group[at : at + size] for at in range(0, len(group), size)]
        found = await asyncio.gather(
            *(loop.run_in_executor(self._threads, _signers, part) for part in parts)
        )
        return [signer for part in found for signer in part]

    def _judge(self, group: Sequence[_Waiter], signers: Sequence[bytes | None]) -> list[_Waiter]:
        """Those whose signer may sign for the owner; the others have their answer."""
        doorway, now_seconds = self._doorway(), self._now_seconds()
        passed = []
        for waiter, signer in zip(group, signers, strict=True):
            refusal = doorway.check_signer(waiter.pending, signer, now_seconds)
            if refusal is None:
                passed.append(waiter)
            else:
                waiter.future.set_result(refusal)
        return passed

    async def _store_group(self, group: Sequence[_Waiter]) -> None:
        plain = [each for each in group if not isinstance(each.pending.signed.intent, Cancel)]
        cancels = [each for each in group if isinstance(each.pending.signed.intent, Cancel)]
        if plain:
            await self._append(plain, [_relayed(each.pending) for each in plain])
        for each in cancels:
            await self._append_cancel(each)

    async def _append_cancel(self, waiter: _Waiter) -> None:
        """A cancellation, and the orders that it is about with it."""
        cancel, relayed = waiter.pending.signed.intent, _relayed(waiter.pending)
        assert isinstance(cancel, Cancel), "the others go together"
        moves = [
            IntentMoved(each.row.intent_hash, IntentStatus.CANCEL_PENDING, seen=each.row.changed)
            for each in self._book().account(waiter.pending.account).covered_by(cancel)
            if each.row.status < IntentStatus.SETTLED
        ]
        try:
            await self._append([waiter], [relayed, *moves])
        except InvalidInput:
            # Something has just changed; the next look at the chain says what of.
            await self._append([waiter], [relayed])

    async def _append(self, group: Sequence[_Waiter], entries: Sequence[IntentEntry]) -> None:
        crash_point("intake.before_append")
        now_seconds = self._now_seconds()
        before = self._book().cursor
        rows: Sequence[StoredIntent] = await self._store.append(entries, now_seconds)
        crash_point("intake.after_append")
        book = self._book()
        for waiter, row in zip(group, rows, strict=False):
            book.add(row, waiter.pending.signed)
            is_new = row.recorded == row.changed > before and row.recorded_seconds == now_seconds
            waiter.future.set_result(Admitted(row, is_new))


async def _again(first: "asyncio.Future[Answer]") -> Answer:
    answer = await asyncio.shield(first)
    return Admitted(answer.intent, is_new=False) if isinstance(answer, Admitted) else answer


def _signers(group: Sequence[_Waiter]) -> list[bytes | None]:
    return [_signer(each.pending) for each in group]


def _signer(pending: Pending) -> bytes | None:
    try:
        return recover(pending.intent_hash, pending.signed.signature)
    except InvalidInput:
        return None


def _relayed(pending: Pending) -> IntentRelayed:
    return IntentRelayed(
        pending.intent_hash, pending.account.to_bytes(24), signed_to_json(pending.signed)
    )
