"""The matrix form gives the scalar form's numbers for every account, or refuses."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin import (
    Holding,
    Portfolios,
    RiskRow,
    RiskScale,
    scan_portfolios,
    scan_test,
    sheet,
)

RowMaker = Callable[..., RiskRow]
ScaleMaker = Callable[..., RiskScale]
Holdings = st.SearchStrategy[list[Holding]]
Reports = st.SearchStrategy[tuple[dict[int, RiskRow], dict[str, RiskScale]]]

LOT = limits.LOT_MICROS
MANY = tuple(Instrument("ETH", Kind.CALL, 1_774_598_400, strike * 10**6) for strike in range(1, 66))


def build(
    instruments: Sequence[Instrument], accounts: Sequence[Sequence[Holding]], cash_micros: list[int]
) -> Portfolios:
    """Portfolios from (instrument, quantity) lists, one per account."""
    column_of = {instrument: column for column, instrument in enumerate(instruments)}
    flat = [
        (account, column_of[instrument], quantity)
        for account, held in enumerate(accounts)
        for instrument, quantity in sorted(held)
    ]
    account, column, quantity = np.array(flat, dtype=np.int64).reshape(-1, 3).T
    return Portfolios.build(
        instruments, np.array(cash_micros, dtype=np.int64), account, column, quantity
    )


def one_account(quantities: list[int], cash_micros: int = 0) -> Portfolios:
    held = list(zip(MANY, quantities, strict=False))
    return build(MANY, [held], [cash_micros])


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Few accounts already make several blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheet, "_BLOCK", 2)
        yield


@settings(max_examples=60)
@given(data=st.data())
def test_equals_the_scalar_form(
    listed: tuple[Instrument, ...],
    all_holdings: Holdings,
    all_reports: Reports,
    data: st.DataObject,
) -> None:
    accounts = data.draw(st.lists(all_holdings, min_size=1, max_size=6))
    cash = [data.draw(st.integers(-(10**14), 10**14)) for _ in accounts]
    rows, scales = data.draw(all_reports)
    many = scan_portfolios(build(listed, accounts, cash), rows, scales)
    alone = [scan_test(*each, rows, scales) for each in zip(accounts, cash, strict=True)]
    assert [nanos * 1000 for nanos in many.equity_nanos.tolist()] == [
        each.equity_picos for each in alone
    ]
    assert [nanos * 1000 for nanos in many.risk_nanos.tolist()] == [
        each.risk_picos for each in alone
    ]
    for margin_bps in (limits.MAINTENANCE_MARGIN_BPS, limits.INITIAL_MARGIN_BPS):
        assert many.passes(margin_bps).tolist() == [each.passes(margin_bps) for each in alone]


@pytest.mark.parametrize("risk", [-32_768, 32_767])
@pytest.mark.parametrize("sign", [-1, 1])
def test_lanes_are_exact_with_every_position_at_its_bound(
    make_row: RowMaker, make_scale: ScaleMaker, risk: int, sign: int
) -> None:
    quantity = sign * (limits.MAX_QUANTITY_MICROS // LOT * LOT)
    quantities = [quantity] * 63 + [quantity - sign * LOT]
    rows = {item.id: make_row(0, risk) for item in MANY}
    scales = {"ETH": make_scale()}
    many = scan_portfolios(one_account(quantities), rows, scales)
    alone = scan_test(zip(MANY, quantities, strict=False), 0, rows, scales)
    assert many.risk_nanos.tolist() == [alone.risk_picos // 1000]


@given(
    mark_micros=st.integers(0, limits.MAX_MARK_MICROS),
    lots=st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=8),
    cash_micros=st.integers(-(2**51), 2**51),
)
def test_long_marks_are_exact_or_refused(
    make_row: RowMaker, make_scale: ScaleMaker, mark_micros: int, lots: list[int], cash_micros: int
) -> None:
    rows = {
        item.id: make_row(mark_micros - column & (1 << 63) - 1) for column, item in enumerate(MANY)
    }
    scales = {"ETH": make_scale()}
    quantities = [each * LOT for each in lots]
    equity = scan_test(zip(MANY, quantities, strict=False), cash_micros, rows, scales).equity_picos
    portfolios = one_account(quantities, cash_micros)
    if abs(equity) < 2**61 * 1000:
        many = scan_portfolios(portfolios, rows, scales)
        assert many.equity_nanos.tolist() == [equity // 1000]
    elif abs(equity) > 2**62 * 1001:
        with pytest.raises(InvalidInput, match="scan_range"):
            scan_portfolios(portfolios, rows, scales)


@given(
    marks=st.lists(st.integers(0, limits.MAX_MARK_MICROS), min_size=32, max_size=32),
    most_lots=st.sampled_from((1, 2**20 - 1, 2**20, limits.MAX_QUANTITY_MICROS // LOT)),
    differences=st.lists(st.integers(0, 2**20), min_size=32, max_size=32),
)
def test_long_marks_are_exact_where_much_is_held_on_both_sides(
    make_row: RowMaker,
    make_scale: ScaleMaker,
    marks: list[int],
    most_lots: int,
    differences: list[int],
) -> None:
    """Limbs grow as far as what is held allows; each pair of positions nearly offsets itself."""
    pairs = zip(marks, differences, strict=True)
    near = [mark for pair in pairs for mark in (pair[0], max(0, pair[0] - pair[1]))]
    rows = {item.id: make_row(mark) for item, mark in zip(MANY, near, strict=False)}
    rows[MANY[64].id] = make_row()
    quantities = [most_lots * LOT, -most_lots * LOT] * 32
    scales = {"ETH": make_scale()}
    alone = scan_test(zip(MANY, quantities, strict=False), 0, rows, scales)
    if abs(alone.equity_picos) < 2**61 * 1000:
        many = scan_portfolios(one_account(quantities), rows, scales)
        assert many.equity_nanos.tolist() == [alone.equity_picos // 1000]


@pytest.mark.parametrize(
    "scale",
    [
        {"tick_micros": 2**62},
        {"tick_micros": 2**64 - 1},
        {"tick_micros": 2**40, "short_min_ticks": 2**32 - 1},
    ],
)
def test_risk_beyond_64_bits_is_refused(
    make_row: RowMaker, make_scale: ScaleMaker, scale: dict[str, int]
) -> None:
    rows = {item.id: make_row(0, 1) for item in MANY}
    with pytest.raises(InvalidInput, match="scan_range"):
        scan_portfolios(one_account([-LOT]), rows, {"ETH": make_scale(**scale)})


def test_required_equity_is_rounded_up_and_never_overflows(
    make_row: RowMaker, make_scale: ScaleMaker
) -> None:
    rows = {item.id: make_row(0, 1) for item in MANY}
    scan = scan_portfolios(one_account([LOT]), rows, {"ETH": make_scale(tick_micros=2**62 - 2**10)})
    risk = 2**62 - 2**10
    assert scan.risk_nanos.tolist() == [risk]
    for margin_bps in (1, 3333, 10_000, 12_000, 20_000):
        assert scan.required_nanos(margin_bps).tolist() == [-(-risk * margin_bps // 10_000)]
    for margin_bps in (0, 20_001):
        with pytest.raises(InvalidInput, match="margin_bps"):
            scan.required_nanos(margin_bps)


def test_sixty_four_positions_fit_and_one_more_does_not() -> None:
    one_account([LOT] * 64)
    with pytest.raises(InvalidInput, match="positions_count"):
        one_account([LOT] * 65)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"account": [0, 2]}, "positions_index"),
        ({"account": [-1, 1]}, "positions_index"),
        ({"column": [0, 3]}, "positions_index"),
        ({"account": [0]}, "positions_index"),
        ({"account": [1, 0]}, "positions_unsorted"),
        ({"account": [0, 0], "column": [1, 1]}, "positions_unsorted"),
        ({"quantity_micros": [LOT, LOT + 1]}, "positions_quantity"),
        ({"quantity_micros": [LOT, -(2**63)]}, "positions_quantity"),
        ({"quantity_micros": [LOT, 2**41 // LOT * LOT + LOT]}, "positions_quantity"),
        ({"cash_micros": [0, -(2**53)]}, "scan_range"),
        ({"instruments": (MANY[1], MANY[0], MANY[2])}, "instruments_unsorted"),
        ({"instruments": (MANY[0], MANY[0], MANY[2])}, "instruments_unsorted"),
    ],
)
def test_malformed_layouts_are_refused(change: dict[str, Any], code: str | None) -> None:
    arrays = {
        "instruments": MANY[:3],
        "cash_micros": [0, 0],
        "account": [0, 1],
        "column": [2, 1],
        "quantity_micros": [LOT, -LOT],
    } | change
    layout = {
        name: values if name == "instruments" else np.array(values, dtype=np.int64)
        for name, values in arrays.items()
    }
    if code is None:
        Portfolios.build(**layout)
        return
    with pytest.raises(InvalidInput) as refused:
        Portfolios.build(**layout)
    assert refused.value.code == code


def test_rows_of_what_nobody_holds_are_not_needed_for_another_underlying(
    make_row: RowMaker, make_scale: ScaleMaker
) -> None:
    other = Instrument("ZZZ", Kind.CALL, 1_774_598_400, 10**6)
    portfolios = build((*MANY[:2], other), [[(MANY[0], LOT)]], [0])
    rows = {item.id: make_row() for item in MANY[:2]}
    scan_portfolios(portfolios, rows, {"ETH": make_scale()})
    with pytest.raises(InvalidInput, match="row_missing"):
        scan_portfolios(portfolios, {MANY[0].id: make_row()}, {"ETH": make_scale()})
    with pytest.raises(InvalidInput, match="underlying_missing"):
        scan_portfolios(portfolios, rows, {"ZZZ": make_scale()})


def test_accounts_without_positions_keep_their_cash() -> None:
    scan = scan_portfolios(build(MANY, [[], [], []], [5, -1, 0]), {}, {})
    assert scan.equity_nanos.tolist() == [5000, -1000, 0]
    assert scan.passes(limits.INITIAL_MARGIN_BPS).tolist() == [True, False, True]


def test_short_options_have_a_floor_and_short_spot_has_not(
    make_row: RowMaker, make_scale: ScaleMaker
) -> None:
    listed = (Instrument.spot("ETH"), MANY[0])
    scales = {"ETH": make_scale(tick_micros=10, short_min_ticks=7)}
    portfolios = build(listed, [[(item, -2 * LOT)] for item in listed], [0, 0])
    scan = scan_portfolios(portfolios, {item.id: make_row() for item in listed}, scales)
    assert scan.risk_nanos.tolist() == [0, 2 * 70]
