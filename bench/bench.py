"""``make bench``: what the hot paths cost, as ratios to what bounds them, in one run.

Times are the least of several repeats on one core. The targets are the design's; a figure that
misses its target says so, and the exit status is 1.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from coincurve import PrivateKey, PublicKey
from eth_account.messages import encode_typed_data

from intake import measure as measure_intake
from margin_matrix import random_market, scan_milliseconds
from offbeat.clearing import clear
from offbeat.instruments import Kind, vertical
from offbeat.intents import (
    Domain,
    Order,
    address_of,
    intent_hash,
    recover,
    sign,
    sign_digest,
    typed_data,
)
from sealed import measure_sealed
from store import FULL_LOAD, measure_all, new_stores

DOMAIN = Domain(31_337, b"\x0f" * 20)
EXPIRY_SECONDS = 1_798_185_600
KEY = PrivateKey(b"\x01" * 32)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``target`` bounds ``value`` from above unless ``at_least``."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


def best_seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """The least time of one call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def orders(count: int) -> list[Order]:
    """Two-leg orders that differ in their nonce."""
    legs = vertical("ETH", EXPIRY_SECONDS, Kind.CALL, 2_000_000_000, 2_200_000_000)
    owner = address_of(KEY)
    return [
        Order(
            owner=owner,
            account=0,
            legs=legs,
            quantity_micros=1_000_000,
            limit_micros=25_000_000,
            nonce=nonce,
            valid_until_seconds=EXPIRY_SECONDS,
            max_fee_micros=1_000_000,
        )
        for nonce in range(count)
    ]


def hashing(count: int = 2_000) -> list[Figure]:
    """Hand-packed hashing against the generic encoder, and against one keccak of 32 bytes."""
    batch = orders(count)
    packed = best_seconds(lambda: [intent_hash(order, DOMAIN) for order in batch]) / count
    few = [typed_data(order, DOMAIN) for order in batch[:50]]
    generic = best_seconds(lambda: [encode_typed_data(full_message=data) for data in few]) / 50
    return [
        Figure("hash a two-leg order", packed * 1e6, "us"),
        Figure("generic encoder / ours", generic / packed, "x", 10, at_least=True),
    ]


def recovery(count: int = 2_000) -> list[Figure]:
    """Recovering a signer's address against coincurve's bare public key recovery."""
    digests = [intent_hash(order, DOMAIN) for order in orders(count)]
    ours = [sign_digest(digest, KEY) for digest in digests]
    pairs = list(zip(digests, ours, strict=True))
    full_seconds = best_seconds(lambda: [recover(d, s) for d, s in pairs])
    raw_seconds = raw_recovery_seconds(pairs)
    both = best_seconds(lambda: [recover(intent_hash(o, DOMAIN), s) for o, s in _signed(ours)])
    return [
        Figure("recover an address", full_seconds / count * 1e6, "us"),
        Figure("its rate / raw coincurve", raw_seconds / full_seconds, "x", 0.8, at_least=True),
        Figure("hash and recover / raw coincurve", raw_seconds / both, "x", 0.6, at_least=True),
    ]


def raw_recovery_seconds(pairs: list[tuple[bytes, bytes]]) -> float:
    """The time that coincurve alone takes for pairs of a digest and its signature."""
    bare = [(digest, sig[:64] + bytes((sig[64] - 27,))) for digest, sig in pairs]
    return best_seconds(
        lambda: [
            PublicKey.from_signature_and_message(s, d, hasher=None).format(compressed=False)
            for d, s in bare
        ]
    )


def _signed(signatures: list[bytes]) -> list[tuple[Order, bytes]]:
    return list(zip(orders(len(signatures)), signatures, strict=True))


def auction() -> list[Figure]:
    """Build, solve, repair to whole lots, price and verify, all of it."""
    from books import synthetic_book

    figures = []
    for count, target in ((1_000, None), (10_000, 250)):
        book = synthetic_book(count, 500)
        clearing = clear(book)
        seconds = best_seconds(lambda book=book: clear(book), repeats=3)
        share = clearing.surplus_femtos / max(1, clearing.bound_femtos)
        figures += [
            Figure(f"auction, {count:,} orders x 500 instruments", seconds * 1e3, "ms", target),
            Figure("  its surplus / upper bound", share * 100, "%", 99.95, at_least=True),
        ]
    return figures


