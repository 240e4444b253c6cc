"""Logarithm, exponential and normal distribution in whole numbers, as the chain computes them.

A number x stands for x / 2⁶⁴. Every operation here has its twin in ``contracts/lib/fixed_point.vy``
and gives the same bits, because both know only products, right shifts (towards minus infinity) and
quotients (towards zero). No constant is fitted: each is a value of a function, each sum a Taylor
series that ends where its terms vanish. ``docs/oracle.md`` states the errors.
"""

from typing import Final

from offbeat.core import trunc_div

FRACTION_BITS: Final = 64
ONE: Final = 1 << FRACTION_BITS
"""1.0 of everything here."""

_MANTISSA_BITS: Final = 127
_MANTISSA_ONE: Final = 1 << _MANTISSA_BITS

_LN_2: Final = 12_786_308_645_202_655_660
"""ln 2 in 64 fractional bits, rounded up: its multiples never fall short of the finer ones'."""
_LN_2_FINE: Final = 235_865_763_225_513_294_137_944_142_764_154_484_399
"""ln 2 in 128 fractional bits."""
_SQRT_2: Final = 240_615_969_168_004_511_545_033_772_477_625_056_927
"""√2 in 127 fractional bits."""
_INVERSE_SQRT_2_PI: Final = 7_359_186_146_747_302_452
"""1/√(2π) in 64 fractional bits."""
_LN_TERMS: Final = 13
_EXP_TERMS: Final = 19
_FARTHEST: Final = 9 * ONE
"""Where the normal distribution is 0 or 1 to within two units."""


def ln_ratio(numerator: int, denominator: int) -> int:
    """ln(numerator / denominator); both from 1 to 2¹²⁸ − 1, their ratio from 2⁻⁶³ up.

    The ratio is split into 2ᵉ·m with m from √½ to √2, and ln m = 2·artanh((m − 1)/(m + 1)).
    """
    quotient = (numerator << _MANTISSA_BITS) // denominator
    exponent = quotient.bit_length() - 1 - _MANTISSA_BITS
    mantissa = quotient >> exponent if exponent >= 0 else quotient << -exponent
    if mantissa > _SQRT_2:
        mantissa >>= 1
        exponent += 1
    z = trunc_div((mantissa - _MANTISSA_ONE) << FRACTION_BITS, mantissa + _MANTISSA_ONE)
    square = z * z >> FRACTION_BITS
    series = 0
    for odd in range(2 * _LN_TERMS - 1, 0, -2):
        series = ONE // odd + (square * series >> FRACTION_BITS)
    return (2 * z * series >> FRACTION_BITS) + (exponent * _LN_2_FINE >> FRACTION_BITS)


def normal_cdf(x: int) -> int:
    """The normal distribution Φ(x), from 0 to ONE; exactly Φ(x) + Φ(−x) = 1.

    Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …), whose terms are all of one sign (Marsaglia,
    "Evaluating the Normal Distribution", 2004).
    """
    distance = abs(x)
    if distance >= _FARTHEST:
        return ONE if x > 0 else 0
    square = distance * distance >> FRACTION_BITS
    term = series = distance
    odd = 1
    while term:
        odd += 2
        term = term * square // (odd << FRACTION_BITS)
        series += term
    decay, halvings = _exp_minus(square >> 1)
    density = decay * _INVERSE_SQRT_2_PI >> FRACTION_BITS
    above = min((ONE >> 1) + (density * series >> FRACTION_BITS + halvings), ONE)
    return above if x >= 0 else ONE - above


def _exp_minus(x: int) -> tuple[int, int]:
    """e⁻ˣ as (m, n), which stands for m·2⁻ⁿ with m from ONE/2 to ONE; x is not negative."""
    halvings = x // _LN_2
    rest = (x << FRACTION_BITS) - halvings * _LN_2_FINE >> FRACTION_BITS
    power = ONE
    for divisor in range(_EXP_TERMS, 0, -1):
        power = ONE - rest * power // (divisor << FRACTION_BITS)
    return power, halvings
