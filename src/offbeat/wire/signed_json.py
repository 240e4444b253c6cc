"""A signed intent as JSON: what traders send, what relays keep, what everybody can read again.

The text has ``primaryType``, ``message`` with exactly the members that were signed, ``signature``,
and in what traders send perhaps ``domain``. Whole numbers are decimal strings; JSON integers will
do, since they are exact too. The structs are made from the intent standard's own table of types;
strategies recur, so their legs are remembered.
What they do not take at once is read again, slowly, by
:func:`~offbeat.intents.parse_typed_data`, whose verdict is the one that counts.
"""

from collections.abc import Callable
from functools import lru_cache, reduce
from operator import or_
from types import GenericAlias
from typing import Any, Final

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, defstruct, json
from msgspec.structs import astuple

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import (
    ATTRIBUTES,
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    SignedIntent,
    Transfer,
    Withdraw,
    address_text,
    canonical_signature,
    domain_members,
    parse_address,
    parse_typed_data,
    types_of,
)
from offbeat.wire.views import SignedBody

MAX_SIGNED_JSON_BYTES: Final = 8_192
"""Longest text that is read at all; an order with four legs has less than 2,000 bytes."""

_CACHED: Final = 8_192
_MAX_INTEGER: Final = 1 << 256
_NUMBER: Final = int | str
_KINDS: Final = {kind.name.lower(): kind for kind in Kind}


def signed_from_json(text: bytes | str, domain: Domain) -> SignedIntent:
    """The signed intent that such a text says, its signature as r ‖ s ‖ v and not yet verified.

    Raises :class:`InvalidInput` with a code of :func:`~offbeat.intents.parse_typed_data`, of
    :func:`~offbeat.intents.canonical_signature`, or ``signature_hex``.
    """
    if len(text) > MAX_SIGNED_JSON_BYTES:
        raise InvalidInput(
            "json_too_large", f"a signed intent is limited to {MAX_SIGNED_JSON_BYTES} bytes"
        )
    try:
        body = _read_body(text)
        if body.domain is not UNSET:
            _check_domain(domain, *astuple(body.domain))
        intent = _FORMS[body.__struct_config__.tag].read(body.message)
    except (DecodeError, UnicodeError, RecursionError, InvalidInput, KeyError, ValueError):
        return _read_slowly(text, domain)
    return SignedIntent(intent, _read_signature(body.signature))


def signed_from_body(body: SignedBody, domain: Domain) -> SignedIntent:
    """The same from a struct; raises the same."""
    return signed_from_json(json.encode(body), domain)


def signed_to_json(signed: SignedIntent) -> bytes:
    """The one text of a signed intent, without its domain: equal ones give equal bytes."""
    form = _FORMS[type(signed.intent).__name__]
    return json.encode(form.body(form.write(signed.intent), f"0x{signed.signature.hex()}"))


def signed_to_body(signed: SignedIntent) -> SignedBody:
    """The same as a struct."""
    return json.decode(signed_to_json(signed), type=SignedBody)


# The fast way: structs --------------------------------------------------------------------


def _read_whole(value: int | str) -> int:
    if isinstance(value, int):
        return value
    number = int(value)
    if str(number) != value:
        raise ValueError("not its shortest spelling")
    return number


@lru_cache(_CACHED)
def _read_instrument(
    underlying: str, kind: str, expiry: int | str, strike: int | str
) -> Instrument:
    return Instrument(underlying, _KINDS[kind], _read_whole(expiry), _read_whole(strike))


@lru_cache(_CACHED)
def _read_legs(legs: tuple[Any, ...]) -> tuple[Leg, ...]:
    return tuple(
        Leg(_read_instrument(*astuple(leg.instrument)), _read_whole(leg.ratio)) for leg in legs
    )


def _write_instrument(instrument: Instrument) -> dict[str, str]:
    return {
        "underlying": instrument.underlying,
        "kind": instrument.kind.name.lower(),
        "expiry": str(instrument.expiry_seconds),
        "strike": str(instrument.strike_micros),
    }


@lru_cache(_CACHED)
def _write_legs(legs: tuple[Leg, ...]) -> Raw:
    return Raw(
        json.encode(
            [
                {"instrument": _write_instrument(leg.instrument), "ratio": str(leg.ratio)}
                for leg in legs
            ]
        )
    )


def _same(value: Any) -> Any:
    return value


@lru_cache(64)
def _check_domain(domain: Domain, name: str, version: str, chain_id: int | str, at: str) -> None:
    contract = address_text(parse_address(at))
    if [name, version, str(_read_whole(chain_id)), contract] != [*domain_members(domain).values()]:
        raise ValueError("another domain")


