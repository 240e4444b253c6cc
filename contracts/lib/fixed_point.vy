# pragma version 0.4.3
"""
@title Logarithm, exponential and normal distribution in 64 fractional bits
@notice Twin of `offbeat.oracle.fixed_point`, bit for bit. Callers keep arguments within the stated
        ranges, inside which nothing here can overflow.
"""

ONE: constant(uint256) = 1 << 64
SIGNED_ONE: constant(int256) = 1 << 64
FRACTION_BITS: constant(uint256) = 64
MANTISSA_BITS: constant(int256) = 127
MANTISSA_ONE: constant(int256) = 1 << 127
# ln 2 rounded up, ln 2 in 128 fractional bits, the square root of 2 in 127, and 1/sqrt(2 pi).
LN_2: constant(uint256) = 12786308645202655660
LN_2_FINE: constant(uint256) = 235865763225513294137944142764154484399
SIGNED_LN_2_FINE: constant(int256) = 235865763225513294137944142764154484399
SQRT_2: constant(uint256) = 240615969168004511545033772477625056927
INVERSE_SQRT_2_PI: constant(uint256) = 7359186146747302452
LN_TERMS: constant(uint256) = 13
LN_FIRST_ODD: constant(int256) = 27
EXP_TERMS: constant(uint256) = 19
# Where the normal distribution is 0 or 1 to within two units, and terms until none is left there.
FARTHEST: constant(uint256) = 9 << 64
CDF_TERMS: constant(uint256) = 128


@internal
@pure
def ln_ratio(numerator: uint256, denominator: uint256) -> int256:
    """
    @notice ln(numerator / denominator); both from 1 to 2**128 - 1, their ratio from 2**-63 up.
    """
    quotient: uint256 = unsafe_div(numerator << 127, denominator)
    top: uint256 = self._top_bit(quotient)
    mantissa: uint256 = (quotient << unsafe_sub(255, top)) >> 128
    exponent: int256 = unsafe_sub(convert(top, int256), MANTISSA_BITS)
    if mantissa > SQRT_2:
        mantissa >>= 1
        exponent = unsafe_add(exponent, 1)
    m: int256 = convert(mantissa, int256)
    z: int256 = unsafe_div(unsafe_sub(m, MANTISSA_ONE) << FRACTION_BITS, unsafe_add(m, MANTISSA_ONE))
    square: int256 = unsafe_mul(z, z) >> FRACTION_BITS
    series: int256 = 0
    odd: int256 = LN_FIRST_ODD
    for _: uint256 in range(LN_TERMS):
        odd = unsafe_sub(odd, 2)
        series = unsafe_add(
            unsafe_div(SIGNED_ONE, odd), unsafe_mul(square, series) >> FRACTION_BITS
        )
    return unsafe_add(
        unsafe_mul(unsafe_mul(2, z), series) >> FRACTION_BITS,
        unsafe_mul(exponent, SIGNED_LN_2_FINE) >> FRACTION_BITS,
    )


@internal
@pure
def normal_cdf(x: int256) -> int256:
    """
    @notice The normal distribution, from 0 to ONE.
    """
    distance: uint256 = convert(abs(x), uint256)
    if distance >= FARTHEST:
        return SIGNED_ONE if x > 0 else 0
    square: uint256 = unsafe_mul(distance, distance) >> FRACTION_BITS
    term: uint256 = distance
    series: uint256 = distance
    odd: uint256 = 1
    for _: uint256 in range(CDF_TERMS):
        odd = unsafe_add(odd, 2)
        term = unsafe_div(unsafe_mul(term, square), odd << FRACTION_BITS)
        if term == 0:
            break
        series = unsafe_add(series, term)
    # The density: e to the minus half square, as a number from ONE / 2 to ONE and halvings of it.
    rest: uint256 = square >> 1
    halvings: uint256 = unsafe_div(rest, LN_2)
    rest = unsafe_sub(rest << FRACTION_BITS, unsafe_mul(halvings, LN_2_FINE)) >> FRACTION_BITS
    power: uint256 = ONE
    divisor: uint256 = EXP_TERMS << FRACTION_BITS
    for _: uint256 in range(EXP_TERMS):
        power = unsafe_sub(ONE, unsafe_div(unsafe_mul(rest, power), divisor))
        divisor = unsafe_sub(divisor, ONE)
    density: uint256 = unsafe_mul(power, INVERSE_SQRT_2_PI) >> FRACTION_BITS
    excess: uint256 = unsafe_mul(density, series) >> unsafe_add(FRACTION_BITS, halvings)
    above: int256 = convert(min(unsafe_add(ONE >> 1, excess), ONE), int256)
    return above if x >= 0 else unsafe_sub(SIGNED_ONE, above)


@internal
@pure
def _top_bit(word: uint256) -> uint256:
    """
    @notice The place of the highest set bit of a word that is not zero.
    """
    rest: uint256 = word
    place: uint256 = 0
    if rest >> 128 != 0:
        rest >>= 128
        place = 128
    if rest >> 64 != 0:
        rest >>= 64
        place |= 64
    if rest >> 32 != 0:
        rest >>= 32
        place |= 32
    if rest >> 16 != 0:
        rest >>= 16
        place |= 16
    if rest >> 8 != 0:
        rest >>= 8
        place |= 8
    if rest >> 4 != 0:
        rest >>= 4
        place |= 4
    if rest >> 2 != 0:
        rest >>= 2
        place |= 2
    return place | (rest >> 1)
