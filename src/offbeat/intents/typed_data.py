"""The JSON that a wallet signs with ``eth_signTypedData_v4``, there and back.

One intent has one text: members in the order of their type, no spaces, integers as decimal strings
(JavaScript would round larger numbers), addresses with their checksum. Reading ignores spaces and
the order of keys, and refuses everything else that is not that text.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents.checks import check_int, check_uint
from offbeat.intents.encoding import address_text, parse_address
from offbeat.intents.schema import (
    ATTRIBUTES,
    DOMAIN_NAME,
    DOMAIN_TYPE,
    DOMAIN_VERSION,
    STRUCTS,
    referenced,
)
from offbeat.intents.types import Cancel, Delegate, Domain, Intent, Order, Transfer, Withdraw

MAX_JSON_BYTES: Final = 16_384
"""Longest text that is read at all; an order with four legs has less than 4,000 bytes."""

_DECIMAL = re.compile("0|-?[1-9][0-9]{0,77}")
_INTEGERS: Final = {
    **{f"uint{bits}": (check_uint, bits) for bits in (32, 64, 128, 256)},
    **{f"int{bits}": (check_int, bits) for bits in (16, 128)},
}
_KINDS: Final = {kind.name.lower(): kind for kind in Kind}
_SECTIONS: Final = ("types", "primaryType", "domain", "message")


def typed_data(intent: Intent, domain: Domain) -> dict[str, Any]:
    """The typed-data object of ``intent``: types, primaryType, domain, message."""
    name = type(intent).__name__
    return {
        "types": types_of(name),
        "primaryType": name,
        "domain": domain_members(domain),
        "message": _write(name, intent),
    }


def domain_members(domain: Domain) -> dict[str, str]:
    """``domain`` of a typed-data object."""
    return {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": str(domain.chain_id),
        "verifyingContract": address_text(domain.verifying_contract),
    }


def typed_data_json(intent: Intent, domain: Domain) -> bytes:
    """The same as JSON text in UTF-8: equal intents give equal bytes."""
    return msgspec.json.encode(typed_data(intent, domain))


def parse_typed_data(text: bytes | str, domain: Domain | None = None) -> tuple[Intent, Domain]:
    """The intent that the text says, and where it is to hold.

    With ``domain``, anything for another place is refused. Raises :class:`InvalidInput` with code
    ``json_too_large``, ``json_invalid``, ``field_type``, ``field_missing``, ``field_unknown``,
    ``primary_type``, ``types_mismatch``, ``integer_invalid``, ``address_checksum``,
    ``kind_unknown``, ``domain_foreign``, ``chain_mismatch``, or a code of the constructors.
    """
    data = _members(_decode(text), _SECTIONS, "$")
    name = data["primaryType"]
    if not isinstance(name, str) or name not in _INTENTS:
        raise InvalidInput("primary_type", f"primaryType must be one of {', '.join(_INTENTS)}")
    if data["types"] != _TYPES[name]:
        raise InvalidInput("types_mismatch", f"types differ from the standard's for {name}")
    found = _read_domain(data["domain"])
    if domain is not None and found.verifying_contract != domain.verifying_contract:
        raise InvalidInput("domain_foreign", "verifyingContract is not the one expected")
    if domain is not None and found.chain_id != domain.chain_id:
        raise InvalidInput("chain_mismatch", f"chainId must be {domain.chain_id}")
    intent: Intent = _read(name, data["message"], "message")
    return intent, found


def types_of(name: str) -> dict[str, list[dict[str, str]]]:
    """``types`` of a typed-data object whose primary type is ``name``."""
    return {
        struct: [{"name": member, "type": kind} for member, kind in STRUCTS[struct]]
        for struct in (DOMAIN_TYPE, *referenced(name), name)
    }


def _write(kind: str, value: Any) -> Any:
    if kind in STRUCTS:
        return {
            member: _write(member_kind, getattr(value, ATTRIBUTES.get(member, member)))
            for member, member_kind in STRUCTS[kind]
        }
    if kind.endswith("[]"):
        return [_write(kind[:-2], element) for element in value]
    if kind == "address":
        return address_text(value)
    if isinstance(value, Kind):
        return value.name.lower()
    return value if kind in ("string", "bool") else f"{value:d}"


def _decode(text: bytes | str) -> object:
    if len(text) > MAX_JSON_BYTES:
        raise InvalidInput("json_too_large", f"typed data is limited to {MAX_JSON_BYTES} bytes")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidInput("json_invalid", f"not JSON: {error}") from error


def _read_domain(value: object) -> Domain:
    fields = _read_struct(DOMAIN_TYPE, value, "domain")
    if fields["name"] != DOMAIN_NAME or fields["version"] != DOMAIN_VERSION:
        raise InvalidInput(
            "domain_foreign", f"the domain must be {DOMAIN_NAME}, version {DOMAIN_VERSION}"
        )
    return Domain(fields["chainId"], fields["verifyingContract"])


def _read(kind: str, value: object, path: str) -> Any:
    """``value`` as the Python value of a signed type, or InvalidInput that names the path."""
    if kind in STRUCTS:
        fields = _read_struct(kind, value, path)
        return _BUILDERS[kind](
            **{ATTRIBUTES.get(member, member): field for member, field in fields.items()}
        )
    if kind.endswith("[]"):
        elements = _expect(value, list, path)
        return tuple(
            _read(kind[:-2], element, f"{path}[{i}]") for i, element in enumerate(elements)
        )
    if kind == "bool":
        return _expect(value, bool, path)
    text = _expect(value, str, path)
    if kind == "string":
        return text
    return parse_address(text) if kind == "address" else _read_integer(kind, text, path)


def _read_struct(name: str, value: object, path: str) -> dict[str, Any]:
    members = STRUCTS[name]
    fields = _members(value, [member for member, _ in members], path)
    return {member: _read(kind, fields[member], f"{path}.{member}") for member, kind in members}


def _read_integer(kind: str, text: str, path: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise InvalidInput("integer_invalid", f"{path} must be a whole decimal number in a string")
    check, bits = _INTEGERS[kind]
    value = int(text)
    check(path, value, bits)
    return value


def _members(value: object, names: tuple[str, ...] | list[str], path: str) -> dict[str, object]:
    """An object with exactly these members."""
    found: dict[str, object] = _expect(value, dict, path)
    for name in names:
        if name not in found:
            raise InvalidInput("field_missing", f"{path}.{name} is missing")
    if len(found) > len(names):
        unknown = next(name for name in found if name not in names)
        raise InvalidInput("field_unknown", f"{path} has no field {unknown[:40]!r}")
    return found


def _expect(value: object, expected: type, path: str) -> Any:
    if type(value) is not expected:
        raise InvalidInput("field_type", f"{path} must be a JSON {_JSON_NAMES[expected]}")
    return value


def _instrument(underlying: str, kind: str, expiry_seconds: int, strike_micros: int) -> Instrument:
    if kind not in _KINDS:
        raise InvalidInput("kind_unknown", f"kind must be one of {', '.join(_KINDS)}")
    return Instrument(underlying, _KINDS[kind], expiry_seconds, strike_micros)


_TYPES: Final = {name: types_of(name) for name in STRUCTS}
_JSON_NAMES: Final = {dict: "object", list: "array", str: "string", bool: "true or false"}
_INTENTS: Final[dict[str, Callable[..., Intent]]] = {
    intent.__name__: intent for intent in (Order, Cancel, Withdraw, Transfer, Delegate)
}
_BUILDERS: Final[dict[str, Callable[..., Any]]] = {
    "Instrument": _instrument,
    "Leg": Leg,
    **_INTENTS,
}
