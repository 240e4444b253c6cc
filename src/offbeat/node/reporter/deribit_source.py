"""A market source that asks a venue with Deribit's public REST API."""

import asyncio
from collections.abc import Sequence

import httpx

from offbeat.core import InvalidInput, Unavailable
from offbeat.node.reporter.deribit import (
    market_view,
    read_index_micros,
    read_instruments,
    read_summaries,
)
from offbeat.node.reporter.fetch import fetch_json
from offbeat.oracle import MarketView, QuoteFilter


class DeribitSource:
    """Options of some currencies at ``base_url``, which ends before ``/public``."""

    def __init__(
        self,
        base_url: str,
        symbols: Sequence[str],
        quote_filter: QuoteFilter,
        client: httpx.AsyncClient,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._symbols = tuple(symbols)
        self._filter = quote_filter
        self._client = client

    async def views(self, time_seconds: int) -> Sequence[MarketView]:
        """See :class:`MarketSource`; an underlying that cannot be seen is left out."""
        seen = await asyncio.gather(
            *(self._view(symbol, time_seconds) for symbol in self._symbols), return_exceptions=True
        )
        for each in seen:
            if isinstance(each, BaseException) and not isinstance(each, InvalidInput | Unavailable):
                raise each
        views = [each for each in seen if isinstance(each, MarketView)]
        if not views:
            raise Unavailable("market_unseen", f"no market of {self._symbols}: {seen[0]}")
        return views

    async def _view(self, symbol: str, time_seconds: int) -> MarketView:
        listed, lines, index = await asyncio.gather(
            self._ask("get_instruments", currency=symbol, kind="option", expired="false"),
            self._ask("get_book_summary_by_currency", currency=symbol, kind="option"),
            self._ask("get_index_price", index_name=f"{symbol.lower()}_usd"),
        )
        summaries = read_summaries(lines, read_instruments(listed))
        spot_micros = read_index_micros(index)
        # Fitting takes a while, and peers must be answered meanwhile.
        return await asyncio.to_thread(
            market_view, symbol, spot_micros, summaries, time_seconds, self._filter
        )

    async def _ask(self, method: str, **parameters: str) -> object:
        answer: object = await fetch_json(
            self._client, f"{self._base}/public/{method}", **parameters
        )
        return answer
