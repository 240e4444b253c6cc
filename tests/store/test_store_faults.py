"""Full disks, absent servers, hanging writers: said so, nothing half-written, and over again."""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from journal_entries import hash_of
from postgres_process import Postgres
from store_tables import Run

from offbeat.core import Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import START, Entry, IntentMoved, IntentRelayed, Store
from offbeat.store import open_store
from offbeat.store.database import open_database
from offbeat.store.tables import HEAD


def large(word: str) -> list[Entry]:
    """Two entries of some weight."""
    return [
        IntentRelayed(hash_of(word), bytes(24), bytes(16_000)),
        IntentMoved(hash_of(word), IntentStatus.ORDERED),
    ]


async def assert_whole(store: Store, acknowledged: list[str]) -> None:
    """Exactly the acknowledged pairs are there."""
    lines = [line async for line in journal(store)]
    assert lines == [entry for word in acknowledged for entry in large(word)]
    for word in acknowledged:
        row = await store.intent(hash_of(word))
        assert row is not None
        assert row.status is IntentStatus.ORDERED


async def journal(store: Store) -> AsyncIterator[Entry]:
    after = START
    while page := await store.journal(after=after):
        for line in page:
            yield line.entry
        after = page[-1].cursor


@contextmanager
def no_room_in_files_beyond(n_bytes: int) -> Iterator[None]:
    """The system refuses to write further into any file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_nothing(sqlite_url: str, run: Run) -> None:
    async def scenario() -> None:
        async with open_store(sqlite_url) as store:
            with no_room_in_files_beyond(300_000):
                words, code = await append_until_refused(store)
            assert code == "store_unavailable"
            assert len(words) > 3
            await assert_whole(store, words)
            words.append(str(len(words)))
            await store.append(large(words[-1]), 8)
            await assert_whole(store, words)
        async with open_store(sqlite_url) as store:
            await assert_whole(store, words)

    run(scenario())


async def append_until_refused(store: Store) -> tuple[list[str], str]:
    """The words that were acknowledged, and why the next was not."""
    words: list[str] = []
    while True:
        try:
            await store.append(large(str(len(words))), 7)
        except Unavailable as unavailable:
            return words, unavailable.code
        words.append(str(len(words)))


def test_a_locked_file_is_unavailable_until_it_is_free(sqlite_url: str, run: Run) -> None:
    async def scenario() -> None:
        async with open_store(f"{sqlite_url}?timeout=0.01") as store:
            other = open_database(sqlite_url)
            with other.writing():
                with pytest.raises(Unavailable):
                    await store.append(large("a"), 7)
                await assert_whole(store, [])
            other.close()
            await store.append(large("a"), 7)
            await assert_whole(store, ["a"])

    run(scenario())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_goes_and_comes_back_loses_nothing(
    postgres: Postgres, postgres_url: str, run: Run, how: signal.Signals
) -> None:
    async def scenario() -> None:
        async with open_store(postgres_url) as store:
            await store.append(large("a"), 7)
            postgres.stop(how)
            try:
                for call in (
                    store.append(large("b"), 7),
                    store.head(),
                    store.wait(START, 1),
                    store.rebuild(),
                ):
                    with pytest.raises(Unavailable):
                        await call
                with pytest.raises(Unavailable):
                    await asyncio.to_thread(open_database, postgres_url)
            finally:
                postgres.start()
            await assert_whole(store, ["a"])
            await store.append(large("b"), 7)
            await assert_whole(store, ["a", "b"])

    run(scenario())


def test_a_server_that_dies_between_two_calls_is_not_even_noticed(
    postgres: Postgres, postgres_url: str, run: Run
) -> None:
    async def scenario() -> None:
        async with open_store(postgres_url) as store:
            await store.append(large("a"), 7)
            postgres.stop(signal.SIGQUIT)
            postgres.start()
            await store.append(large("b"), 7)
            await assert_whole(store, ["a", "b"])

    run(scenario())


def test_a_session_that_is_ended_in_the_middle_leaves_nothing(
    postgres: Postgres, postgres_url: str, run: Run
) -> None:
    end_writers = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE state = 'idle in transaction'"""

    def end_session(_: sa.Connection) -> None:
        assert postgres.execute(postgres_url, end_writers) == [(True,)]

    async def scenario() -> None:
        async with open_store(postgres_url) as store:
            sa.event.listen(sa.Engine, "commit", end_session)
            try:
                with pytest.raises(Unavailable):
                    await store.append(large("a"), 7)
            finally:
                sa.event.remove(sa.Engine, "commit", end_session)
            await assert_whole(store, [])
            await store.append(large("a"), 7)
            await assert_whole(store, ["a"])

    run(scenario())


FULL_DISK = """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END $$"""


@pytest.mark.parametrize("table", ["journal", "intents"])
@pytest.mark.parametrize(
    ("trigger", "when"), [("TRIGGER", ""), ("CONSTRAINT TRIGGER", "INITIALLY DEFERRED")]
)
def test_a_full_server_loses_nothing(
    postgres: Postgres, postgres_url: str, run: Run, table: str, trigger: str, when: str
) -> None:
    """Full as an entry or a row is inserted, and not until the commit."""
    fill = f"""CREATE {trigger} full_disk AFTER INSERT ON {table} {when}
        FOR EACH ROW EXECUTE FUNCTION full_disk()"""

    async def scenario() -> None:
        async with open_store(postgres_url) as store:
            await store.append(large("a"), 7)
            postgres.execute(postgres_url, FULL_DISK)
            try:
                postgres.execute(postgres_url, fill)
                with pytest.raises(Unavailable, match="no space left on device"):
                    await store.append(large("b"), 7)
                await assert_whole(store, ["a"])
            finally:
                postgres.execute(postgres_url, "DROP FUNCTION full_disk CASCADE")
            await store.append(large("b"), 7)
            await assert_whole(store, ["a", "b"])

    run(scenario())


def test_nothing_shows_while_another_writer_holds_the_journal(
    postgres: Postgres, postgres_url: str, run: Run
) -> None:
    """A later place cannot be committed before an earlier one: readers skip nothing."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    async def scenario() -> None:
        async with open_store(postgres_url) as store:
            with psycopg.connect(postgres_url) as other:
                other.execute("SELECT cursor FROM journal_head FOR UPDATE")
                append = asyncio.create_task(store.append(large("a"), 7))
                while not await asyncio.to_thread(postgres.execute, postgres_url, waiting):
                    assert not append.done()
                assert await store.journal() == ()
                other.rollback()
            await append
            await assert_whole(store, ["a"])

    run(scenario())


def test_commits_reach_the_disk(store_url: str) -> None:
    database = open_database(store_url)
    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(sa.text("PRAGMA synchronous")) == 2
        else:
            assert connection.scalar(sa.text("SHOW synchronous_commit")) == "on"
    database.close()


def test_readers_cannot_write(store_url: str) -> None:
    database = open_database(store_url)
    with pytest.raises(Unavailable, match=r"read.?only"), database.reading() as connection:
        connection.execute(sa.delete(HEAD))
    database.close()


def test_a_wrong_statement_is_no_outage(store_url: str) -> None:
    database = open_database(store_url)
    with pytest.raises(sa.exc.DBAPIError), database.reading() as connection:
        connection.execute(sa.text("SELECT nothing FROM nowhere"))
    database.close()
