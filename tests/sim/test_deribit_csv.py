"""Deribit's files: the real ones read completely, broken lines are named one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument
from offbeat.sim.csv_table import MAX_FILE_BYTES, Table
from offbeat.sim.deribit_csv import (
    BookRow,
    Level,
    TradeRow,
    coin_to_micros,
    read_chain,
    read_last_trades,
    read_order_book,
)

BOOK = {
    "timestamp": "1700471171442",
    "instrument_name": "ETH-24NOV23-2000-C",
    "underlying_price": "2021.96",
    "index_price": "2019.69",
    "mark_price": "0.0266",
    "mark_iv": "50.23",
    "bid_iv": "48.69",
    "ask_iv": "0.0",
    "bids": "[[0.026, 163.0], [0.025, 497.0]]",
    "asks": "[]",
}
TRADE = {
    "timestamp": "1700351287427",
    "trade_id": "ETH-27571305",
    "instrument_name": "ETH-21NOV23-1800-P",
    "direction": "sell",
    "amount": "103.0",
    "price": "0.0001",
    "index_price": "1963.74",
    "block_trade_leg_count": "",
    "block_trade_id": "",
}


def _read_book(path: Path, **changes: str) -> Table[BookRow]:
    return read_order_book(_write(path, BOOK | changes))


def _read_trade(path: Path, **changes: str) -> Table[TradeRow]:
    return read_last_trades(_write(path, TRADE | changes))


def _write(path: Path, record: dict[str, str]) -> Path:
    """One line below a header whose first column is a second, human ``timestamp``."""
    file = path / "table.csv"
    quoted = [f'"{value}"' for value in record.values()]
    header = ",".join(["timestamp", *record])
    file.write_text(f"{header}\n{','.join(['2023-11-20 09:06:11.442', *quoted])}\n")
    return file


def test_reads_a_book_line(tmp_path: Path) -> None:
    table = _read_book(tmp_path)
    assert table.faults == ()
    assert table.rows == (
        BookRow(
            instrument=Instrument.parse("ETH-24NOV23-2000-C"),
            timestamp_millis=1_700_471_171_442,
            forward_micros=2_021_960_000,
            index_micros=2_019_690_000,
            mark_coin_nanos=26_600_000,
            mark_vol_bps=5_023,
            bid_vol_bps=4_869,
            ask_vol_bps=None,
            bids=(Level(26_000_000, 163_000_000), Level(25_000_000, 497_000_000)),
            asks=(),
        ),
    )


def test_reads_a_trade_line(tmp_path: Path) -> None:
    (trade,) = _read_trade(tmp_path).rows
    assert trade.instrument == Instrument.parse("ETH-21NOV23-1800-P")
    assert (trade.taker_buys, trade.amount_micros) == (False, 103_000_000)
    assert coin_to_micros(trade.price_coin_nanos, trade.index_micros) == 196_374
    assert (trade.block_trade_id, trade.block_leg_count) == (None, None)


@pytest.mark.parametrize("name", ["ETH-PERPETUAL", "ETH-29DEC23", "ETH_USDC"])
def test_a_trade_may_be_in_something_else_than_an_option(tmp_path: Path, name: str) -> None:
    (trade,) = _read_trade(tmp_path, instrument_name=name).rows
    assert (trade.instrument_name, trade.instrument) == (name, None)


@pytest.mark.parametrize(
    ("read", "column", "value", "code"),
    [
        (_read_book, "timestamp", "2023-11-20", "number_malformed"),
        (_read_book, "timestamp", "0", "number_bounds"),
        (_read_book, "instrument_name", "ETH", "instrument_name"),
        (_read_book, "instrument_name", "ETH-31FEB24-2000-C", "instrument_name"),
        (_read_book, "instrument_name", "ETH-24NOV23-0-C", "instrument_strike"),
        (_read_book, "underlying_price", "0.0", "number_bounds"),
        (_read_book, "underlying_price", "nan", "number_malformed"),
        (_read_book, "index_price", "2019.1234567", "number_precision"),
        (_read_book, "index_price", "1e12", "number_bounds"),
        (_read_book, "mark_price", "-0.1", "number_bounds"),
        (_read_book, "mark_iv", "1e9", "number_bounds"),
        (_read_book, "bids", "[[0.026, 163.0], [0.026, 1.0]]", "book_unsorted"),
        (_read_book, "bids", "[[0.025, 163.0], [0.026, 1.0]]", "book_unsorted"),
        (_read_book, "bids", "[[0.0, 163.0]]", "number_bounds"),
        (_read_book, "bids", "[[0.026, 0.0005]]", "amount_not_lots"),
        (_read_book, "bids", "[[0.026, 1e10]]", "number_bounds"),
        (_read_book, "bids", "[(0.026, 1.0)]", "pairs_malformed"),
        (_read_book, "asks", "[[0.026, 1.0]]", "book_crossed"),
        (_read_book, "asks", "[[0.03, 1.0], [0.029, 1.0]]", "book_unsorted"),
        (_read_trade, "instrument_name", "ETH-24NOV23-2000d0-C", "instrument_name"),
        (_read_trade, "instrument_name", "ETH 24NOV23", "label_malformed"),
        (_read_trade, "trade_id", "", "label_malformed"),
        (_read_trade, "trade_id", "x" * 65, "label_malformed"),
        (_read_trade, "direction", "BUY", "direction_unknown"),
        (_read_trade, "amount", "0.0", "number_bounds"),
        (_read_trade, "block_trade_id", "BLOCK-1", "block_malformed"),
        (_read_trade, "block_trade_leg_count", "2.0", "block_malformed"),
    ],
)
def test_names_the_line_and_the_rule(
    tmp_path: Path,
    read: Callable[..., Table[BookRow]] | Callable[..., Table[TradeRow]],
    column: str,
    value: str,
    code: str,
) -> None:
    table = read(tmp_path, **{column: value})
    assert table.rows == ()
    assert [(fault.file, fault.line, fault.code) for fault in table.faults] == [
        ("table.csv", 2, code)
    ]


@pytest.mark.parametrize(("count", "code"), [("2.5", "number_precision"), ("1e3", "number_bounds")])
def test_a_block_has_a_small_whole_number_of_legs(tmp_path: Path, count: str, code: str) -> None:
    good = _read_trade(tmp_path, block_trade_id="BLOCK-1", block_trade_leg_count="2.0")
    assert [row.block_leg_count for row in good.rows] == [2]
    bad = _read_trade(tmp_path, block_trade_id="BLOCK-1", block_trade_leg_count=count)
    assert [fault.code for fault in bad.faults] == [code]


def test_a_bad_line_spoils_only_itself(tmp_path: Path) -> None:
    file = _write(tmp_path, TRADE)
    good = file.read_text().splitlines()[1]
    second = good.replace("27571305", "27571306")
    file.write_bytes(
        "\n".join([file.read_text().splitlines()[0], good, "1,2", good, second]).encode()
        + b"\n\xff\xfe,"
        + good.encode().split(b",", 1)[1].replace(b"ETH-27571305", b"\xff")
        + b'\n"never closed'
    )
    table = read_last_trades(file)
    assert [row.trade_id for row in table.rows] == ["ETH-27571305", "ETH-27571306"]
    assert [(fault.line, fault.code) for fault in table.faults] == [
        (3, "field_count"),
        (4, "row_duplicate"),
        (6, "label_malformed"),
        (7, "csv_malformed"),
    ]


def test_a_file_that_is_no_table_raises(tmp_path: Path) -> None:
    empty, huge = tmp_path / "empty.csv", tmp_path / "huge.csv"
    empty.touch()
    with huge.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    for path, code in (
        (tmp_path / "absent.csv", "csv_unreadable"),
        (tmp_path, "csv_unreadable"),
        (empty, "csv_header"),
        (huge, "csv_size"),
    ):
        with pytest.raises(InvalidInput) as caught:
            read_order_book(path)
        assert caught.value.code == code


def test_the_real_book_reads_completely(eth_folder: Path) -> None:
    table = read_order_book(eth_folder / "order_book.csv")
    assert (len(table.rows), table.faults) == (456, ())
    assert sum(len(row.bids) + len(row.asks) for row in table.rows) == 667
    assert len({row.instrument.expiry_seconds for row in table.rows}) == 11
    assert sum(bool(row.bids or row.asks) for row in table.rows) == 99


def test_the_real_tape_reads_completely(eth_folder: Path) -> None:
    table = read_last_trades(eth_folder / "last_trades.csv")
    assert (len(table.rows), table.faults) == (477, ())
    assert sum(row.block_trade_id is not None for row in table.rows) == 31


def test_every_real_price_is_whole_in_micros(eth_folder: Path) -> None:
    book = read_order_book(eth_folder / "order_book.csv").rows
    tape = read_last_trades(eth_folder / "last_trades.csv").rows
    prices = [(row.price_coin_nanos, row.index_micros) for row in tape]
    prices += [(level[0], row.index_micros) for row in book for level in row.bids + row.asks]
    for coin_nanos, index_micros in prices:
        assert coin_to_micros(coin_nanos, index_micros) * 10**9 == coin_nanos * index_micros


def test_the_real_chain_reads_completely(btc_folder: Path) -> None:
    table = read_chain(btc_folder / "deribit_btc_options.csv")
    assert (len(table.rows), table.faults) == (676, ())
    assert len({row.instrument.expiry_seconds for row in table.rows}) == 11
    assert sum(row.bid_coin_nanos is not None for row in table.rows) > 400
