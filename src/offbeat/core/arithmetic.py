"""Exact integer division with the rounding spelt out.

Python's ``//`` floors and Vyper's ``//`` truncates; they differ on negatives. Every quotient in
the rulebook goes through one of these three, and the contracts have their twins.
"""


def floor_div(numerator: int, denominator: int) -> int:
    """Quotient rounded towards minus infinity; ``denominator`` must be positive."""
    assert denominator > 0, "division by a non-positive number"
    return numerator // denominator


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient rounded towards plus infinity; ``denominator`` must be positive."""
    assert denominator > 0, "division by a non-positive number"
    return -(-numerator // denominator)


def trunc_div(numerator: int, denominator: int) -> int:
    """Quotient rounded towards zero, as the EVM's ``SDIV``; ``denominator`` must be positive."""
    assert denominator > 0, "division by a non-positive number"
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def to_unsigned(value: int, bits: int) -> int:
    """Two's complement of ``value`` in ``bits`` bits; the caller has checked the range."""
    assert -(1 << (bits - 1)) <= value < 1 << bits, "value does not fit"
    return value & ((1 << bits) - 1)


def to_signed(value: int, bits: int) -> int:
    """The signed number whose two's complement in ``bits`` bits is ``value``."""
    assert 0 <= value < 1 << bits, "value does not fit"
    return value - (1 << bits) if value >> (bits - 1) else value
