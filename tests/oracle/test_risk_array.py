"""Risk arrays: the scenarios' order, an independent recomputation, and what must hold of losses."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import erfc, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    SPAN_SCENARIOS,
    YEAR_SECONDS,
    OptionPoint,
    RiskParameters,
    Surface,
    option_rows,
    spot_row,
)

NOW = 1_764_000_000
DOLLAR = 10**6
EXTREME_MULTIPLE, EXTREME_WEIGHT = 3, Fraction(33, 100)
ETH = RiskParameters(
    price_scan_bps=1_500, volatility_scan_bps=3_000, tick_micros=50_000, short_min_ticks=500
)


def option(kind: Kind, strike_micros: int, days: int = 30) -> Instrument:
    return Instrument("ETH", kind, NOW + days * 86_400, strike_micros)


@st.composite
def points(draw: st.DrawFn) -> OptionPoint:
    """Options of a day to three years, with strikes from a fifth to five times the forward."""
    forward_micros = draw(st.integers(500 * DOLLAR, 5_000 * DOLLAR))
    strike_micros = draw(st.integers(forward_micros // 5, forward_micros * 5))
    kind = draw(st.sampled_from([Kind.CALL, Kind.PUT]))
    volatility_micros = draw(st.integers(100_000, 2_000_000))
    return OptionPoint(
        option(kind, strike_micros, draw(st.integers(1, 1_000))), forward_micros, volatility_micros
    )


def plain_value(point: OptionPoint, price_factor: Fraction, volatility_factor: Fraction) -> float:
    """Black-76 in micros by the standard library alone."""
    years = (point.option.expiry_seconds - NOW) / YEAR_SECONDS
    forward, strike = float(point.forward_micros * price_factor), point.option.strike_micros
    deviation = float(point.volatility_micros * volatility_factor) / 10**6 * sqrt(years)
    d_plus = log(forward / strike) / deviation + deviation / 2
    sign = +1 if point.option.kind is Kind.CALL else -1

    def normal(d: float) -> float:
        return erfc(-d / sqrt(2)) / 2

    return sign * (forward * normal(sign * d_plus) - strike * normal(sign * (d_plus - deviation)))


def span_moves() -> list[tuple[Fraction, int, Fraction]]:
    """(price move in scan ranges, volatility direction, weight), as CME lists them."""
    thirds = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3]
    usual = [(Fraction(t, 3), 1 - 2 * (j % 2), Fraction(1)) for j, t in enumerate(thirds)]
    extremes = [(Fraction(sign * EXTREME_MULTIPLE), 0, EXTREME_WEIGHT) for sign in (1, -1)]
    return usual + extremes


def test_scenarios_stand_in_cmes_order() -> None:
    listed = [
        (
            Fraction(each.price_thirds, 3) * (EXTREME_MULTIPLE if each.is_extreme else 1),
            each.volatility_sign,
            EXTREME_WEIGHT if each.is_extreme else Fraction(1),
        )
        for each in SPAN_SCENARIOS
    ]
    assert listed == span_moves()
    assert len(listed) == limits.SCENARIOS


@given(points())
def test_equals_an_independent_computation_within_rounding(point: OptionPoint) -> None:
    (row,) = option_rows([point], NOW, ETH)
    mark = plain_value(point, Fraction(1), Fraction(1))
    assert abs(row.mark_micros - mark) <= 0.5 + 1e-4
    for loss_ticks, (move, direction, weight) in zip(row.risk, span_moves(), strict=True):
        price_factor = 1 + move * Fraction(ETH.price_scan_bps, 10_000)
        volatility_factor = 1 + direction * Fraction(ETH.volatility_scan_bps, 10_000)
        loss = (mark - plain_value(point, price_factor, volatility_factor)) * float(weight)
        assert abs(loss_ticks * ETH.tick_micros - loss) <= ETH.tick_micros / 2 + 1.1


@given(points())
def test_a_long_option_loses_no_more_than_its_mark(point: OptionPoint) -> None:
    (row,) = option_rows([point], NOW, ETH)
    assert max(row.risk) * ETH.tick_micros <= row.mark_micros + ETH.tick_micros // 2


@given(points())
def test_a_call_less_a_put_moves_like_the_forward(point: OptionPoint) -> None:
    pair = [
        point._replace(
            option=Instrument("ETH", kind, point.option.expiry_seconds, point.option.strike_micros)
        )
        for kind in (Kind.CALL, Kind.PUT)
    ]
    call, put = option_rows(pair, NOW, ETH)
    forward = spot_row("ETH", point.forward_micros, ETH)
    parity = call.mark_micros - put.mark_micros - point.forward_micros + point.option.strike_micros
    assert abs(parity) <= 1
    for one, other, both in zip(call.risk, put.risk, forward.risk, strict=True):
        assert abs(one - other - both) <= 2


@given(
    spot_micros=st.integers(0, 10_000 * DOLLAR),
    price_scan_bps=st.integers(1, 3_333),
    tick_micros=st.integers(200_000, 10**9),
    multiple=st.integers(1, 3),
    weight_bps=st.integers(0, 10_000),
)
def test_spot_losses_are_rounded_exactly_half_to_even(
    spot_micros: int, price_scan_bps: int, tick_micros: int, multiple: int, weight_bps: int
) -> None:
    parameters = RiskParameters(price_scan_bps, 0, tick_micros, 0, multiple, weight_bps)
    row = spot_row("ETH", spot_micros, parameters)
    assert row.mark_micros == spot_micros
    for ticks, scenario in zip(row.risk, SPAN_SCENARIOS, strict=True):
        move = Fraction(scenario.price_thirds * price_scan_bps, 30_000)
        if scenario.is_extreme:
            move *= Fraction(multiple * weight_bps, 10_000)
        assert ticks == round(-spot_micros * move / tick_micros)


def test_spot_halves_go_to_the_even_tick() -> None:
    # A third of 3 % of 100 micros is one micro: half a tick of two, then one and a half.
    for spot_micros, expected in ((100, 0), (300, 2), (500, 2)):
        row = spot_row("ETH", spot_micros, RiskParameters(300, 0, 2, 0))
        assert (row.risk[2], row.risk[4]) == (-expected, expected)
        exact = Decimal(spot_micros) / 200
        assert int(exact.quantize(Decimal(1), ROUND_HALF_EVEN)) == expected


def test_a_row_of_known_numbers() -> None:
    # At the money with σ√T = 0.1: F (2 N(0.05) − 1) = 0.03987761 F.
    point = OptionPoint(option(Kind.CALL, 2_000 * DOLLAR, 365), 2_000 * DOLLAR, 100_000)
    (row,) = option_rows([point], NOW, RiskParameters(1_500, 5_000, DOLLAR, 0))
    assert row.instrument_id == point.option.id
    assert row.mark_micros == 79_755_223
    # Down 45 % the mark is lost, up 45 % the option is worth 900: of both a third is charged.
    assert row.risk[14:] == (round(0.33 * (79.755223 - 900)), round(0.33 * 79.755223))
    unmoved, by_a_third = (-40, 40), (-99, -29, 6, 72)
    by_two_thirds, by_the_range = (-170, -121, 39, 79), (-251, -220, 60, 80)
    assert row.risk[:14] == unmoved + by_a_third + by_two_thirds + by_the_range


def test_a_finer_tick_overflows_and_the_finest_that_fits_does_not() -> None:
    spot_micros = 2_000 * DOLLAR
    # The worst is the whole range: 300 dollars.
    fits = -(-300 * DOLLAR // limits.MAX_RISK_TICKS)
    assert max(spot_row("ETH", spot_micros, RiskParameters(1_500, 0, fits, 0)).risk) <= 32_767
    with pytest.raises(InvalidInput, match="risk_overflow"):
        spot_row("ETH", spot_micros, RiskParameters(1_500, 0, fits - 1, 0))
    point = OptionPoint(option(Kind.CALL, 20 * DOLLAR), spot_micros, 500_000)
    option_rows([point], NOW, RiskParameters(1_500, 0, fits, 0))
    with pytest.raises(InvalidInput, match="risk_overflow"):
        option_rows([point], NOW, RiskParameters(1_500, 0, fits // 2, 0))


def test_points_that_cannot_be_priced_are_refused() -> None:
    good = OptionPoint(option(Kind.PUT, 2_000 * DOLLAR), 2_000 * DOLLAR, 500_000)
    option_rows([good], good.option.expiry_seconds - 1, ETH)
    with pytest.raises(InvalidInput, match="option_expired"):
        option_rows([good], good.option.expiry_seconds, ETH)
    for bad in (
        good._replace(forward_micros=0),
        good._replace(volatility_micros=0),
        good._replace(option=Instrument.spot("ETH")),
    ):
        with pytest.raises(InvalidInput, match="option_point"):
            option_rows([bad], NOW, ETH)


def test_no_points_give_no_rows() -> None:
    assert option_rows([], NOW, ETH) == ()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((3_333, 0, 1, 0), None),
        ((3_334, 0, 1, 0), "scan_range"),
        ((0, 0, 1, 0), "scan_range"),
        ((1_500, 9_999, 1, 0), None),
        ((1_500, 10_000, 1, 0), "scan_range"),
        ((1_500, -1, 1, 0), "scan_range"),
        ((1_500, 0, 0, 0), "tick_micros"),
        ((1_500, 0, 1, 0, 3, 10_000), None),
        ((1_500, 0, 1, 0, 3, 10_001), "extreme_weight"),
        ((9_999, 0, 1, 0, 1), None),
        ((1_500, 0, 1, 0, 0), "scan_range"),
    ],
)
def test_parameters_are_checked(arguments: tuple[int, ...], code: str | None) -> None:
    if code is None:
        RiskParameters(*arguments)
        return
    with pytest.raises(InvalidInput) as refused:
        RiskParameters(*arguments)
    assert refused.value.code == code


def test_a_whole_real_surface_fits_its_ticks(eth_surface: Surface) -> None:
    listed = [
        eth_surface.point(Instrument("ETH", kind, fitted.expiry_seconds, strike * DOLLAR))
        for fitted in eth_surface.slices
        for kind in (Kind.CALL, Kind.PUT)
        for strike in range(500, 10_500, 500)
    ]
    rows = option_rows(listed, eth_surface.time_seconds, ETH)
    assert [row.instrument_id for row in rows] == [point.option.id for point in listed]
    assert max(max(row.risk) for row in rows) > 3_000
