"""An intent in a batch is, to the bit, what was signed."""

from collections.abc import Callable

import pytest
from people import ALICE, BOB, DESK
from relay_bench import FAR, UNIT, Bench
from small_market import OPTIONS

from offbeat.instruments import Instrument
from offbeat.intents import Cancel, Delegate, Delegation, Scope, Transfer, Withdraw, make_nonce
from offbeat.relay import Pending
from offbeat.rulebook import symbol_number

ETH = Instrument.spot("ETH")
NEAR, FAR_OFF = OPTIONS["ETH"][2], OPTIONS["ETH"][-1]
MOST = 2**63 - 1

Make = Callable[[Bench], Pending]


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    for trader in (ALICE, BOB):
        made.give(trader, 2**64, {ETH: 10 * UNIT})
    return made


INTENTS: dict[str, Make] = {
    "cancel": lambda b: b.act(Cancel, ALICE, nonce=make_nonce(0, 2**56 - 1), max_fee_micros=0),
    "cash": lambda b: b.act(Withdraw, ALICE, to=BOB.address, asset="USDC", amount_micros=MOST),
    "spot": lambda b: b.act(Withdraw, ALICE, to=BOB.address, asset="ETH", amount_micros=3),
    "transfer": lambda b: b.act(
        Transfer, ALICE, to_owner=BOB.address, to_account=2**32 - 1, amount_micros=MOST
    ),
    "grant": lambda b: b.act(
        Delegate, ALICE, delegate=DESK.address, scope=15, expires_seconds=2**64 - 1
    ),
}


@pytest.mark.parametrize("name", INTENTS)
def test_the_rules_find_the_hash_that_was_signed(bench: Bench, name: str) -> None:
    pending = INTENTS[name](bench)
    (outcome,) = bench.land(bench.build([pending], None)).outcomes
    assert outcome.intent_hash == pending.intent_hash
    assert outcome.account == ALICE.account()


def test_what_was_asked_for_happens(bench: Bench) -> None:
    for make in (INTENTS["spot"], INTENTS["transfer"], INTENTS["grant"]):
        bench.settle([make(bench)], None)
    assert bench.state.owed_micros[BOB.address, symbol_number("ETH")] == 3
    assert bench.state.account(ALICE.account()).quantity_of(ETH.id) == 10 * UNIT - 3
    assert bench.state.account(BOB.account(2**32 - 1)).cash_micros == MOST
    assert bench.state.grants[ALICE.address, DESK.address] == Delegation(15, 2**64 - 1)


def test_an_order_with_every_field_is_what_was_signed(bench: Bench) -> None:
    fields = {
        "min_fill_micros": UNIT,
        "nonce": make_nonce(0, 255),
        "valid_from_seconds": 1,
        "spot_min_micros": 1,
        "spot_max_micros": 2**127,
        "reduce_only": True,
        "max_fee_micros": 2**64 - 1,
        "valid_until_seconds": 2**64 - 1,
    }
    bench.give(ALICE, 2**64, {ETH: 10 * UNIT, NEAR: 5 * UNIT, FAR_OFF: -9 * UNIT})
    legs = {ETH: -1, NEAR: -2, FAR_OFF: 3}
    seller = bench.order(ALICE, legs, -UNIT, 2 * UNIT, **fields)
    mirror = {each: -ratio for each, ratio in legs.items()}
    buyer = bench.order(BOB, mirror, UNIT, 2 * UNIT, max_fee_micros=0)
    built = bench.settle([seller, buyer])
    assert built.fills == {seller.intent_hash: 2 * UNIT, buyer.intent_hash: 2 * UNIT}
    alice = bench.state.account(ALICE.account())
    assert [alice.quantity_of(each.id) for each in legs] == [8 * UNIT, UNIT, -3 * UNIT]


def test_a_delegates_signature_travels_with_its_owners_intent(bench: Bench) -> None:
    grant = bench.act(
        Delegate, ALICE, delegate=DESK.address, scope=Scope.WITHDRAW, expires_seconds=FAR
    )
    bench.settle([grant], None)
    fields = {"to": BOB.address, "asset": "USDC", "amount_micros": UNIT}
    withdrawal = bench.act(Withdraw, ALICE, signer=DESK, **fields)
    assert withdrawal.intent_hash in bench.settle([withdrawal], None).fills
