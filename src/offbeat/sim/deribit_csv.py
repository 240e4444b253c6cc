"""Deribit's books, trades and chains as typed rows of exact integers.

Deribit quotes option prices in coin and amounts in contracts. Coin prices become nanos of a coin
(``_coin_nanos``), prices in the quote currency micros, amounts micros of a contract in whole lots
and volatilities basis points. A value that would have to be rounded is a fault of its row, except
where the source itself publishes binary floats (a chain's forwards).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument
from offbeat.sim.csv_table import Record, Table, read_table
from offbeat.sim.decimals import parse_fixed, parse_pairs, parse_rounded

COIN_SCALE: Final = 10**9
"""Units of a coin price in one coin."""

_MAX_COIN_NANOS: Final = 10**6 * COIN_SCALE
_MAX_QUOTE_MICROS: Final = 10**9 * limits.QUOTE_SCALE
_MAX_VOL_BPS: Final = 100 * limits.BPS
_MAX_MILLIS: Final = limits.MAX_EXPIRY_SECONDS * 1_000
_MAX_BLOCK_LEGS: Final = 100
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_BOOK_COLUMNS: Final = frozenset(
    {"instrument_name", "timestamp", "underlying_price", "index_price", "mark_price"}
    | {"mark_iv", "bid_iv", "ask_iv", "bids", "asks"}
)
_TRADE_COLUMNS: Final = frozenset(
    {"trade_id", "instrument_name", "timestamp", "direction", "amount", "price", "index_price"}
    | {"block_trade_id", "block_trade_leg_count"}
)
_CHAIN_COLUMNS: Final = frozenset(
    {"instrument_name", "S0", "market_price_btc", "mark_iv", "bid_btc", "ask_btc"}
)


class Level(NamedTuple):
    """One level of a book: nanos of a coin per contract, micros of a contract."""

    price_coin_nanos: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class BookRow:
    """One option of ``order_book.csv`` with its depth, best level first.

    ``forward_micros`` is the underlying's forward for this expiry and ``index_micros`` its spot,
    as they stood at ``timestamp_millis``. A side's volatility is None where Deribit gives none.
    """

    instrument: Instrument
    timestamp_millis: int
    forward_micros: int
    index_micros: int
    mark_coin_nanos: int
    mark_vol_bps: int
    bid_vol_bps: int | None
    ask_vol_bps: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One row of ``last_trades.csv``: a trade on the book, or one leg of a block.

    ``instrument`` is None when the name is not an option's: a future, a perpetual, a spot pair.
    ``taker_buys`` is the direction of whoever took the price. Liquidations are trades like others.
    """

    trade_id: str
    instrument_name: str
    instrument: Instrument | None
    timestamp_millis: int
    taker_buys: bool
    amount_micros: int
    price_coin_nanos: int
    index_micros: int
    block_trade_id: str | None
    block_leg_count: int | None


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One option of a chain snapshot: forward, mark and the best quotes, without depth.

    The source publishes ``forward_micros`` as a float; it is rounded to the nearest micro.
    """

    instrument: Instrument
    forward_micros: int
    mark_coin_nanos: int
    mark_vol_bps: int
    bid_coin_nanos: int | None
    ask_coin_nanos: int | None


def coin_to_micros(coin_nanos: int, index_micros: int) -> int:
    """What a price in coin is worth at a spot index, rounded to the nearest micro (half up).

    Deribit's ticks (1e-4 coin) and index (1e-2) make traded prices and quotes whole micros.
    """
    return (2 * coin_nanos * index_micros + COIN_SCALE) // (2 * COIN_SCALE)


def read_order_book(path: Path) -> Table[BookRow]:
    """The book of every option in ``path``; see :func:`read_table` for faults and errors."""
    return read_table(path, _BOOK_COLUMNS, _book_row, lambda row: row.instrument)


def read_last_trades(path: Path) -> Table[TradeRow]:
    """The trades in ``path``, in file order; see :func:`read_table` for faults and errors."""
    return read_table(path, _TRADE_COLUMNS, _trade_row, lambda row: row.trade_id)


def read_chain(path: Path) -> Table[ChainRow]:
    """The options in ``path``; see :func:`read_table` for faults and errors."""
    return read_table(path, _CHAIN_COLUMNS, _chain_row, lambda row: row.instrument)


def _book_row(record: Record) -> BookRow:
    bids = _levels(record["bids"], best_is_highest=True)
    asks = _levels(record["asks"], best_is_highest=False)
    if bids and asks and bids[0].price_coin_nanos >= asks[0].price_coin_nanos:
        raise InvalidInput("book_crossed", "the best bid is not below the best ask")
    return BookRow(
        instrument=_option(record["instrument_name"]),
        timestamp_millis=_positive(record["timestamp"], 0, _MAX_MILLIS),
        forward_micros=_positive(record["underlying_price"], 6, _MAX_QUOTE_MICROS),
        index_micros=_positive(record["index_price"], 6, _MAX_QUOTE_MICROS),
        mark_coin_nanos=_coin_nanos(record["mark_price"]),
        mark_vol_bps=_vol_bps(record["mark_iv"]),
        bid_vol_bps=_vol_bps(record["bid_iv"]) or None,
        ask_vol_bps=_vol_bps(record["ask_iv"]) or None,
        bids=bids,
        asks=asks,
    )


def _trade_row(record: Record) -> TradeRow:
    name = _label(record["instrument_name"])
    count = record["block_trade_leg_count"]
    if record["direction"] not in {"buy", "sell"}:
        raise InvalidInput("direction_unknown", "a direction is buy or sell")
    if bool(count) != bool(record["block_trade_id"]):
        raise InvalidInput("block_malformed", "a block has both an id and a leg count, or neither")
    return TradeRow(
        trade_id=_label(record["trade_id"]),
        instrument_name=name,
        instrument=_option(name) if name.endswith(("-C", "-P")) else None,
        timestamp_millis=_positive(record["timestamp"], 0, _MAX_MILLIS),
        taker_buys=record["direction"] == "buy",
        amount_micros=_amount_micros(record["amount"]),
        price_coin_nanos=_coin_nanos(record["price"]),
        index_micros=_positive(record["index_price"], 6, _MAX_QUOTE_MICROS),
        block_trade_id=_label(record["block_trade_id"]) if count else None,
        block_leg_count=_positive(count, 0, _MAX_BLOCK_LEGS) if count else None,
    )


def _chain_row(record: Record) -> ChainRow:
    bid, ask = record["bid_btc"], record["ask_btc"]
    return ChainRow(
        instrument=_option(record["instrument_name"]),
        forward_micros=parse_rounded(record["S0"], decimals=6, maximum=_MAX_QUOTE_MICROS),
        mark_coin_nanos=_coin_nanos(record["market_price_btc"]),
        mark_vol_bps=_vol_bps(record["mark_iv"]),
        bid_coin_nanos=_coin_nanos(bid) if bid else None,
        ask_coin_nanos=_coin_nanos(ask) if ask else None,
    )


def _option(name: str) -> Instrument:
    if "-" not in name:
        raise InvalidInput("instrument_name", "not an option's name")
    return Instrument.parse(name)


def _levels(text: str, *, best_is_highest: bool) -> tuple[Level, ...]:
    levels = tuple(
        Level(_positive(price, 9, _MAX_COIN_NANOS), _amount_micros(amount))
        for price, amount in parse_pairs(text)
    )
    prices = [level.price_coin_nanos for level in levels]
    if prices != sorted(set(prices), reverse=best_is_highest):
        raise InvalidInput("book_unsorted", "levels are not strictly ordered, best first")
    return levels


def _amount_micros(text: str) -> int:
    amount_micros = _positive(text, 6, limits.MAX_QUANTITY_MICROS)
    if amount_micros % limits.LOT_MICROS:
        raise InvalidInput("amount_not_lots", f"{text} is not a whole number of lots")
    return amount_micros


def _coin_nanos(text: str) -> int:
    return parse_fixed(text, decimals=9, maximum=_MAX_COIN_NANOS)


def _vol_bps(percent: str) -> int:
    return parse_fixed(percent, decimals=2, maximum=_MAX_VOL_BPS)


def _positive(text: str, decimals: int, maximum: int) -> int:
    value = parse_fixed(text, decimals=decimals, maximum=maximum)
    if value == 0:
        raise InvalidInput("number_bounds", "must not be 0")
    return value


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise InvalidInput("label_malformed", "not 1 to 64 of letters, digits, dot, dash, line")
    return text
