"""What the rows of one expiry are computed from: a forward, a smile and scan ranges.

Reporters publish one :class:`ExpiryInputs` per underlying and expiry, and one with expiry 0 for
the underlying's spot. Each is a leaf of the report's tree, after the rows, made of two words::

    terms   symbol (40 bits) | expiry (32) | forward (64) | price scan (16) | volatility scan (16)
            | extreme multiple (8) | extreme weight (16) | SVI sigma (64)
    smile   SVI a (64) | b (64) | rho (64) | m (64)

SVI parameters are in two's complement.
"""

from dataclasses import dataclass
from math import isqrt
from typing import Final, Self

from offbeat.core import InvalidInput, limits, to_signed, to_unsigned
from offbeat.instruments import Instrument
from offbeat.intents import keccak256
from offbeat.oracle.fixed_point import FRACTION_BITS, ln_ratio
from offbeat.oracle.svi import SviSlice

INPUTS_TAG: Final = keccak256(b"Offbeat report inputs")
"""Ends the leaf of every expiry's inputs, so that none can pass for a row."""
SMILE_SCALE: Final = 1 << 40
"""Units of an SVI parameter in 1.0."""

_SMILE_BITS: Final = 40
_EXPIRY_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Smile:
    """Raw SVI in whole numbers, 1.0 being :data:`SMILE_SCALE`: see :class:`SviSlice`.

    Raises :class:`InvalidInput` with code ``smile_range`` where a number has more than 64 bits,
    ``b`` or ``sigma`` is negative, or ``rho`` is beyond one.
    """

    a: int
    b: int
    rho: int
    m: int
    sigma: int

    def __post_init__(self) -> None:
        numbers = (self.a, self.b, self.rho, self.m, self.sigma)
        if not all(type(number) is int and -1 << 63 <= number < 1 << 63 for number in numbers):
            raise InvalidInput("smile_range", "an SVI parameter is not a whole number of 64 bits")
        if self.b < 0 or self.sigma < 0 or abs(self.rho) > SMILE_SCALE:
            raise InvalidInput("smile_range", "these SVI parameters are no smile")

    @classmethod
    def of(cls, fitted: SviSlice) -> Self:
        """The nearest smile in whole numbers to a fitted one."""
        fields = (fitted.a, fitted.b, fitted.rho, fitted.m, fitted.sigma)
        return cls(*(round(value * SMILE_SCALE) for value in fields))

    def deviation(self, forward_micros: int, strike_micros: int) -> int:
        """σ√T at a strike, in 64 fractional bits; 0 where the total variance is not positive."""
        a, b, rho, m, sigma = (
            value << FRACTION_BITS - _SMILE_BITS
            for value in (self.a, self.b, self.rho, self.m, self.sigma)
        )
        k = ln_ratio(strike_micros, forward_micros) - m
        bend = (rho * k >> FRACTION_BITS) + isqrt(k * k + sigma * sigma)
        return isqrt(max(0, a + (b * bend >> FRACTION_BITS)) << FRACTION_BITS)


FLAT: Final = Smile(0, 0, 0, 0, 0)
"""No variance at all: the smile of spot."""


@dataclass(frozen=True, slots=True)
class ExpiryInputs:
    """The published inputs of all rows of one underlying and expiry; expiry 0 stands for spot.

    Raises :class:`InvalidInput` with code ``instrument_symbol``, ``inputs_expiry``,
    ``forward_micros``, ``scan_range`` or ``extreme_weight``, as ``RiskParameters``.
    """

    symbol: str
    expiry_seconds: int
    forward_micros: int
    smile: Smile
    price_scan_bps: int
    volatility_scan_bps: int
    extreme_multiple: int = 3
    extreme_weight_bps: int = 3_300

    def __post_init__(self) -> None:
        Instrument.spot(self.symbol)
        if not 0 <= self.expiry_seconds <= limits.MAX_EXPIRY_SECONDS:
            raise InvalidInput("inputs_expiry", "an expiry is a whole number of 32 bits")
        if not 0 < self.forward_micros <= limits.MAX_MARK_MICROS:
            raise InvalidInput("forward_micros", "a forward is positive and has 63 bits")
        check_scan(
            self.price_scan_bps,
            self.volatility_scan_bps,
            self.extreme_multiple,
            self.extreme_weight_bps,
        )

    @property
    def group(self) -> int:
        """Symbol and expiry in 72 bits, as they begin the id of every instrument of this expiry."""
        return Instrument.spot(self.symbol).id >> 56 | self.expiry_seconds

    @property
    def words(self) -> tuple[bytes, bytes]:
        """The terms and the smile, 32 bytes each."""
        smile = self.smile
        terms = self.group << 64 | self.forward_micros
        terms = (terms << 16 | self.price_scan_bps) << 16 | self.volatility_scan_bps
        terms = (terms << 8 | self.extreme_multiple) << 16 | self.extreme_weight_bps
        packed = 0
        for value in (smile.a, smile.b, smile.rho, smile.m):
            packed = packed << 64 | to_unsigned(value, 64)
        return (terms << 64 | smile.sigma).to_bytes(32), packed.to_bytes(32)

    @property
    def leaf(self) -> bytes:
        """The leaf in the report's tree."""
        return keccak256(b"".join(self.words) + INPUTS_TAG)

    @classmethod
    def from_words(cls, terms: bytes, smile: bytes) -> Self:
        """The inputs of these two words; raises as the constructors, or ``inputs_words``."""
        if len(terms) != 32 or len(smile) != 32:
            raise InvalidInput("inputs_words", "not the two words of an expiry's inputs")
        symbol = terms[:5].rstrip(b"\0").decode("latin-1")
        a, b, rho, m = (to_signed(int.from_bytes(smile[at : at + 8]), 64) for at in range(0, 32, 8))
        sigma = to_signed(int.from_bytes(terms[24:]), 64)
        return cls(
            symbol,
            int.from_bytes(terms[5:9]),
            int.from_bytes(terms[9:17]),
            Smile(a, b, rho, m, sigma),
            price_scan_bps=int.from_bytes(terms[17:19]),
            volatility_scan_bps=int.from_bytes(terms[19:21]),
            extreme_multiple=terms[21],
            extreme_weight_bps=int.from_bytes(terms[22:24]),
        )


def check_scan(
    price_scan_bps: int, volatility_scan_bps: int, extreme_multiple: int, extreme_weight_bps: int
) -> None:
    """Raise ``InvalidInput`` where a price or a volatility could reach zero, or a weight is wrong.

    Codes: ``scan_range``, ``extreme_weight``.
    """
    reach_bps = price_scan_bps * extreme_multiple
    is_price_safe = price_scan_bps > 0 and 0 < reach_bps < limits.BPS
    if not (is_price_safe and 0 <= volatility_scan_bps < limits.BPS):
        raise InvalidInput("scan_range", "a price or a volatility could reach zero")
    if not 0 <= extreme_weight_bps <= limits.BPS:
        raise InvalidInput("extreme_weight", "a weight is at most 10,000 basis points")
