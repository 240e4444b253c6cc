"""Decimal text becomes scaled integers exactly, or not at all."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.sim.decimals import parse_fixed, parse_pairs, parse_rounded

BIG = 10**40


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("0.0", 6, 0),
        ("-0.0", 6, 0),
        ("2017.3846", 6, 2_017_384_600),
        ("5e-06", 9, 5_000),
        ("1.5e+2", 0, 150),
        ("3.555e-05", 9, 35_550),
        ("250.0", 0, 250),
    ],
)
def test_reads_what_the_files_write(text: str, decimals: int, value: int) -> None:
    assert parse_fixed(text, decimals=decimals, maximum=BIG) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "1\n", "\x00", "nan", "inf", "-inf", "1_000", "0x10", "1.", ".5", "+1"),
        *("1,5", "１", "1e400", "9" * 16, "1" + "0" * 10_000),
    ],
)
def test_refuses_other_spellings(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_fixed(text, decimals=6, maximum=BIG)
    assert caught.value.code == "number_malformed"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.0000001", "number_precision"),
        ("1e-99", "number_precision"),
        ("-1", "number_bounds"),
        ("1.000001", "number_bounds"),
        ("1e99", "number_bounds"),
    ],
)
def test_refuses_what_does_not_fit(text: str, code: str) -> None:
    assert parse_fixed("1", decimals=6, maximum=1_000_000) == 1_000_000
    with pytest.raises(InvalidInput) as caught:
        parse_fixed(text, decimals=6, maximum=1_000_000)
    assert caught.value.code == code


@given(st.integers(0, 10**15 - 1), st.integers(0, 9))
def test_inverts_decimal(units: int, decimals: int) -> None:
    text = f"{Decimal(units).scaleb(-decimals):f}"
    assert parse_fixed(text, decimals=decimals, maximum=BIG) == units


@given(st.floats(1e-50, 1e9))
def test_rounds_a_published_float_to_the_nearest_unit(value: float) -> None:
    exact = Fraction(Decimal(repr(value))) * 10**6
    assert parse_rounded(repr(value), decimals=6, maximum=BIG) == round(exact)


def test_reads_pairs() -> None:
    assert parse_pairs("[]") == []
    assert parse_pairs("[[0.05, 1.0]]") == [("0.05", "1.0")]
    assert parse_pairs("[[5e-06, 1.0], [4, 2.5]]") == [("5e-06", "1.0"), ("4", "2.5")]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "[[]]", "[[1.0]]", "[[1.0, 2.0, 3.0]]", "[[1.0, 2.0],]", "[[1.0, nan]]"),
        *("[1.0, 2.0]", "__import__('os')", "[" * 5_000 + "]" * 5_000),
        "[[1.0, 2.0]" + ", [1.0, 2.0]" * 6_000 + "]",
    ],
)
def test_refuses_anything_but_pairs(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_pairs(text)
    assert caught.value.code == "pairs_malformed"
