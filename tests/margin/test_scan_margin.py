"""The scan test against a plain reading of its rule, and the packed lanes that the chain adds."""

from collections.abc import Callable, Sequence
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin import Holding, RiskRow, RiskScale, scan_test

RowMaker = Callable[..., RiskRow]
ScaleMaker = Callable[..., RiskScale]
Holdings = st.SearchStrategy[list[Holding]]
Reports = st.SearchStrategy[tuple[dict[int, RiskRow], dict[str, RiskScale]]]

CONTRACT = 10**6
DOLLAR = 10**6
SPOT = Instrument.spot("ETH")
CALL = Instrument("ETH", Kind.CALL, 1_774_598_400, 4_000 * DOLLAR)
PUT = Instrument("ETH", Kind.PUT, 1_774_598_400, 3_000 * DOLLAR)
OTHER = Instrument("BTC", Kind.CALL, 1_774_598_400, 90_000 * DOLLAR)
INITIAL, MAINTENANCE = limits.INITIAL_MARGIN_BPS, limits.MAINTENANCE_MARGIN_BPS


def expected_risk_picos(
    positions: list[Holding], rows: dict[int, RiskRow], scale: RiskScale
) -> int:
    """The rule, word for word, for one underlying."""
    lanes = [sum(q * rows[item.id].risk[j] for item, q in positions) for j in range(16)]
    worst = max(0, *lanes)
    short = sum(abs(q) for item, q in positions if q < 0 and item.kind is not Kind.SPOT)
    return max(worst, scale.short_min_ticks * short) * scale.tick_micros


def test_worst_scenario_sets_the_risk(make_row: RowMaker, make_scale: ScaleMaker) -> None:
    rows = {CALL.id: make_row(100 * DOLLAR, -50, s11=40), PUT.id: make_row(50 * DOLLAR, 5, s12=70)}
    scales = {"ETH": make_scale(tick_micros=DOLLAR)}
    result = scan_test([(CALL, 2 * CONTRACT), (PUT, CONTRACT)], 0, rows, scales)
    (risk,) = result.underlyings
    assert risk.underlying == "ETH"
    assert risk.worst_scenario == 11
    assert risk.risk_picos == (2 * 40 + 5) * DOLLAR * CONTRACT
    assert result.equity_picos == 250 * DOLLAR * CONTRACT


def test_gains_in_every_scenario_leave_no_risk(make_row: RowMaker, make_scale: ScaleMaker) -> None:
    result = scan_test([(CALL, CONTRACT)], 0, {CALL.id: make_row(0, -1)}, {"ETH": make_scale()})
    assert result.risk_picos == 0
    assert result.underlyings[0].worst_scenario is None
    assert result.passes(INITIAL)


def test_short_options_have_a_floor_and_short_spot_has_not(
    make_row: RowMaker, make_scale: ScaleMaker
) -> None:
    rows = {item.id: make_row() for item in (CALL, PUT, SPOT)}
    scales = {"ETH": make_scale(tick_micros=10, short_min_ticks=7)}

    def risk_picos(*positions: Holding) -> int:
        return scan_test(positions, 0, rows, scales).risk_picos

    assert risk_picos((CALL, -CONTRACT), (PUT, -2 * CONTRACT)) == 3 * CONTRACT * 70
    assert risk_picos((CALL, CONTRACT), (PUT, 2 * CONTRACT)) == 0
    assert risk_picos((SPOT, -CONTRACT)) == 0


def test_underlyings_do_not_offset_one_another(make_row: RowMaker, make_scale: ScaleMaker) -> None:
    rows = {CALL.id: make_row(0, -100, s0=100), OTHER.id: make_row(0, 100, s0=-100)}
    scales = {"ETH": make_scale(), "BTC": make_scale()}
    result = scan_test([(CALL, CONTRACT), (OTHER, CONTRACT)], 0, rows, scales)
    assert [risk.underlying for risk in result.underlyings] == ["BTC", "ETH"]
    assert result.risk_picos == 200 * CONTRACT


def test_passes_to_the_last_micro_of_cash(make_row: RowMaker, make_scale: ScaleMaker) -> None:
    rows, scales = {CALL.id: make_row(0, 1000)}, {"ETH": make_scale()}
    positions = [(CALL, CONTRACT)]
    assert scan_test(positions, 1200, rows, scales).passes(INITIAL)
    assert not scan_test(positions, 1199, rows, scales).passes(INITIAL)
    assert scan_test(positions, 1000, rows, scales).passes(MAINTENANCE)
    assert not scan_test(positions, 999, rows, scales).passes(MAINTENANCE)


