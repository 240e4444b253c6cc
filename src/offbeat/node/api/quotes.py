"""The best prices at which somebody waits to trade one instrument alone."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from offbeat.core import ceil_div
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import START, Cursor, StoredIntent
from offbeat.intents import Domain, Order, has_market_condition
from offbeat.node.service import Service
from offbeat.wire import signed_from_json

MAX_QUOTING: Final = 1_024
"""Open intents that are looked through; where there are more, nobody's best price is told."""


@dataclass(slots=True)
class Quote:
    """Of one instrument: the most that a buyer pays and the least that a seller takes."""

    bid_micros: int | None = None
    ask_micros: int | None = None


NO_QUOTE: Final = Quote()


@dataclass(slots=True)
class Quotes:
    """Quotes by instrument id, looked up when the journal has grown, and at most so often."""

    service: Service
    every_seconds: int
    _found: Mapping[int, Quote] = field(default_factory=dict)
    _head: Cursor = START
    _looked: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def latest(self) -> Mapping[int, Quote]:
        """What is known; empty where too many wait. Raises as the store does."""
        async with self._looking:
            if monotonic() - self._looked < self.every_seconds:
                return self._found
            head = await self.service.store.head()
            if head != self._head:
                self._found = await self._look()
            self._head, self._looked = head, monotonic()
            return self._found

    async def _look(self) -> Mapping[int, Quote]:
        store, quotes = self.service.store, dict[int, Quote]()
        domain, now_seconds = self.service.rules.domain, self.service.view.block.timestamp_seconds
        last: StoredIntent | None = None
        n_seen = 0
        while page := await store.open_intents(after=last):
            n_seen, last = n_seen + len(page), page[-1]
            if n_seen > MAX_QUOTING:
                return {}
            _gather(quotes, page, domain, now_seconds)
        return quotes


def _gather(
    quotes: dict[int, Quote], rows: Iterable[StoredIntent], domain: Domain, now_seconds: int
) -> None:
    for row in rows:
        if row.status not in (IntentStatus.RELAYED, IntentStatus.ORDERED):
            continue
        order = signed_from_json(row.signed, domain).intent
        if isinstance(order, Order) and _is_plain(order, now_seconds):
            [leg] = order.legs
            quote = quotes.setdefault(leg.instrument.id, Quote())
            if leg.ratio > 0:
                bid = order.limit_micros // leg.ratio
                quote.bid_micros = bid if quote.bid_micros is None else max(quote.bid_micros, bid)
            else:
                ask = ceil_div(-order.limit_micros, -leg.ratio)
                quote.ask_micros = ask if quote.ask_micros is None else min(quote.ask_micros, ask)


def _is_plain(order: Order, now_seconds: int) -> bool:
    """Whether it may trade now, one instrument and whatever spot does."""
    is_valid = order.valid_from_seconds <= now_seconds <= order.valid_until_seconds
    return is_valid and len(order.legs) == 1 and not has_market_condition(order)
