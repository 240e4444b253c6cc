"""Chains that reorganise, forget, delay, grow dear, err and lie: nothing lost, nothing twice."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_founding import FUNDS_WEI, SUBMITTERS
from fault_load import Load
from fault_network import Network, network
from fault_nursery import nursery
from fault_proxy import Proxy, proxy
from fault_verdict import QUIET_SECONDS, assert_all_well
from looped import looped

from offbeat.chain import AnvilChain
from offbeat.core.lifecycle import IntentStatus
from offbeat.intents import address_text
from offbeat.store import open_store

pytestmark = [pytest.mark.anvil, pytest.mark.usefixtures("needs_anvil")]
DEEPEST = 8
GWEI = 10**9


class Scene:
    """A network at work on anvil, its traders, and the proxy before the chain."""

    def __init__(self, net: Network, load: Load, lies: Proxy) -> None:
        self.net, self.load, self.lies = net, load, lies
        self.chain: AnvilChain = net.chain

    async def ask(self, method: str, *params: Any) -> Any:
        """One of anvil's own commands."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        said = (await self.net.http.post(self.net.rpc_url, json=asked)).json()
        assert "error" not in said, said
        return said["result"]

    async def pause(self) -> None:
        """No block comes any more."""
        await self.ask("evm_setAutomine", False)
        await self.ask("evm_setIntervalMining", 0)

    async def resume(self) -> None:
        await self.ask("evm_setIntervalMining", 1)

    async def waiting(self) -> list[str]:
        """Hashes in the chain's pool."""
        content = await self.ask("txpool_content")
        return [each["hash"] for nonces in content["pending"].values() for each in nonces.values()]

    async def until_waiting(self, other_than: frozenset[str] = frozenset()) -> list[str]:
        """The pool, once there is something new in it."""
        async with asyncio.timeout(QUIET_SECONDS):
            while not (found := await self.waiting()) or other_than.issuperset(found):
                await asyncio.sleep(0.05)
            return found

    async def until_status(self, digest: bytes, status: IntentStatus) -> None:
        """Wait until an intent is so, or final already."""
        wanted = (status, IntentStatus.FINAL)
        async with open_store(self.net.store_url) as store, asyncio.timeout(QUIET_SECONDS):
            while (row := await store.intent(digest)) is None or row.status not in wanted:
                await asyncio.sleep(0.05)

    async def finish(self) -> None:
        """Everything that was sent is final, once and with everybody of one opinion."""
        async with open_store(self.net.store_url) as store, asyncio.timeout(QUIET_SECONDS):
            while (
                self.load.acknowledged.keys() != self.load.sent.keys()
                or await store.open_intents(limit=1)
                or await store.open_batches(limit=1)
                or await store.open_transactions(limit=1)
            ):
                await asyncio.sleep(0.1)
        ends = await assert_all_well(self.net, self.load.acknowledged)
        assert ends == {IntentStatus.FINAL: len(self.load.sent)}
        for relay in self.net.relays:
            await self.net.until(relay, "ready")
            assert await relay.stop() == 0


@asynccontextmanager
async def scene(folder: Path, **settings: str) -> AsyncIterator[Scene]:
    """Two relays that have settled the deposits, and traders who have time."""
    environment = {f"OFFBEAT_{name.upper()}": value for name, value in settings.items()}
    url = f"sqlite:///{folder / 'store.db'}"
    with proxy() as lies:
        async with (
            nursery() as nest,
            network(nest, folder, url, on_anvil=True, relay_rpc_url=lies.url) as net,
        ):
            lies.target = net.rpc_url
            load = Load(net, random.Random(7), life_seconds=300)
            for relay in net.relays:
                await relay.start(environment=environment)
            for relay in net.relays:
                await net.until(relay, "ready")
            async with load.sending():
                made = Scene(net, load, lies)
                digests = load.send(load.even_pair())
                await made.until_status(digests[0], IntentStatus.SETTLED)
                yield made


@looped
async def test_reorganisations_one_to_eight_blocks_deep(tmp_path: Path) -> None:
    async with scene(tmp_path, relay__finality_depth=str(DEEPEST + 1)) as at:
        for depth in range(1, DEEPEST + 1):
            digests = at.load.send(at.load.even_pair())
            await at.until_status(digests[0], IntentStatus.SETTLED)
            await at.ask("anvil_reorg", depth, [])
        await at.ask("anvil_mine", hex(DEEPEST))
        await at.finish()


@looped
async def test_transactions_that_are_dropped(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        for _ in range(2):
            await at.pause()
            at.load.send(at.load.even_pair())
            dropped = await at.until_waiting()
            for each in dropped:
                await at.ask("anvil_dropTransaction", each)
            await at.until_waiting()
            await at.resume()
        await at.finish()


@looped
async def test_blocks_that_do_not_come_for_a_while(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        await at.pause()
        at.load.send(at.load.even_pair())
        first = await at.until_waiting()
        at.load.send(at.load.even_pair())
        await at.until_waiting(frozenset(first))  # replaced by one that offers more
        await at.resume()
        await at.finish()


@looped
async def test_a_base_fee_twenty_times_as_high(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        await at.pause()
        at.load.send(at.load.even_pair())
        await at.until_waiting()
        base_fee_wei = at.chain.block().base_fee_wei
        await at.ask("anvil_setNextBlockBaseFeePerGas", hex(max(20 * base_fee_wei, 20 * GWEI)))
        await at.resume()
        await at.finish()


@looped
async def test_a_node_that_errs_hangs_and_loses_answers(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.lies.fault = at.lies.flaky(random.Random(8))
        for _ in range(6):
            digests = at.load.send(at.load.even_pair())
            await at.until_status(digests[0], IntentStatus.SETTLED)
        assert at.lies.faults > 20
        at.lies.fault = None
        await at.finish()


@looped
async def test_receipts_that_are_wrong_or_late(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.lies.fault = at.lies.false_receipts(random.Random(9))
        for _ in range(6):
            at.load.send(at.load.even_pair())
            seen = at.lies.faults
            until = time.monotonic() + QUIET_SECONDS
            while at.lies.faults <= seen + 2 and time.monotonic() < until:
                await asyncio.sleep(0.05)
        assert at.lies.faults > 12
        at.lies.fault = None
        await at.finish()


@looped
async def test_submitters_out_of_funds(tmp_path: Path) -> None:
    everybody = [each for relay in SUBMITTERS for each in relay]
    async with scene(tmp_path) as at:
        for each in everybody:
            await at.ask("anvil_setBalance", address_text(each.address), "0x0")
        digests = at.load.send(at.load.even_pair())
        await at.until_status(digests[0], IntentStatus.CLEARED)
        async with asyncio.timeout(QUIET_SECONDS):
            while 'offbeat_trouble{code="submitter_unfunded"} 1' not in await metrics(at):
                await asyncio.sleep(0.1)
        await at.ask("anvil_setBalance", address_text(everybody[0].address), hex(FUNDS_WEI))
        await at.finish()


async def metrics(at: Scene) -> str:
    answer = await at.net.http.get(f"{at.net.relays[0].url}/metrics")
    return answer.text
