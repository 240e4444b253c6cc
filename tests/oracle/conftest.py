"""The published values and the two real option chains."""

import csv
import json
from collections.abc import Callable, Iterable
from math import isnan
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray

from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    YEAR_SECONDS,
    ExpiryQuotes,
    QuotedVolatility,
    Surface,
    fit_surface,
    implied_volatility,
)

Record = dict[str, str]
Chain = tuple[int, list[ExpiryQuotes]]
MICROS = 10**6


@pytest.fixture(scope="session")
def published_values(data_dir: Path) -> dict[str, NDArray[np.float64]]:
    """py_vollib's 101 Black–Scholes values, by column."""
    table = json.loads((data_dir / "vec_pricing" / "py_vollib_test_data.json").read_text())
    columns = np.array(table["data"], dtype=np.float64).T
    return dict(zip(table["columns"], columns, strict=True))


@pytest.fixture(scope="session")
def btc_records(data_dir: Path) -> list[Record]:
    """676 BTC options of one moment; prices in coin, volatilities in per cent."""
    path = data_dir / "btc_options_2025-12-05" / "deribit_btc_options.csv"
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="session")
def btc_chain(btc_records: list[Record]) -> Chain:
    """When the BTC chain was read, and its quotes by expiry.

    The time to expiry is given to five digits of a year; bid and ask volatilities are implied by
    the quoted prices.
    """

    def quote(option: Instrument, record: Record) -> QuotedVolatility:
        sign = +1 if option.kind is Kind.CALL else -1
        strike = option.strike_micros / MICROS / float(record["S0"])
        bid, ask = (
            float(
                implied_volatility(float(coins or 0), sign, 1.0, strike, float(record["T_years"]))
            )
            for coins in (record["bid_btc"], record["ask_btc"])
        )
        return QuotedVolatility(
            option.strike_micros,
            None if isnan(bid) else bid,
            None if isnan(ask) else ask,
            float(record["mark_iv"]) / 100,
        )

    times = [
        Instrument.parse(record["instrument_name"]).expiry_seconds
        - float(record["T_years"]) * YEAR_SECONDS
        for record in btc_records
    ]
    return round(median(times)), _by_expiry(btc_records, "S0", quote)


@pytest.fixture(scope="session")
def eth_chain(data_dir: Path) -> Chain:
    """When the ETH book was last read, and its quotes by expiry, with Deribit's volatilities.

    Of the two columns named timestamp the second one counts.
    """
    path = data_dir / "eth_options_2023-11-20" / "order_book.csv"
    with path.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    records = [dict(zip(header, row, strict=True)) for row in rows]
    now_seconds = max(int(record["timestamp"]) for record in records) // 1000

    def quote(option: Instrument, record: Record) -> QuotedVolatility:
        bid, ask, mark = (float(record[side]) / 100 for side in ("bid_iv", "ask_iv", "mark_iv"))
        age_seconds = now_seconds - int(record["timestamp"]) // 1000
        return QuotedVolatility(option.strike_micros, bid or None, ask or None, mark, age_seconds)

    return now_seconds, _by_expiry(records, "underlying_price", quote)


@pytest.fixture(scope="session")
def btc_surface(btc_chain: Chain) -> Surface:
    now_seconds, expiries = btc_chain
    return fit_surface(expiries, now_seconds)


@pytest.fixture(scope="session")
def eth_surface(eth_chain: Chain) -> Surface:
    now_seconds, expiries = eth_chain
    return fit_surface(expiries, now_seconds)


def _by_expiry(
    records: Iterable[Record],
    forward_column: str,
    quote: Callable[[Instrument, Record], QuotedVolatility],
) -> list[ExpiryQuotes]:
    grouped: dict[int, list[tuple[Instrument, Record]]] = {}
    for record in records:
        option = Instrument.parse(record["instrument_name"])
        grouped.setdefault(option.expiry_seconds, []).append((option, record))
    return [
        ExpiryQuotes(
            expiry_seconds,
            round(median(float(record[forward_column]) for _, record in group) * MICROS),
            tuple(quote(option, record) for option, record in group),
        )
        for expiry_seconds, group in sorted(grouped.items())
    ]
