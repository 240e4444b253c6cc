"""Fixed point against decimals of fifty digits, which are computed another way."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import erfc, sqrt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offbeat.oracle import ONE, ln_ratio, normal_cdf

ULP = Decimal(1) / ONE
LN_ERROR = 6
"""Units of 2⁻⁶⁴ by which a logarithm may be off."""
CDF_ERROR = 8
"""Units of 2⁻⁶⁴ by which the normal distribution may be off."""
FARTHEST = 9 * ONE


def exact_cdf(x: Fraction) -> Decimal:
    """Φ(x) by the series of erf, in sixty digits."""
    with localcontext(prec=60):
        exact = Decimal(x.numerator) / x.denominator
        square = exact * exact
        power, total, n = exact, exact, 0
        while abs(power) > Decimal("1e-55"):
            n += 1
            power = -power * square / (2 * n)
            total += power / (2 * n + 1)
        pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
        return Decimal("0.5") + total / (2 * pi).sqrt()


@given(st.integers(1, (1 << 63) - 1) | st.integers(1, 1_000), st.integers(1, 1 << 48) | st.just(1))
@example(1, 1)
@example((1 << 63) - 1, 1)
@example(1, 1 << 63)
def test_logarithm(numerator: int, denominator: int) -> None:
    with localcontext(prec=50):
        exact = (Decimal(numerator) / denominator).ln() * ONE
        assert abs(ln_ratio(numerator, denominator) - exact) <= LN_ERROR


@given(st.integers(-10 * ONE, 10 * ONE))
@example(0)
@example(1)
@example(FARTHEST)
@example(FARTHEST - 1)
@example(1 - FARTHEST)
def test_normal_distribution(x: int) -> None:
    assert abs(normal_cdf(x) - exact_cdf(Fraction(x, ONE)) * ONE) <= CDF_ERROR


@given(st.integers(-10 * ONE, 10 * ONE))
def test_both_tails_are_exactly_one(x: int) -> None:
    assert normal_cdf(x) + normal_cdf(-x) == ONE
    assert 0 <= normal_cdf(x) <= ONE


@pytest.mark.parametrize("x", [-8.0, -3.5, -1.0, 0.0, 0.25, 1.0, 6.0])
def test_normal_distribution_of_the_standard_library(x: float) -> None:
    assert normal_cdf(int(x * ONE)) / ONE == pytest.approx(erfc(-x / sqrt(2)) / 2, abs=1e-16)
