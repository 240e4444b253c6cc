"""Black-76 against published values, QuantLib, a real venue's marks, and its own identities."""

import numpy as np
import pytest
import QuantLib as Ql
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat.oracle import greeks, implied_volatility, price

Floats = NDArray[np.float64]
Published = dict[str, Floats]
CALL, PUT = +1, -1

FORWARDS = st.floats(1.0, 200_000.0)
MONEYNESS = st.floats(0.2, 5.0)
VOLATILITIES = st.floats(0.05, 3.0)
YEARS = st.floats(1 / 365, 3.0)
SIGNS = st.sampled_from([CALL, PUT])


def test_prices_equal_the_published_ones(published_values: Published) -> None:
    spot, strike, rate, years, volatility = (published_values[c] for c in ("S", "K", "R", "t", "v"))
    forward = spot * np.exp(rate * years)
    for sign, column in ((CALL, "bs_call"), (PUT, "bs_put")):
        ours = price(sign, forward, strike, volatility, years, rate=rate)
        np.testing.assert_allclose(ours, published_values[column], rtol=1e-6, atol=1e-6)


def test_greeks_equal_the_published_ones(published_values: Published) -> None:
    spot, strike, rate, years, volatility = (published_values[c] for c in ("S", "K", "R", "t", "v"))
    growth = np.exp(rate * years)
    for sign, side in ((CALL, "C"), (PUT, "P")):
        ours = greeks(sign, spot * growth, strike, volatility, years, rate=rate)
        # The published ones hold spot still; the forward S·e^(rt) then falls as time passes.
        on_spot = {
            "D": ours.delta * growth,
            "G": ours.gamma * growth**2,
            "V": ours.vega,
            "T": ours.theta - rate * spot * growth * ours.delta,
        }
        for letter, values in on_spot.items():
            np.testing.assert_allclose(
                values, published_values[side + letter], rtol=1e-5, atol=1e-6, err_msg=letter
            )


@given(SIGNS, FORWARDS, MONEYNESS, VOLATILITIES, YEARS)
def test_equals_quantlib(
    sign: int, forward: float, moneyness: float, volatility: float, years: float
) -> None:
    strike, rate = forward * moneyness, 0.05
    option = Ql.Option.Call if sign == CALL else Ql.Option.Put
    deviation = volatility * np.sqrt(years)
    theirs = Ql.blackFormula(option, strike, forward, deviation, np.exp(-rate * years))
    ours = price(sign, forward, strike, volatility, years, rate=rate)
    assert float(ours) == pytest.approx(theirs, rel=1e-9, abs=1e-12 * forward)


def test_gives_a_venues_marks_back(btc_records: list[dict[str, str]]) -> None:
    columns = ("S0", "strike", "mark_iv", "T_years", "market_price_btc")
    forward, strike, percent, years, coins = (
        np.array([float(record[column]) for record in btc_records]) for column in columns
    )
    sign = np.array([CALL if record["type"] == "call" else PUT for record in btc_records])
    error = np.abs(price(sign, forward, strike, percent / 100, years) / forward - coins)
    assert error.size == 676
    assert np.quantile(error, 0.99) <= 2e-5


@given(FORWARDS, MONEYNESS, VOLATILITIES, YEARS, st.floats(0.0, 0.2))
def test_parity(
    forward: float, moneyness: float, volatility: float, years: float, rate: float
) -> None:
    strike = forward * moneyness
    call, put = (price(s, forward, strike, volatility, years, rate=rate) for s in (CALL, PUT))
    discounted = np.exp(-rate * years) * (forward - strike)
    assert float(call - put) == pytest.approx(discounted, abs=1e-12 * (forward + strike))


