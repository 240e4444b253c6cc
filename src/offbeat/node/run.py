"""A node as one asyncio process: relay, transmitter and API, from settings to the last request.

What cannot be repaired ends the process; whoever supervises it starts it again, and it finds
everything in the store and on the chain. SIGTERM and SIGINT let open requests finish.
"""

import asyncio
import gc
import json
import logging
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from offbeat.chain import Deployment, ForcedQueue, RpcChain, Sender, Signer, read_rules
from offbeat.core import InvalidInput
from offbeat.core.store_port import Store
from offbeat.intents import keccak256
from offbeat.node.api import create_app, server_config
from offbeat.node.engine import Relay
from offbeat.node.gauges import RelayGauges
from offbeat.node.http_server import HttpServer, listen, url_of
from offbeat.node.report_feed import ReportFeed
from offbeat.node.settings import Settings
from offbeat.node.transmitter import Transmitter
from offbeat.rulebook import Rules
from offbeat.sequencing import Solo
from offbeat.store import open_store

_COLLECT: Final = (20_000, 20, 100)
"""Allocations before the young are collected, and how often that before the older are."""
_HEX_KEY: Final = re.compile("(?:0x)?([0-9a-fA-F]{64})")
_log = structlog.get_logger("offbeat.node")


async def run_node(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Run until a signal says otherwise; ``on_ready`` gets the API's URL once it listens.

    Raises ``InvalidInput`` with code ``key_unreadable``, ``deployment_malformed``,
    ``file_unreadable`` or ``address_in_use``, and as the store, the chain and the sequencer do
    where the node cannot start.
    """
    configure_logs(settings)
    _spare_the_collector()
    deployment = read_deployment(settings.deployment)
    chain = RpcChain(settings.rpc_url, timeout_seconds=settings.rpc_timeout_seconds)
    rules = await asyncio.to_thread(read_rules, chain, deployment)
    signers = [Signer(read_key(each)) for each in settings.submitter_key_files]
    with listen(settings.host, settings.port) as listening:
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store(settings.store_url))
            transmitter = _transmitter(settings, store, chain, deployment, signers)
            feed = await stack.enter_async_context(_feed(settings, rules))
            sequencer = settings.sequencer_key_file
            relay = await stack.enter_async_context(
                Relay.running(
                    chain=chain,
                    deployment=deployment,
                    store=store,
                    sequencer=_sequencer(sequencer, transmitter) if sequencer else None,
                    reports=feed,
                    options=settings.relay,
                    forced=_forced(settings, chain, deployment),
                )
            )
            landing = asyncio.create_task(transmitter.run(settings.relay.poll_seconds))
            stack.callback(landing.cancel)
            server = _server(settings, relay, transmitter)
            on_ready(url_of(listening))
            await _serve(server, listening, landing)
    _log.info("node_stopped")


def read_deployment(file: Path) -> Deployment:
    """The deployment in a file; raises ``InvalidInput`` with code ``file_unreadable`` or
    ``deployment_malformed``."""
    try:
        return Deployment.from_json(json.loads(file.read_text()))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("file_unreadable", f"cannot read {file}") from error
    except ValueError as error:
        raise InvalidInput("deployment_malformed", f"{file} is not JSON") from error


def read_key(file: Path) -> bytes:
    """A private key of 32 bytes from a file of hexadecimal; raises ``key_unreadable``."""
    try:
        match = _HEX_KEY.fullmatch(file.read_text().strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("key_unreadable", f"cannot read {file}") from error
    if match is None:
        raise InvalidInput("key_unreadable", f"{file} has no private key of 32 bytes in it")
    return bytes.fromhex(match[1])


def configure_logs(settings: Settings) -> None:
    """One line for each event on standard error, for machines or for people."""
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=open(2, "w", closefd=False)),  # noqa: SIM115
    )


def _spare_the_collector() -> None:
    """Open intents are many, live long and form no cycles: look through them seldom."""
    gc.freeze()
    gc.set_threshold(*_COLLECT)


class _Announcing:
    """A sequencer that tells the transmitter which batches are this relay's own."""

    def __init__(self, solo: Solo, transmitter: Transmitter) -> None:
        self._solo, self._transmitter = solo, transmitter

    def certify(self, payload: bytes) -> bytes:
        self._transmitter.landing(keccak256(payload))
        return self._solo.certify(payload)


def _sequencer(key_file: Path, transmitter: Transmitter) -> Callable[[Rules], _Announcing]:
    key = read_key(key_file)
    return lambda rules: _Announcing(Solo(key, rules), transmitter)


def _transmitter(
    settings: Settings,
    store: Store,
    chain: RpcChain,
    deployment: Deployment,
    signers: list[Signer],
) -> Transmitter:
    return Transmitter(
        store,
        chain,
        deployment.contracts["settlement"],
        signers,
        settings.fees,
        finality_depth=settings.relay.finality_depth,
    )


def _forced(settings: Settings, chain: RpcChain, deployment: Deployment) -> ForcedQueue | None:
    if settings.clearing_key_file is None:
        return None
    return ForcedQueue(Sender(chain, read_key(settings.clearing_key_file)), deployment)


@asynccontextmanager
async def _feed(settings: Settings, rules: Rules) -> AsyncIterator[ReportFeed | None]:
    if not settings.reporter_urls:
        yield None
        return
    feed = ReportFeed(settings.reporter_urls, rules)
    try:
        yield feed
    finally:
        await feed.close()


# HTTP -------------------------------------------------------------------------------------


def _server(settings: Settings, relay: Relay, transmitter: Transmitter) -> HttpServer:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(RelayGauges(relay, transmitter))
    app = create_app(relay, settings.api, cors_origins=settings.cors_origins, registry=registry)
    return HttpServer(
        server_config(app, settings.api, timeout_graceful_shutdown=settings.shutdown_seconds)
    )


async def _serve(server: HttpServer, listening: socket.socket, landing: asyncio.Task[None]) -> None:
    """Serve until a signal comes or the transmitter dies."""

    def stop(*_: object) -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    landing.add_done_callback(stop)
    await server.serve(sockets=[listening])
    if landing.done():
        landing.result()