def _read_signature(text: str) -> bytes:
    try:
        signature = bytes.fromhex(text[2:])
    except ValueError:
        signature = b""
    if not text.startswith("0x") or len(text) != 2 + 2 * len(signature):
        raise InvalidInput("signature_hex", "a signature is 0x and pairs of hexadecimal digits")
    return canonical_signature(signature)


class _Form:
    """How one primary type is read and written."""

    def __init__(self, intent: type[Any]) -> None:
        name = intent.__name__
        types = types_of(name)
        self._intent = intent
        self.message = _struct(name, types)
        self.body: Callable[..., Any] = defstruct(
            f"Signed{name}",
            [
                ("message", self.message),
                ("signature", str),
                ("domain", _DOMAIN | UnsetType, UNSET),
            ],
            tag_field="primaryType",
            tag=name,
            forbid_unknown_fields=True,
        )
        members = [(member["name"], *_WAYS.get(member["type"], _WHOLE)) for member in types[name]]
        self._readers = [(ATTRIBUTES.get(member, member), read) for member, read, _ in members]
        self._writers = [(ATTRIBUTES.get(member, member), write) for member, _, write in members]

    def read(self, message: Struct) -> Intent:
        """The intent in a decoded message."""
        values = zip(self._readers, astuple(message), strict=True)
        intent: Intent = self._intent(**{name: read(value) for (name, read), value in values})
        return intent

    def write(self, intent: Intent) -> Struct:
        """The message of an intent."""
        return self.message(*[write(getattr(intent, name)) for name, write in self._writers])


def _struct(name: str, types: dict[str, list[dict[str, str]]]) -> type[Struct]:
    def annotation(kind: str) -> Any:
        if kind.endswith("[]"):
            return GenericAlias(tuple, (annotation(kind[:-2]), ...))
        return _struct(kind, types) if kind in types else _TEXTS.get(kind, _NUMBER)

    members = [(member["name"], annotation(member["type"])) for member in types[name]]
    return defstruct(name, members, frozen=True, forbid_unknown_fields=True)


_TEXTS: Final[dict[str, Any]] = {"string": str, "address": str, "bool": bool}
_WHOLE: Final = (_read_whole, "{:d}".format)
_WAYS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "string": (_same, _same),
    "bool": (_same, _same),
    "address": (lru_cache(_CACHED)(parse_address), address_text),
    "Leg[]": (_read_legs, _write_legs),
}
_DOMAIN: Final = _struct("EIP712Domain", types_of("Order"))
_FORMS: Final = {
    intent.__name__: _Form(intent) for intent in (Order, Cancel, Withdraw, Transfer, Delegate)
}
SIGNED_INTENT: Final[Any] = reduce(or_, (form.body for form in _FORMS.values()))
"""What :class:`SignedBody` may be in detail, as a union of structs: for schemas."""
_read_body: Final = json.Decoder(SIGNED_INTENT).decode


# The slow way: the standard's own reader --------------------------------------------------


def _read_slowly(text: bytes | str, domain: Domain) -> SignedIntent:
    body = _generic(text)
    name = body["primaryType"]
    document = {
        "types": types_of(name) if isinstance(name, str) and name in _FORMS else {},
        "primaryType": name,
        "domain": body.get("domain", domain_members(domain)),
        "message": body["message"],
    }
    intent, _ = parse_typed_data(json.encode(_spell_integers(document)), domain)
    if not isinstance(body["signature"], str):
        raise InvalidInput("field_type", "$.signature must be a JSON string")
    return SignedIntent(intent, _read_signature(body["signature"]))


def _generic(text: bytes | str) -> dict[str, Any]:
    try:
        body = json.decode(text)
    except (DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidInput("json_invalid", f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidInput("field_type", "$ must be a JSON object")
    needed = ("primaryType", "message", "signature")
    for name in needed:
        if name not in body:
            raise InvalidInput("field_missing", f"$.{name} is missing")
    for name in body:
        if name not in (*needed, "domain"):
            raise InvalidInput("field_unknown", f"$ has no field {name[:40]!r}")
    return body


def _spell_integers(value: Any, name: str = "") -> Any:
    """JSON integers as decimal strings, wherever a number is meant."""
    if isinstance(value, dict):
        return {key: _spell_integers(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_spell_integers(inner) for inner in value]
    if type(value) is not int or name not in _NUMBER_NAMES:
        return value
    if not -_MAX_INTEGER < value < _MAX_INTEGER:
        raise InvalidInput("integer_invalid", f"{name} is no number of 256 bits")
    return str(value)


_NUMBER_NAMES: Final = {
    member["name"]
    for name in _FORMS
    for members in types_of(name).values()
    for member in members
    if "int" in member["type"]
}
