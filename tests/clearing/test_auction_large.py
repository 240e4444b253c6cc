"""Large books, hostile ones, and a market that really was."""

import csv
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from math import gcd
from pathlib import Path

import pytest
from auctions import LOT, QUOTE, lots, net_price_nanos, order, synthetic_book

from offbeat.clearing import AuctionOrder, Clearing, clear, verify
from offbeat.core import limits
from offbeat.instruments import Instrument


def share(clearing: Clearing) -> float:
    return clearing.surplus_femtos / clearing.bound_femtos


@pytest.mark.parametrize(
    ("count", "instruments", "seed"),
    [(10_000, 500, 1), (10_000, 500, 2), (3_000, 100, 3), (2_000, 500, 4), (2_000, 50, 5)],
)
def test_divisible_orders_come_close_to_the_bound(count: int, instruments: int, seed: int) -> None:
    orders = synthetic_book(count, instruments, seed=seed)
    clearing = clear(orders)
    assert verify(orders, clearing) is None
    assert share(clearing) >= 0.9995
    assert clearing.shortfall_micros <= 4 * LOT
    assert sum(map(bool, clearing.fills_micros)) > count // 5


@pytest.mark.parametrize(("count", "indivisible"), [(400, 0.3), (3_000, 0.1), (400, 1.0)])
def test_blocks_among_them_leave_no_divisible_order_short(count: int, indivisible: float) -> None:
    orders = synthetic_book(count, 100, indivisible=indivisible)
    clearing = clear(orders)
    assert verify(orders, clearing) is None
    assert clearing.shortfall_micros <= 4 * LOT
    if indivisible < 1:
        divisible = [each for each in orders if not each.min_fill_micros]
        assert clearing.surplus_femtos > clear(divisible).surplus_femtos


@pytest.mark.parametrize("seed", [1, 2])
def test_coarse_ratios_do_not_spoil_the_market_for_others(seed: int) -> None:
    """Hostile four-leg orders of large coprime ratios, near the price, in small lots."""
    rng = random.Random(seed)
    honest = synthetic_book(800, 50, seed=seed)
    alone = clear(honest)
    prices = alone.prices_nanos
    hostile = []
    for number in range(40):
        chosen = sorted(rng.sample(sorted(prices), 4))
        legs = tuple((i, rng.choice((1, -1)) * rng.choice((997, 991, 983))) for i in chosen)
        value = sum(ratio * prices[i] for i, ratio in legs) // 1_000
        key = b"hostile %d" % number
        hostile.append(
            order(legs, rng.randint(1, 50), value + rng.randint(-1, 50) * QUOTE, key=key)
        )
    clearing = clear([*honest, *hostile])
    assert verify([*honest, *hostile], clearing) is None
    assert clearing.surplus_femtos > 0.99 * alone.surplus_femtos


# A real market ---------------------------------------------------------------------------------


def micros(coin: object, index: str) -> int:
    return round(Decimal(str(coin)) * Decimal(index) * QUOTE)


def resting(path: Path) -> list[AuctionOrder]:
    """Every level of the book as one order."""
    orders = []
    for row in csv.DictReader(path.read_text().splitlines()):
        instrument = Instrument.parse(row["instrument_name"]).id
        for column, side in (("bids", 1), ("asks", -1)):
            for price, amount in json.loads(row[column]):
                legs = ((instrument, side),)
                limit = side * micros(price, row["index_price"])
                key = f"{row['instrument_name']} {column} {price}".encode()
                orders.append(order(legs, round(amount * 1_000), limit, key=key))
    return orders


def block_pairs(path: Path) -> dict[str, tuple[AuctionOrder, AuctionOrder]]:
    """Each complete block of up to four options as a pair of fill-or-kill orders at its price."""
    blocks = defaultdict(list)
    for row in csv.DictReader(path.read_text().splitlines()):
        if row["block_trade_id"] and row["instrument_name"][-2:] in ("-C", "-P"):
            blocks[row["block_trade_id"]].append(row)
    return {
        block: pair_of(block, rows)
        for block, rows in blocks.items()
        if len(rows) == float(rows[0]["block_trade_leg_count"]) <= limits.MAX_LEGS
        and len({row["instrument_name"] for row in rows}) == len(rows)
    }


def pair_of(block: str, rows: Sequence[dict[str, str]]) -> tuple[AuctionOrder, AuctionOrder]:
    sizes = [round(Decimal(row["amount"]) * 1_000) for row in rows]
    unit = gcd(*sizes)
    legs, price = [], 0
    for row, size in zip(rows, sizes, strict=True):
        ratio = size // unit * (1 if row["direction"] == "buy" else -1)
        legs.append((Instrument.parse(row["instrument_name"]).id, ratio))
        price += ratio * micros(row["price"], row["index_price"])
    taker = tuple(sorted(legs))
    maker = tuple((instrument, -ratio) for instrument, ratio in taker)
    key = block.encode()
    return (
        order(taker, unit, price, least=unit, key=key + b" taker"),
        order(maker, unit, -price, least=unit, key=key + b" maker"),
    )


@pytest.fixture(scope="module")
def eth_market(data_dir: Path) -> Path:
    return data_dir / "eth_options_2023-11-20"


def test_a_real_book_rests_until_blocks_arrive(eth_market: Path) -> None:
    """Nothing in it crosses, not even in combination; blocks of the days before do."""
    book = resting(eth_market / "order_book.csv")
    assert len(book) > 600
    assert not any(clear(book).fills_micros)
    pairs = block_pairs(eth_market / "last_trades.csv")
    orders = book + [each for pair in pairs.values() for each in pair]
    clearing = clear(orders)
    assert verify(orders, clearing) is None
    assert clearing.surplus_femtos > 0
    assert clearing.shortfall_micros <= 4 * LOT


def test_each_real_block_alone_trades_at_its_price(eth_market: Path) -> None:
    pairs = block_pairs(eth_market / "last_trades.csv")
    assert len(pairs) >= 10
    for taker, maker in pairs.values():
        clearing = clear([taker, maker])
        assert lots(clearing) == [taker.quantity_micros // LOT] * 2
        assert net_price_nanos(taker, clearing.prices_nanos) == taker.limit_micros * 1_000
