"""Intents as people write them: names, decimals and dates instead of ids, micros and seconds."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from offbeat.cli.amounts import parse_micros
from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Delegate,
    Intent,
    Order,
    Scope,
    Transfer,
    Withdraw,
    make_nonce,
    parse_address,
)

_WHOLE: Final = re.compile("-?[0-9]{1,78}")

Fields = Mapping[str, Any]
Reader = Callable[[Any, str], Any]


def parse_description(fields: Fields) -> Intent:
    """The intent that an object like ``{"kind": "order", …}`` describes.

    Raises :class:`InvalidInput` with code ``kind_unknown``, ``field_missing``, ``field_unknown``,
    ``number_invalid``, ``number_precision``, ``time_invalid``, ``direction_unknown``,
    ``scope_unknown``, ``field_type``, or a code of the intents' constructors.
    """
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidInput("kind_unknown", f"kind must be one of {', '.join(_KINDS)}")
    intent, needed, optional = _KINDS[kind]
    readers = needed | optional | {"kind": ("", _text)}
    for name in fields:
        if name not in readers:
            raise InvalidInput("field_unknown", f"{kind} has no field {name[:40]!r}")
    for name in needed:
        if name not in fields:
            raise InvalidInput("field_missing", f"{name} is missing")
    values = {
        readers[name][0]: readers[name][1](value, name)
        for name, value in fields.items()
        if name != "kind"
    }
    return intent(**({"account": 0} | values))


def parse_leg(fields: Any, name: str) -> Leg:
    """A leg: ``instrument_name``, ``ratio`` and, if the ratio has no sign, a ``direction``."""
    known = {"instrument_name", "ratio", "direction"}
    if not isinstance(fields, dict) or not known >= fields.keys() >= known - {"direction"}:
        raise InvalidInput("field_missing", f"{name} needs instrument_name, ratio, no more")
    ratio = _whole(fields["ratio"], f"{name}.ratio")
    direction = fields.get("direction")
    if direction not in (None, "buy", "sell") or (direction and ratio < 0):
        raise InvalidInput("direction_unknown", "a direction is buy or sell, of a positive ratio")
    instrument = Instrument.parse(fields["instrument_name"])
    return Leg(instrument, -ratio if direction == "sell" else ratio)


def _legs(value: Any, name: str) -> tuple[Leg, ...]:
    """Legs in any order; the signed one is by instrument id."""
    if not isinstance(value, list):
        raise InvalidInput("field_type", f"{name} must be a list")
    legs = (parse_leg(leg, f"{name}[{number}]") for number, leg in enumerate(value))
    return tuple(sorted(legs, key=lambda leg: leg.instrument.id))


def _whole(value: Any, name: str) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if type(value) is not int:
        raise InvalidInput("number_invalid", f"{name} must be a whole number")
    return value


def _seconds(value: Any, name: str) -> int:
    """Unix seconds, or a date and time with its zone."""
    if type(value) is int or (isinstance(value, str) and _WHOLE.fullmatch(value)):
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond:
        raise InvalidInput(
            "time_invalid", f"{name} must be unix seconds, or like 2026-12-25T08:00:00Z"
        )
    return int(moment.astimezone(UTC).timestamp())


def _nonce(value: Any, name: str) -> int:
    """A whole number, or ``"lane:number"``."""
    if isinstance(value, str) and ":" in value:
        lane, _, number = value.partition(":")
        return make_nonce(_whole(lane, f"{name}'s lane"), _whole(number, f"{name}'s number"))
    return _whole(value, name)


def _scope(value: Any, name: str) -> int:
    """A sum of bits, or a list of what the key may sign."""
    if not isinstance(value, list):
        return _whole(value, name)
    names = {scope.name.lower(): scope for scope in Scope if scope.name}
    if not all(isinstance(each, str) and each in names for each in value):
        raise InvalidInput("scope_unknown", f"{name} is a list of {', '.join(names)}")
    return sum({int(names[each]) for each in value})


def _address(value: Any, _name: str) -> bytes:
    return parse_address(value)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput("field_type", f"{name} must be a string")
    return value


def _flag(value: Any, _name: str) -> Any:
    return value


_ENVELOPE: Final[dict[str, tuple[str, Reader]]] = {
    "owner": ("owner", _address),
    "nonce": ("nonce", _nonce),
    "valid_until": ("valid_until_seconds", _seconds),
    "max_fee": ("max_fee_micros", parse_micros),
}
_ACCOUNT: Final[dict[str, tuple[str, Reader]]] = {"account": ("account", _whole)}
_AMOUNT: Final[dict[str, tuple[str, Reader]]] = {"amount": ("amount_micros", parse_micros)}

_Kind = tuple[Callable[..., Intent], dict[str, tuple[str, Reader]], dict[str, tuple[str, Reader]]]

_KINDS: Final[dict[str, _Kind]] = {
    "order": (
        Order,
        _ENVELOPE
        | {
            "legs": ("legs", _legs),
            "quantity": ("quantity_micros", parse_micros),
            "limit": ("limit_micros", parse_micros),
        },
        _ACCOUNT
        | {
            "min_fill": ("min_fill_micros", parse_micros),
            "valid_from": ("valid_from_seconds", _seconds),
            "spot_min": ("spot_min_micros", parse_micros),
            "spot_max": ("spot_max_micros", parse_micros),
            "reduce_only": ("reduce_only", _flag),
        },
    ),
    "cancel": (Cancel, _ENVELOPE, _ACCOUNT),
    "withdraw": (
        Withdraw,
        _ENVELOPE | _AMOUNT | {"to": ("to", _address), "asset": ("asset", _text)},
        _ACCOUNT,
    ),
    "transfer": (
        Transfer,
        _ENVELOPE
        | _AMOUNT
        | {"to_owner": ("to_owner", _address), "to_account": ("to_account", _whole)},
        _ACCOUNT,
    ),
    "delegate": (
        Delegate,
        _ENVELOPE
        | {
            "delegate": ("delegate", _address),
            "scope": ("scope", _scope),
            "expires": ("expires_seconds", _seconds),
        },
        _ACCOUNT,
    ),
}
"""For each kind its class, the fields that it needs and those that it may have: what they are
called in the class, and how they are read."""
