"""A full disk, a database that is gone, a chain that is gone: said so, refused for now, over."""

import asyncio
import random
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fault_load import JSON, Load
from fault_network import Network, RelayProcess, network
from fault_nursery import nursery
from fault_proxy import proxy
from fault_verdict import assert_all_well, until_quiet
from looped import looped
from postgres_process import Postgres, find_postgres, postgres_process

from offbeat.core.lifecycle import IntentStatus

ROOM_BYTES = 700_000
"""No file of a relay may grow beyond it: some dozen batches."""


@asynccontextmanager
async def at_work(net: Network, **how: int) -> AsyncIterator[tuple[Load, RelayProcess]]:
    """One relay, and traders who have time; in the end all is as it should be."""
    net.relays = net.relays[:1]
    load, (relay,) = Load(net, random.Random(3), life_seconds=300), net.relays
    await relay.start(**how)
    await net.until(relay, "ready")
    async with load.sending():
        load.send(load.even_pair())
        yield load, relay
        await net.until(relay, "ready")
        load.send(load.even_pair())
    await until_quiet(net)
    assert load.acknowledged.keys() == load.sent.keys()
    ends = await assert_all_well(net, load.acknowledged)
    assert ends == {IntentStatus.FINAL: len(load.sent)}
    assert await relay.stop() == 0


async def refusal(net: Network, load: Load, relay: RelayProcess) -> str:
    """The code with which new work is refused for now."""
    bodies = [load.signed(each) for each in load.even_pair()]
    answer = await net.http.post(f"{relay.url}/v1/intents", content=bodies[0], headers=JSON)
    assert answer.status_code == 503, answer.text
    assert answer.json()["retryable"] is True
    assert (await net.http.get(f"{relay.url}/livez")).is_success
    return str(answer.json()["code"])


@looped
async def test_a_database_that_is_gone(tmp_path: Path) -> None:
    if find_postgres() is None:
        pytest.skip("no PostgreSQL (on Debian: apt-get install postgresql)")
    with postgres_process() as server:
        await _stop_and_start(server, tmp_path)


async def _stop_and_start(server: Postgres, folder: Path) -> None:
    async with (
        nursery() as nest,
        network(nest, folder, server.new_database(), on_anvil=False) as net,
        at_work(net) as (load, relay),
    ):
        for how in (signal.SIGINT, signal.SIGQUIT):
            server.stop(how)
            load.send(load.even_pair())
            await net.until(relay, "store_unavailable")
            assert await refusal(net, load, relay) == "store_unavailable"
            server.start()
            await net.until(relay, "ready")


@looped
async def test_a_chain_that_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with proxy() as lies:
        async with (
            nursery() as nest,
            network(nest, tmp_path, url, on_anvil=False, relay_rpc_url=lies.url) as net,
        ):
            lies.target = net.rpc_url
            async with at_work(net) as (load, relay):
                for _ in range(2):
                    lies.fault = lies.down()
                    load.send(load.even_pair())
                    await net.until(relay, "node_unavailable")
                    assert await refusal(net, load, relay) == "node_unavailable"
                    lies.fault = None
                    await net.until(relay, "ready")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="no prlimit: not Linux")
@looped
async def test_a_disk_that_is_full(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    async with (
        nursery() as nest,
        network(nest, tmp_path, url, on_anvil=False) as net,
        at_work(net, max_file_bytes=ROOM_BYTES) as (load, relay),
    ):
        while load.answers["store_unavailable"] < 3:
            for _ in range(16):
                load.send(load.even_pair())
            await asyncio.sleep(0.2)
        await net.until(relay, "store_unavailable")
        assert await refusal(net, load, relay) == "store_unavailable"
        assert relay.child is not None
        resource.prlimit(relay.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await net.until(relay, "ready")
