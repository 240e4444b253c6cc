"""Intake of a real relay: durable, acknowledged intents per second over HTTP and WebSocket.

``python bench/intake.py [--minutes N]``. Relay, chain and load generator are three processes on the
same cores; requests are encoded before the clock starts, and answers are counted, not decoded.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import uvloop

from intake_load import ARRAY, Course, Traders, drive, http_arrays, http_singles, stream_singles
from intake_network import Relay, running_relay

EXPIRY_SECONDS = 1_893_456_000 + 8 * 3_600
LONG_SECONDS, SHORT_SECONDS = 3_600, 10
"""How long orders last: beyond the measurement, or so that they end while it runs."""
N_INTENTS = 19_200
SAMPLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast one way in is; the processor's time is the relay's and the load generator's."""

    way: str
    intents_per_second: float
    relay_micros: float
    load_micros: float

    def __str__(self) -> str:
        return (
            f"{self.way:<32} {self.intents_per_second:8,.0f} durable intents/s; of processor each:"
            f" relay {self.relay_micros:.0f} us, load {self.load_micros:.0f} us"
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """Time from when a request was due to its whole answer."""

    way: str
    p50_milliseconds: float
    p99_milliseconds: float

    def __str__(self) -> str:
        return f"{self.way:<32} p50 {self.p50_milliseconds:.1f} ms, p99 {self.p99_milliseconds:.1f}"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the relay occupied under steady load: after a third of the time, and at the end."""

    minutes: float
    n_intents: int
    third_bytes: int
    last_bytes: int

    @property
    def growth(self) -> float:
        """1 where memory is flat."""
        return self.last_bytes / self.third_bytes

    def __str__(self) -> str:
        return (
            f"{self.minutes:g} minutes, {self.n_intents:,} intents that ended:"
            f" {self.third_bytes / 2**20:.0f} MiB after a third, {self.last_bytes / 2**20:.0f} MiB"
        )


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: how intents become requests, and over how many connections."""

    name: str
    encode: Callable[[Sequence[bytes]], list[bytes]]
    n_connections: int
    stream: bool = False


ARRAYS = Way("arrays of 64, 8 connections", http_arrays, 8)
SINGLES = Way("singles, 64 connections", http_singles, 64)
STREAM = Way("singles, 64 streams", stream_singles, 64, stream=True)


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that is measured."""

    rates: list[Rate]
    answers: list[Answers]
    memory: Memory


def measure(minutes: float) -> Intake:
    """Measure one relay; ``minutes`` of steady load for its memory."""
    with running_relay() as relay:
        return uvloop.run(_measure(relay, minutes))


async def _measure(relay: Relay, minutes: float) -> Intake:
    traders = Traders(relay.traders, relay.deployment.domain, EXPIRY_SECONDS)
    await _rate(relay, traders, ARRAYS, 2_560)  # first calls are slow
    rates = [await _rate(relay, traders, each) for each in (ARRAYS, SINGLES, STREAM)]
    answers = [
        await _answers(relay, traders, way, rate.intents_per_second / 2)
        for way, rate in zip((ARRAYS, SINGLES), rates[:2], strict=True)
    ]
    memory = await _memory(relay, traders, minutes, rates[0].intents_per_second / 4)
    return Intake(rates, answers, memory)


async def _rate(relay: Relay, traders: Traders, way: Way, n_intents: int = N_INTENTS) -> Rate:
    requests = way.encode(traders.orders(n_intents, LONG_SECONDS))
    before, ours = relay.processor_seconds(), time.process_time()
    course = await drive(relay.url, requests, way.n_connections, stream=way.stream)
    ours = time.process_time() - ours
    theirs = relay.processor_seconds() - before
    _check(course, n_intents)
    scale = 1e6 / n_intents
    return Rate(way.name, n_intents / course.elapsed_seconds, theirs * scale, ours * scale)


async def _answers(relay: Relay, traders: Traders, way: Way, per_second: float) -> Answers:
    n_intents = int(per_second * SAMPLE_SECONDS) // ARRAY * ARRAY
    requests = way.encode(traders.orders(n_intents, LONG_SECONDS))
    pace = per_second * len(requests) / n_intents
    course = await drive(relay.url, requests, way.n_connections, stream=way.stream, per_second=pace)
    _check(course, n_intents)
    p50, p99 = np.percentile(course.answer_seconds, (50, 99)) * 1e3
    return Answers(f"{way.name}, half load", p50, p99)


async def _memory(relay: Relay, traders: Traders, minutes: float, per_second: float) -> Memory:
    """Orders that end soon, signed as they are needed."""
    started, n_intents, resident = time.perf_counter(), 0, []
    while (elapsed := time.perf_counter() - started) < minutes * 60:
        texts = traders.orders(int(per_second) // ARRAY * ARRAY, SHORT_SECONDS)
        requests = http_arrays(texts)
        course = await drive(
            relay.url, requests, ARRAYS.n_connections, per_second=per_second / ARRAY
        )
        _check(course, len(texts))
        n_intents += len(texts)
        resident.append((elapsed, relay.resident_bytes()))
    third = next(size for at, size in resident if at >= elapsed / 3)
    return Memory(minutes, n_intents, third, resident[-1][1])


def _check(course: Course, n_intents: int) -> None:
    if course.n_admitted != n_intents:
        raise RuntimeError(f"{course.n_admitted} of {n_intents} intents were admitted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=0.5, help="of steady load, for memory")
    found = measure(parser.parse_args().minutes)
    for each in (*found.rates, *found.answers, found.memory):
        print(each)


if __name__ == "__main__":
    main()
