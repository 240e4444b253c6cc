"""A relay that an API can stand on: real journal, real signatures, a chain that is made up."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from people import ALICE, REPORTERS, SEQUENCERS, Person
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect

from offbeat.chain import Deployment, Token
from offbeat.core import InvalidInput, OffbeatError, Reason, Refused
from offbeat.core.ports import Block
from offbeat.core.store_port import IntentRelayed, Store, StoredBatch
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Domain, Intent, Lane, Order, SignedIntent, intent_hash, recover, sign
from offbeat.node import Admitted, View
from offbeat.node.api import ApiLimits, create_app, server_config
from offbeat.oracle import Report, Row, UnderlyingReport
from offbeat.rulebook import Account, Position, Quorum, Rules, State, account_id
from offbeat.store import open_store
from offbeat.wire import signed_to_json

NOW_SECONDS = 1_800_000_000
GAS_USED = 654_321
ROLES = (
    "settlement",
    "vault",
    "authority",
    "oracle",
    "expiry",
    "sequencers",
    "reporters",
    "forced",
    "health",
    "reasons",
)
DEPLOYMENT = Deployment(
    chain_id=31337,
    first_block=1,
    contracts={role: bytes([number + 1]) * 20 for number, role in enumerate(ROLES)},
    cash=Token("USDC", b"\x71" * 20, 6),
    underlyings=(Token("ETH", b"\x72" * 20, 18),),
)
DOMAIN: Domain = DEPLOYMENT.domain
RULES = Rules(
    DOMAIN,
    Quorum(tuple(each.address for each in SEQUENCERS), 2),
    Quorum(tuple(each.address for each in REPORTERS), 2),
)
SPOT = Instrument.spot("ETH")
CALL = Instrument.parse("ETH-24DEC27-4000-C")
PUT = Instrument.parse("ETH-24DEC27-3000-P")
REPORT = Report(
    timestamp_seconds=NOW_SECONDS,
    underlyings=(UnderlyingReport("ETH", 3_500_000_000, 100_000, 10),),
    rows=tuple(
        Row(instrument.id, mark, tuple(range(-8, 8)))
        for instrument, mark in sorted(
            [(SPOT, 3_500_000_000), (PUT, 200_000_000), (CALL, 300_000_000)]
        )
    ),
)
RICH = Account(
    ALICE.address,
    0,
    cash_micros=5_000_000_000,
    lanes=(Lane(3, 0b101),),
    positions=(Position(SPOT.id, 2_000_000), Position(CALL.id, -1_000_000)),
)


def state_with(*accounts: Account) -> State:
    return State(RULES, number=7, accounts={each.id: each for each in accounts})


def call_order(person: Person = ALICE, **changes: Any) -> Order:
    """An order to buy ten calls, with the given fields changed."""
    plain = Order(
        owner=person.address,
        account=0,
        legs=(Leg(CALL, 1),),
        quantity_micros=10_000_000,
        limit_micros=5_000_000,
        nonce=4,
        valid_until_seconds=NOW_SECONDS + 600,
        max_fee_micros=1_000_000,
    )
    return replace(plain, **changes)


def signed(intent: Intent, person: Person = ALICE) -> SignedIntent:
    return sign(intent, person.key, DOMAIN)


def text_of(intent: Intent, person: Person = ALICE) -> bytes:
    return signed_to_json(signed(intent, person))


def hash_of(intent: Intent) -> str:
    return f"0x{intent_hash(intent, DOMAIN).hex()}"


@dataclass
class FakeRelay:
    """A :class:`~offbeat.node.Service` that believes every owner's signature."""

    store: Store
    view: View
    trouble: list[OffbeatError] = field(default_factory=list)
    bug: Exception | None = None
    deployment: Deployment = DEPLOYMENT
    rules: Rules = RULES

    async def submit(self, intents: Sequence[SignedIntent]) -> list[Admitted | OffbeatError]:
        if self.bug:
            raise self.bug
        if self.trouble:
            raise self.trouble[0]
        return [await self._admit(each) for each in intents]

    async def _admit(self, each: SignedIntent) -> Admitted | OffbeatError:
        intent, digest = each.intent, intent_hash(each.intent, DOMAIN)
        try:
            if recover(digest, each.signature) != intent.owner:
                return Refused(Reason.SIGNER_UNAUTHORISED, "not signed by its owner")
        except InvalidInput as error:
            return Refused(Reason.SIGNATURE_INVALID, error.message)
        if known := await self.store.intent(digest):
            return Admitted(known, is_new=False)
        account = account_id(intent.owner, intent.account).to_bytes(24)
        entry = IntentRelayed(digest, account, signed_to_json(each))
        (row,) = await self.store.append([entry], int(time.time()))
        return Admitted(row, is_new=True)

    async def gas_used(self, batch: StoredBatch) -> int | None:
        return None if batch.transaction_hash is None else GAS_USED

    def troubles(self) -> tuple[OffbeatError, ...]:
        return tuple(self.trouble)


