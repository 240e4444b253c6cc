"""Intents from their submission to their end, through a store, a chain and a relay at work."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from looped import looped
from people import ALICE, BOB, CAROL, Person
from relay_house import (
    FEE_MICROS,
    House,
    until,
    until_batch,
    until_row,
    until_status,
)
from small_market import EXPIRIES, OPTIONS, SPOTS_MICROS

from offbeat.core import InvalidInput, OffbeatError, Refused
from offbeat.core.journal import IntentMoved
from offbeat.core.lifecycle import BatchStatus, IntentStatus
from offbeat.core.store_port import Store, StoredIntent
from offbeat.instruments import Leg
from offbeat.intents import Intent
from offbeat.node import Admitted, Relay
from offbeat.store import open_store

CALL = OPTIONS["ETH"][2]
MICROS = 10**6
LOTS = 1_000


@asynccontextmanager
async def trading(house: House, url: str) -> AsyncIterator[tuple[Relay, Store]]:
    """A relay, and something that lands its batches; Alice has cash and Bob an underlying."""
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        await fund(house, relay)
        yield relay, store


async def fund(house: House, relay: Relay) -> None:
    house.deposit(ALICE, 5_000 * MICROS)
    house.deposit(BOB, 2 * MICROS, "ETH")
    house.deposit(BOB, 10 * MICROS)
    await until(lambda: relay.view.settled.inbox_consumed == 3)


async def admit(relay: Relay, house: House, person: Person, *intents: Intent) -> list[Admitted]:
    answers = await relay.submit([house.signed(person, each) for each in intents])
    assert all(isinstance(each, Admitted) for each in answers), answers
    return [each for each in answers if isinstance(each, Admitted)]


async def refuse(relay: Relay, house: House, person: Person, intent: Intent) -> str:
    (answer,) = await relay.submit([house.signed(person, intent)])
    assert isinstance(answer, Refused), answer
    return answer.code


async def finished(
    house: House, store: Store, intent: Intent, status: IntentStatus
) -> StoredIntent:
    """The row once it has ended so; blocks come meanwhile."""
    task = asyncio.create_task(until_status(store, house.hash(intent), status))
    while not task.done():
        house.chain.mine()
        await asyncio.wait([task], timeout=0.05)
    return task.result()


@looped
async def test_two_orders_meet_settle_and_become_final(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        (bid,) = await admit(relay, house, ALICE, buy)
        (offer,) = await admit(relay, house, BOB, sell)
        assert bid.is_new
        assert offer.is_new
        bought = await until_status(store, house.hash(buy), IntentStatus.SETTLED)
        assert bought.filled_micros == MICROS
        assert 80 * MICROS <= bought.paid_micros <= 90 * MICROS
        assert bought.fee_micros == FEE_MICROS
        assert relay.view.final.account(ALICE.account()).quantity_of(CALL.id) == 0
        bought = await finished(house, store, buy, IntentStatus.FINAL)
        sold = await finished(house, store, sell, IntentStatus.FINAL)
        assert sold.paid_micros == -bought.paid_micros
        assert relay.view.final.account(ALICE.account()).quantity_of(CALL.id) == MICROS


@looped
async def test_what_the_journal_refused_is_told_without_another_block(
    house: House, url: str
) -> None:
    """Another relay may have moved one of several: the others must not wait for the next block."""
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        await admit(relay, house, ALICE, buy)
        await admit(relay, house, BOB, sell)
        for each in (buy, sell):
            await until_status(store, house.hash(each), IntentStatus.SETTLED)
        append, refused = store.append, list[Any]()

        async def outrun(entries: Sequence[Any], time_seconds: int) -> Any:
            ends = [each for each in entries if isinstance(each, IntentMoved)]
            if len(ends) < 2 or refused:
                return await append(entries, time_seconds)
            refused.extend(ends)
            await append(ends[:1], time_seconds)
            raise InvalidInput("move_outdated", "another relay was faster")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "append", outrun)
            for _ in range(4):
                house.chain.mine()
            for each in (buy, sell):
                await until_status(store, house.hash(each), IntentStatus.FINAL)
        assert len(refused) == 2


@looped
async def test_a_repeat_is_the_same_intent_until_long_after_its_end(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        signed = house.signed(ALICE, buy)
        answers = [
            each
            for some in await asyncio.gather(*(relay.submit([signed] * 3) for _ in range(5)))
            for each in some
        ]
        assert all(isinstance(each, Admitted) for each in answers)
        assert sum(each.is_new for each in answers if isinstance(each, Admitted)) == 1
        assert len({each.intent.recorded for each in answers if isinstance(each, Admitted)}) == 1
        await admit(relay, house, BOB, house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS))
        row = await finished(house, store, buy, IntentStatus.FINAL)
        await until(lambda: house.hash(buy) not in relay.book.intents)
        (known,) = await admit(relay, house, ALICE, buy)
        assert known == Admitted(row, is_new=False)


@looped
async def test_what_is_filled_in_part_waits_for_the_rest(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        await admit(relay, house, ALICE, buy)
        first = house.order(BOB, (Leg(CALL, -1),), 300, -80 * MICROS)
        await admit(relay, house, BOB, first)
        part = await until_row(store, house.hash(buy), lambda row: row.filled_micros > 0)
        assert part.status is IntentStatus.ORDERED
        assert part.filled_micros == 300_000
        assert part.fee_micros == FEE_MICROS * 3 // 10
        await finished(house, store, first, IntentStatus.FINAL)
        assert (await until_row(store, house.hash(buy), bool)).status is IntentStatus.ORDERED
        second = house.order(BOB, (Leg(CALL, -1),), 700, -80 * MICROS)
        await admit(relay, house, BOB, second)
        whole = await finished(house, store, buy, IntentStatus.FINAL)
        rest = await finished(house, store, second, IntentStatus.FINAL)
        assert whole.filled_micros == MICROS
        assert whole.fee_micros == FEE_MICROS
        assert whole.paid_micros == part.paid_micros - rest.paid_micros
        assert whole.batch_hash == rest.batch_hash != part.batch_hash
        for batch_hash in (part.batch_hash, whole.batch_hash):
            assert batch_hash is not None
            batch = await until_batch(store, batch_hash, BatchStatus.FINAL)
            assert batch.transaction_hash is not None
            receipt = house.chain.receipt(batch.transaction_hash)
            assert receipt is not None
            assert await relay.gas_used(batch) == receipt.gas_used


@looped
async def test_a_cancellation_is_honest(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        await admit(relay, house, ALICE, buy)
        cancel = house.cancel(ALICE, buy.nonce)
        await admit(relay, house, ALICE, cancel)
        row = await store.intent(house.hash(buy))
        assert row is not None
        assert row.status is IntentStatus.CANCEL_PENDING
        late = house.order(ALICE, (Leg(CALL, 1),), LOTS, 91 * MICROS, nonce=buy.nonce)
        assert await refuse(relay, house, ALICE, late) == "nonce_spent"
        await until_status(store, house.hash(cancel), IntentStatus.SETTLED)
        row = await store.intent(house.hash(buy))
        assert row is not None
        assert row.status is IntentStatus.CANCEL_PENDING
        row = await finished(house, store, buy, IntentStatus.CANCELLED)
        assert (row.reason, row.filled_micros) == ("cancelled", 0)
        await finished(house, store, cancel, IntentStatus.FINAL)


@looped
async def test_the_rest_of_a_partly_filled_order_can_be_cancelled(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        await admit(relay, house, ALICE, buy)
        await admit(relay, house, BOB, house.order(BOB, (Leg(CALL, -1),), 300, -80 * MICROS))
        await until_row(store, house.hash(buy), lambda row: row.filled_micros > 0)
        await admit(relay, house, ALICE, house.cancel(ALICE, buy.nonce))
        row = await finished(house, store, buy, IntentStatus.CANCELLED)
        assert row.filled_micros == 300_000


@looped
async def test_one_cancellation_far_ahead_ends_a_whole_lane(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        orders = [house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS) for _ in range(3)]
        await admit(relay, house, ALICE, *orders)
        await admit(relay, house, ALICE, house.cancel(ALICE, 255 + orders[-1].nonce))
        for order in orders[:-1]:
            await finished(house, store, order, IntentStatus.CANCELLED)
        row = await store.intent(house.hash(orders[-1]))
        assert row is not None
        assert row.status is IntentStatus.RELAYED


@looped
async def test_what_nobody_wants_in_time_expires_only_when_that_is_final(
    house: House, url: str
) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(
            ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS, valid_until_seconds=house.now + 200
        )
        await admit(relay, house, ALICE, buy)
        house.pass_time(300)
        number = house.chain.block().number
        await until(lambda: relay.view.block.number == number)
        row = await store.intent(house.hash(buy))
        assert row is not None
        assert row.status is IntentStatus.RELAYED
        assert (await finished(house, store, buy, IntentStatus.EXPIRED)).reason == "expired"


@looped
async def test_of_two_orders_with_one_nonce_one_is_rejected(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        one = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS, nonce=7)
        other = house.order(ALICE, (Leg(CALL, 1),), 2 * LOTS, 90 * MICROS, nonce=7)
        await admit(relay, house, ALICE, one, other)
        await admit(relay, house, BOB, house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS))
        filled = await asyncio.gather(
            until_row(store, house.hash(one), lambda row: not row.status.is_open),
            until_row(store, house.hash(other), lambda row: not row.status.is_open),
            blocks(house, 40),
        )
        assert {filled[0].status, filled[1].status} == {IntentStatus.FINAL, IntentStatus.REJECTED}


async def blocks(house: House, number: int) -> None:
    for _ in range(number):
        house.chain.mine()
        await asyncio.sleep(0.02)


@looped
async def test_a_withdrawal_is_paid(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        withdraw = house.withdraw(ALICE, 1_000 * MICROS)
        await admit(relay, house, ALICE, withdraw)
        row = await finished(house, store, withdraw, IntentStatus.FINAL)
        assert row.fee_micros == FEE_MICROS
        assert relay.view.final.account(ALICE.account()).cash_micros == 3_999_900_000
        too_much = house.withdraw(ALICE, 5_000 * MICROS)
        assert await refuse(relay, house, ALICE, too_much) == "cash_negative"


@looped
async def test_expired_positions_turn_into_cash_by_themselves(house: House, url: str) -> None:
    async with trading(house, url) as (relay, store):
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        await admit(relay, house, ALICE, buy)
        await admit(relay, house, BOB, sell)
        await finished(house, store, sell, IntentStatus.FINAL)
        house.pass_time(EXPIRIES[0] - house.now)
        house.post_price("ETH", EXPIRIES[0], SPOTS_MICROS["ETH"] * 11 // 10)
        await until(lambda: not relay.view.settled.account(ALICE.account()).quantity_of(CALL.id))
        await until(lambda: not relay.view.settled.account(BOB.account()).quantity_of(CALL.id))


@looped
async def test_a_reorganisation_takes_a_batch_back_and_it_lands_again(
    house: House, url: str
) -> None:
    async with open_store(url) as store, house.relay(store, finality_depth=9) as relay:
        async with house.lander(store):
            await fund(house, relay)
        house.chain.mine(9)
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        await admit(relay, house, ALICE, buy)
        await admit(relay, house, BOB, sell)
        await until_status(store, house.hash(buy), IntentStatus.CLEARED)
        snapshot = house.chain.snapshot()
        assert await house.land_once(store) == 1
        house.chain.mine(7)
        bought = await until_status(store, house.hash(buy), IntentStatus.SETTLED)
        assert bought.batch_hash is not None
        settled = await until_batch(store, bought.batch_hash, BatchStatus.SETTLED)

        house.chain.restore(snapshot)
        house.pass_time(5)  # so that no block is the one that it replaces
        house.chain.mine(9)
        back = await until_status(store, house.hash(buy), IntentStatus.CLEARED)
        assert (back.filled_micros, back.paid_micros, back.fee_micros) == (0, 0, 0)
        await until_batch(store, bought.batch_hash, BatchStatus.CERTIFIED)
        assert relay.view.settled.number == 1

        async with house.lander(store):
            again = await until_status(store, house.hash(buy), IntentStatus.SETTLED)
            assert again.paid_micros == bought.paid_micros
            assert again.batch_hash == bought.batch_hash
            landed = await until_batch(store, bought.batch_hash, BatchStatus.SETTLED)
            assert landed.number == settled.number
            assert (await finished(house, store, buy, IntentStatus.FINAL)).filled_micros == MICROS


@looped
async def test_a_batch_that_came_too_late_gives_its_intents_back(house: House, url: str) -> None:
    async with open_store(url) as store, house.relay(store) as relay:
        async with house.lander(store):
            await fund(house, relay)
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        await admit(relay, house, ALICE, buy)
        await admit(relay, house, BOB, sell)
        cleared = await until_status(store, house.hash(buy), IntentStatus.CLEARED)
        assert cleared.batch_hash is not None
        house.pass_time(601)
        house.chain.mine(3)
        void = await until_batch(store, cleared.batch_hash, BatchStatus.VOID)
        assert void.reason == "batch_late"
        async with house.lander(store):
            row = await finished(house, store, buy, IntentStatus.FINAL)
            assert row.batch_hash != cleared.batch_hash


@looped
async def test_two_relays_on_one_store_do_everything_once(house: House, url: str) -> None:
    async with (
        open_store(url) as store,
        open_store(url) as other_store,
        house.relay(store) as relay,
        house.relay(other_store) as other,
        house.lander(store),
        house.lander(other_store),
    ):
        await fund(house, relay)
        orders: list[tuple[Person, Intent]] = []
        for _ in range(10):
            orders.append((ALICE, house.order(ALICE, (Leg(CALL, 1),), 100, 90 * MICROS)))
            orders.append((BOB, house.order(BOB, (Leg(CALL, -1),), 100, -80 * MICROS)))
        for person, order in orders:
            answers = await asyncio.gather(
                admit(relay, house, person, order), admit(other, house, person, order)
            )
            assert len({each.intent.recorded for (each,) in answers}) == 1
        for _, order in orders:
            row = await finished(house, store, order, IntentStatus.FINAL)
            assert row.filled_micros == 100_000
        assert relay.view.settled.account(ALICE.account()).quantity_of(CALL.id) == MICROS
        numbers = relay.view.settled.number
        for number in range(1, numbers + 1):
            rows = await store.batches(number)
            assert sum(each.status is not BatchStatus.VOID for each in rows) == 1


@looped
async def test_a_relay_takes_up_where_it_left(house: House, url: str) -> None:
    async with open_store(url) as store:
        async with house.relay(store) as relay:
            async with house.lander(store):
                await fund(house, relay)
            buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
            rest = house.order(CAROL, (Leg(CALL, 1),), LOTS, 90 * MICROS)
            sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
            assert await refuse(relay, house, CAROL, rest) == "cash_negative"
            await admit(relay, house, ALICE, buy)
            await admit(relay, house, BOB, sell)
            await until_status(store, house.hash(buy), IntentStatus.CLEARED)
        assert await house.land_once(store) == 1
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        await until_status(store, house.hash(buy), IntentStatus.SETTLED)
        await finished(house, store, buy, IntentStatus.FINAL)
        await finished(house, store, sell, IntentStatus.FINAL)
        # The book reads the journal a moment after it was written.
        await until(lambda: not relay.book.intents)


def codes(errors: tuple[OffbeatError, ...]) -> list[str]:
    return [each.code for each in errors]
