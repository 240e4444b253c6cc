"""SVI slices and surfaces: known smiles come back, real quotes are met, nothing is arbitraged."""

from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    YEAR_SECONDS,
    ExpiryQuotes,
    Floor,
    Observation,
    QuotedVolatility,
    QuoteFilter,
    Surface,
    SviSlice,
    fit_slice,
    fit_surface,
    observe,
    price,
)

Chain = tuple[int, list[ExpiryQuotes]]
WIDE = np.linspace(-2.0, 2.0, 1001)
SMILE = SviSlice(a=0.02, b=0.15, rho=-0.3, m=0.05, sigma=0.2)
YEARS = 0.25


def quoted(smile: SviSlice, k: np.ndarray, years: float = YEARS) -> list[Observation]:
    volatilities = smile.volatility(k, years)
    return [
        Observation(float(at), float(volatility), 0.005, is_quoted=True)
        for at, volatility in zip(k, volatilities, strict=True)
    ]


@settings(max_examples=15)
@given(
    least=st.floats(0.005, 0.1),
    left=st.floats(0.05, 0.5),
    right=st.floats(0.05, 0.5),
    m=st.floats(-0.2, 0.2),
    sigma=st.floats(0.1, 0.5),
)
def test_a_known_smile_comes_back(
    least: float, left: float, right: float, m: float, sigma: float
) -> None:
    b, rho = (left + right) / 2, (right - left) / (left + right)
    smile = SviSlice(least - sigma * (left * right) ** 0.5, b, rho, m, sigma)
    if smile.density(WIDE).min() < 0.01:
        return
    k = np.linspace(-1.0, 1.0, 21)
    fitted = fit_slice(quoted(smile, k), YEARS)
    error = fitted.volatility(k, YEARS) - smile.volatility(k, YEARS)
    assert np.abs(error).max() < 5e-4


def test_total_variance_of_known_parameters() -> None:
    # w(m) = a + bσ, and the density of a flat smile is one.
    assert float(SMILE.total_variance(0.05)) == pytest.approx(0.02 + 0.15 * 0.2)
    assert float(SMILE.volatility(0.05, 0.5)) == pytest.approx(0.1**0.5)
    flat = SviSlice(a=0.04, b=0.0, rho=0.0, m=0.0, sigma=0.1)
    assert flat.density(WIDE).tolist() == [1.0] * WIDE.size


def test_density_is_that_of_the_prices() -> None:
    # Breeden and Litzenberger: the second derivative of calls in the strike is g(k) times a
    # lognormal factor, so their signs and, at any k, their sizes agree.
    k, step = np.linspace(-0.8, 0.8, 17), 1e-4

    def call(at: np.ndarray) -> np.ndarray:
        return price(+1, 1.0, np.exp(at), SMILE.volatility(at, YEARS), YEARS)

    strikes = [np.exp(k) * (1 + bump) for bump in (-step, 0.0, step)]
    down, here, up = (call(np.log(strike)) for strike in strikes)
    density = (up - 2 * here + down) / (np.exp(k) * step) ** 2
    w = SMILE.total_variance(k)
    d_minus = -k / np.sqrt(w) - np.sqrt(w) / 2
    lognormal = np.exp(-(d_minus**2) / 2) / np.sqrt(2 * np.pi * w) / np.exp(k)
    np.testing.assert_allclose(density, SMILE.density(k) * lognormal, rtol=1e-4, atol=1e-6)


def test_an_arbitrageable_smile_is_fitted_by_the_nearest_that_is_not() -> None:
    vogt = SviSlice(a=-0.0410, b=0.1331, rho=0.3060, m=0.3586, sigma=0.4153)
    assert vogt.density(WIDE).min() < 0
    k = np.linspace(-1.3, 1.3, 27)
    fitted = fit_slice(quoted(vogt, k, 1.0), 1.0)
    assert fitted.density(WIDE).min() >= 0
    error = np.abs(fitted.volatility(k, 1.0) - vogt.volatility(k, 1.0))
    assert np.median(error) < 0.01


def test_a_floor_holds_where_it_is_given_and_nowhere_else() -> None:
    k = np.linspace(-0.5, 0.5, 21)
    observations = quoted(SMILE, k)
    floor = Floor(np.array([0.4]), SMILE.total_variance([0.4]) * 1.2)
    free, held = fit_slice(observations, YEARS), fit_slice(observations, YEARS, floor)
    assert free.total_variance(0.4) < floor.total_variance[0]
    assert held.total_variance(0.4) >= floor.total_variance[0]
    assert np.abs(held.volatility(-0.4, YEARS) - free.volatility(-0.4, YEARS)) < 0.02


def test_wild_marks_do_not_bend_a_quoted_smile() -> None:
    k = np.linspace(-0.6, 0.6, 9)
    wild = [Observation(float(at), 1.5, 0.05, is_quoted=False) for at in np.linspace(-1, 1, 40)]
    fitted = fit_slice(quoted(SMILE, k) + wild, YEARS)
    assert np.abs(fitted.volatility(k, YEARS) - SMILE.volatility(k, YEARS)).max() < 0.005


def test_one_wild_quote_hardly_bends_a_quoted_smile() -> None:
    k = np.linspace(-0.6, 0.6, 13)
    observations = quoted(SMILE, k)
    observations[6] = observations[6]._replace(volatility=2.0)
    fitted = fit_slice(observations, YEARS)
    others = np.delete(k, 6)
    error = np.abs(fitted.volatility(others, YEARS) - SMILE.volatility(others, YEARS))
    assert error.max() < 0.02


