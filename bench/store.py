"""Durable intents per second: what a store acknowledges after its commits have reached the disk.

``PYTHONPATH=tests/support python bench/store.py [URL ...]`` measures the stores at these URLs, by
default SQLite and, where it is installed, PostgreSQL, both in a temporary directory.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from postgres_process import find_postgres, postgres_process

from offbeat.core.store_port import IntentRelayed, Store
from offbeat.store import open_store

SIGNED_BYTES = 450
"""A signed order of two legs."""
ACCOUNTS = 200


@dataclass(frozen=True, slots=True)
class Load:
    """``callers`` at once append arrays of ``array`` intents, each array of one account."""

    array: int
    callers: int

    def __str__(self) -> str:
        return f"{self.callers} caller{'s' * (self.callers > 1)} x {self.array}"


@dataclass(frozen=True, slots=True)
class Throughput:
    """How a load went: intents per second, processor time of this process, time to an answer."""

    load: Load
    intents_per_second: float
    processor_micros_per_intent: float
    answer_milliseconds_p50: float
    answer_milliseconds_p99: float

    def __str__(self) -> str:
        return (
            f"{self.load!s:>15}:"
            f" {self.intents_per_second:8,.0f} durable intents/s,"
            f" {self.processor_micros_per_intent:5.1f} us of processor each,"
            f" answered in {self.answer_milliseconds_p50:.1f} ms"
            f" (p99 {self.answer_milliseconds_p99:.1f})"
        )


FULL_LOAD = Load(array=64, callers=4)
LOADS = (Load(array=64, callers=1), FULL_LOAD, Load(array=1, callers=64))


def arrays(load: Load, n_intents: int) -> Iterator[list[IntentRelayed]]:
    """Intents that no store has seen."""
    random = np.random.default_rng()
    accounts = [random.bytes(24) for _ in range(ACCOUNTS)]
    for _ in range(n_intents // load.array):
        account = accounts[random.integers(ACCOUNTS)]
        yield [
            IntentRelayed(random.bytes(32), account, random.bytes(SIGNED_BYTES))
            for _ in range(load.array)
        ]


async def measure(store: Store, load: Load, n_intents: int = 20_000) -> Throughput:
    """Append as fast as the callers get their answers."""
    waiting = list(arrays(load, n_intents))
    answers: list[float] = []

    async def call() -> None:
        while waiting:
            entries = waiting.pop()
            asked = time.perf_counter()
            await store.append(entries, 0)
            answers.append(time.perf_counter() - asked)

    started, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(call() for _ in range(load.callers)))
    elapsed, processor = time.perf_counter() - started, time.process_time() - processor
    n_durable = len(answers) * load.array
    p50, p99 = np.percentile(answers, (50, 99))
    return Throughput(load, n_durable / elapsed, processor / n_durable * 1e6, p50 * 1e3, p99 * 1e3)


async def measure_all(url: str) -> list[Throughput]:
    """Every load on one store, after a warm-up."""
    async with open_store(url) as store:
        await measure(store, LOADS[0], 2_000)
        return [await measure(store, load) for load in LOADS]


@contextmanager
def new_stores() -> Iterator[list[str]]:
    """The URLs of empty stores in a temporary directory: SQLite, and PostgreSQL if installed."""
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        urls = [f"sqlite:///{directory}/store.db"]
        if find_postgres() is None:
            print("NOT MEASURED: PostgreSQL is not installed", file=sys.stderr)
        else:
            urls.append(stack.enter_context(postgres_process(on_disk=True)).new_database())
        yield urls


def main(urls: list[str]) -> None:
    with new_stores() as ours:
        for url in urls or ours:
            print(url.partition(":")[0])
            for each in asyncio.run(measure_all(url)):
                print(each)


if __name__ == "__main__":
    main(sys.argv[1:])
