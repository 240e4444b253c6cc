"""A chain, two relays on one store and their files: real processes that a test may kill."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from anvil_process import find_anvil
from fault_founding import N_RELAYS, SUBMITTERS, found
from fault_nursery import Child, Nursery
from people import SEQUENCERS

from offbeat.chain import AnvilChain, Deployment
from offbeat.node.crash_points import VARIABLE

START_SECONDS = 60
TICK_SECONDS = 0.02
QUICK: dict[str, dict[str, Any]] = {
    "node": {"shutdown_seconds": 2, "rpc_timeout_seconds": 2},
    "node.relay": {"poll_seconds": 0.1, "grace_ms": 500, "action_fee_micros": 100_000},
    "node.relay.policy": {
        "max_age_ms": 100,
        "min_orders": 8,
        "retry_ms": 500,
        "lapse_margin_seconds": 2,
        "life_seconds": 8,
        "min_life_seconds": 4,
    },
    "node.fees": {"patience_seconds": 2, "stagger_seconds": 1},
    "node.api": {"requests_per_second": 0},
}
"""Blocks come each second, and a test has a minute at most."""


@dataclass
class RelayProcess:
    """One relay's place: its settings, its port, and the process that runs there, if any."""

    nursery: Nursery
    config: Path
    url: str
    log: Path
    child: Child | None = None

    async def start(
        self,
        crash_at: str = "",
        *,
        environment: dict[str, str] | None = None,
        max_file_bytes: int | None = None,
    ) -> Child:
        """A new process, which may not be ready yet. It may be set otherwise by the environment,
        and kept from letting any file grow beyond ``max_file_bytes``."""
        assert self.child is None or self.child.dead.is_set(), "it runs already"
        self.child = await self.nursery.start(
            "fault_children:relay",
            [str(self.config), max_file_bytes],
            environment={VARIABLE: crash_at} | (environment or {}),
            log=self.log,
        )
        return self.child

    async def kill(self) -> int:
        """As a power cut would."""
        assert self.child is not None
        return await self.child.end(signal.SIGKILL)

    async def stop(self) -> int:
        """As an operator would."""
        assert self.child is not None
        return await self.child.end(signal.SIGTERM)


@dataclass
class Network:
    """What is where. ``rpc_url`` is the chain itself, whatever the relays are told."""

    folder: Path
    rpc_url: str
    store_url: str
    relays: tuple[RelayProcess, ...]
    http: httpx.AsyncClient = field(repr=False)

    @property
    def deployment(self) -> Deployment:
        return Deployment.from_json(json.loads((self.folder / "deployment.json").read_text()))

    @property
    def chain(self) -> AnvilChain:
        """A new connection to the chain, with anvil's commands."""
        return AnvilChain(self.rpc_url)

    async def readiness(self, relay: RelayProcess) -> str:
        """``ready``, the code of what is wrong, or ``down``."""
        try:
            answer = await self.http.get(f"{relay.url}/readyz")
        except httpx.TransportError:
            return "down"
        return "ready" if answer.is_success else str(answer.json()["code"])

    async def until(self, relay: RelayProcess, readiness: str) -> None:
        """Wait until a relay says so of itself."""
        async with asyncio.timeout(START_SECONDS):
            while (said := await self.readiness(relay)) != readiness:
                assert relay.child is not None
                assert not relay.child.dead.is_set(), f"{said}; see {relay.log}"
                await asyncio.sleep(TICK_SECONDS)


@asynccontextmanager
async def network(
    nursery: Nursery, folder: Path, store_url: str, *, on_anvil: bool, relay_rpc_url: str = ""
) -> AsyncIterator[Network]:
    """A network whose relays have not been started. They may be told another URL of the chain."""
    folder.mkdir(parents=True, exist_ok=True)
    async with _chain(nursery, folder, on_anvil) as rpc_url, httpx.AsyncClient(timeout=5) as http:
        ports = free_ports(N_RELAYS)
        relays = tuple(
            RelayProcess(
                nursery,
                _write_settings(folder, number, relay_rpc_url or rpc_url, store_url, port),
                f"http://127.0.0.1:{port}",
                folder / f"relay-{number}.log",
            )
            for number, port in enumerate(ports)
        )
        try:
            yield Network(folder, rpc_url, store_url, relays, http)
        finally:
            for each in relays:
                if each.child is not None:
                    await each.kill()


@asynccontextmanager
async def _chain(nursery: Nursery, folder: Path, on_anvil: bool) -> AsyncIterator[str]:
    file = folder / "deployment.json"
    if on_anvil:
        with anvil_on_time() as url:
            deployment = await asyncio.to_thread(found, AnvilChain(url))
            file.write_text(json.dumps(deployment.to_json()))
            yield url
        return
    (port,) = free_ports(1)
    log = folder / "chain.log"
    child = await nursery.start("fault_children:embedded_chain", [port, str(file)], log=log)
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(START_SECONDS):
        while not await _listens(port):
            assert not child.dead.is_set(), log.read_text()
            await asyncio.sleep(TICK_SECONDS)
    try:
        yield url
    finally:
        await child.end()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@contextmanager
def anvil_on_time(port: int = 0) -> Iterator[str]:
    """A node that mines each second, and at once what it is sent; its URL."""
    command = [
        find_anvil() or "anvil",
        f"--port={port}",
        "--hardfork=prague",
        "--accounts=0",
        "--block-time=1",
        "--mixed-mining",
        "--enable-tx-gas-limit",
        "--gas-limit=36000000",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            listening = next(line for line in process.stdout if line.startswith("Listening on "))
            # A full pipe would stop the node.
            threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            yield f"http://{listening.split()[-1]}"
        finally:
            process.kill()


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in probes]
    for each in probes:
        each.close()
    return ports


def _write_settings(folder: Path, number: int, rpc_url: str, store_url: str, port: int) -> Path:
    sequencer = _write_key(folder / "sequencer", SEQUENCERS[0].key.secret)
    own = {
        "rpc_url": rpc_url,
        "deployment": str(folder / "deployment.json"),
        "store_url": store_url,
        "port": port,
        "sequencer_key_file": sequencer,
        "submitter_key_files": [
            _write_key(folder / f"submitter-{number}-{index}", each.key.secret)
            for index, each in enumerate(SUBMITTERS[number])
        ],
    }
    lines: list[str] = []
    for table, values in QUICK.items():
        lines.append(f"[{table}]")
        given = own | values if table == "node" else values
        lines += [f"{name} = {json.dumps(value)}" for name, value in given.items()]
    file = folder / f"relay-{number}.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def _write_key(file: Path, secret: bytes) -> str:
    file.write_text(secret.hex())
    os.chmod(file, 0o600)
    return str(file)
