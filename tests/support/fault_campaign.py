"""Kills relays under load, again and again, and holds journal and chain to their word afterwards.

``python fault_campaign.py --kills=500`` is the long run: rounds on fresh stores of each kind.
"""

import argparse
import asyncio
import itertools
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from anvil_process import find_anvil
from fault_load import Load
from fault_network import Network, RelayProcess, network
from fault_nursery import Nursery, nursery
from fault_verdict import assert_all_well, until_quiet
from postgres_process import find_postgres, postgres_process

import offbeat.node
from offbeat.core.lifecycle import IntentStatus

PLACE_SECONDS = 6.0
"""How long a relay may take to come to the place at which it is to die."""
TRIES = 6
"""How often a place is tried: the other relay may have been faster there."""
LIFE_SECONDS = (0.1, 1.6)
"""A relay that is killed at random lives so long, start included."""
KILLS_PER_ROUND = 50


def crash_places() -> list[str]:
    """Every named write boundary in the node's sources."""
    sources = Path(offbeat.node.__file__).parent.rglob("*.py")
    found = {
        name for file in sources for name in re.findall(r'crash_point\("(.+?)"\)', file.read_text())
    }
    return sorted(found)


@dataclass
class Tally:
    """What a campaign has done."""

    kills: Counter[str] = field(default_factory=Counter)
    """By place; ``random`` for those at any moment."""
    ends: Counter[IntentStatus] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {status.name}" for status, count in sorted(self.ends.items()))
        kills = ", ".join(f"{count} {place}" for place, count in sorted(self.kills.items()))
        return (
            f"{self.kills.total()} kills ({kills}); {self.ends.total()} acknowledged ({ends}); "
            f"answers {dict(self.answers)}"
        )


@dataclass(frozen=True, slots=True)
class Death:
    """Where a relay is to die: at a place, or, without one, anywhere."""

    place: str = ""
    tries_left: int = TRIES - 1

    def crash_at(self, chance: random.Random) -> str:
        """What the relay is told; at first it may pass the place a few times."""
        if not self.place:
            return ""
        passes = chance.choice((0, 0, 1, 3)) if self.tries_left == TRIES - 1 else 0
        return f"{self.place}:{passes}"


async def run_round(
    net: Network, places: Sequence[str], n_random: int, chance: random.Random, tally: Tally
) -> None:
    """Die once at each place and ``n_random`` times anywhere, recover, and be judged."""
    deaths = [*(Death(place) for place in places), *(Death() for _ in range(n_random))]
    chance.shuffle(deaths)
    load = Load(net, chance)
    for relay in net.relays:
        await relay.start()
    for relay in net.relays:
        await net.until(relay, "ready")
    async with load.running():
        waiting = deque(deaths)
        await asyncio.gather(*(_die_often(relay, waiting, chance, tally) for relay in net.relays))
        for relay in net.relays:
            await net.until(relay, "ready")
        load.send(load.pair())
    await until_quiet(net)
    tally.ends += await assert_all_well(net, load.acknowledged)
    tally.answers += load.answers
    for relay in net.relays:
        assert await relay.stop() == 0, f"see {relay.log}"


async def _die_often(
    relay: RelayProcess, deaths: deque[Death], chance: random.Random, tally: Tally
) -> None:
    """Take the next death, until there is none; then live on."""
    assert relay.child is not None
    await relay.kill()
    tally.kills["random"] += 1
    while deaths:
        death = deaths.popleft()
        child = await relay.start(death.crash_at(chance))
        place, patience = (
            death.place,
            PLACE_SECONDS if death.place else chance.uniform(*LIFE_SECONDS),
        )
        try:
            async with asyncio.timeout(patience):
                await child.dead.wait()
        except TimeoutError:
            if place and death.tries_left:
                deaths.append(replace(death, tries_left=death.tries_left - 1))
            place = ""
            child.send()
            await child.dead.wait()
        assert child.status == -signal.SIGKILL, f"ended by itself: see {relay.log}"
        tally.kills[place or "random"] += 1
    await relay.start()


async def campaign(kills: int, kind: str, seed: int, nest: Nursery, base: Path) -> Tally:
    """``kills`` deaths on stores of a kind, in rounds; raises at the first thing amiss."""
    tally, places = Tally(), crash_places()
    with postgres_process() if kind == "postgresql" else nullcontext() as server:
        numbers = itertools.count()
        while tally.kills.total() < kills:
            number = next(numbers)
            chance = random.Random(f"{kind} {seed} {number}")
            folder = base / f"{kind}-{number}"
            url = server.new_database() if server else f"sqlite:///{folder / 'store.db'}"
            started, before = time.monotonic(), tally.kills.total()
            named = places * 2
            async with network(nest, folder, url, on_anvil=find_anvil() is not None) as net:
                await run_round(net, named, KILLS_PER_ROUND - len(named), chance, tally)
            took, n_kills = time.monotonic() - started, tally.kills.total() - before
            _say(f"{kind} round {number}: {n_kills} kills in {took:.0f} s; so far {tally}")
    return tally


def main() -> int:
    """The long run; what is wrong ends it, and leaves its folder behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="on each kind of store")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stores", default="sqlite,postgresql")
    options = parser.parse_args()
    asyncio.run(_main(options.kills, options.seed, options.stores.split(",")))
    return 0


async def _main(kills: int, seed: int, kinds: Sequence[str]) -> None:
    base = Path(tempfile.mkdtemp(prefix="offbeat-crash-"))
    _say(f"logs and stores in {base}")
    async with nursery() as nest:
        for kind in kinds:
            if kind == "postgresql" and find_postgres() is None:
                _say("no PostgreSQL: its half of the run did NOT happen")
                continue
            tally = await campaign(kills, kind, seed, nest, base)
            _say(f"{kind}: all well after {tally}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
