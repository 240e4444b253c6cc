"""A relay at work: pure parts, a store, a chain, and a few tasks that keep them together.

::

    intake    → journal                    what was admitted
    journal   → book                       everybody's entries, in order
    chain     → timeline → journal         what has settled, is final, or has ended
    book + state → batcher → journal       what may settle next; transmitters land it

A dependency that is away becomes a trouble and is tried again; nothing is lost, because every task
starts from the journal and the chain each time. Whatever else goes wrong ends all tasks.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import structlog

from offbeat.chain import Deployment, ForcedQueue
from offbeat.core import (
    ChainError,
    OffbeatError,
    Unavailable,
)
from offbeat.core.ports import Chain
from offbeat.core.store_port import Store, StoredBatch
from offbeat.intents import SignedIntent
from offbeat.node.batcher import Batcher, Scene, Sequencer
from offbeat.node.book import Book
from offbeat.node.follower import UNREADABLE, Follower
from offbeat.node.forced import ForcedDesk
from offbeat.node.intake import Intake
from offbeat.node.keeper import Keeper
from offbeat.node.options import Options
from offbeat.node.report_feed import Attested, ReportSource
from offbeat.node.scribe import Scribe
from offbeat.node.service import Admitted, View
from offbeat.reconciliation import Diverged, Timeline
from offbeat.relay import Doorway
from offbeat.rulebook import Rules
from offbeat.wire import signed_from_json

KEPT_REPORTS: Final = 64
"""Reports may be later than the moment that a batch is built for; then an earlier one serves."""
KEPT_RECEIPTS: Final = 1_024
IDLE_SECONDS: Final = 1.0
BATCH_TICK_SECONDS: Final = 0.05
_log = structlog.get_logger()

Clock = Callable[[], int]


def wall_clock() -> int:
    """Now, in unix seconds."""
    return int(time.time())


class Relay:
    """A :class:`~offbeat.node.service.Service`. Made by :meth:`running`."""

    def __init__(
        self,
        *,
        chain: Chain,
        deployment: Deployment,
        store: Store,
        follower: Follower,
        sequencer: Sequencer | None,
        reports: ReportSource | None,
        options: Options,
        clock: Clock,
        certified: Callable[[bytes], None],
        forced: ForcedQueue | None,
    ) -> None:
        self.deployment = deployment
        self.rules: Rules = follower.rules
        self.store = store
        self.options = options
        self._chain = chain
        self._follower = follower
        self._reports = reports
        self._clock = clock
        self._book = Book(self._decode)
        self._view: View | None = None
        self._doorway: Doorway | None = None
        self._base_fees_wei: tuple[int, ...] = ()
        self._attested: deque[Attested] = deque(maxlen=KEPT_REPORTS)
        self._keeper = Keeper(_now_ms)
        self._halted: OffbeatError | None = None
        self._doubts = 0
        self._loaded = asyncio.Event()
        self._heard = asyncio.Event()
        self._timeline_lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._gas_used: dict[bytes, int] = {}
        self._chain_thread = ThreadPoolExecutor(1, "chain")
        self._intake = Intake(store, lambda: self._book, self._open_door, clock, options)
        self._forced = ForcedDesk(self._intake.submit, forced)
        self._scribe = Scribe(store, options.finality_depth, clock)
        self._batcher = (
            Batcher(store, lambda: self._book, sequencer, options, clock, _now_ms, certified)
            if sequencer is not None
            else None
        )

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        chain: Chain,
        deployment: Deployment,
        store: Store,
        sequencer: Callable[[Rules], Sequencer] | None = None,
        reports: ReportSource | None = None,
        options: Options | None = None,
        clock: Clock = wall_clock,
        certified: Callable[[bytes], None] = lambda batch_hash: None,
        forced: ForcedQueue | None = None,
    ) -> AsyncIterator["Relay"]:
        """A relay that works until the block ends; a task of its that dies ends the block.

        Without a ``sequencer`` it admits, follows and reports, and leaves batching to others.
        Without ``reports`` only what is fully covered can trade. ``certified`` hears the hash of
        each batch that this relay has certified. ``forced`` pays for clearing forced requests;
        without it somebody else must. Raises as the chain and the deployment do where the relay
        cannot even start.
        """
        options = options or Options()
        follower = await asyncio.to_thread(Follower.start, chain, deployment, options.kept_blocks)
        relay = cls(
            chain=chain,
            deployment=deployment,
            store=store,
            follower=follower,
            sequencer=sequencer(follower.rules) if sequencer else None,
            reports=reports,
            options=options,
            clock=clock,
            certified=certified,
            forced=forced,
        )
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(each) for each in relay._tasks()]
                try:
                    yield relay
                finally:
                    for task in tasks:
                        task.cancel()
        finally:
            relay._intake.close()
            relay._chain_thread.shutdown(wait=False)

    # Service ------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """See :class:`~offbeat.node.service.Service`."""
        if self._view is None:
            raise Unavailable("node_starting", "the chain has not been read yet")
        return self._view

    @property
    def book(self) -> Book:
        """What is open, as the journal tells it; not to be changed."""
        return self._book

    async def submit(self, intents: Sequence[SignedIntent]) -> list[Admitted | OffbeatError]:
        """See :class:`~offbeat.node.service.Service`."""
        return await self._intake.submit(intents)

    async def gas_used(self, batch: StoredBatch) -> int | None:
        """See :class:`~offbeat.node.service.Service`."""
        landing = self._follower.timeline.landings.get(batch.batch_hash)
        if landing is not None:
            return landing.gas_used
        if batch.transaction_hash is None:
            return None
        # Long final, so the follower has forgotten it.
        return await asyncio.get_running_loop().run_in_executor(
            self._chain_thread, self._gas_of, batch.transaction_hash
        )

    def troubles(self) -> tuple[OffbeatError, ...]:
        """See :class:`~offbeat.node.service.Service`."""
        if self._halted is not None:
            return (self._halted,)
        if self._view is None:
            return (Unavailable("node_starting", "the chain has not been read yet"),)
        # A single lost answer is no trouble yet.
        lasting = self._keeper.troubles(self.options.grace_ms)
        return tuple(lasting[name] for name in ("store", "journal", "chain") if name in lasting)

    def notices(self) -> dict[str, OffbeatError]:
        """What is wrong with any task just now, by its name; admission may go on all the same."""
        return self._keeper.troubles()

    # Tasks --------------------------------------------------------------------------------

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        tasks = [
            self._keeper.keep("store", self._follow_journal),
            self._keeper.keep("chain", self._follow_chain),
            self._keeper.keep("journal", self._keep_journal),
            self._keeper.keep("forced", self._serve_forced),
        ]
        if self._reports is not None:
            tasks.append(self._keeper.keep("reports", self._follow_reports))
        if self._batcher is not None:
            tasks.append(self._keeper.keep("batcher", self._batch))
        return tasks

    async def _follow_journal(self) -> None:
        if not self._loaded.is_set():
            self._book = await Book.load(self.store, self._decode)
            self._loaded.set()
        head = await self.store.wait(self._book.cursor, IDLE_SECONDS)
        while self._book.cursor < head:
            await self._book.follow(self.store)
            self._stir()

    async def _follow_chain(self) -> None:
        await self._loaded.wait()
        if self._halted is not None:
            await asyncio.sleep(IDLE_SECONDS)
        elif not await self._look():
            await asyncio.sleep(self.options.poll_seconds)

    async def _look(self) -> bool:
        """Follow the chain a step; whether anything was new."""
        loop = asyncio.get_running_loop()
        try:
            async with self._timeline_lock:
                has_news = await loop.run_in_executor(self._chain_thread, self._follower.look)
                if has_news:
                    self._forget_what_is_over()
        except ChainError as error:
            if isinstance(error, Diverged) or error.code in UNREADABLE:
                self._doubt(error)
            elif error.code == "reorganisation_too_deep":
                self._follower.forget()
            raise
        if has_news and self._follower.is_current:
            self._doubts = 0
            self._show(self._follower.timeline)
        return has_news

    def _forget_what_is_over(self) -> None:
        final = self._follower.timeline.step_at_depth(self.options.finality_depth)
        self._follower.timeline.forget(final.block.number, self._book.intents, self._book.batches)

    def _show(self, timeline: Timeline) -> None:
        """Let everybody see the chain as it is now."""
        tip, final = timeline.steps[-1], timeline.step_at_depth(self.options.finality_depth)
        known = self._view.final if self._view else final.state
        if known.number and timeline.heads.get(known.number) != known.head:
            self._halt(f"batch {known.number} was final and is no more: raise finality_depth")
            return
        self._view = View(
            settled=tip.state,
            final=final.state,
            block=tip.block,
            final_number=final.block.number,
            report=self._attested[-1].report if self._attested else None,
        )
        self._base_fees_wei = tuple(step.block.base_fee_wei for step in timeline.steps)
        if self._doorway is None or self._doorway.state is not tip.state:
            self._doorway = Doorway(
                tip.state, self.options.action_fee_micros, self.options.max_open_per_account
            )
        self._stir()

    def _stir(self) -> None:
        """Wake whoever acts on news."""
        self._news.set()
        self._heard.set()

    def _doubt(self, error: ChainError) -> None:
        """Read the whole chain again, and halt where it says the same twice."""
        self._doubts += 1
        self._follower.forget()
        if self._doubts > 1:
            self._halt(str(error))

    def _halt(self, why: str) -> None:
        self._halted = Unavailable("node_halted", why)
        _log.critical("relay_halted", why=why)

    async def _keep_journal(self) -> None:
        await self._heard.wait()
        self._heard.clear()
        try:
            async with self._timeline_lock:
                if self._follower.is_current and self._halted is None:
                    await self._scribe.tell(self._book, self._follower.timeline)
        except Unavailable:
            self._heard.set()
            raise

    async def _follow_reports(self) -> None:
        assert self._reports is not None, "only then is there such a task"
        attested = await self._reports.latest()
        latest = self._attested[-1].report.timestamp_seconds if self._attested else -1
        if attested is not None and attested.report.timestamp_seconds > latest:
            self._attested.append(attested)
            if self._view is not None:
                self._view = replace(self._view, report=attested.report)
            self._news.set()
        await asyncio.sleep(self.options.report_seconds)

    async def _serve_forced(self) -> None:
        await asyncio.sleep(self.options.poll_seconds)
        if self._view is not None and self._halted is None and self._view.settled.forced:
            scene = self._scene(self._view)
            await self._forced.step(scene.state, scene.time_seconds, scene.attested)

    async def _batch(self) -> None:
        assert self._batcher is not None, "only then is there such a task"
        with suppress(TimeoutError):
            async with asyncio.timeout(BATCH_TICK_SECONDS):
                await self._news.wait()
        self._news.clear()
        if self._view is None or self._halted is not None:
            return
        started = time.monotonic()
        await self._batcher.step(self._scene(self._view))
        # A long book takes long to look through: most of the time is admission's.
        await asyncio.sleep(max(BATCH_TICK_SECONDS, 4 * (time.monotonic() - started)))

    # Views --------------------------------------------------------------------------------

    def _scene(self, view: View) -> Scene:
        slack = self.options.clock_slack_seconds
        time_seconds = max(
            view.block.timestamp_seconds, view.settled.time_seconds, self._clock() - slack
        )
        usable = [each for each in self._attested if each.report.timestamp_seconds <= time_seconds]
        return Scene(
            state=view.settled,
            time_seconds=time_seconds,
            base_fees_wei=self._base_fees_wei,
            attested=usable[-1] if usable else None,
        )

    def _gas_of(self, transaction_hash: bytes) -> int | None:
        if transaction_hash not in self._gas_used:
            try:
                receipt = self._chain.receipt(transaction_hash)
            except OffbeatError:
                return None
            if receipt is None:
                return None
            if len(self._gas_used) >= KEPT_RECEIPTS:
                self._gas_used.clear()
            self._gas_used[transaction_hash] = receipt.gas_used
        return self._gas_used[transaction_hash]

    def _open_door(self) -> Doorway:
        """What admission reads; raises :class:`Unavailable` where nothing can be admitted now."""
        for trouble in self.troubles():
            raise Unavailable(trouble.code, trouble.message)
        assert self._doorway is not None, "there is a view"
        return self._doorway

    def _decode(self, digest: bytes, text: bytes) -> SignedIntent:
        return self._intake.signed(digest) or signed_from_json(text, self.rules.domain)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
