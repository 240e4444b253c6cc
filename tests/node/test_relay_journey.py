"""Intents from their submission to their end, through a store, a chain and a relay at work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from looped import looped
from people import ALICE, BOB
from relay_house import FEE_MICROS, House, until, until_status
from small_market import OPTIONS

from offbeat.core.lifecycle import IntentStatus
from offbeat.instruments import Leg
from offbeat.node import Admitted
from offbeat.store import open_store

CALL = OPTIONS["ETH"][2]
MICROS = 10**6


@pytest.fixture(scope="module")
def built() -> House:
    return House()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    with built.visit():
        yield built


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


@looped
async def test_two_orders_meet_settle_and_become_final(house: House, url: str) -> None:
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        house.deposit(ALICE, 5_000 * MICROS)
        house.deposit(BOB, 2 * MICROS, "ETH")
        house.deposit(BOB, 10 * MICROS)
        await until(lambda: relay.view.settled.inbox_consumed == 3)
        buy = house.order(ALICE, (Leg(CALL, 1),), 1_000, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), 1_000, -80 * MICROS)
        answers = await relay.submit([house.signed(ALICE, buy), house.signed(BOB, sell)])
        assert all(isinstance(each, Admitted) and each.is_new for each in answers)
        bought = await until_status(store, house.hash(buy), IntentStatus.SETTLED)
        assert bought.filled_micros == MICROS
        assert 80 * MICROS <= bought.paid_micros <= 90 * MICROS
        assert bought.fee_micros == FEE_MICROS
        house.chain.mine(3)
        bought = await until_status(store, house.hash(buy), IntentStatus.FINAL)
        sold = await until_status(store, house.hash(sell), IntentStatus.FINAL)
        assert sold.paid_micros == -bought.paid_micros
        assert relay.view.final.account(ALICE.account()).quantity_of(CALL.id) == MICROS
