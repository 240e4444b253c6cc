# pragma version 0.4.3
"""
@title Black76Probe: fixed point and Black-76 for the parity tests
@license Apache-2.0
"""

from lib import black76
from lib import fixed_point


@external
@pure
def ln_ratio(numerator: uint256, denominator: uint256) -> int256:
    return fixed_point.ln_ratio(numerator, denominator)


@external
@pure
def normal_cdf(x: int256) -> int256:
    return fixed_point.normal_cdf(x)


@external
@pure
def deviation(forward: uint256, strike: uint256, smile: uint256, sigma: uint256) -> uint256:
    return black76.deviation(forward, strike, smile, sigma)


@external
@pure
def value_micros(
    is_put: bool, forward: uint256, strike: uint256, unit: uint256, deviation: uint256
) -> uint256:
    return black76.value_micros(is_put, forward, strike, unit, deviation)
