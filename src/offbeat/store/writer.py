"""Group commit: what many callers append at once becomes durable in one transaction."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from offbeat.core import Unavailable
from offbeat.core.store_port import MAX_ENTRIES, Stored
from offbeat.store.commit import Call, Outcome, commit, rebuild
from offbeat.store.database import Database

MAX_GROUP_ENTRIES: Final = 2 * MAX_ENTRIES
"""Entries in one transaction."""
MAX_WAITING_CALLS: Final = 4_096
"""Callers that may wait for their group; the next one is told to come back later."""


class _Waiting(NamedTuple):
    call: Call
    future: asyncio.Future[tuple[Stored, ...]]


class Writer:
    """The one writer of a process, on a thread of its own.

    Whoever comes while it commits waits for the next group. So groups grow with the load, and a
    single caller waits for nobody.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "store-writer")
        self._draining: asyncio.Task[None] | None = None
        self.news = asyncio.Event()
        """Set by the next commit, after its callers have their answers; and a new one then."""

    async def append(self, call: Call) -> tuple[Stored, ...]:
        """Wait until the call's group is committed; raises what the call met.

        ``Unavailable("store_busy")`` where too many wait already.
        """
        if len(self._waiting) >= MAX_WAITING_CALLS:
            raise Unavailable("store_busy", f"{MAX_WAITING_CALLS} appends are waiting")
        waiting = _Waiting(call, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await waiting.future

    async def rebuild(self) -> None:
        """Derive the views anew, between two groups."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._rebuild)

    async def close(self) -> None:
        """Finish what is waiting, and end the thread."""
        if self._draining is not None:
            await self._draining
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while group := self._next_group():
            calls = [each.call for each in group]
            outcomes: Sequence[Outcome | Exception]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._commit, calls)
            except Unavailable as error:
                outcomes = [Unavailable(error.code, error.message) for _ in group]
            except Exception as error:  # a bug of ours: everybody hears of it, nobody hangs
                outcomes = [error for _ in group]
            for each, outcome in zip(group, outcomes, strict=True):
                if each.future.cancelled():
                    continue
                if isinstance(outcome, Exception):
                    each.future.set_exception(outcome)
                else:
                    each.future.set_result(outcome)
            self.news.set()
            self.news = asyncio.Event()

    def _next_group(self) -> list[_Waiting]:
        """Those who have waited longest, without those who have gone away."""
        group: list[_Waiting] = []
        n_entries = 0
        while self._waiting:
            each = self._waiting[0]
            if not each.future.cancelled():
                n_entries += len(each.call.entries)
                if n_entries > MAX_GROUP_ENTRIES:
                    break
                group.append(each)
            self._waiting.popleft()
        return group

    def _commit(self, calls: Sequence[Call]) -> list[Outcome]:
        with self._database.writing() as connection:
            return commit(connection, calls)

    def _rebuild(self) -> None:
        with self._database.writing() as connection:
            rebuild(connection)
