"""Traders that keep sending to every relay, and remember all that was acknowledged."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fault_founding import CROWD, MICROS
from fault_network import Network, RelayProcess
from people import Person

from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Domain, Intent, Order, Withdraw, intent_hash, sign
from offbeat.wire import signed_to_json

LIFE_SECONDS = 10
RETRY_SECONDS = 0.05
PACE_SECONDS = 0.1
JSON = {"content-type": "application/json"}
FEE_MICROS = 1 * MICROS
SPOT = Instrument("ETH", Kind.SPOT, 0, 0)
EXPIRY_SECONDS = 1_893_456_000 + 8 * 3_600
CALLS = tuple(
    Instrument("ETH", Kind.CALL, EXPIRY_SECONDS, strike * MICROS) for strike in (4_000, 5_000)
)


@dataclass
class Load:
    """What was sent and what was acknowledged, by hash. An intent lives for ``life_seconds``."""

    network: Network
    chance: random.Random
    life_seconds: int = LIFE_SECONDS
    sent: dict[bytes, Intent] = field(default_factory=dict)
    acknowledged: dict[bytes, Intent] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    _numbers: Counter[bytes] = field(default_factory=Counter)
    _orders: list[Order] = field(default_factory=list)
    _deliveries: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)

    def __post_init__(self) -> None:
        self._domain: Domain = self.network.deployment.domain

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Traders at work; afterwards everything is delivered, or over."""
        async with self.sending():
            trading = self._deliveries.create_task(self._trade())
            try:
                yield
            finally:
                trading.cancel()

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Nobody trades but through :meth:`send`; afterwards all is delivered, or over."""
        async with asyncio.TaskGroup() as self._deliveries:
            yield

    async def _trade(self) -> None:
        while True:
            self.send(self.some_intents())
            await asyncio.sleep(self.chance.expovariate(1 / PACE_SECONDS))

    def send(self, intents: Sequence[tuple[Person, Intent]]) -> list[bytes]:
        """Sign, and deliver to every relay for as long as it takes; their hashes."""
        texts = {}
        for who, intent in intents:
            digest = intent_hash(intent, self._domain)
            self.sent[digest] = intent
            texts[digest] = self.signed((who, intent))
        for relay in self.network.relays:
            self._deliveries.create_task(self._deliver(relay, dict(texts)))
        return list(texts)

    def signed(self, wish: tuple[Person, Intent]) -> bytes:
        """An intent's text, as it is sent."""
        who, intent = wish
        return signed_to_json(sign(intent, who.key, self._domain))

    async def _deliver(self, relay: RelayProcess, texts: dict[bytes, bytes]) -> None:
        """Repeat what was not answered, or not for good, until it has lapsed."""
        until = time.time() + self.life_seconds
        while texts and time.time() < until:
            body = b"[" + b",".join(texts.values()) + b"]"
            try:
                answer = await self.network.http.post(
                    f"{relay.url}/v1/intents", content=body, headers=JSON
                )
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status_code == 200:
                for digest, said in zip(list(texts), answer.json(), strict=True):
                    self._hear(digest, said, texts)
            else:
                said = answer.json()
                assert said["retryable"], said
                self.answers[said["code"]] += 1
            if texts:
                await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, digest: bytes, said: dict[str, Any], texts: dict[bytes, bytes]) -> None:
        if said["status"] in (200, 201):
            assert said["intent"]["intent_hash"] == f"0x{digest.hex()}"
            self.answers["known" if said["status"] == 200 else "new"] += 1
            self.acknowledged[digest] = self.sent[digest]
            del texts[digest]
            return
        self.answers[said["problem"]["code"]] += 1
        if not said["problem"]["retryable"]:
            del texts[digest]

    # What they want -----------------------------------------------------------------------

    def some_intents(self) -> list[tuple[Person, Intent]]:
        """Mostly a pair that crosses; sometimes what never matches, a cancellation, money out."""
        draw = self.chance.random()
        if draw < 0.6:
            return self.pair()
        if draw < 0.8:
            who = self.chance.choice(CROWD)
            order = self._order(who, Leg(self.chance.choice(CALLS), 1), 1_000, MICROS)
            self._orders.append(order)
            return [(who, order)]
        if draw < 0.9 and self._orders:
            order = self._orders.pop(self.chance.randrange(len(self._orders)))
            who = next(each for each in CROWD if each.address == order.owner)
            return [(who, Cancel(**self._envelope(who, nonce=order.nonce)))]
        who = self.chance.choice(CROWD)
        amount_micros = self.chance.randrange(1, 100) * MICROS
        return [(who, self.withdraw(who, amount_micros))]

    def pair(self) -> list[tuple[Person, Intent]]:
        """A buyer and a seller who agree; often one of them wants more."""
        return self._pair(*(self.chance.choice((1_000, 2_000, 5_000)) for _ in range(2)))

    def even_pair(self) -> list[tuple[Person, Intent]]:
        """A buyer and a seller who agree on everything."""
        return self._pair(1_000, 1_000)

    def _pair(self, buys_micros: int, sells_micros: int) -> list[tuple[Person, Intent]]:
        buyer, seller = self.chance.sample(CROWD, 2)
        instrument = self.chance.choice((SPOT, *CALLS))
        price_micros = (3_000 if instrument is SPOT else 100) * MICROS
        bid, ask = price_micros, MICROS - price_micros
        return [
            (buyer, self._order(buyer, Leg(instrument, 1), buys_micros, bid)),
            (seller, self._order(seller, Leg(instrument, -1), sells_micros, ask)),
        ]

    def withdraw(self, who: Person, amount_micros: int) -> Withdraw:
        """Cash to its owner."""
        return Withdraw(
            to=who.address, asset="USDC", amount_micros=amount_micros, **self._envelope(who)
        )

    def _order(self, who: Person, leg: Leg, quantity_micros: int, limit_micros: int) -> Order:
        return Order(
            legs=(leg,),
            quantity_micros=quantity_micros,
            limit_micros=limit_micros,
            **self._envelope(who),
        )

    def _envelope(self, who: Person, nonce: int | None = None) -> dict[str, Any]:
        if nonce is None:
            nonce = self._numbers[who.address]
            self._numbers[who.address] += 1
        return {
            "owner": who.address,
            "account": 0,
            "nonce": nonce,
            "valid_until_seconds": int(time.time()) + self.life_seconds,
            "max_fee_micros": FEE_MICROS,
        }
