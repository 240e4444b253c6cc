"""The store port on a SQL database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from offbeat.core import InvalidInput
from offbeat.core.store_port import (
    MAX_ENTRIES,
    MAX_INTEGER,
    MAX_PAGE,
    MAX_WAIT_SECONDS,
    START,
    Cursor,
    Entry,
    Recorded,
    Store,
    Stored,
    StoredBatch,
    StoredIntent,
    StoredTransaction,
)
from offbeat.store.commit import Call, page
from offbeat.store.database import READERS, Database, open_database
from offbeat.store.tables import BATCHES, HEAD, INTENTS, TRANSACTIONS, VIEWS, decode
from offbeat.store.writer import Writer

T = TypeVar("T")
Row = TypeVar("Row", bound=Stored)

POLL_SECONDS: Final = 0.02
"""How often those who wait look for the news of other processes."""


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """The store at ``sqlite:///path`` or ``postgresql://…``, which is made or migrated if need be.

    Leaving finishes what is being appended. Raises ``InvalidInput`` with code ``store_url``,
    ``store_driver`` (PostgreSQL's is not installed) or ``store_schema`` (a later version's
    database), and :class:`~offbeat.core.Unavailable`.
    """
    store = SqlStore(await asyncio.to_thread(open_database, url))
    try:
        yield store
    finally:
        await store.close()


class SqlStore:
    """A :class:`~offbeat.core.store_port.Store` on an opened database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = Writer(database)
        self._readers = ThreadPoolExecutor(READERS, "store-reader")

    async def close(self) -> None:
        """Finish what is being appended, and let go of the database."""
        await self._writer.close()
        self._readers.shutdown()
        self._database.close()

    async def append(self, entries: Sequence[Entry], time_seconds: int) -> tuple[Any, ...]:
        """See the port."""
        if len(entries) > MAX_ENTRIES:
            raise InvalidInput("append_invalid", f"at most {MAX_ENTRIES} entries")
        if not 0 <= time_seconds <= MAX_INTEGER:
            raise InvalidInput("append_invalid", "no such time")
        return await self._writer.append(Call(tuple(entries), time_seconds))

    async def intent(self, intent_hash: bytes) -> StoredIntent | None:
        """See the port."""
        return await self._one(StoredIntent, intent_hash)

    async def open_intents(
        self,
        *,
        account: bytes | None = None,
        after: StoredIntent | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[StoredIntent, ...]:
        """See the port."""
        order = (INTENTS.c.account, INTENTS.c.recorded)
        conditions = [VIEWS[StoredIntent].is_open]
        if account is not None:
            conditions.append(INTENTS.c.account == account)
        if after is not None:
            conditions.append(sa.tuple_(*order) > (after.account, after.recorded))
        return await self._page(StoredIntent, conditions, order, limit)

    async def batch(self, batch_hash: bytes) -> StoredBatch | None:
        """See the port."""
        return await self._one(StoredBatch, batch_hash)

    async def batches(self, number: int, *, limit: int = MAX_PAGE) -> tuple[StoredBatch, ...]:
        """See the port."""
        if not 0 <= number <= MAX_INTEGER:
            return ()
        conditions = [BATCHES.c.number == number]
        return await self._page(StoredBatch, conditions, [BATCHES.c.recorded], limit)

    async def open_batches(
        self, *, after: StoredBatch | None = None, limit: int = MAX_PAGE
    ) -> tuple[StoredBatch, ...]:
        """See the port."""
        return await self._open(StoredBatch, after, limit)

    async def transaction(self, transaction_hash: bytes) -> StoredTransaction | None:
        """See the port."""
        return await self._one(StoredTransaction, transaction_hash)

    async def open_transactions(
        self, *, after: StoredTransaction | None = None, limit: int = MAX_PAGE
    ) -> tuple[StoredTransaction, ...]:
        """See the port."""
        return await self._open(StoredTransaction, after, limit)

    async def next_nonce(self, submitter: bytes) -> int | None:
        """See the port."""
        highest = sa.select(sa.func.max(TRANSACTIONS.c.nonce)).where(
            TRANSACTIONS.c.submitter == submitter
        )
        nonce = await self._read(lambda connection: connection.scalar(highest))
        return None if nonce is None else nonce + 1

    async def journal(
        self, *, after: Cursor = START, limit: int = MAX_PAGE
    ) -> tuple[Recorded, ...]:
        """See the port."""
        _check_limit(limit)
        if not START <= after <= MAX_INTEGER:
            raise _unknown(after)
        lines = await self._read(lambda connection: connection.execute(page(after, limit)).all())
        if not lines and after > await self.head():
            raise _unknown(after)
        return tuple(Recorded(line.cursor, line.time_seconds, decode(line.entry)) for line in lines)

    async def head(self) -> Cursor:
        """See the port."""
        head = sa.select(HEAD.c.cursor)
        return Cursor(await self._read(lambda connection: connection.execute(head).scalar_one()))

    async def wait(self, after: Cursor, timeout_seconds: float) -> Cursor:
        """See the port."""
        if not 0 <= timeout_seconds <= MAX_WAIT_SECONDS:
            raise InvalidInput("wait_invalid", f"waiting takes 0 to {MAX_WAIT_SECONDS} seconds")
        now = asyncio.get_running_loop().time
        deadline = now() + timeout_seconds
        while True:
            news = self._writer.news  # of before the look: what is committed meanwhile counts
            head = await self.head()
            if not START <= after <= head:
                raise _unknown(after)
            seconds_left = deadline - now()
            if head > after or seconds_left <= 0:
                return head
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds_left, POLL_SECONDS)):
                    await news.wait()

    async def rebuild(self) -> None:
        """See the port."""
        await self._writer.rebuild()

    async def _one(self, kind: type[Row], key: bytes) -> Row | None:
        view = VIEWS[kind]
        statement = view.select().where(view.key == key)
        found = await self._read(lambda connection: connection.execute(statement).one_or_none())
        return None if found is None else view.read(found)

    async def _open(self, kind: type[Row], after: Row | None, limit: int) -> tuple[Row, ...]:
        recorded = VIEWS[kind].table.c.recorded
        conditions = [VIEWS[kind].is_open]
        if after is not None:
            conditions.append(recorded > after.recorded)
        return await self._page(kind, conditions, [recorded], limit)

    async def _page(
        self,
        kind: type[Row],
        conditions: Sequence[sa.ColumnElement[bool]],
        order: Sequence[sa.ColumnElement[Any]],
        limit: int,
    ) -> tuple[Row, ...]:
        _check_limit(limit)
        view = VIEWS[kind]
        statement = view.select().where(*conditions).order_by(*order).limit(limit)
        rows = await self._read(lambda connection: connection.execute(statement).all())
        return tuple(map(view.read, rows))

    async def _read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run a query of one statement on a reader's thread and connection."""

        def run() -> T:
            with self._database.reading() as connection:
                return query(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)


def _unknown(cursor: Cursor) -> InvalidInput:
    return InvalidInput("cursor_unknown", f"this journal has no place {cursor}")


def _check_limit(limit: int) -> None:
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput("page_invalid", f"a page has 1 to {MAX_PAGE} elements")
