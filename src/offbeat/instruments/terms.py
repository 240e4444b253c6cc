"""Option terms: what is traded, its 128-bit id and its human name.

Every instrument has two exact spellings. The id packs the terms from high to low as

::

    symbol (40 bits: 5 ASCII bytes, zero padded on the right) | expiry (32) | strike (48) | kind (8)

so that numbers sort as people list options: by underlying, expiry, strike, then kind. The name is
Deribit's: ``ETH-25DEC26-4000-C``, ``XRP-27JUN25-2d25-P``; a spot instrument is its symbol, ``ETH``.
An input that would not come back unchanged from its own spelling is refused, never repaired.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final, Self

from offbeat.core import InvalidInput, limits

_SYMBOL = re.compile(rf"[A-Z0-9]{{1,{limits.MAX_SYMBOL_BYTES}}}")
_OPTION_NAME = re.compile(
    r"([A-Z0-9]+)-([0-9]{1,2})([A-Z]{3})([0-9]{2})-([0-9]{1,9})(?:d([0-9]{1,6}))?-([CP])"
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CENTURY: Final = 2000
_EXPIRY_HOUR_UTC: Final = 8

_SYMBOL_BITS: Final = 8 * limits.MAX_SYMBOL_BYTES
_EXPIRY_BITS: Final = 32
_STRIKE_BITS: Final = 48
_KIND_BITS: Final = 8
_ID_BITS: Final = _SYMBOL_BITS + _EXPIRY_BITS + _STRIKE_BITS + _KIND_BITS


class Kind(IntEnum):
    """What an instrument pays; the value is the low byte of its id."""

    SPOT = 0
    CALL = 1
    PUT = 2


@dataclass(frozen=True, slots=True, order=True)
class Instrument:
    """A spot holding or a European option, cash-settled at ``expiry_seconds``.

    ``underlying`` is 1 to 5 characters of A–Z and 0–9, ``expiry_seconds`` unix time,
    ``strike_micros`` micro quote per contract; both are 0 for spot. Equality, order and hash are
    those of ``id``. Raises :class:`InvalidInput` with code ``instrument_symbol``,
    ``instrument_kind``, ``instrument_expiry`` or ``instrument_strike``.
    """

    underlying: str = field(compare=False)
    kind: Kind = field(compare=False)
    expiry_seconds: int = field(compare=False)
    strike_micros: int = field(compare=False)
    id: int = field(init=False, repr=False)
    """The terms packed into 128 bits, as the module's docstring draws them."""

    def __post_init__(self) -> None:
        if not isinstance(self.underlying, str) or not _SYMBOL.fullmatch(self.underlying):
            raise InvalidInput(
                "instrument_symbol", f"a symbol is 1 to {limits.MAX_SYMBOL_BYTES} of A-Z, 0-9"
            )
        if not isinstance(self.kind, Kind):
            raise InvalidInput("instrument_kind", "a kind is a member of Kind")
        is_option = self.kind is not Kind.SPOT
        if not _in_range(self.expiry_seconds, is_option, limits.MAX_EXPIRY_SECONDS):
            raise InvalidInput(
                "instrument_expiry", _range_rule(is_option, limits.MAX_EXPIRY_SECONDS)
            )
        if not _in_range(self.strike_micros, is_option, limits.MAX_STRIKE_MICROS):
            raise InvalidInput(
                "instrument_strike", _range_rule(is_option, limits.MAX_STRIKE_MICROS)
            )
        symbol = self.underlying.encode().ljust(limits.MAX_SYMBOL_BYTES, b"\0")
        packed = int.from_bytes(symbol) << _EXPIRY_BITS | self.expiry_seconds
        packed = (packed << _STRIKE_BITS | self.strike_micros) << _KIND_BITS | self.kind
        object.__setattr__(self, "id", packed)

    @classmethod
    def spot(cls, underlying: str) -> Self:
        """The underlying itself."""
        return cls(underlying, Kind.SPOT, 0, 0)

    @classmethod
    def from_id(cls, instrument_id: int) -> Self:
        """The instrument whose ``id`` this is.

        Raises :class:`InvalidInput` with code ``instrument_id`` for anything but a 128-bit
        number of a known kind, or with the constructor's codes for terms out of range.
        """
        if type(instrument_id) is not int or not 0 <= instrument_id < 1 << _ID_BITS:
            raise InvalidInput("instrument_id", f"an id is a whole number below 2**{_ID_BITS}")
        rest, kind = _split(instrument_id, _KIND_BITS)
        rest, strike_micros = _split(rest, _STRIKE_BITS)
        symbol, expiry_seconds = _split(rest, _EXPIRY_BITS)
        if kind > max(Kind):
            raise InvalidInput("instrument_id", f"no kind has the number {kind}")
        padded = symbol.to_bytes(limits.MAX_SYMBOL_BYTES)
        # Latin-1 maps every byte to a character, so the constructor judges the symbol.
        underlying = padded.rstrip(b"\0").decode("latin-1")
        return cls(underlying, Kind(kind), expiry_seconds, strike_micros)

    @classmethod
    def parse(cls, name: str) -> Self:
        """The instrument of a Deribit name, an exact inverse of ``name``.

        Raises :class:`InvalidInput` with code ``instrument_name`` for malformed names, impossible
        dates and non-canonical spellings (leading or trailing zeros, lower case), or with the
        constructor's codes for terms out of range.
        """
        if not isinstance(name, str):
            raise InvalidInput("instrument_name", "a name is a string")
        if "-" not in name:
            return cls.spot(name)
        match = _OPTION_NAME.fullmatch(name)
        if match is None:
            raise InvalidInput("instrument_name", f"not like ETH-25DEC26-4000-C: {name[:40]!r}")
        underlying, day, month, year, whole, fraction, letter = match.groups()
        strike_micros = int(whole) * limits.QUOTE_SCALE + int((fraction or "").ljust(6, "0"))
        kind = Kind.CALL if letter == "C" else Kind.PUT
        instrument = cls(underlying, kind, _expiry_seconds(day, month, year), strike_micros)
        if instrument.name != name:
            raise InvalidInput("instrument_name", f"{name!r} is spelt {instrument.name!r}")
        return instrument

    @property
    def name(self) -> str:
        """The Deribit name.

        Raises :class:`InvalidInput` with code ``instrument_unnamed`` for an option that does not
        expire at 08:00 UTC of a day from 2000 to 2099: such terms have an id, but no name.
        """
        if self.kind is Kind.SPOT:
            return self.underlying
        expiry = datetime.fromtimestamp(self.expiry_seconds, UTC)
        at_expiry_hour = self.expiry_seconds % 86_400 == _EXPIRY_HOUR_UTC * 3_600
        if not at_expiry_hour or not _CENTURY <= expiry.year < _CENTURY + 100:
            raise InvalidInput("instrument_unnamed", f"no name for an expiry at {expiry}")
        date = f"{expiry.day}{_MONTHS[expiry.month - 1]}{expiry.year % 100:02}"
        whole, micros = divmod(self.strike_micros, limits.QUOTE_SCALE)
        strike = f"{whole}d{micros:06}".rstrip("0") if micros else str(whole)
        return f"{self.underlying}-{date}-{strike}-{self.kind.name[0]}"


