"""Deribit's public REST answers as a market: shapes of ``public/get_*`` in JSON-RPC 2.0.

Two kinds of answers carry all that is needed: ``get_instruments`` names options exactly, and
``get_book_summary_by_currency`` has quotes and forwards for all of them at once; quotes are prices
in coin, volatilities per cent. ``get_index_price`` has spot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from statistics import median_low
from typing import Any, Final

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    MIN_OBSERVATIONS,
    YEAR_SECONDS,
    ExpiryQuotes,
    MarketView,
    QuotedVolatility,
    QuoteFilter,
    fit_surface,
    implied_volatility,
    observe,
)

MAX_INSTRUMENTS: Final = 10_000
LEAST_LIFE_SECONDS: Final = 3_600
"""Expiries nearer than this are left out: quotes say nothing about their volatility."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One option's line; prices in coin, ``mark_volatility`` 1.0 is 100 %, all as published."""

    instrument: Instrument
    forward_micros: int
    bid: float | None
    ask: float | None
    mark_volatility: float | None
    created_seconds: int


def result_of(answer: Any) -> Any:
    """The result in a JSON-RPC answer; raises ``InvalidInput("venue_answer")``."""
    if not isinstance(answer, Mapping) or "result" not in answer:
        raise InvalidInput("venue_answer", f"no result in {str(answer)[:200]}")
    return answer["result"]


def read_instruments(answer: Any) -> frozenset[Instrument]:
    """Active options that expire as their names say; others are left out.

    Raises ``InvalidInput("venue_answer")``.
    """
    found = set()
    for raw in _rows(result_of(answer)):
        try:
            if raw.get("kind") != "option" or not raw.get("is_active", True):
                continue
            option = Instrument.parse(raw["instrument_name"])
            if option.expiry_seconds * 1_000 == int(raw["expiration_timestamp"]):
                found.add(option)
        except (InvalidInput, KeyError, TypeError, ValueError):
            continue
    return frozenset(found)


def read_index_micros(answer: Any) -> int:
    """The index price; raises ``InvalidInput("venue_answer")``."""
    try:
        return _micros(result_of(answer)["index_price"])
    except (KeyError, TypeError, InvalidOperation) as error:
        raise InvalidInput("venue_answer", f"no index price: {error!r}") from error


def read_summaries(answer: Any, listed: frozenset[Instrument]) -> list[Summary]:
    """Lines of listed options; a line that makes no sense is left out.

    Raises ``InvalidInput("venue_answer")``.
    """
    found = []
    for raw in _rows(result_of(answer)):
        try:
            option = Instrument.parse(raw["instrument_name"])
            mark = raw.get("mark_iv")
            line = Summary(
                option,
                _micros(raw["underlying_price"]),
                _price(raw.get("bid_price")),
                _price(raw.get("ask_price")),
                float(mark) / 100 if mark else None,
                int(raw["creation_timestamp"]) // 1_000,
            )
        except (InvalidInput, InvalidOperation, KeyError, TypeError, ValueError):
            continue
        if option in listed and line.forward_micros > 0:
            found.append(line)
    return found


def market_view(
    symbol: str,
    spot_micros: int,
    summaries: Sequence[Summary],
    time_seconds: int,
    quote_filter: QuoteFilter,
) -> MarketView:
    """The view that these lines come to: forward, surface and strikes of each expiry.

    Expiries with too few usable quotes are left out. Raises as :func:`fit_surface`, and
    ``InvalidInput("venue_quotes")`` where no expiry is left.
    """
    groups: dict[int, list[Summary]] = {}
    for line in summaries:
        if line.instrument.expiry_seconds > time_seconds + LEAST_LIFE_SECONDS:
            groups.setdefault(line.instrument.expiry_seconds, []).append(line)
    expiries = []
    for expiry_seconds, lines in sorted(groups.items()):
        forward_micros = median_low(line.forward_micros for line in lines)
        quotes = tuple(_quote(line, time_seconds) for line in lines)
        expiry = ExpiryQuotes(expiry_seconds, forward_micros, quotes)
        if len(observe(expiry, quote_filter)) >= MIN_OBSERVATIONS:
            expiries.append(expiry)
    if not expiries:
        raise InvalidInput("venue_quotes", f"no expiry of {symbol} has enough quotes")
    surface = fit_surface(expiries, time_seconds, quote_filter)
    strikes = {
        each.expiry_seconds: {quote.strike_micros for quote in each.quotes} for each in expiries
    }
    return MarketView.of_surface(surface, symbol, spot_micros, strikes)


def _quote(line: Summary, time_seconds: int) -> QuotedVolatility:
    option = line.instrument
    sign = +1 if option.kind is Kind.CALL else -1
    years = (option.expiry_seconds - time_seconds) / YEAR_SECONDS

    def volatility(coins: float | None) -> float | None:
        if coins is None:
            return None
        # In coin an option's value is in units of the forward.
        implied = float(
            implied_volatility(coins, sign, 1.0, option.strike_micros / line.forward_micros, years)
        )
        return implied if implied > 0 else None

    return QuotedVolatility(
        option.strike_micros,
        volatility(line.bid),
        volatility(line.ask),
        line.mark_volatility,
        max(0, time_seconds - line.created_seconds),
    )


def _rows(result: Any) -> list[Mapping[str, Any]]:
    if not isinstance(result, list) or len(result) > MAX_INSTRUMENTS:
        raise InvalidInput("venue_answer", f"not a list of up to {MAX_INSTRUMENTS} instruments")
    return [each for each in result if isinstance(each, Mapping)]


def _micros(value: Any) -> int:
    micros = round(Decimal(str(value)) * limits.QUOTE_SCALE)
    if not 0 < micros <= limits.MAX_MARK_MICROS:
        raise InvalidInput("venue_answer", "a price out of bounds")
    return micros


def _price(value: Any) -> float | None:
    return float(value) if value else None
