"""Processes that write to a store until they are done, or killed."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import sqlalchemy as sa
from journal_entries import certified, hash_of, relayed

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import Entry, IntentMoved, Store
from offbeat.store import open_store


def pair(word: str) -> list[Entry]:
    """Two entries that are journalled together or not at all."""
    return [relayed(word), IntentMoved(hash_of(word), IntentStatus.ORDERED)]


def write_for_ever(url: str, name: str, acknowledge: Connection) -> None:
    """Eight writers at once, each telling the word of every pair that it has been promised."""

    async def write(store: Store, writer: int) -> None:
        for number in count():
            word = f"{name} {writer} {number}"
            await store.append(pair(word), number)
            acknowledge.send_bytes(word.encode())

    async def main() -> None:
        async with open_store(url) as store:
            await asyncio.gather(*(write(store, writer) for writer in range(8)))

    asyncio.run(main())


def write_and_die(url: str, word: str, event: str, survived: int) -> None:
    """Append one pair, killed at the ``survived``-th later occurrence of an engine's event."""

    def die(*_: Any) -> None:
        nonlocal survived
        if survived == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        survived -= 1

    async def main() -> None:
        async with open_store(url) as store:
            await store.head()
            sa.event.listen(sa.Engine if event != "checkin" else sa.Pool, event, die)
            await store.append(pair(word), 1)

    asyncio.run(main())


def race_for_numbers(url: str, n_batches: int, name: int, parent: Connection) -> None:
    """Certify one's own batch for each number, when told to; report what was refused, and how."""
    refused: dict[int, str] = {}

    async def certify(store: Store, number: int) -> None:
        try:
            await store.append([certified(f"{name} {number}", number)], name)
        except InvalidInput as refusal:
            refused[number] = refusal.code

    async def main() -> None:
        async with open_store(url) as store:
            parent.send("ready")
            parent.recv()
            numbers = random.Random(name).sample(range(n_batches), n_batches)
            for first in range(0, n_batches, 4):
                await asyncio.gather(*(certify(store, n) for n in numbers[first : first + 4]))

    asyncio.run(main())
    parent.send(refused)


def write_shuffled(url: str, words: Sequence[str], seed: int, parent: Connection) -> None:
    """Append every word in an order of its own, when told to; report where each stands."""
    words = list(words)
    random.Random(seed).shuffle(words)
    calls = iter([words[first : first + 3] for first in range(0, len(words), 3)])
    places: dict[str, int] = {}

    async def write(store: Store) -> None:
        for call in calls:
            rows = await store.append([relayed(word) for word in call], seed)
            places.update({row.signed.decode(): row.recorded for row in rows})

    async def main() -> None:
        async with open_store(url) as store:
            parent.send("ready")
            parent.recv()
            await asyncio.gather(*(write(store) for _ in range(4)))

    asyncio.run(main())
    parent.send(places)
