"""One commit for many callers, and nobody is told before it is over."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from journal_entries import hash_of, relayed
from store_tables import Run

from offbeat.core import InvalidInput, Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import MAX_ENTRIES, START, IntentMoved, Store
from offbeat.store import open_store, writer


class HeldCommit:
    """Stops a commit until it is released; a test waits without blocking its loop."""

    def __init__(self) -> None:
        self._begun, self._released = threading.Event(), threading.Event()

    def __call__(self, _: sa.Connection) -> None:
        self._begun.set()
        assert self._released.wait(timeout=60)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 60)

    def release(self) -> None:
        self._released.set()


@contextmanager
def held_commit() -> Iterator[HeldCommit]:
    held = HeldCommit()
    sa.event.listen(sa.Engine, "commit", held)
    try:
        yield held
    finally:
        held.release()
        sa.event.remove(sa.Engine, "commit", held)


@contextmanager
def counted_commits() -> Iterator[list[sa.Connection]]:
    commits: list[sa.Connection] = []

    def count(connection: sa.Connection) -> None:
        commits.append(connection)

    sa.event.listen(sa.Engine, "commit", count)
    try:
        yield commits
    finally:
        sa.event.remove(sa.Engine, "commit", count)


def test_callers_at_once_share_a_commit(store: Store, run: Run) -> None:
    async def append_many() -> None:
        calls = (store.append([relayed(str(n))], 7) for n in range(64))
        rows = await asyncio.gather(*calls)
        assert [row.recorded for (row,) in rows] == list(range(1, 65))

    with counted_commits() as commits:
        run(append_many())
    assert len(commits) == 1


def test_a_group_is_bounded(store: Store, run: Run) -> None:
    async def append_many() -> None:
        full = [[relayed(f"{call} {n}") for n in range(MAX_ENTRIES)] for call in range(5)]
        await asyncio.gather(*(store.append(entries, 7) for entries in full))

    with counted_commits() as commits:
        run(append_many())
    assert len(commits) == 3
    assert run(store.head()) == 5 * MAX_ENTRIES


def test_nobody_is_told_before_the_commit_and_readers_do_not_wait(store: Store, run: Run) -> None:
    async def scenario() -> None:
        with held_commit() as held:
            append = asyncio.create_task(store.append([relayed("a")], 7))
            await held.begun()
            assert await store.intent(hash_of("a")) is None
            assert await store.journal() == ()
            assert not append.done()
            held.release()
            assert (await append)[0] == await store.intent(hash_of("a"))

    run(scenario())


def test_who_comes_during_a_commit_goes_into_the_next(store: Store, run: Run) -> None:
    async def scenario() -> None:
        with held_commit() as held:
            first = asyncio.create_task(store.append([relayed("a")], 7))
            await held.begun()
            later = [asyncio.create_task(store.append([relayed(word)], 7)) for word in "bcd"]
            await asyncio.sleep(0)
            assert not any(task.done() for task in (first, *later))
            held.release()
            await asyncio.gather(first, *later)

    with counted_commits() as commits:
        run(scenario())
    assert len(commits) == 2


def test_one_refusal_leaves_the_rest_of_the_group_alone(store: Store, run: Run) -> None:
    async def scenario() -> list[object]:
        return await asyncio.gather(
            store.append([relayed("a")], 7),
            store.append([relayed("b"), IntentMoved(hash_of("b"), IntentStatus.FINAL)], 7),
            store.append([IntentMoved(hash_of("a"), IntentStatus.ORDERED), relayed("c")], 7),
            return_exceptions=True,
        )

    first, refused, last = run(scenario())
    assert isinstance(refused, InvalidInput)
    assert refused.code == "move_illegal"
    assert [row.changed for row in first] == [1]
    assert [row.changed for row in last] == [2, 3]
    assert run(store.intent(hash_of("b"))) is None
    assert run(store.head()) == 3


def test_who_goes_away_while_waiting_leaves_nothing(store: Store, run: Run) -> None:
    async def scenario() -> None:
        with held_commit() as held:
            first = asyncio.create_task(store.append([relayed("a")], 7))
            await held.begun()
            gone, stays = (
                asyncio.create_task(store.append([relayed(word)], 7)) for word in ("gone", "stays")
            )
            await asyncio.sleep(0)
            gone.cancel()
            first.cancel()
            held.release()
            await stays
            assert gone.cancelled()
            assert first.cancelled()

    run(scenario())
    assert run(store.intent(hash_of("gone"))) is None
    assert run(store.intent(hash_of("a"))) is not None, "too late to go away"


def test_too_many_waiting_are_told_to_come_back(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING_CALLS", 2)

    async def scenario() -> None:
        with held_commit() as held:
            tasks = [asyncio.create_task(store.append([relayed("a")], 7))]
            await held.begun()
            tasks += [asyncio.create_task(store.append([relayed(word)], 7)) for word in "bc"]
            await asyncio.sleep(0)
            with pytest.raises(Unavailable) as caught:
                await store.append([relayed("d")], 7)
            assert (caught.value.code, caught.value.retryable) == ("store_busy", True)
            held.release()
            await asyncio.gather(*tasks)
            await store.append([relayed("d")], 7)

    run(scenario())
    assert run(store.head()) == 4


def test_closing_finishes_what_waits(store_url: str, run: Run) -> None:
    async def scenario() -> None:
        async with open_store(store_url) as store:
            appends = [asyncio.create_task(store.append([relayed(word)], 7)) for word in "abc"]
            await asyncio.sleep(0)
        assert all(append.done() for append in appends)
        async with open_store(store_url) as store:
            assert await store.head() == 3

    run(scenario())


def test_a_fault_of_ours_reaches_every_caller(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(writer, "commit", broken)
            calls = [store.append([relayed(word)], 7) for word in "ab"]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 2
        assert await store.head() == START
        await store.append([relayed("a")], 7)

    run(scenario())
