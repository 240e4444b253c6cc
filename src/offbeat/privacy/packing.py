"""A signed intent in a fixed number of bytes, whatever it says.

A one-lot single, a thousand-lot condor and a cancel are equally long: kind (1 byte), the members
as the standard orders them, the signature (65), zeros. Each member has its type's width; legs are
their number (1), then an instrument's id (16) and the ratio (2) each; a symbol has 5 bytes.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    ATTRIBUTES,
    Cancel,
    Delegate,
    Intent,
    Order,
    SignedIntent,
    Transfer,
    Withdraw,
    types_of,
)

PADDED_BYTES: Final = 288
"""The longest, an order with four legs, has 260."""

_INTENTS: Final[tuple[type[Any], ...]] = (Order, Cancel, Withdraw, Transfer, Delegate)
_SIGNATURE_BYTES: Final = 65
_LEG_BYTES: Final = 18


def pack(signed: SignedIntent) -> bytes:
    """:data:`PADDED_BYTES` bytes, different ones for different signed intents."""
    intent = signed.intent
    parts = [bytes((_INTENTS.index(type(intent)),))]
    parts += [write(getattr(intent, name)) for name, write, _ in _members(type(intent).__name__)]
    return b"".join((*parts, signed.signature)).ljust(PADDED_BYTES, b"\0")


def unpack(data: bytes) -> SignedIntent:
    """The signed intent that :func:`pack` made these bytes of, its signature not yet verified.

    Raises :class:`InvalidInput` with code ``packing_invalid``.
    """
    try:
        signed = _read(data)
    except (InvalidInput, ValueError, IndexError) as error:
        raise InvalidInput("packing_invalid", f"no signed intent: {error}") from error
    if pack(signed) != data:
        raise InvalidInput("packing_invalid", "not the one form of this intent")
    return signed


def _read(data: bytes) -> SignedIntent:
    kind = _INTENTS[data[0]]
    at, values = 1, {}
    for name, _, read in _members(kind.__name__):
        values[name], at = read(data, at)
    intent: Intent = kind(**values)
    return SignedIntent(intent, data[at : at + _SIGNATURE_BYTES])


_Write = Callable[[Any], bytes]
_Read = Callable[[bytes, int], tuple[Any, int]]


@cache
def _members(name: str) -> tuple[tuple[str, _Write, _Read], ...]:
    """Of each member of a type its attribute, and how it is written and read."""
    return tuple(
        (ATTRIBUTES.get(member["name"], member["name"]), *_ways(member["type"]))
        for member in types_of(name)[name]
    )


def _ways(type_: str) -> tuple[_Write, _Read]:
    return _WAYS[type_] if type_ in _WAYS else _integer(type_)


def _integer(type_: str) -> tuple[_Write, _Read]:
    signed = type_.startswith("int")
    width = int(type_.lstrip("uint")) // 8

    def write(value: int) -> bytes:
        return value.to_bytes(width, signed=signed)

    def read(data: bytes, at: int) -> tuple[int, int]:
        return int.from_bytes(data[at : at + width], signed=signed), at + width

    return write, read


def _read_address(data: bytes, at: int) -> tuple[bytes, int]:
    return data[at : at + 20], at + 20


def _write_symbol(symbol: str) -> bytes:
    return symbol.encode().ljust(limits.MAX_SYMBOL_BYTES, b"\0")


def _read_symbol(data: bytes, at: int) -> tuple[str, int]:
    end = at + limits.MAX_SYMBOL_BYTES
    return data[at:end].rstrip(b"\0").decode("ascii"), end


def _read_flag(data: bytes, at: int) -> tuple[bool, int]:
    return data[at] == 1, at + 1


def _write_legs(legs: tuple[Leg, ...]) -> bytes:
    words = (leg.instrument.id.to_bytes(16) + leg.ratio.to_bytes(2, signed=True) for leg in legs)
    return bytes((len(legs),)) + b"".join(words)


def _read_legs(data: bytes, at: int) -> tuple[tuple[Leg, ...], int]:
    starts = range(at + 1, at + 1 + data[at] * _LEG_BYTES, _LEG_BYTES)
    legs = tuple(
        Leg(
            Instrument.from_id(int.from_bytes(data[start : start + 16])),
            int.from_bytes(data[start + 16 : start + 18], signed=True),
        )
        for start in starts[: limits.MAX_LEGS]
    )
    return legs, starts.stop


_WAYS: Final[Mapping[str, tuple[_Write, _Read]]] = {
    "address": (bytes, _read_address),
    "string": (_write_symbol, _read_symbol),
    "bool": (lambda flag: bytes((flag,)), _read_flag),
    "Leg[]": (_write_legs, _read_legs),
}
