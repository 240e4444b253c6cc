"""A deployment on a chain in this process, traders with money, and relays that work on it.

The chain's clock is everybody's clock. What lands batches here is as simple as can be.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from people import LANDER, OPERATOR, REPORTERS, ROBOT, SEQUENCERS, TRADERS, Person
from small_market import NOW, SPOTS_MICROS, report_at

from offbeat.chain import (
    Contract,
    Deployment,
    EmbeddedChain,
    ForcedQueue,
    Gateway,
    Quorum,
    Sender,
    deploy,
    deploy_dev_token,
    load_artifact,
)
from offbeat.core import ChainError
from offbeat.core.lifecycle import BatchStatus, IntentStatus
from offbeat.core.store_port import Store, StoredBatch, StoredIntent
from offbeat.instruments import Leg
from offbeat.intents import (
    Cancel,
    Intent,
    Order,
    SignedIntent,
    Withdraw,
    intent_hash,
    report_digest,
    settlement_price_digest,
    sign,
)
from offbeat.node import Attested, Options, Relay
from offbeat.relay import Policy
from offbeat.rulebook import certify
from offbeat.sequencing import Solo

FEE_MICROS = 100_000
DEADLINE_SECONDS = 30
EAGER = Policy(max_age_ms=0, retry_ms=0, min_orders=1)


class SharedChain:
    """A chain that several threads may use: one call at a time."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._chain, name)
        if not callable(value):
            return value

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return value(*args, **kwargs)

        return locked