def plain_view(*accounts: Account) -> View:
    state = state_with(*(accounts or (RICH,)))
    block = Block(42, b"\x42" * 32, b"\x41" * 32, NOW_SECONDS, 10**9)
    return View(state, state, block, 40, REPORT)


class Desk:
    """A relay, its API, and a client in the same process."""

    def __init__(self, runner: asyncio.Runner, relay: FakeRelay, limits: ApiLimits) -> None:
        self.run = runner.run
        self.relay = relay
        self.use(limits)

    def use(self, limits: ApiLimits, **options: Any) -> None:
        """Start the API anew with other limits."""
        self.app = create_app(self.relay, limits, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("192.0.2.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://relay") as client:
                return await client.request(method, path, **options)

        return self.run(send())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, body: bytes | str, **headers: str) -> httpx.Response:
        headers = {"content-type": "application/json"} | headers
        return self.ask("POST", path, content=body, headers=headers)


UNLIMITED = ApiLimits(requests_per_second=0)


@contextmanager
def open_desk(folder: Path, limits: ApiLimits = UNLIMITED) -> Iterator[Desk]:
    """A desk with an empty journal."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        store = runner.run(stack.enter_async_context(open_store(f"sqlite:///{folder}/store.db")))
        try:
            yield Desk(runner, FakeRelay(store, plain_view()), limits)
        finally:
            runner.run(stack.aclose())


class _Server(uvicorn.Server):
    """Leaves the signals of the tests' process alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serving(desk: Desk, limits: ApiLimits = UNLIMITED) -> AbstractAsyncContextManager[str]:
    """The desk's API on a socket of this machine; host and port."""
    return serving_app(desk.app, limits)


@contextmanager
def in_thread(serve: Callable[[], AbstractAsyncContextManager[str]]) -> Iterator[str]:
    """The URL of an API that another thread serves, for clients that block."""
    ready, stopping = threading.Event(), threading.Event()
    addresses: list[str] = []

    async def live() -> None:
        async with serve() as address:
            addresses.append(address)
            ready.set()
            await asyncio.to_thread(stopping.wait)

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(60)
        yield f"http://{addresses[0]}"
    finally:
        stopping.set()
        thread.join()


@asynccontextmanager
async def serving_app(app: ASGIApp, limits: ApiLimits = UNLIMITED) -> AsyncIterator[str]:
    """An API on a socket of this machine; host and port."""
    server = _Server(server_config(app, limits, timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield "{}:{}".format(*listening.getsockname())
        finally:
            server.should_exit = True
            await task


class Client:
    """One end of a stream."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **request: Any) -> None:
        await self.connection.send(json.dumps(request))

    async def hear(self) -> Any:
        async with asyncio.timeout(20):
            return json.loads(await self.connection.recv())

    async def ask(self, **request: Any) -> Any:
        await self.say(**request)
        return await self.hear()


@asynccontextmanager
async def client_of(address: str) -> AsyncIterator[Client]:
    async with connect(f"ws://{address}/v1/stream", close_timeout=1) as connection:
        yield Client(connection)
