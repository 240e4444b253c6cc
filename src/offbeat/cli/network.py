"""A development network while it runs: chain, reporters, and relays in processes of their own."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from offbeat import chain
from offbeat.chain import Deployment
from offbeat.cli.anvil import anvil
from offbeat.cli.deploy import write_deployment
from offbeat.cli.devnet_market import found, reporters_app
from offbeat.cli.devnet_plan import Devnet
from offbeat.core import Unavailable
from offbeat.core.ports import DevChain
from offbeat.node import HttpServer, listen, url_of

START_SECONDS: Final = 60
"""How long a process of the network may take to come up."""
STOP_SECONDS: Final = 15
LOOPBACK: Final = "127.0.0.1"
_PAST_SECONDS: Final = 3_600
"""The embedded chain begins so long ago: founding takes more blocks than seconds."""
_RUN_NODE: Final = "import sys; from offbeat.cli import main; sys.exit(main())"
_LISTENS: Final = "listening on"


class RelayProcess:
    """A relay in a process of its own, which may be killed and started again."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it; its URL, once it says there that it is ready.

        Raises :class:`~offbeat.core.Unavailable` with code ``node_unavailable``.
        """
        with self._log.open("ab") as log:
            begins = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing is imported from where we happen to stand
                "-c",
                _RUN_NODE,
                "node",
                "run",
                f"--config={self._config}",
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        return await self._ready(self._process, begins)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def _ready(self, process: asyncio.subprocess.Process, begins: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() < deadline and process.returncode is None:
                lines = self._log.read_bytes()[begins:].decode().splitlines()
                url = next((each.split()[-1] for each in lines if _LISTENS in each), None)
                if url is not None:
                    try:
                        if (await client.get(f"{url}/readyz")).is_success:
                            return url
                    except httpx.HTTPError:
                        pass
                await asyncio.sleep(0.1)
        raise Unavailable("node_unavailable", f"a relay did not come up: see {self._log}")


@dataclass(frozen=True, slots=True)
class Network:
    """A network with everything of it at work; ``urls`` are the relays', in their order."""

    deployment: Deployment
    rpc_url: str
    reporter_url: str
    relays: Sequence[RelayProcess]
    urls: Sequence[str]


@asynccontextmanager
async def running(
    plan: Devnet,
    ports: Sequence[int],
    *,
    anvil_binary: str | None = None,
    chain_port: int = 0,
    reporter_port: int = 0,
) -> AsyncIterator[Network]:
    """Found a network, start everything of it, and end it all on leaving.

    There is a relay for each of ``ports``; a port of 0 is any free one. Without anvil the chain is
    an EVM in this process.
    """
    async with AsyncExitStack() as stack:
        if anvil_binary is not None:
            url = stack.enter_context(anvil(anvil_binary, chain_port))
            node: DevChain = chain.AnvilChain(url)
            deployment = await asyncio.to_thread(found, node, plan)
        else:
            embedded = chain.EmbeddedChain(genesis_seconds=int(time.time()) - _PAST_SECONDS)
            deployment = await asyncio.to_thread(found, embedded, plan)
            url = await stack.enter_async_context(_serving(chain.rpc_app(embedded), chain_port))
        write_deployment(deployment, plan.deployment_file)
        reporters = reporters_app(plan.reporters, deployment.domain)
        reporter_url = await stack.enter_async_context(_serving(reporters, reporter_port))
        relays = []
        for number, port in enumerate(ports):
            config = plan.write_node(number, url, reporter_url, port)
            relay = RelayProcess(config, plan.folder / f"node-{number + 1}.log")
            stack.push_async_callback(relay.stop)
            relays.append(relay)
        urls = await asyncio.gather(*(relay.start() for relay in relays))
        yield Network(deployment, url, reporter_url, relays, urls)


@asynccontextmanager
async def _serving(served: Any, port: int) -> AsyncIterator[str]:
    """An app in this process; its URL."""
    import uvicorn

    config = uvicorn.Config(served, log_config=None, access_log=False, ws="none")
    server = HttpServer(config)
    with listen(LOOPBACK, port) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield url_of(listening)
        finally:
            server.should_exit = True
            await serving
