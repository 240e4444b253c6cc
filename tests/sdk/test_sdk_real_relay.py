"""Clients against real relays: one store, one chain, two APIs, from a signature to finality."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from looped import looped
from people import ALICE, BOB
from relay_house import House, until
from small_market import OPTIONS

from offbeat.core.lifecycle import IntentStatus
from offbeat.node import Relay
from offbeat.node.api import create_app
from offbeat.sdk import AsyncClient, IntentState
from offbeat.store import open_store

MICROS = 10**6
CALL = OPTIONS["ETH"][2].name


@asynccontextmanager
async def served(relay: Relay) -> AsyncIterator[str]:
    """The relay's API on a free port of this loop."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(create_app(relay), lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def ended(house: House, client: AsyncClient, sent: IntentState) -> IntentState:
    """The end of an intent; blocks come meanwhile."""
    task = asyncio.create_task(client.wait_final(sent, timeout_seconds=30))
    while not task.done():
        house.chain.mine()
        await asyncio.wait([task], timeout=0.05)
    return task.result()


@looped
async def test_a_covered_call_meets_its_taker_and_both_see_it_final(tmp_path: Path) -> None:
    house = House()
    async with (
        open_store(f"sqlite:///{tmp_path}/relay.db") as store,
        house.relay(store) as first,
        house.relay(store, batches=False) as second,
        house.lander(store),
        served(first) as one,
        served(second) as other,
    ):
        house.deposit(ALICE, 5_000 * MICROS)
        house.deposit(BOB, 2 * MICROS, "ETH")
        house.deposit(BOB, 10 * MICROS)
        await until(lambda: first.view.settled.inbox_consumed == 3)
        urls, clock = [one, other], lambda: float(house.now)
        async with (
            AsyncClient(urls, ALICE.key, clock=clock) as alice,
            AsyncClient(urls, BOB.key, clock=clock) as bob,
        ):
            wanted = alice.legs({CALL: 1}, quantity=1, limit=50)
            assert (await alice.preview(wanted)).after.passes
            bought = await alice.trade(wanted)
            sold = await bob.trade(bob.legs({CALL: -1}, quantity=1, limit=-50))
            for client, sent in ((alice, bought), (bob, sold)):
                done = await ended(house, client, sent)
                assert (done.status, done.filled) == (IntentStatus.FINAL, 1), done
            assert (await alice.account()).positions == {CALL: 1}
            resting = await alice.trade(alice.legs({CALL: 1}, quantity=1, limit=1))
            await alice.cancel(resting)
            assert (await ended(house, alice, resting)).status is IntentStatus.CANCELLED
            paid_out = await ended(house, alice, await alice.withdraw("12.5"))
            assert paid_out.status is IntentStatus.FINAL
