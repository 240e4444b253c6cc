"""A relay and the queue of forced requests: what nobody sent to it settles, the queue empties."""

from looped import looped
from people import ALICE, BOB, CAROL, DAVE
from relay_house import FEE_MICROS, House, until, until_status
from small_market import OPTIONS

from offbeat.core import limits
from offbeat.core.lifecycle import IntentStatus
from offbeat.instruments import Leg
from offbeat.node import Relay
from offbeat.store import open_store

CALL = OPTIONS["ETH"][2]
MICROS = 10**6
LOTS = 1_000
DELAY = limits.INBOX_DELAY_SECONDS


async def fund(house: House, relay: Relay) -> None:
    house.deposit(ALICE, 5_000 * MICROS)
    house.deposit(BOB, 2 * MICROS, "ETH")
    house.deposit(BOB, 10 * MICROS)
    await until(lambda: relay.view.settled.inbox_consumed == 3)


@looped
async def test_it_does_what_is_forced_at_once_and_clears_it(house: House, url: str) -> None:
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        await fund(house, relay)
        away = house.withdraw(ALICE, 7 * MICROS)
        house.queue(ALICE).force(house.signed(ALICE, away))
        row = await until_status(store, house.hash(away), IntentStatus.SETTLED)
        assert row.fee_micros == FEE_MICROS
        await until(lambda: not relay.view.settled.forced)


@looped
async def test_both_sides_of_a_trade_are_forced(house: House, url: str) -> None:
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        await fund(house, relay)
        buy = house.order(ALICE, (Leg(CALL, 1),), LOTS, 90 * MICROS)
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        house.queue(ALICE).force(house.signed(ALICE, buy))
        house.queue(BOB).force(house.signed(BOB, sell))
        await until_status(store, house.hash(buy), IntentStatus.SETTLED)
        await until_status(store, house.hash(sell), IntentStatus.SETTLED)
        await until(lambda: not relay.view.settled.forced)


@looped
async def test_what_the_door_refuses_is_done_when_it_is_due(house: House, url: str) -> None:
    """Alice has as many intents here as she may have; she can force one more all the same."""
    async with (
        open_store(url) as store,
        house.relay(store, max_open_per_account=1) as relay,
        house.lander(store),
    ):
        await fund(house, relay)
        far = house.order(ALICE, (Leg(CALL, 1),), LOTS, 1)
        await relay.submit([house.signed(ALICE, far)])
        away = house.withdraw(ALICE, 7 * MICROS)
        house.queue(ALICE).force(house.signed(ALICE, away))
        await until(lambda: len(relay.view.settled.forced) == 1)
        before = relay.view.settled.account(ALICE.account()).cash_micros
        house.pass_time(DELAY)
        await until(lambda: not relay.view.settled.forced)
        after = relay.view.settled.account(ALICE.account()).cash_micros
        assert after == before - 7 * MICROS - FEE_MICROS


@looped
async def test_what_cannot_be_done_is_cleared_and_nobody_waits_for_long(
    house: House, url: str
) -> None:
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        await fund(house, relay)
        house.queue(CAROL).force(house.signed(CAROL, house.withdraw(CAROL, 1)))
        away = house.withdraw(BOB, 8 * MICROS, valid_until_seconds=house.now + 9 * DELAY)
        await until(lambda: len(relay.view.settled.forced) == 1)
        house.pass_time(DELAY)
        await relay.submit([house.signed(BOB, away)])
        await until_status(store, house.hash(away), IntentStatus.SETTLED)
        assert not relay.view.settled.forced


@looped
async def test_an_order_far_from_the_market_holds_nobody_up(house: House, url: str) -> None:
    """Not alone in the queue, and not with somebody behind it."""
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        await fund(house, relay)
        lasting = {"valid_until_seconds": house.now + 9 * DELAY}
        far = house.order(ALICE, (Leg(CALL, 1),), LOTS, 1 * MICROS, **lasting)
        house.queue(ALICE).force(house.signed(ALICE, far))
        await until(lambda: len(relay.view.settled.forced) == 1)
        house.pass_time(DELAY)
        first = house.withdraw(BOB, MICROS, **lasting)
        await relay.submit([house.signed(BOB, first)])
        await until_status(store, house.hash(first), IntentStatus.SETTLED)
        second = house.withdraw(BOB, MICROS, **lasting)
        house.queue(BOB).force(house.signed(BOB, second))
        await until_status(store, house.hash(second), IntentStatus.SETTLED)
        await until(
            lambda: [each.digest for each in relay.view.settled.forced] == [house.hash(far)]
        )


@looped
async def test_without_a_key_others_clear(house: House, url: str) -> None:
    """Until somebody does, nothing else lands, and the relay says so."""
    async with (
        open_store(url) as store,
        house.relay(store, clears=False) as relay,
        house.lander(store),
    ):
        await fund(house, relay)
        away = house.withdraw(ALICE, 7 * MICROS)
        queue = house.queue(DAVE)
        queue.force(house.signed(ALICE, away))
        await until_status(store, house.hash(away), IntentStatus.SETTLED)
        house.pass_time(DELAY)
        other = house.withdraw(BOB, MICROS)
        await relay.submit([house.signed(BOB, other)])
        await until(lambda: "batcher" in relay.notices())
        assert relay.notices()["batcher"].code == "inbox_due"
        queue.clear(relay.view.settled)
        await until_status(store, house.hash(other), IntentStatus.SETTLED)