def test_less_risky_is_strict(make_row: RowMaker, make_scale: ScaleMaker) -> None:
    rows, scales = {CALL.id: make_row(0, 1000)}, {"ETH": make_scale()}
    larger, smaller = (scan_test([(CALL, q)], 0, rows, scales) for q in (5000, 4000))
    assert smaller.is_less_risky_than(larger)
    assert not larger.is_less_risky_than(smaller)
    assert not larger.is_less_risky_than(larger)


def test_what_the_report_lacks_is_named(make_row: RowMaker, make_scale: ScaleMaker) -> None:
    with pytest.raises(InvalidInput) as refused:
        scan_test([(CALL, CONTRACT)], 0, {}, {"ETH": make_scale()})
    assert refused.value.code == "row_missing"
    with pytest.raises(InvalidInput) as refused:
        scan_test([(CALL, CONTRACT)], 0, {CALL.id: make_row()}, {"BTC": make_scale()})
    assert refused.value.code == "underlying_missing"


def test_an_empty_account_needs_no_report() -> None:
    assert scan_test([], 0, {}, {}).passes(INITIAL)
    assert not scan_test([], -1, {}, {}).passes(MAINTENANCE)


@given(data=st.data(), cash_micros=st.integers(-(10**14), 10**14))
def test_equals_the_rule(
    all_holdings: Holdings, all_reports: Reports, data: st.DataObject, cash_micros: int
) -> None:
    held, (rows, scales) = data.draw(all_holdings), data.draw(all_reports)
    result = scan_test(held, cash_micros, rows, scales)
    equity = cash_micros * 10**6 + sum(q * rows[item.id].mark_micros for item, q in held)
    risk = sum(
        expected_risk_picos(
            [(item, q) for item, q in held if item.underlying == symbol], rows, scale
        )
        for symbol, scale in scales.items()
    )
    assert (result.equity_picos, result.risk_picos) == (equity, risk)
    assert result.deficit(INITIAL) == risk * INITIAL - equity * 10_000
    assert result.passes(INITIAL) == (result.deficit(INITIAL) <= 0)


# The packed form: one word of sixteen biased risks becomes four words of four 64-bit lanes.

WORD = 1 << 256
LANES = sum(1 << 64 * lane for lane in range(4))
LANE_BIAS = 1 << 62
MAX_HELD = limits.MAX_POSITIONS + limits.MAX_UNDERLYINGS


def packed_lanes(holdings: list[tuple[int, int]]) -> list[int]:
    """The sixteen sums from (quantity, risk word) pairs, with the chain's modular arithmetic."""
    sums = [0, 0, 0, 0]
    for quantity, word in holdings:
        for part in range(4):
            spread = (word >> 16 * part) & (0xFFFF * LANES)
            sums[part] = (sums[part] + quantity * spread) % WORD
    net = sum(quantity for quantity, _ in holdings)
    biased = [(part + LANES * (LANE_BIAS - 32_768 * net)) % WORD for part in sums]
    return [(biased[j % 4] >> 64 * (j // 4)) % 2**64 - LANE_BIAS for j in range(16)]


def risk_word(risk: Sequence[int]) -> int:
    return reduce(lambda word, loss: word << 16 | loss + 32_768, reversed(risk), 0)


EDGES = st.sampled_from([-32_768, -32_767, -1, 0, 1, 32_767])
QUANTITIES = st.one_of(
    st.sampled_from([-limits.MAX_QUANTITY_MICROS, limits.MAX_QUANTITY_MICROS]),
    st.integers(-limits.MAX_QUANTITY_MICROS, limits.MAX_QUANTITY_MICROS),
)


@given(
    holdings=st.lists(
        st.tuples(QUANTITIES, st.lists(EDGES, min_size=16, max_size=16)), max_size=MAX_HELD
    )
)
def test_packed_lanes_are_exact(holdings: list[tuple[int, list[int]]]) -> None:
    plain = [sum(quantity * risk[j] for quantity, risk in holdings) for j in range(16)]
    assert packed_lanes([(quantity, risk_word(risk)) for quantity, risk in holdings]) == plain


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("risk", [-32_768, 32_767])
def test_packed_lanes_are_exact_with_every_position_at_its_bound(sign: int, risk: int) -> None:
    quantity = sign * limits.MAX_QUANTITY_MICROS
    word = risk_word([risk, -risk - 1] * 8)
    sums = packed_lanes([(quantity, word)] * MAX_HELD)
    assert sums == [quantity * risk * MAX_HELD, quantity * (-risk - 1) * MAX_HELD] * 8