def margin() -> list[Figure]:
    """One report over 100,000 accounts of 32 positions, both margin levels judged."""
    return [
        Figure(
            f"scan of 100,000 x 32 positions, {count} underlying{'s' * (count > 1)}",
            scan_milliseconds(random_market(underlyings=count)),
            "ms",
            50,
        )
        for count in (1, 2, 8)
    ]


def private() -> list[Figure]:
    """A committee's certificates and private intents; opening one has a bound of its own."""
    signed = sign(orders(1)[0], KEY, DOMAIN)
    return [
        Figure(
            f"{step.what}, committee of {step.members}",
            step.milliseconds,
            "ms",
            3 if step.what.startswith("open") else None,
        )
        for step in measure_sealed(signed, DOMAIN, lambda work: best_seconds(work, repeats=3))
    ]


def durability(count: int = 2_000) -> list[Figure]:
    """Intents that reached the disk, against bare recovery: no store should hold intake up."""
    digests = [number.to_bytes(32) for number in range(count)]
    pairs = [(digest, sign_digest(digest, KEY)) for digest in digests]
    raw_per_second = count / raw_recovery_seconds(pairs)
    figures = []
    with new_stores() as urls:
        for url in urls:
            kind = url.partition(":")[0]
            for each in asyncio.run(measure_all(url)):
                target = 1 if kind == "sqlite" and each.load == FULL_LOAD else None
                ratio = each.intents_per_second / raw_per_second
                figures += [
                    Figure(f"{kind}, {each.load}", each.intents_per_second, "/s"),
                    Figure("  durable / raw coincurve", ratio, "x", target, at_least=True),
                ]
    return figures


def intake(minutes: float, count: int = 2_000) -> list[Figure]:
    """A real relay over HTTP, against bare recovery on the cores that relay, chain and load share.

    One thread of recovery is what a relay could do that did nothing else on one core.
    """
    digests = [number.to_bytes(32) for number in range(count)]
    pairs = [(digest, sign_digest(digest, KEY)) for digest in digests]
    raw_before = raw_recovery_seconds(pairs)
    found = measure_intake(minutes)
    raw_micros = (raw_before + raw_recovery_seconds(pairs)) / 2 / count * 1e6
    figures = []
    for rate in found.rates:
        target = 0.6 if rate is found.rates[0] else None
        ratio = rate.intents_per_second * raw_micros / 1e6
        figures += [
            Figure(f"intake, {rate.way}", rate.intents_per_second, "/s"),
            Figure("  acknowledged / raw coincurve", ratio, "x", target, at_least=True),
            Figure("  processor of the relay, each", rate.relay_micros, "us"),
            Figure("  processor of the load, each", rate.load_micros, "us"),
        ]
    for each in found.answers:
        figures += [
            Figure(f"{each.way}, p50", each.p50_milliseconds, "ms"),
            Figure("  p99", each.p99_milliseconds, "ms", 10),
        ]
    memory = found.memory
    return [
        *figures,
        Figure(f"memory, {minutes:g} minutes of load", memory.last_bytes / 2**20, "MiB"),
        Figure("  at the end / after a third", memory.growth, "x", 1.1),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", help="hashing, recovery, auction, …; default: all")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--minutes", type=float, default=0.5, help="of steady load, for memory")
    figures = []
    asked = parser.parse_args()
    as_json = asked.json
    parts: dict[str, Callable[[], list[Figure]]] = {
        each.__name__: each for each in (hashing, recovery, auction, margin, private, durability)
    }
    parts["intake"] = lambda: intake(asked.minutes)
    for name in asked.parts or parts:
        for figure in parts[name]():
            figures.append(figure)
            if not as_json:
                bound = "" if figure.target is None else _bound(figure)
                print(
                    f"{figure.what:<52} {figure.value:>10.2f} {figure.unit:<3} {bound}", flush=True
                )
    if as_json:
        print(json.dumps([asdict(figure) | {"holds": figure.holds} for figure in figures]))
    return 0 if all(figure.holds for figure in figures) else 1


def _bound(figure: Figure) -> str:
    sign = ">=" if figure.at_least else "<="
    return f"target {sign} {figure.target:g}{'' if figure.holds else '   MISSED'}"


if __name__ == "__main__":
    sys.exit(main())
