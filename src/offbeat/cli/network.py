"""A development network while it runs: chain, reporters, and relays in processes of their own."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from offbeat import chain
from offbeat.chain import Deployment
from offbeat.cli.anvil import anvil
from offbeat.cli.deploy import write_deployment
from offbeat.cli.devnet_market import found
from offbeat.cli.devnet_plan import N_REPORTERS, Devnet
from offbeat.cli.processes import ServerProcess
from offbeat.core.ports import DevChain
from offbeat.node import HttpServer, PricePoster, listen, url_of

LOOPBACK: Final = "127.0.0.1"
_REPORT_SECONDS: Final = 5
"""Between reports."""
_PAST_SECONDS: Final = 3_600
"""The embedded chain begins so long ago: founding takes more blocks than seconds."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network with everything of it at work; ``urls`` are the relays', in their order."""

    deployment: Deployment
    rpc_url: str
    reporter_urls: Sequence[str]
    relays: Sequence[ServerProcess]
    urls: Sequence[str]


@asynccontextmanager
async def running(
    plan: Devnet,
    ports: Sequence[int],
    *,
    anvil_binary: str | None = None,
    chain_port: int = 0,
    reporter_ports: Sequence[int] = (),
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
        # Reporters and relays must know where each reporter is before any of them is there.
        at = tuple(reporter_ports) or free_ports(N_REPORTERS)
        servers = [_reporter(plan, number, url, at) for number in range(N_REPORTERS)]
        servers += [_relay(plan, number, url, at, port) for number, port in enumerate(ports)]
        for each in servers:
            stack.push_async_callback(each.stop)
        urls = await asyncio.gather(*(each.start() for each in servers))
        reporter_urls = urls[:N_REPORTERS]
        sender = chain.Sender(chain.RpcChain(url), plan.keys["deployer"])
        poster = PricePoster(chain.Gateway(sender, deployment), reporter_urls)
        await stack.enter_async_context(_at_work(poster.run()))
        relays, relay_urls = servers[N_REPORTERS:], urls[N_REPORTERS:]
        yield Network(deployment, url, reporter_urls, relays, relay_urls)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports on which nobody listens now, for servers that must find each other."""
    held = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    try:
        return tuple(each.getsockname()[1] for each in held)
    finally:
        for each in held:
            each.close()


def _reporter(plan: Devnet, number: int, rpc_url: str, ports: Sequence[int]) -> ServerProcess:
    """A reporter of the invented market; up once it has a report that a quorum has signed."""
    peers = [f"--peer=http://{LOOPBACK}:{each}" for each in ports if each != ports[number]]
    arguments = [
        "reporter", "run", f"--rpc={rpc_url}", f"--deployment={plan.deployment_file}",
        f"--key={plan.key_file(f'reporter-{number + 1}')}", f"--source=invented:{number}",
        f"--interval={_REPORT_SECONDS}", f"--port={ports[number]}", *peers,
    ]  # fmt: skip
    return ServerProcess(arguments, "/report", plan.folder / f"reporter-{number + 1}.log")


def _relay(
    plan: Devnet, number: int, rpc_url: str, reporter_ports: Sequence[int], port: int
) -> ServerProcess:
    reporters = [f"http://{LOOPBACK}:{each}" for each in reporter_ports]
    config = plan.write_node(number, rpc_url, reporters, port)
    log = plan.folder / f"node-{number + 1}.log"
    return ServerProcess(["node", "run", f"--config={config}"], "/readyz", log)


@asynccontextmanager
async def _at_work(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Something that goes on until it is cancelled."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


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
