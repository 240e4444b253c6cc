from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import ceil_div, floor_div, to_signed, to_unsigned, trunc_div

numerators = st.integers(-(2**200), 2**200)
denominators = st.integers(1, 2**100)


@given(numerators, denominators)
def test_each_division_rounds_the_exact_quotient(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert floor_div(numerator, denominator) == floor(exact)
    assert ceil_div(numerator, denominator) == ceil(exact)
    assert trunc_div(numerator, denominator) == int(exact)


@pytest.mark.parametrize(
    ("numerator", "floored", "ceiled", "truncated"),
    [(7, 3, 4, 3), (-7, -4, -3, -3), (6, 3, 3, 3), (-6, -3, -3, -3), (0, 0, 0, 0)],
)
def test_halves_of_either_sign(numerator: int, floored: int, ceiled: int, truncated: int) -> None:
    assert floor_div(numerator, 2) == floored
    assert ceil_div(numerator, 2) == ceiled
    assert trunc_div(numerator, 2) == truncated


@pytest.mark.parametrize("divide", [floor_div, ceil_div, trunc_div])
@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_that_is_not_positive_is_our_own_bug(
    divide: Callable[[int, int], int], denominator: int
) -> None:
    with pytest.raises(AssertionError):
        divide(1, denominator)


@given(
    st.integers(1, 256).flatmap(lambda bits: st.tuples(st.just(bits), st.integers(0, 2**bits - 1)))
)
def test_twos_complement_round_trips(pair: tuple[int, int]) -> None:
    bits, word = pair
    signed = to_signed(word, bits)
    assert -(2 ** (bits - 1)) <= signed < 2 ** (bits - 1)
    assert to_unsigned(signed, bits) == word


def test_twos_complement_at_its_edges() -> None:
    assert to_unsigned(-1, 64) == 2**64 - 1
    assert to_signed(2**63, 64) == -(2**63)
    assert to_signed(2**63 - 1, 64) == 2**63 - 1
    for value in (-(2**63) - 1, 2**64):
        with pytest.raises(AssertionError):
            to_unsigned(value, 64)
    for word in (-1, 2**64):
        with pytest.raises(AssertionError):
            to_signed(word, 64)
