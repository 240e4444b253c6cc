# pragma version 0.4.3
"""
@title Black-76 under an SVI smile
@notice Twin of `offbeat.oracle`: `Smile.deviation` and `value_micros`, bit for bit. Total variance is
        w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)) at k = ln(strike / forward).
"""

from lib import fixed_point

FRACTION_BITS: constant(uint256) = 64
# An SVI parameter has 64 bits, of which 40 are its fraction.
TO_FIXED_POINT: constant(uint256) = 24


@internal
@pure
def deviation(forward: uint256, strike: uint256, smile: uint256, sigma: uint256) -> uint256:
    """
    @notice Volatility times the root of time, 0 where the total variance is not positive.
    @param smile SVI's a, b, rho and m in 64 bits each, two's complement.
    """
    word: int256 = convert(convert(smile, bytes32), int256)
    a: int256 = (word >> 192) << TO_FIXED_POINT
    b: int256 = ((word << 64) >> 192) << TO_FIXED_POINT
    rho: int256 = ((word << 128) >> 192) << TO_FIXED_POINT
    k: int256 = unsafe_sub(
        fixed_point.ln_ratio(strike, forward), ((word << 192) >> 192) << TO_FIXED_POINT
    )
    width: int256 = convert(sigma << TO_FIXED_POINT, int256)
    bend: int256 = unsafe_add(
        unsafe_mul(rho, k) >> FRACTION_BITS,
        convert(
            isqrt(convert(unsafe_add(unsafe_mul(k, k), unsafe_mul(width, width)), uint256)), int256
        ),
    )
    variance: int256 = unsafe_add(a, unsafe_mul(b, bend) >> FRACTION_BITS)
    return isqrt(convert(max(0, variance), uint256) << FRACTION_BITS)


@internal
@pure
def value_micros(
    is_put: bool, forward: uint256, strike: uint256, unit: uint256, deviation_: uint256
) -> uint256:
    """
    @notice The value of an option, rounded to a micro, half to even.
    @param forward Times `unit`, in micros, as the strike.
    """
    gain: int256 = unsafe_sub(convert(forward, int256), convert(strike, int256))
    call: int256 = max(0, gain) << FRACTION_BITS
    if deviation_ != 0:
        s: int256 = convert(deviation_, int256)
        d_plus: int256 = unsafe_add(
            unsafe_div(fixed_point.ln_ratio(forward, strike) << FRACTION_BITS, s), s >> 1
        )
        call = unsafe_sub(
            unsafe_mul(convert(forward, int256), fixed_point.normal_cdf(d_plus)),
            unsafe_mul(convert(strike, int256), fixed_point.normal_cdf(unsafe_sub(d_plus, s))),
        )
    value: int256 = call
    if is_put:
        value = unsafe_sub(value, gain << FRACTION_BITS)
        gain = unsafe_sub(0, gain)
    # Rounding must not push a far option below what it is worth at once.
    value = max(value, max(0, gain) << FRACTION_BITS)
    return convert(self.round_half_even(value, convert(unit << FRACTION_BITS, int256)), uint256)


@internal
@pure
def round_half_even(numerator: int256, denominator: int256) -> int256:
    """
    @notice The nearest whole number to a fraction with a positive denominator.
    """
    quotient: int256 = unsafe_div(numerator, denominator)
    rest: int256 = unsafe_sub(numerator, unsafe_mul(quotient, denominator))
    if rest < 0:
        quotient = unsafe_sub(quotient, 1)
        rest = unsafe_add(rest, denominator)
    twice: int256 = unsafe_mul(2, rest)
    if twice > denominator or (twice == denominator and quotient & 1 == 1):
        return unsafe_add(quotient, 1)
    return quotient
