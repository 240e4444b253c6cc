"""Orders that share a nonce, from admission to their ends, through a relay at work."""

import asyncio

from looped import looped
from people import ALICE, BOB
from relay_house import House, until, until_status
from small_market import OPTIONS

from offbeat.core import Reason
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import Store, StoredIntent
from offbeat.instruments import Leg
from offbeat.intents import Order
from offbeat.node import Admitted
from offbeat.store import open_store

CALL = OPTIONS["ETH"][2]
MICROS = 10**6
LOTS = 1_000


@looped
async def test_the_one_that_can_fill_does_and_the_other_ends(house: House, url: str) -> None:
    async with open_store(url) as store, house.relay(store) as relay, house.lander(store):
        house.deposit(ALICE, 5_000 * MICROS)
        house.deposit(BOB, 2 * MICROS, "ETH")
        house.deposit(BOB, 10 * MICROS)
        await until(lambda: relay.view.settled.inbox_consumed == 3)
        nonce = house.nonce(ALICE)
        low, high = (
            house.order(ALICE, (Leg(CALL, 1),), LOTS, limit * MICROS, nonce=nonce)
            for limit in (1, 90)
        )
        sell = house.order(BOB, (Leg(CALL, -1),), LOTS, -80 * MICROS)
        for person, intent in ((ALICE, low), (ALICE, high), (BOB, sell)):
            (answer,) = await relay.submit([house.signed(person, intent)])
            assert isinstance(answer, Admitted), answer
        filled = await until_status(store, house.hash(high), IntentStatus.SETTLED)
        assert filled.filled_micros == MICROS
        await ended(house, store, high, IntentStatus.FINAL)
        rest = await ended(house, store, low, IntentStatus.REJECTED)
        assert (rest.reason, rest.filled_micros) == (Reason.NONCE_SPENT, 0)


async def ended(house: House, store: Store, order: Order, status: IntentStatus) -> StoredIntent:
    """The row once it has ended so; blocks come meanwhile."""
    task = asyncio.create_task(until_status(store, house.hash(order), status))
    while not task.done():
        house.chain.mine()
        await asyncio.wait([task], timeout=0.05)
    return task.result()
