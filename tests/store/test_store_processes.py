"""Several processes and sudden deaths: what was acknowledged is there, once and whole."""

import multiprocessing
import random
import signal
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from journal_entries import relayed
from store_children import pair, race_for_numbers, write_and_die, write_for_ever, write_shuffled
from store_tables import Run, dump_views

from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import MAX_WAIT_SECONDS, START, Cursor, Recorded, Store
from offbeat.store.commit import rebuild
from offbeat.store.database import open_database

DEATHS = 24


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Makes children in milliseconds, from a clean process that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["offbeat.store.sql_store", "sqlalchemy.dialects.postgresql.psycopg", "psycopg"]
    )
    return context


def test_what_was_acknowledged_outlives_its_writer(
    store_url: str, store: Store, processes: ForkServerContext, run: Run
) -> None:
    chance = random.Random(store_url.partition(":")[0])
    lines: list[Recorded] = []
    n_acknowledged = 0
    for death in range(DEATHS):
        acknowledged = words_until_killed(processes, store_url, death, chance.randrange(40))
        written = run(read_journal(store, Cursor(len(lines))))
        words = [line.entry.signed.decode().removeprefix("signed ") for line in written[::2]]
        assert [line.entry for line in written] == [e for word in words for e in pair(word)]
        assert acknowledged <= set(words)
        n_acknowledged += len(acknowledged)
        lines += written
    assert [line.cursor for line in lines] == list(range(1, len(lines) + 1))
    assert n_acknowledged > DEATHS
    assert_views_agree(store_url)


def words_until_killed(
    processes: ForkServerContext, url: str, name: int, patience: int
) -> set[str]:
    """What a writer was promised before it was killed, somewhere after ``patience`` promises."""
    receive, send = processes.Pipe(duplex=False)
    writer = processes.Process(target=write_for_ever, args=(url, str(name), send))
    writer.start()
    send.close()
    words = set()
    with receive:
        for number in count():
            if number == patience:
                writer.kill()
            try:
                words.add(receive.recv_bytes().decode())
            except EOFError:
                break
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    return words


@pytest.mark.parametrize("event", ["before_cursor_execute", "after_cursor_execute", "commit"])
def test_a_writer_that_dies_before_the_commit_leaves_nothing(
    store_url: str, store: Store, processes: ForkServerContext, run: Run, event: str
) -> None:
    for survived in count():
        writer = processes.Process(target=write_and_die, args=(store_url, "a", event, survived))
        writer.start()
        writer.join()
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
        assert run(read_journal(store)) == []
    assert survived >= (1 if event == "commit" else 3)
    assert [line.entry for line in run(read_journal(store))] == pair("a")
    assert_views_agree(store_url)


def test_a_writer_that_dies_after_the_commit_leaves_everything(
    store_url: str, store: Store, processes: ForkServerContext, run: Run
) -> None:
    writer = processes.Process(target=write_and_die, args=(store_url, "a", "checkin", 0))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    assert [line.entry for line in run(read_journal(store))] == pair("a")
    (row,) = run(store.append([relayed("a")], 2))
    assert (row.status, row.changed, row.changed_seconds) == (IntentStatus.ORDERED, 2, 1)
    assert_views_agree(store_url)


def test_writers_in_several_processes_agree_and_readers_miss_nothing(
    store_url: str, store: Store, processes: ForkServerContext, run: Run
) -> None:
    words = [str(number) for number in range(300)]
    children = start_together(processes, write_shuffled, store_url, words)
    seen: list[Recorded] = []
    while len(seen) < len(words):
        after = seen[-1].cursor if seen else START
        assert run(store.wait(after, MAX_WAIT_SECONDS)) > after
        seen += run(store.journal(after=after, limit=7))
    places = finish(children)
    assert seen == run(read_journal(store)), "an entry appeared behind its reader"
    assert {line.entry for line in seen} == {relayed(word) for word in words}
    assert places[0] == places[1] == {line.entry.signed.decode(): line.cursor for line in seen}
    assert_views_agree(store_url)


def test_of_two_relays_that_certify_one_number_the_store_takes_one(
    store_url: str, store: Store, processes: ForkServerContext, run: Run
) -> None:
    n_batches = 100
    refused = finish(start_together(processes, race_for_numbers, store_url, n_batches))
    assert sorted([*refused[0], *refused[1]]) == list(range(n_batches))
    assert {*refused[0].values(), *refused[1].values()} == {"number_taken"}
    lines = run(read_journal(store))
    assert sorted(line.entry.number for line in lines) == list(range(n_batches))
    for name in range(2):
        ours = {line.entry.number for line in lines if line.time_seconds == name}
        assert ours == set(refused[1 - name])
    assert_views_agree(store_url)


def start_together(
    processes: ForkServerContext, target: Callable[..., None], url: str, *args: Any
) -> list[tuple[BaseProcess, Connection]]:
    """Two writers, named 0 and 1, that have opened the store and start at once."""
    children: list[tuple[BaseProcess, Connection]] = []
    for name in range(2):
        ours, theirs = processes.Pipe()
        writer = processes.Process(target=target, args=(url, *args, name, theirs))
        writer.start()
        theirs.close()
        children.append((writer, ours))
    assert [pipe.recv() for _, pipe in children] == ["ready", "ready"]
    for _, pipe in children:
        pipe.send("go")
    return children


def finish(children: list[tuple[BaseProcess, Connection]]) -> list[Any]:
    """What each reports at its end."""
    reports = [pipe.recv() for _, pipe in children]
    for writer, pipe in children:
        writer.join()
        pipe.close()
        assert writer.exitcode == 0
    return reports


async def read_journal(store: Store, after: Cursor = START) -> list[Recorded]:
    """Every entry behind a place."""
    lines: list[Recorded] = []
    while page := await store.journal(after=lines[-1].cursor if lines else after):
        lines += page
    return lines


def assert_views_agree(url: str) -> None:
    """The views are what a rebuild makes of the journal."""
    database = open_database(url)
    before = dump_views(database)
    with database.writing() as connection:
        rebuild(connection)
    assert dump_views(database) == before
    database.close()
