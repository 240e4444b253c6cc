"""Following the journal: news wake whoever waits, whichever process they are from."""

import asyncio
import math
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from journal_entries import relayed
from store_tables import Run

from offbeat.core import InvalidInput
from offbeat.core.store_port import MAX_ENTRIES, MAX_PAGE, MAX_WAIT_SECONDS, START, Cursor, Store
from offbeat.store import open_store, sql_store
from offbeat.store.commit import Call, commit, page
from offbeat.store.database import open_database

HANG_SECONDS = MAX_WAIT_SECONDS / 2
"""Who waits longer has not been woken."""


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_store, "POLL_SECONDS", MAX_WAIT_SECONDS)


async def woken(store: Store, after: Cursor) -> Cursor:
    async with asyncio.timeout(HANG_SECONDS):
        return await store.wait(after, MAX_WAIT_SECONDS)


@pytest.mark.usefixtures("no_polling")
def test_an_append_of_this_process_wakes_everybody(store: Store, run: Run) -> None:
    async def scenario() -> list[Cursor]:
        waiting = [asyncio.create_task(woken(store, START)) for _ in range(3)]
        await asyncio.sleep(0)
        await store.append([relayed("a"), relayed("b")], 7)
        return await asyncio.gather(*waiting)

    assert run(scenario()) == [2, 2, 2]


@pytest.mark.usefixtures("no_polling")
def test_an_append_right_after_the_look_is_not_missed(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = store.head

    async def look_just_too_early() -> Cursor:
        head = await look()
        monkeypatch.setattr(store, "head", look)
        await store.append([relayed("a")], 7)
        return head

    monkeypatch.setattr(store, "head", look_just_too_early)
    assert run(woken(store, START)) == 1


def test_an_append_of_another_writer_wakes(store_url: str, store: Store, run: Run) -> None:
    async def scenario() -> Cursor:
        async with open_store(store_url) as other:
            waiting = asyncio.create_task(woken(store, START))
            await asyncio.sleep(0)
            await other.append([relayed("a")], 7)
            return await waiting

    assert run(scenario()) == 1


@pytest.mark.usefixtures("no_polling")
def test_what_says_nothing_new_wakes_nobody(store: Store, run: Run) -> None:
    async def scenario() -> None:
        await store.append([relayed("a")], 7)
        waiting = asyncio.create_task(woken(store, Cursor(1)))
        await store.append([relayed("a")], 8)
        assert await store.head() == 1
        assert not waiting.done()
        await store.append([relayed("b")], 9)
        assert await waiting == 2

    run(scenario())


def test_who_is_behind_does_not_wait(store: Store, run: Run) -> None:
    run(store.append([relayed("a"), relayed("b")], 7))
    assert run(woken(store, START)) == run(woken(store, Cursor(1))) == 2


@pytest.mark.parametrize("timeout_seconds", [0, 0.001, 2 * sql_store.POLL_SECONDS])
def test_waiting_ends_without_news(store: Store, run: Run, timeout_seconds: float) -> None:
    run(store.append([relayed("a")], 7))
    assert run(store.wait(Cursor(1), timeout_seconds)) == 1


def test_waiting_can_be_cancelled(store: Store, run: Run) -> None:
    async def scenario() -> None:
        waiting = asyncio.create_task(woken(store, START))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await store.append([relayed("a")], 7)
        assert await woken(store, START) == 1

    run(scenario())


@pytest.mark.parametrize("timeout_seconds", [-1, MAX_WAIT_SECONDS + 1, math.inf, math.nan])
def test_waiting_is_bounded(store: Store, run: Run, timeout_seconds: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(store.wait(START, timeout_seconds))
    assert caught.value.code == "wait_invalid"


@pytest.mark.parametrize("cursor", [-1, 2, 2**200])
def test_nobody_waits_for_more_than_the_next_entry(store: Store, run: Run, cursor: int) -> None:
    run(store.append([relayed("a")], 7))
    with pytest.raises(InvalidInput) as caught:
        run(store.wait(Cursor(cursor), MAX_WAIT_SECONDS))
    assert caught.value.code == "cursor_unknown"


@pytest.fixture
def plan_of_a_page(store_url: str) -> Iterator[str]:
    """How the database finds the page behind a late place in a journal of some length."""
    database = open_database(store_url)
    with database.writing() as connection:
        for first in range(0, 4 * MAX_ENTRIES, MAX_ENTRIES):
            entries = [relayed(str(n)) for n in range(first, first + MAX_ENTRIES)]
            commit(connection, [Call(entries, 7)])
    is_sqlite = database.writer.dialect.name == "sqlite"
    with database.writing() as connection:
        if not is_sqlite:
            connection.execute(sa.text("ANALYZE journal"))
        statement = page(Cursor(4_000), MAX_PAGE).compile(
            database.writer, compile_kwargs={"literal_binds": True}
        )
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        lines = connection.exec_driver_sql(f"{explain} {statement}").all()
    yield "\n".join(str(line) for line in lines)
    database.close()


def test_a_page_is_found_by_its_place(plan_of_a_page: str) -> None:
    assert "INTEGER PRIMARY KEY" in plan_of_a_page or "journal_pkey" in plan_of_a_page
    assert not any(word in plan_of_a_page for word in ("SCAN", "Seq Scan", "Sort", "TEMP B-TREE"))
