"""Values in whole numbers against QuantLib's, over the whole range that a report can state."""

from math import sqrt

import pytest
import QuantLib
from hypothesis import example, given, settings
from hypothesis import strategies as st

from offbeat.instruments import Instrument, Kind
from offbeat.oracle import ONE, SMILE_SCALE, Smile, SviSlice, value_micros

MICRO_ERROR = 0.5
"""A value is rounded to a micro, so at most half of one comes from us."""
FLOAT_ERROR = 4e-15
"""Of forward plus strike: how far QuantLib's doubles may stray."""

moneyness = st.floats(-8, 8)
deviations = st.integers(1, 20 * ONE) | st.integers(1, ONE // 1_000)


@settings(max_examples=1_000)
@given(
    st.sampled_from([Kind.CALL, Kind.PUT]),
    st.integers(1, 1 << 48),
    st.integers(1, (1 << 48) - 1),
    deviations,
)
@example(Kind.CALL, 1 << 48, 1, 1)
@example(Kind.PUT, 1, (1 << 48) - 1, ONE)
def test_values_anywhere(kind: Kind, forward: int, strike: int, deviation: int) -> None:
    _check(kind, forward, strike, deviation)


@settings(max_examples=1_000)
@given(
    st.sampled_from([Kind.CALL, Kind.PUT]),
    st.integers(10**6, 10**12),
    moneyness,
    st.integers(ONE // 1_000, 4 * ONE),
)
def test_values_where_they_matter(
    kind: Kind, forward: int, distance: float, deviation: int
) -> None:
    """Strikes within eight deviations of the forward."""
    strike = round(forward * (1 + distance * deviation / ONE / 4))
    if 0 < strike < 1 << 48:
        _check(kind, forward, strike, deviation)


def _check(kind: Kind, forward: int, strike: int, deviation: int) -> None:
    option = Instrument("ETH", kind, 1, strike)
    kinds = {Kind.CALL: QuantLib.Option.Call, Kind.PUT: QuantLib.Option.Put}
    theirs = QuantLib.blackFormula(kinds[kind], float(strike), float(forward), deviation / ONE)
    ours = value_micros(option, forward, 1, deviation)
    assert abs(ours - theirs) <= MICRO_ERROR + FLOAT_ERROR * (forward + strike)


@given(
    st.floats(0.0001, 2),
    st.floats(0, 1),
    st.floats(-0.999, 0.999),
    st.floats(-0.5, 0.5),
    st.floats(0.01, 1),
    st.floats(-2, 2),
)
def test_smiles_are_those_of_svi(
    a: float, b: float, rho: float, m: float, sigma: float, k: float
) -> None:
    fitted = SviSlice(a, b, rho, m, sigma)
    forward = 10**12
    strike = min(round(forward * 2.718281828459045**k), (1 << 48) - 1)
    deviation = Smile.of(fitted).deviation(forward, strike) / ONE
    from_floats = sqrt(float(fitted.total_variance(k)))
    assert deviation == pytest.approx(from_floats, rel=1e-6)
    assert abs(Smile.of(fitted).rho) <= SMILE_SCALE
