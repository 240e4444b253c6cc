# pragma version 0.4.3
"""
@title Division with the rounding spelt out
@notice Vyper's `//` truncates towards zero; settlement always rounds against whoever asks.
        Twins of `offbeat.core.floor_div` and `ceil_div`; the denominator is positive.
"""


@internal
@pure
def floor_div(numerator: int256, denominator: int256) -> int256:
    quotient: int256 = numerator // denominator
    if numerator < 0 and quotient * denominator != numerator:
        return quotient - 1
    return quotient


@internal
@pure
def ceil_div(numerator: int256, denominator: int256) -> int256:
    quotient: int256 = numerator // denominator
    if numerator > 0 and quotient * denominator != numerator:
        return quotient + 1
    return quotient
