"""A relay whose chain lies, is away or is undone, and whose own parts fail."""

from collections.abc import Callable
from typing import Any

import pytest
from looped import looped
from people import ALICE, BOB, CAROL
from relay_house import House, until, until_row, until_status
from small_market import OPTIONS

from offbeat.core import Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.instruments import Leg
from offbeat.node import Admitted, Relay
from offbeat.store import open_store

CALL = OPTIONS["ETH"][2]
MICROS = 10**6


class Tampered:
    """A chain of which one method answers otherwise."""

    def __init__(self, chain: Any, method: str, answer: Callable[..., Any]) -> None:
        self._chain = chain
        self._method = method
        self._answer = answer
        self.is_on = False

    def __getattr__(self, name: str) -> Any:
        return self._answer if self.is_on and name == self._method else getattr(self._chain, name)


def gone(*args: Any, **kwargs: Any) -> Any:
    raise Unavailable("chain_unavailable", "nobody answers")


@pytest.fixture
def tamper(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tampered]:
    def with_answer(method: str, answer: Callable[..., Any]) -> Tampered:
        tampered = Tampered(house.chain, method, answer)
        monkeypatch.setattr(house, "chain", tampered)
        return tampered

    return with_answer


def codes(relay: Relay) -> list[str]:
    return [each.code for each in relay.troubles()]


@looped
async def test_a_chain_that_contradicts_our_records_halts_the_relay(
    house: House, url: str, tamper: Callable[..., Tampered]
) -> None:
    chain = house.chain
    vault = house.deployment.contracts["vault"]

    def call(to: bytes, data: bytes, **kwargs: Any) -> bytes:
        answer: bytes = chain.call(to, data, **kwargs)
        is_number = to == vault and len(answer) == 32
        return bytes(31) + b"\x07" if is_number else answer

    tampered = tamper("call", call)
    async with open_store(url) as store, house.relay(store) as relay:
        tampered.is_on = True
        house.deposit(ALICE, 5 * MICROS)
        await until(lambda: codes(relay) == ["node_halted"])
        with pytest.raises(Unavailable) as caught:
            await relay.submit([house.signed(ALICE, house.withdraw(ALICE, MICROS))])
        assert caught.value.code == "node_halted"
        assert caught.value.retryable


@looped
async def test_a_chain_that_is_away_closes_the_door_until_it_is_back(
    house: House, url: str, tamper: Callable[..., Tampered]
) -> None:
    tampered = tamper("block", gone)
    signed = house.signed(ALICE, house.withdraw(ALICE, MICROS))
    now = house.now
    async with (
        open_store(url) as store,
        house.relay(store, grace_ms=0, clock=lambda: now) as relay,
        house.lander(store),
    ):
        house.deposit(ALICE, 5 * MICROS)
        await until(lambda: relay.view.settled.inbox_consumed == 1)
        tampered.is_on = True
        await until(lambda: codes(relay) == ["chain_unavailable"])
        with pytest.raises(Unavailable):
            await relay.submit([signed])
        tampered.is_on = False
        await until(lambda: not codes(relay))
        (answer,) = await relay.submit([signed])
        assert isinstance(answer, Admitted)
        await until_status(store, answer.intent.intent_hash, IntentStatus.SETTLED)


@looped
async def test_what_was_final_may_not_be_undone(house: House, url: str) -> None:
    async with open_store(url) as store, house.relay(store, finality_depth=1) as relay:
        snapshot = house.chain.snapshot()
        async with house.lander(store):
            house.deposit(ALICE, 5 * MICROS)
            await until(lambda: relay.view.settled.inbox_consumed == 1)
        house.chain.mine(3)
        await until(lambda: relay.view.final.number == 1)
        house.chain.restore(snapshot)
        house.pass_time(50)
        house.chain.mine(9)
        await until(lambda: codes(relay) == ["node_halted"])


@looped
async def test_a_task_that_dies_takes_the_relay_with_it(
    house: House, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with open_store(url) as store, house.relay(store):
            monkeypatch.setattr(house, "latest", lambda: 1 // 0)
            await until(lambda: False)

    with pytest.raises(ExceptionGroup) as caught:
        await work()
    assert caught.group_contains(ZeroDivisionError)


@looped
async def test_an_order_that_its_account_cannot_bear_says_so_and_lets_others_trade(
    house: House, url: str
) -> None:
    house.report_seconds = house.now
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        house.deposit(ALICE, 5 * MICROS)
        house.deposit(BOB, 500 * MICROS)
        house.deposit(CAROL, 9_000 * MICROS)
        await until(lambda: relay.view.settled.inbox_consumed == 3)
        naked = house.order(ALICE, (Leg(CALL, -1),), 1_000, -90 * MICROS)
        buy = house.order(BOB, (Leg(CALL, 1),), 1_000, 100 * MICROS)
        await relay.submit([house.signed(ALICE, naked), house.signed(BOB, buy)])
        row = await until_row(store, house.hash(naked), lambda row: bool(row.reason))
        assert (row.status, row.reason) == (IntentStatus.RELAYED, "unhealthy")
        sell = house.order(CAROL, (Leg(CALL, -1),), 1_000, -95 * MICROS)
        await relay.submit([house.signed(CAROL, sell)])
        await until_status(store, house.hash(buy), IntentStatus.SETTLED)
