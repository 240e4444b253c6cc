"""Trades and blocks become structures, or refusals with a reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from offbeat.instruments import Instrument, Strategy, recognise
from offbeat.sim.deribit_csv import TradeRow, read_last_trades, read_order_book
from offbeat.sim.tape import Refusal, Structure, read_structures

NOW_SECONDS = 1_700_471_400
CALL, HIGHER, HIGHEST, PUT, FAR = (
    Instrument.parse(f"ETH-{series}")
    for series in (
        *("24NOV23-2000-C", "24NOV23-2100-C", "24NOV23-2200-C", "24NOV23-2000-P"),
        "1DEC23-2000-C",
    )
)
BITCOIN = Instrument.parse("BTC-24NOV23-40000-C")
LISTED = frozenset({CALL, HIGHER, HIGHEST, PUT, FAR, BITCOIN})


def _row(
    trade_id: str,
    instrument: Instrument,
    contracts: float,
    coin: float,
    *,
    buys: bool = True,
    block: tuple[str, int] | None = None,
) -> TradeRow:
    return TradeRow(
        trade_id=trade_id,
        instrument_name=instrument.name,
        instrument=instrument,
        timestamp_millis=1_700_400_000_000,
        taker_buys=buys,
        amount_micros=round(contracts * 1e6),
        price_coin_nanos=round(coin * 1e9),
        index_micros=2_000_000_000,
        block_trade_id=block[0] if block else None,
        block_leg_count=block[1] if block else None,
    )


def _read(*rows: TradeRow) -> tuple[tuple[Structure, ...], tuple[Refusal, ...]]:
    return read_structures(rows, LISTED, NOW_SECONDS)


def _code(*rows: TradeRow) -> str:
    structures, (refusal,) = _read(*rows)
    assert structures == ()
    assert refusal.trade_ids == tuple(row.trade_id for row in rows)
    return refusal.code


def test_a_trade_is_a_structure_of_one_leg() -> None:
    ((structure,), refusals) = _read(_row("T-1", CALL, 2.5, 0.03, buys=False))
    assert refusals == ()
    assert [(leg.instrument, leg.ratio) for leg in structure.legs] == [(CALL, -1)]
    assert structure.quantity_micros == 2_500_000
    assert structure.price_micros == -60_000_000
    assert structure.premium_micros == -150_000_000


def test_a_block_keeps_the_ratio_of_its_amounts_and_the_net_price() -> None:
    block = ("BLOCK-1", 3)
    ((structure,), refusals) = _read(
        _row("T-3", HIGHEST, 250, 0.010, block=block),
        _row("T-1", CALL, 250, 0.030, block=block),
        _row("T-2", HIGHER, 500, 0.018, buys=False, block=block),
    )
    assert refusals == ()
    assert recognise(structure.legs) is Strategy.BUTTERFLY
    assert [leg.ratio for leg in structure.legs] == [1, -2, 1]
    assert structure.quantity_micros == 250_000_000
    assert structure.price_micros == 20_000_000 - 2 * 36_000_000 + 60_000_000
    assert structure.premium_micros == 2_000_000_000


@pytest.mark.parametrize(("rows", "count"), [(1, 2), (2, 3), (2, 1), (3, 2)])
def test_a_block_without_exactly_its_rows_is_refused(rows: int, count: int) -> None:
    legs = [CALL, HIGHER, HIGHEST][:rows]
    block = [_row(f"T-{leg.name}", leg, 1, 0.01, block=("BLOCK-1", count)) for leg in legs]
    assert _code(*block) == "block_incomplete"


def test_rows_of_a_block_must_agree_on_its_legs() -> None:
    one, two = (_row(f"T-{leg.name}", leg, 1, 0.01, block=("BLOCK-1", 2)) for leg in (CALL, PUT))
    assert _read(one, two)[1] == ()
    assert _code(one, replace(two, block_leg_count=3)) == "block_leg_count"


def test_what_cannot_be_signed_is_refused() -> None:
    def block(*instruments: Instrument, contracts: tuple[float, ...] = (1,) * 5) -> list[TradeRow]:
        name = ("BLOCK-1", len(instruments))
        return [
            _row(f"T-{number}", instrument, contracts[number], 0.01, block=name)
            for number, instrument in enumerate(instruments)
        ]

    assert _code(*block(CALL, HIGHER, HIGHEST, PUT, FAR)) == "legs_count"
    assert _code(*block(CALL, BITCOIN)) == "legs_underlying"
    assert _code(*block(CALL, CALL)) == "legs_duplicate"
    assert _read(*block(CALL, PUT, contracts=(1, 1_000)))[1] == ()
    assert _code(*block(CALL, PUT, contracts=(1, 1_001))) == "leg_ratio"


def test_what_has_no_price_now_is_refused() -> None:
    trade = _row("T-1", CALL, 1, 0.01)
    expired = Instrument.parse("ETH-17NOV23-2000-C")
    unlisted = Instrument.parse("ETH-24NOV23-9000-C")
    future = replace(trade, instrument=None, instrument_name="ETH-24NOV23")
    assert _code(replace(trade, instrument=expired)) == "leg_expired"
    assert _code(replace(trade, instrument=unlisted)) == "leg_unlisted"
    assert _code(future) == "leg_not_option"
    hedged = [replace(row, block_trade_id="B", block_leg_count=2) for row in (trade, future)]
    assert _code(hedged[0], replace(hedged[1], trade_id="T-2")) == "leg_not_option"


def test_an_instrument_expires_at_its_second() -> None:
    trade = _row("T-1", CALL, 1, 0.01)
    expiry_seconds = CALL.expiry_seconds
    assert read_structures([trade], LISTED, expiry_seconds - 1)[1] == ()
    assert read_structures([trade], LISTED, expiry_seconds)[0] == ()


def test_structures_stand_in_order_of_time() -> None:
    late = _row("T-1", CALL, 1, 0.01)
    early = replace(late, trade_id="T-2", timestamp_millis=late.timestamp_millis - 1)
    assert [structure.source for structure in _read(late, early)[0]] == ["T-2", "T-1"]


def test_the_real_tape(eth_folder: Path) -> None:
    trades = read_last_trades(eth_folder / "last_trades.csv").rows
    book = read_order_book(eth_folder / "order_book.csv").rows
    listed = frozenset(row.instrument for row in book)
    structures, refusals = read_structures(trades, listed, NOW_SECONDS)
    premiums = {each.source: each.premium_micros for each in structures if len(each.legs) > 1}
    # By hand from the file, as BLOCK-496395: (0.2206 − 0.0598) ETH × 1965.86 × 250.
    assert premiums == {
        "BLOCK-496393": -78_110_870_250,
        "BLOCK-496395": 79_027_572_000,
        "BLOCK-497436": 64_190_214_000,
        "BLOCK-497462": -62_431_572_250,
        "BLOCK-498152": -18_740_913_750,
        "BLOCK-498157": -49_152_500,
    }
    assert {refusal.code for refusal in refusals} == {"block_incomplete"}
    assert len(refusals) == 6
    rows = sum(len(refusal.trade_ids) for refusal in refusals)
    assert rows + sum(len(structure.legs) for structure in structures) == len(trades)
