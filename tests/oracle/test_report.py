"""The report's words, hashes and refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import keccak256
from offbeat.oracle import ROW_TAG, Report, Row, UnderlyingReport, multiproof_root

FLAT = (0,) * 16
CALL = Instrument("ETH", Kind.CALL, 1_798_185_600, 4_000_000_000)
PUT = Instrument("ETH", Kind.PUT, 1_798_185_600, 4_000_000_000)
OTHER = Instrument.spot("BTC")

RISKS = st.lists(st.integers(-32_768, 32_767), min_size=16, max_size=16).map(tuple)
ROWS = st.builds(Row, st.integers(0, 2**128 - 1), st.integers(0, 2**63 - 1), RISKS)


def underlying(symbol: str = "ETH") -> UnderlyingReport:
    return UnderlyingReport(symbol, 2_000_000_000, 20_000, 500)


def report(*instruments: Instrument) -> Report:
    rows = tuple(Row(item.id, mark, FLAT) for mark, item in enumerate(sorted(instruments)))
    symbols = sorted({item.underlying for item in instruments})
    return Report(1_764_000_000, tuple(underlying(symbol) for symbol in symbols), rows)


def test_an_underlyings_word_is_laid_out_from_the_top() -> None:
    word = UnderlyingReport("ETH", 1, 2, 3).word
    assert word == b"ETH\0\0" + (1).to_bytes(8) + (2).to_bytes(8) + (3).to_bytes(4) + bytes(7)
    packed = int.from_bytes(word)
    assert packed == int.from_bytes(b"ETH\0\0") << 216 | 1 << 152 | 2 << 88 | 3 << 56
    full = UnderlyingReport("ZZZZZ", 2**64 - 1, 2**64 - 1, 2**32 - 1).word
    assert full == b"ZZZZZ" + b"\xff" * 20 + bytes(7)


def test_a_rows_words_are_laid_out_by_bits() -> None:
    row = Row(CALL.id, 5, tuple(range(-8, 8)))
    assert int.from_bytes(row.word) == CALL.id << 128 | 5 << 64
    packed = int.from_bytes(row.risk_word)
    assert [(packed >> 16 * j) & 0xFFFF for j in range(16)] == list(range(32_760, 32_776))
    assert Row(0, 0, (-32_768,) * 16).risk_word == bytes(32)
    assert Row(0, 0, (32_767,) * 16).risk_word == b"\xff" * 32


def test_a_leaf_hashes_both_words_and_the_tag() -> None:
    row = Row(CALL.id, 5, tuple(range(-8, 8)))
    assert keccak256(b"Offbeat report row") == ROW_TAG
    assert row.leaf == keccak256(row.word + row.risk_word + ROW_TAG)


@given(ROWS)
def test_rows_come_back_from_their_words(row: Row) -> None:
    assert Row.from_words(row.word, row.risk_word) == row


@given(ROWS, ROWS)
def test_different_rows_have_different_leaves(one: Row, other: Row) -> None:
    assert (one == other) == (one.leaf == other.leaf)


@pytest.mark.parametrize(
    ("word", "risk_word", "code"),
    [
        (bytes(32), bytes(32), None),
        (bytes(31), bytes(32), "row_word"),
        (bytes(32), bytes(33), "row_word"),
        (bytes(31) + b"\1", bytes(32), "row_word"),
        (bytes(16) + b"\x7f" + bytes(15), bytes(32), None),
        (bytes(16) + b"\x80" + bytes(15), bytes(32), "mark_micros"),
    ],
)
def test_words_of_no_row_are_refused(word: bytes, risk_word: bytes, code: str | None) -> None:
    if code is None:
        Row.from_words(word, risk_word)
        return
    with pytest.raises(InvalidInput) as refused:
        Row.from_words(word, risk_word)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((2**128, 0, FLAT), "instrument_id"),
        ((-1, 0, FLAT), "instrument_id"),
        ((0, 2**63, FLAT), "mark_micros"),
        ((0, -1, FLAT), "mark_micros"),
        ((0, 1.0, FLAT), "mark_micros"),
        ((0, True, FLAT), "mark_micros"),
        ((0, 0, (0,) * 15), "risk_ticks"),
        ((0, 0, (0,) * 17), "risk_ticks"),
        ((0, 0, (32_768, *FLAT[1:])), "risk_ticks"),
        ((0, 0, (-32_769, *FLAT[1:])), "risk_ticks"),
        ((0, 0, (0.0, *FLAT[1:])), "risk_ticks"),
    ],
)
def test_rows_out_of_range_are_refused(arguments: tuple, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Row(*arguments)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("eth", 0, 0, 0), "instrument_symbol"),
        (("ETHEUR", 0, 0, 0), "instrument_symbol"),
        (("ETH", 2**64, 0, 0), "spot_micros"),
        (("ETH", 0, 2**64, 0), "tick_micros"),
        (("ETH", 0, 0, 2**32), "short_min_ticks"),
        (("ETH", 0, 0, -1), "short_min_ticks"),
    ],
)
def test_underlyings_out_of_range_are_refused(arguments: tuple, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        UnderlyingReport(*arguments)
    assert refused.value.code == code


def test_underlyings_hash_joins_the_words() -> None:
    both = report(CALL, OTHER)
    assert [each.symbol for each in both.underlyings] == ["BTC", "ETH"]
    assert both.underlyings_hash == keccak256(underlying("BTC").word + underlying("ETH").word)


def test_any_rows_are_proven_in_the_order_of_their_ids() -> None:
    everything = report(CALL, PUT, OTHER)
    for ids in ([OTHER.id], [CALL.id, PUT.id], [OTHER.id, PUT.id], [OTHER.id, CALL.id, PUT.id]):
        leaves = [row.leaf for row in everything.rows if row.instrument_id in ids]
        assert multiproof_root(leaves, everything.prove(ids)) == everything.rows_root
    with pytest.raises(InvalidInput, match="leaves_unsorted"):
        everything.prove([PUT.id, CALL.id])
    with pytest.raises(InvalidInput, match="row_missing"):
        everything.prove([Instrument.spot("ETH").id])


def test_a_single_row_is_its_own_root() -> None:
    only = report(CALL)
    assert only.rows_root == only.rows[0].leaf


def test_malformed_reports_are_refused() -> None:
    call, put, other = (Row(item.id, 0, FLAT) for item in (CALL, PUT, OTHER))
    btc, eth = underlying("BTC"), underlying("ETH")
    Report(2**64 - 1, (btc, eth), (other, call, put))
    many = tuple(underlying(f"A{n}") for n in range(limits.MAX_UNDERLYINGS + 1))
    for arguments, code in (
        ((2**64, (eth,), (call,)), "report_time"),
        ((-1, (eth,), (call,)), "report_time"),
        ((0, (eth, btc), (call,)), "underlyings_unsorted"),
        ((0, (eth, eth), (call,)), "underlyings_unsorted"),
        ((0, many, (call,)), "underlyings_count"),
        ((0, (eth,), ()), "rows_missing"),
        ((0, (eth,), (put, call)), "rows_unsorted"),
        ((0, (eth,), (call, call)), "rows_unsorted"),
        ((0, (eth,), (other, call)), "row_underlying"),
    ):
        with pytest.raises(InvalidInput) as refused:
            Report(*arguments)
        assert refused.value.code == code