def test_five_observations_are_enough_and_four_are_not() -> None:
    fit_slice(quoted(SMILE, np.linspace(-0.5, 0.5, 5)), YEARS)
    with pytest.raises(InvalidInput, match="observations_few"):
        fit_slice(quoted(SMILE, np.linspace(-0.5, 0.5, 4)), YEARS)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (QuotedVolatility(10**9, 0.50, 0.54, 0.9), (0.52, 0.02, True)),
        (QuotedVolatility(10**9, 0.50, 0.501, 0.9), (0.5005, 0.0025, True)),
        (QuotedVolatility(10**9, 0.50, 0.60, 0.9), (0.55, 0.05, True)),
        (QuotedVolatility(10**9, 0.50, 0.61, 0.9), (0.61, 0.05, False)),
        (QuotedVolatility(10**9, 0.50, None, 0.4), (0.50, 0.05, False)),
        (QuotedVolatility(10**9, None, 0.60, 0.4), (0.40, 0.05, False)),
        (QuotedVolatility(10**9, None, None, 0.4), (0.40, 0.05, False)),
        (QuotedVolatility(10**9, None, 0.60, None), None),
        (QuotedVolatility(10**9, 0.55, 0.54, 0.5), None),
        (QuotedVolatility(10**9, 0.50, 0.54, 0.5, age_seconds=900), (0.52, 0.02, True)),
        (QuotedVolatility(10**9, 0.50, 0.54, 0.5, age_seconds=901), None),
    ],
)
def test_the_filter_weighs_quotes(
    quote: QuotedVolatility, expected: tuple[float, float, bool] | None
) -> None:
    observed = observe(ExpiryQuotes(1, 2 * 10**9, (quote,)), QuoteFilter(max_spread=0.1 + 1e-12))
    if expected is None:
        assert observed == ()
    else:
        (only,) = observed
        assert only.log_moneyness == pytest.approx(log(0.5))
        assert only[1:3] == pytest.approx(expected[:2])
        assert only.is_quoted == expected[2]


def fit_errors(surface: Surface, chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """Deviations from the middle of each two-sided quote, and half its spread, in volatility."""
    now_seconds, expiries = chain
    errors, spreads = [], []
    for expiry, fitted in zip(expiries, surface.slices, strict=True):
        years = (expiry.expiry_seconds - now_seconds) / YEAR_SECONDS
        for observation in observe(expiry):
            if observation.is_quoted:
                model = fitted.smile.volatility(observation.log_moneyness, years)
                errors.append(abs(float(model) - observation.volatility))
                spreads.append(observation.uncertainty)
    return np.array(errors), np.array(spreads)


def test_btc_quotes_are_met(btc_surface: Surface, btc_chain: Chain) -> None:
    errors, spreads = fit_errors(btc_surface, btc_chain)
    assert errors.size > 400
    assert np.median(errors) < 0.002
    assert np.mean(errors <= spreads) > 0.97


def test_eth_quotes_are_met(eth_surface: Surface, eth_chain: Chain) -> None:
    errors, spreads = fit_errors(eth_surface, eth_chain)
    assert errors.size > 45
    assert np.median(errors) < 0.003
    assert np.mean(errors <= spreads) > 0.9


@pytest.mark.parametrize("name", ["btc", "eth"])
def test_real_surfaces_are_free_of_arbitrage(name: str, request: pytest.FixtureRequest) -> None:
    surface: Surface = request.getfixturevalue(f"{name}_surface")
    _, expiries = request.getfixturevalue(f"{name}_chain")
    assert len(surface.slices) == 11
    for fitted in surface.slices:
        assert fitted.smile.density(WIDE).min() >= 0
    for (near, far), expiry in zip(pairwise(surface.slices), expiries, strict=False):
        listed = [observation.log_moneyness for observation in observe(expiry)]
        k = np.linspace(min(listed), max(listed), 1001)
        rise = far.smile.total_variance(k) / near.smile.total_variance(k)
        assert rise.min() >= 1


def test_the_same_quotes_give_the_same_surface(eth_surface: Surface, eth_chain: Chain) -> None:
    now_seconds, expiries = eth_chain
    assert fit_surface(expiries[:3], now_seconds).slices == eth_surface.slices[:3]


def test_points_are_published_in_whole_numbers(btc_surface: Surface) -> None:
    fitted = btc_surface.slices[-1]
    option = Instrument("BTC", Kind.CALL, fitted.expiry_seconds, fitted.forward_micros)
    years = (fitted.expiry_seconds - btc_surface.time_seconds) / YEAR_SECONDS
    point = btc_surface.point(option)
    assert (point.option, point.forward_micros) == (option, fitted.forward_micros)
    assert point.volatility_micros == round(float(fitted.smile.volatility(0.0, years)) * 10**6)
    assert type(point.volatility_micros) is int
    other = Instrument("BTC", Kind.CALL, fitted.expiry_seconds + 1, fitted.forward_micros)
    with pytest.raises(InvalidInput, match="expiry_unknown"):
        btc_surface.point(other)


def test_expiries_must_ascend_from_now(eth_chain: Chain) -> None:
    now_seconds, expiries = eth_chain
    first, second, *_ = expiries
    for wrong, at_seconds in (
        ([second, first], now_seconds),
        ([first, first], now_seconds),
        ([first], first.expiry_seconds),
    ):
        with pytest.raises(InvalidInput, match="expiries_unsorted"):
            fit_surface(wrong, at_seconds)
