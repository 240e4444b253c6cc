"""Honest histories: the auditor finds nothing, and has looked at everything."""

import json
from collections import Counter

import pytest
import story
from batches import drafts
from drafting import Act
from hypothesis import given, settings
from hypothesis import strategies as st
from liquidations import liquidation, sell
from market import MICROS, SPOT_MICROS, expiries, fund
from people import ALICE, BOB, DAVE
from showcase import FILL, Showcase
from world import SYMBOLS, World

from offbeat.chain import EmbeddedChain
from offbeat.core.ports import DevChain
from offbeat.instruments import Leg
from offbeat.intents import intent_hash
from offbeat.rulebook import Applied, Mode
from offbeat.sim.audit import CHECKS, Verdict, audit

WAITS_SECONDS = (0, 30, 601, 3_600)
BATCHES = 6


def assert_clean(verdict: Verdict) -> None:
    assert verdict.ok, [fault for check in verdict.checks for fault in check.faults]
    assert not any(verdict.surplus_units.values())


def land_showcase(shown: Showcase) -> None:
    """Its batch, and one more whose order has a market condition and may only reduce."""
    assert isinstance(shown.world.land(shown.draft().submission()), Applied)
    draft = shown.empty()
    draft.act(shown.order(ALICE, 20, -1, spot_min_micros=1, reduce_only=True), FILL)
    draft.act(shown.order(BOB, 20), FILL)
    assert isinstance(shown.world.land(draft.submission()), Applied)


def test_a_whole_history_is_in_order_and_every_check_has_looked_at_it() -> None:
    world = story.new_world()
    state = story.tell(world)
    told = audit(world.chain, world.deployment)
    assert_clean(told)
    assert (told.batches, told.accounts) == (state.number, len(state.accounts))
    assert told.block_hash == world.chain.block().hash
    assert told.debt_micros == 0

    shown = Showcase(World(EmbeddedChain()))
    land_showcase(shown)
    sell(shown)
    assert liquidation(shown, 850, 860).land() is None
    verdict = audit(shown.world.chain, shown.world.deployment)
    assert_clean(verdict)
    examined = Counter({check.name: check.examined for check in told.checks})
    examined.update({check.name: check.examined for check in verdict.checks})
    assert all(examined[name] for name in CHECKS)


@pytest.mark.anvil
def test_a_real_node_tells_the_same(anvil: DevChain) -> None:
    shown = Showcase(World(anvil))
    land_showcase(shown)
    assert_clean(audit(anvil, shown.world.deployment))


def test_a_deployment_without_a_batch_is_in_order() -> None:
    world = World(EmbeddedChain())
    world.deposit(ALICE.account(), "USDC", MICROS)
    verdict = audit(world.chain, world.deployment)
    assert_clean(verdict)
    assert (verdict.batches, verdict.accounts, verdict.intents) == (0, 0, 0)


def test_the_verdict_is_json_that_says_what_each_check_means() -> None:
    world = World(EmbeddedChain())
    verdict = audit(world.chain, world.deployment)
    raw = json.loads(json.dumps(verdict.to_json()))
    assert raw["ok"] is True
    assert {name: each["meaning"] for name, each in raw["checks"].items()} == dict(CHECKS)
    assert raw["block_hash"] == "0x" + world.chain.block().hash.hex()


def test_a_debt_that_an_expiry_leaves_is_told() -> None:
    """Dave's short call grows beyond his cash overnight: his account owes, and nobody hides it."""
    world = World(EmbeddedChain())
    shown = Showcase(world)
    far = (Leg(shown.legs[0].instrument, 1),)
    draft = shown.empty()
    near = {"legs": far, "limit_micros": 10**6 * MICROS, "quantity_micros": FILL}
    sold = {"legs": (Leg(far[0].instrument, -1),), "quantity_micros": FILL, "limit_micros": 0}
    draft.prices_nanos[far[0].instrument.id] = 0
    draft.act(shown.order(ALICE, 30, **near), FILL)
    draft.act(shown.order(DAVE, 30, -1, **sold), FILL)
    assert isinstance(world.land(draft.submission()), Applied)
    world.wait(far[0].instrument.expiry_seconds - world.now)
    group = world.post_price("ETH", far[0].instrument.expiry_seconds, 10**9 * MICROS)
    end = shown.empty(with_report=False)
    end.settling.add(group)
    for account in (DAVE, BOB, ALICE):
        end.part(account.account()).mode = Mode.HOLD
    end.credit_all()
    assert isinstance(world.land(end.submission()), Applied)
    verdict = audit(world.chain, world.deployment)
    assert_clean(verdict)
    debts = [max(0, -each.cash_micros) for each in world.state.accounts.values()]
    assert verdict.debt_micros == sum(debts) > 0


@pytest.fixture(scope="module")
def funded() -> tuple[World, int]:
    world = World(EmbeddedChain())
    start_seconds = world.now
    fund(world)
    return world, start_seconds


@settings(max_examples=4)
@given(st.data())
def test_random_batches_are_in_order(funded: tuple[World, int], data: st.DataObject) -> None:
    world, start_seconds = funded
    with world.sandbox():
        known: dict[bytes, Act] = {}
        landed = 0
        for _ in range(BATCHES):
            world.wait(data.draw(st.sampled_from(WAITS_SECONDS)))
            for symbol in SYMBOLS:
                _post_prices(world, symbol, start_seconds)
            draft = data.draw(drafts(world, start_seconds, known))
            if isinstance(world.land(draft.submission()), Applied):
                landed += 1
                acts = [each for part in draft.parts for each in part.acts]
                signed = [each for each in acts if isinstance(each, Act)]
                known |= {intent_hash(each.intent, world.domain): each for each in signed}
        verdict = audit(world.chain, world.deployment)
        assert_clean(verdict)
        assert verdict.batches == landed + 1


def _post_prices(world: World, symbol: str, start_seconds: int) -> None:
    number = int.from_bytes(symbol.encode().ljust(5, b"\0"))
    for expiry in expiries(start_seconds):
        if expiry <= world.now and number << 32 | expiry not in world.state.pots:
            world.post_price(symbol, expiry, 2 * SPOT_MICROS[symbol])