@dataclass(frozen=True, slots=True)
class Leg:
    """One instrument of a strategy; a positive ``ratio`` buys, a negative one sells.

    ``ratio`` is contracts per unit of the strategy, not 0, at most ``limits.MAX_RATIO`` either
    way. Raises :class:`InvalidInput` with code ``leg_instrument`` or ``leg_ratio``.
    """

    instrument: Instrument
    ratio: int

    def __post_init__(self) -> None:
        if not isinstance(self.instrument, Instrument):
            raise InvalidInput("leg_instrument", "a leg names an Instrument")
        if type(self.ratio) is not int or not 0 < abs(self.ratio) <= limits.MAX_RATIO:
            raise InvalidInput("leg_ratio", f"a ratio is whole, not 0, within ±{limits.MAX_RATIO}")


def check_legs(legs: Sequence[Leg]) -> None:
    """Raise unless ``legs`` can be signed as one strategy.

    That is 1 to ``limits.MAX_LEGS`` legs of one underlying, strictly ascending by instrument.
    Raises :class:`InvalidInput` with code ``legs_count``, ``legs_underlying``,
    ``legs_duplicate`` or ``legs_unsorted``.
    """
    if not 1 <= len(legs) <= limits.MAX_LEGS:
        raise InvalidInput("legs_count", f"{len(legs)} legs, not 1 to {limits.MAX_LEGS}")
    ids = [leg.instrument.id for leg in legs]
    if len({leg.instrument.underlying for leg in legs}) > 1:
        raise InvalidInput("legs_underlying", "the legs are not all of one underlying")
    if len(set(ids)) < len(ids):
        raise InvalidInput("legs_duplicate", "an instrument stands in two legs")
    if ids != sorted(ids):
        raise InvalidInput("legs_unsorted", "the legs do not ascend by instrument id")


def _in_range(value: int, is_option: bool, maximum: int) -> bool:
    """Options have positive terms, spot has none; anything but a plain int is out of range."""
    return type(value) is int and (0 < value <= maximum if is_option else value == 0)


def _range_rule(is_option: bool, maximum: int) -> str:
    # States the rule instead of the value: printing a hostile integer can itself raise.
    return f"must be a whole number from 1 to {maximum}" if is_option else "must be 0 for spot"


def _split(packed: int, bits: int) -> tuple[int, int]:
    """The number above the low ``bits`` bits, and those bits."""
    return packed >> bits, packed & ((1 << bits) - 1)


def _expiry_seconds(day: str, month: str, year: str) -> int:
    try:
        expiry = datetime(
            _CENTURY + int(year),
            _MONTHS.index(month) + 1,
            int(day),
            _EXPIRY_HOUR_UTC,
            tzinfo=UTC,
        )
    except ValueError as error:
        raise InvalidInput("instrument_name", f"no such day: {day}{month}{year}") from error
    return int(expiry.timestamp())