class House:
    """The deployment and its people. Reports are of ``report_seconds``, 0 for none."""

    def __init__(self) -> None:
        self.chain: Any = SharedChain(EmbeddedChain(genesis_seconds=NOW))
        for each in (OPERATOR, LANDER, ROBOT, *TRADERS):
            self.chain.fund(each.address, 10**24)
        operator = Sender(self.chain, OPERATOR.key.secret)
        self.deployment: Deployment = deploy(
            operator,
            sequencers=Quorum((SEQUENCERS[0].address,), 1),
            reporters=Quorum(tuple(each.address for each in REPORTERS), 2),
            cash=deploy_dev_token(operator, "USDC", 6),
            underlyings=[deploy_dev_token(operator, each, 18) for each in SPOTS_MICROS],
        )
        for token in (self.deployment.cash, *self.deployment.underlyings):
            contract = Contract(self.chain, token.address, load_artifact("DevToken"))
            contract.write(operator, "mint", OPERATOR.address, 10**40)
            contract.write(operator, "approve", self.deployment.contracts["vault"], 10**40)
        self.gateway = Gateway(operator, self.deployment)
        self.report_seconds = 0
        self._next_numbers: dict[bytes, int] = {}

    @property
    def now(self) -> int:
        """The latest block's time."""
        seconds: int = self.chain.block().timestamp_seconds
        return seconds

    def pass_time(self, seconds: int) -> None:
        """The next block, so much later."""
        self.chain.set_time(self.now + seconds)
        self.chain.mine()

    @contextmanager
    def visit(self) -> Iterator["House"]:
        """What happens inside is undone afterwards."""
        snapshot = self.chain.snapshot()
        self.report_seconds = 0
        self._next_numbers.clear()
        try:
            yield self
        finally:
            self.chain.restore(snapshot)
            self.forget_senders()

    def forget_senders(self) -> None:
        """Count the operator's transactions anew after a reorganisation."""
        self.gateway = Gateway(Sender(self.chain, OPERATOR.key.secret), self.deployment)

    # What people do -----------------------------------------------------------------------

    def deposit(self, person: Person, amount_micros: int, symbol: str = "USDC") -> None:
        """Queue a deposit."""
        self.gateway.deposit(symbol, person.address, 0, amount_micros)

    def nonce(self, person: Person) -> int:
        """The person's next number in lane 0."""
        number = self._next_numbers.get(person.address, 0)
        self._next_numbers[person.address] = number + 1
        return number

    def envelope(self, person: Person, **changes: Any) -> dict[str, Any]:
        """What every intent has."""
        envelope = {
            "owner": person.address,
            "account": 0,
            "valid_until_seconds": self.now + 3_600,
            "max_fee_micros": FEE_MICROS,
        }
        envelope |= changes
        if "nonce" not in envelope:
            envelope["nonce"] = self.nonce(person)
        return envelope

    def order(
        self, person: Person, legs: tuple[Leg, ...], quantity: int, limit: int, **changes: Any
    ) -> Order:
        """An order over ``quantity`` lots."""
        return Order(
            legs=legs,
            quantity_micros=quantity * 1_000,
            limit_micros=limit,
            **self.envelope(person, **changes),
        )

    def cancel(self, person: Person, nonce: int, **changes: Any) -> Cancel:
        """A cancellation of one nonce."""
        return Cancel(**self.envelope(person, nonce=nonce, **changes))

    def withdraw(self, person: Person, amount_micros: int, **changes: Any) -> Withdraw:
        """A withdrawal of cash to the owner."""
        return Withdraw(
            to=person.address,
            asset="USDC",
            amount_micros=amount_micros,
            **self.envelope(person, **changes),
        )

    def signed(self, person: Person, intent: Intent) -> SignedIntent:
        """The intent with the person's signature."""
        return sign(intent, person.key, self.deployment.domain)

    def hash(self, intent: Intent) -> bytes:
        """The intent's hash."""
        return intent_hash(intent, self.deployment.domain)

    # What operators do --------------------------------------------------------------------

    def attested(self) -> Attested | None:
        """The reporters' latest report."""
        if not self.report_seconds:
            return None
        report = report_at(self.report_seconds)
        digest = report_digest(
            report.timestamp_seconds,
            report.underlyings_hash,
            report.rows_root,
            self.deployment.domain,
        )
        keys = {index: REPORTERS[index].key for index in range(2)}
        return Attested(report, certify(digest, keys))

    async def latest(self) -> Attested | None:
        """As a source of reports."""
        return self.attested()

    def post_price(self, symbol: str, expiry_seconds: int, price_micros: int) -> None:
        """Fix the price of an expiry."""
        terms = (symbol, expiry_seconds, price_micros)
        digest = settlement_price_digest(*terms, self.deployment.domain)
        keys = {index: REPORTERS[index].key for index in range(2)}
        self.gateway.post_settlement_price(*terms, certify(digest, keys))

    def queue(self, person: Person) -> ForcedQueue:
        """The queue of forced requests, at a person's cost."""
        return ForcedQueue(Sender(self.chain, person.key.secret), self.deployment)

    # Relays -------------------------------------------------------------------------------

    @asynccontextmanager
    async def relay(
        self,
        store: Store,
        *,
        batches: bool = True,
        clears: bool = True,
        clock: Callable[[], int] | None = None,
        **options: Any,
    ) -> AsyncIterator[Relay]:
        """A relay at work on a store; it batches at once what there is."""
        chosen = {
            "policy": EAGER,
            "poll_seconds": 0.01,
            "report_seconds": 0.01,
            "clock_slack_seconds": 0,
            "action_fee_micros": FEE_MICROS,
        }
        async with Relay.running(
            chain=self.chain,
            deployment=self.deployment,
            store=store,
            sequencer=(lambda rules: Solo(SEQUENCERS[0].key, rules)) if batches else None,
            reports=self,
            options=Options(**(chosen | options)),
            clock=clock or (lambda: self.now),
            forced=self.queue(ROBOT) if clears else None,
        ) as relay:
            await until(lambda: not relay.troubles())
            yield relay

    @asynccontextmanager
    async def lander(self, store: Store) -> AsyncIterator[None]:
        """Lands every certified batch of a store, as a transmitter would."""
        task = asyncio.create_task(self._land(store))
        try:
            yield
        finally:
            task.cancel()

    async def land_once(self, store: Store) -> int:
        """Send what is certified and not on chain; how many transactions succeeded."""
        landed = 0
        sender = Sender(self.chain, LANDER.key.secret)
        for row in await store.open_batches():
            if row.status is BatchStatus.CERTIFIED:
                landed += await asyncio.to_thread(self._send, sender, row)
        return landed

    def _send(self, sender: Sender, row: StoredBatch) -> bool:
        try:
            sender.submit(self.deployment.contracts["settlement"], row.submission)
        except ChainError:
            return False
        return True

    async def _land(self, store: Store) -> None:
        while True:
            await self.land_once(store)
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


async def until_row(
    store: Store, intent_hash: bytes, condition: Callable[[StoredIntent], bool]
) -> StoredIntent:
    """The row of an intent as soon as it is so."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            head = await store.head()
            row = await store.intent(intent_hash)
            if row is not None and condition(row):
                return row
            await store.wait(head, 1)


async def until_status(store: Store, intent_hash: bytes, status: IntentStatus) -> StoredIntent:
    """The row of an intent as soon as it has come so far."""
    return await until_row(store, intent_hash, lambda row: row.status is status)


async def until_batch(store: Store, batch_hash: bytes, status: BatchStatus) -> StoredBatch:
    """The row of a batch as soon as it has come so far."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            head = await store.head()
            row = await store.batch(batch_hash)
            if row is not None and row.status is status:
                return row
            await store.wait(head, 1)
