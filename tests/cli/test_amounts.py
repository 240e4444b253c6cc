import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.cli.amounts import micros_text, parse_micros
from offbeat.core import InvalidInput


@given(st.integers(-(10**35), 10**35))
def test_text_and_micros_are_one_value(micros: int) -> None:
    assert parse_micros(micros_text(micros).replace(",", ""), "x") == micros


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("0", 0),
        ("-0", 0),
        ("1.5", 1_500_000),
        ("-12.25", -12_250_000),
        ("0.000001", 1),
        ("0.0000010", 1),
        ("007", 7_000_000),
        (3, 3_000_000),
        (-3, -3_000_000),
    ],
)
def test_decimals_are_read_exactly(value: object, micros: int) -> None:
    assert parse_micros(value, "x") == micros


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0.0000001", "number_precision"),
        (1.5, "number_invalid"),
        (True, "number_invalid"),
        (None, "number_invalid"),
        ("", "number_invalid"),
        ("1,000", "number_invalid"),
        ("1e3", "number_invalid"),
        (".5", "number_invalid"),
        ("5.", "number_invalid"),
        ("+5", "number_invalid"),
        (" 5", "number_invalid"),
        ("NaN", "number_invalid"),
        ("Infinity", "number_invalid"),
        ("٣", "number_invalid"),
        ("9" * 31, "number_invalid"),
    ],
)
def test_anything_else_is_refused(value: object, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_micros(value, "the amount")
    assert refusal.value.code == code
    assert "the amount" in refusal.value.message


@pytest.mark.parametrize(
    ("micros", "text"), [(0, "0"), (1, "0.000001"), (-1_500_000, "-1.5"), (10**12, "1,000,000")]
)
def test_micros_are_written_without_idle_zeros(micros: int, text: str) -> None:
    assert micros_text(micros) == text
