"""Random batches over an evolving world: Python and the EVM agree on every one of them.

``OFFBEAT_FUZZ_EXAMPLES`` says how many (``make fuzz``). Most are in order; the others are broken by
rule, scrambled byte by byte, or have landed before. In between people deposit, claim, delegate and
wait, and options expire.
"""

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from batches import drafts
from broken import BREAKAGES, Inapplicable
from conservation import assert_conserved
from drafting import Act, Draft
from drawing import FAR_SECONDS
from founding import CASH, SYMBOLS
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st
from market import ACCOUNTS, HOUR_SECONDS, SPOT_MICROS, expiries, fund
from people import ALICE, BOB, CAROL, DESK, ERIN, LANDER, ROBOT, STRANGER
from scrambling import scramble
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import Reason, ceil_div
from offbeat.intents import intent_hash
from offbeat.rulebook import Applied, Submission, symbol_number

SHARDS = 4
BATCHES = int(os.environ.get("OFFBEAT_FUZZ_EXAMPLES", "2000"))
BATCHES_PER_EXAMPLE = 20
EXAMPLES = ceil_div(BATCHES, SHARDS * BATCHES_PER_EXAMPLE)

WAITS_SECONDS = (1, 0, 30, 599, 600, 601, HOUR_SECONDS)
KINDS = ("in order", "in order", "in order", "broken", "scrambled", "again")


class Run:
    """One sequence of batches; every draw is hypothesis'."""

    def __init__(self, world: World, start_seconds: int, draw: Callable[..., Any]) -> None:
        self.world = world
        self.start_seconds = start_seconds
        self.draw = draw
        self.known: dict[bytes, Act] = {}
        self.landed: list[Submission] = []

    def one_of(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def batch(self) -> Reason | None:
        """Draft, land and compare one; the reason of its refusal, if it is refused."""
        draft = self.draw(drafts(self.world, self.start_seconds, self.known))
        kind = self.one_of(*KINDS)
        submission = self._submission(kind, draft)
        outcome = self.world.land(submission, self.one_of(LANDER, STRANGER))
        if isinstance(outcome, Applied):
            self.landed.append(submission)
            self._remember(draft)
            assert_conserved(self.world)
            return None
        note(f"{kind}: {outcome.reason}")
        return outcome.reason

    def _submission(self, kind: str, draft: Draft) -> Submission:
        match kind:
            case "broken":
                breakage = self.one_of(*BREAKAGES)
                try:
                    return breakage.apply(draft)
                except Inapplicable:
                    return draft.submission()
            case "scrambled":
                random = Random(self.draw(st.integers(0, 2**64)))
                return draft.submission(scramble(draft.batch().encode(), random))
            case "again" if self.landed:
                return self.landed[-1]
            case _:
                return draft.submission()

    def _remember(self, draft: Draft) -> None:
        for part in draft.parts:
            for act in part.acts:
                if isinstance(act, Act):
                    self.known[intent_hash(act.intent, self.world.domain)] = act

    def interlude(self) -> None:
        """What happens before a batch, beside batches."""
        self.world.wait(self.one_of(*WAITS_SECONDS))
        match self.one_of("nothing", "deposit", "delegate", "claim"):
            case "deposit":
                symbol = self.one_of(CASH, "ETH", "BTC")
                self.world.deposit(self.one_of(*ACCOUNTS), symbol, self.one_of(10**6, 1, 777))
            case "delegate":
                soon = self.world.now + HOUR_SECONDS
                owner, key = self.one_of(ALICE, BOB, CAROL), self.one_of(DESK, ROBOT).address
                expires = self.one_of(soon, 0, FAR_SECONDS)
                self.world.approve_delegate(owner, key, self.one_of(15, 1, 8), expires)
            case "claim":
                address = self.one_of(LANDER, ERIN, STRANGER).address
                self.world.claim(address, self.one_of(CASH, "BTC"))
        for expiry in expiries(self.start_seconds):
            for symbol in SYMBOLS if expiry <= self.world.now else ():
                if symbol_number(symbol) << 32 | expiry not in self.world.state.pots:
                    spot = SPOT_MICROS[symbol]
                    self.world.post_price(symbol, expiry, self.one_of(spot, 2 * spot, spot // 3, 1))


@pytest.fixture(scope="session")
def funded() -> tuple[World, int]:
    """A world in which everybody owns something, and when it began."""
    world = World(EmbeddedChain())
    start_seconds = world.now
    fund(world)
    return world, start_seconds


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_batches_come_out_the_same(funded: tuple[World, int], shard: int) -> None:
    world, start_seconds = funded
    tally: Counter[Reason | None] = Counter()

    @settings(
        max_examples=EXAMPLES,
        derandomize=False,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def sequences(data: st.DataObject) -> None:
        with world.sandbox():
            run = Run(world, start_seconds, data.draw)
            for _ in range(BATCHES_PER_EXAMPLE):
                run.interlude()
                tally[run.batch()] += 1
            world.assert_same()

    if "CI" in os.environ:
        sequences = seed(shard)(sequences)
    sequences()
    assert tally.total() >= EXAMPLES * BATCHES_PER_EXAMPLE
    assert tally[None] >= tally.total() / 4, "most drafts should be in order"