@pytest.mark.parametrize("sign", [CALL, PUT])
@pytest.mark.parametrize(("volatility", "years"), [(0.5, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_is_intrinsic_without_time_or_volatility(
    sign: int, volatility: float, years: float
) -> None:
    strikes = np.array([80.0, 100.0, 120.0])
    values = price(sign, 100.0, strikes, volatility, years)
    assert values.tolist() == np.maximum(sign * (100.0 - strikes), 0).tolist()


@given(SIGNS, FORWARDS, st.floats(0.5, 2.0), st.floats(0.2, 2.0), st.floats(0.02, 2.0))
def test_greeks_are_the_slopes_of_the_price(
    sign: int, forward: float, moneyness: float, volatility: float, years: float
) -> None:
    strike, rate, step = forward * moneyness, 0.03, 1e-4
    exact = greeks(sign, forward, strike, volatility, years, rate=rate)

    def at(f: float = forward, v: float = volatility, t: float = years) -> float:
        return float(price(sign, f, strike, v, t, rate=rate))

    up, down, bump = at(f=forward * (1 + step)), at(f=forward * (1 - step)), forward * step
    close = {"rel": 1e-4, "abs": 1e-5}
    assert (up - down) / (2 * bump) == pytest.approx(float(exact.delta), **close)
    gamma = (up - 2 * at() + down) / bump**2
    assert gamma * forward == pytest.approx(float(exact.gamma) * forward, rel=1e-3, abs=1e-4)
    vega = (at(v=volatility + step) - at(v=volatility - step)) / (2 * step)
    assert vega / forward == pytest.approx(float(exact.vega) / forward, **close)
    theta = (at(t=years * (1 - step)) - at(t=years * (1 + step))) / (2 * years * step)
    assert theta / forward == pytest.approx(float(exact.theta) / forward, **close)


@given(SIGNS, FORWARDS, MONEYNESS, VOLATILITIES, YEARS)
def test_implied_volatility_prices_back(
    sign: int, forward: float, moneyness: float, volatility: float, years: float
) -> None:
    strike, rate = forward * moneyness, 0.05
    value = price(sign, forward, strike, volatility, years, rate=rate)
    implied = implied_volatility(value, sign, forward, strike, years, rate=rate)
    away = np.maximum(strike, forward) * 1e-14
    intrinsic = np.exp(-rate * years) * max(sign * (forward - strike), 0)
    if value - intrinsic > away:
        again = price(sign, forward, strike, implied, years, rate=rate)
        assert float(again) == pytest.approx(float(value), abs=1e-13 * (forward + strike))


@given(FORWARDS, st.floats(1.0, 5.0), VOLATILITIES, YEARS)
def test_implied_volatility_is_exact_out_of_the_money(
    forward: float, moneyness: float, volatility: float, years: float
) -> None:
    for sign, strike in ((CALL, forward * moneyness), (PUT, forward / moneyness)):
        value = price(sign, forward, strike, volatility, years)
        if value > 1e-200 * forward:
            implied = implied_volatility(value, sign, forward, strike, years)
            assert float(implied) == pytest.approx(volatility, rel=1e-8)


@pytest.mark.parametrize(
    ("value", "sign", "strike", "years", "is_solvable"),
    [
        (20.1, CALL, 80.0, 1.0, True),
        (20.0, CALL, 80.0, 1.0, False),
        (19.9, CALL, 80.0, 1.0, False),
        (0.0, CALL, 120.0, 1.0, False),
        (-1.0, PUT, 80.0, 1.0, False),
        (99.9, CALL, 120.0, 1.0, True),
        (100.0, CALL, 120.0, 1.0, False),
        (79.9, PUT, 80.0, 1.0, True),
        (80.0, PUT, 80.0, 1.0, False),
        (5.0, CALL, 100.0, 0.0, False),
        (float("nan"), CALL, 100.0, 1.0, False),
    ],
)
def test_values_outside_of_their_bounds_have_no_volatility(
    value: float, sign: int, strike: float, years: float, is_solvable: bool
) -> None:
    implied = implied_volatility(value, sign, 100.0, strike, years)
    assert bool(np.isfinite(implied)) == is_solvable


def test_implied_volatility_broadcasts() -> None:
    strikes = np.array([[90.0], [110.0]])
    values = price(CALL, 100.0, strikes, 0.4, np.array([0.1, 0.2, 0.3]))
    implied = implied_volatility(values, CALL, 100.0, strikes, np.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(implied, np.full((2, 3), 0.4), rtol=1e-10)
