"""Every step of a signature check, for whoever is told that theirs is invalid.

Compare the steps with those of the other side from the top: the first that differs is the fault.
"""

from dataclasses import asdict, dataclass
from typing import Any

from offbeat.core import InvalidInput
from offbeat.intents.encoding import address_text
from offbeat.intents.hashing import (
    domain_separator,
    instrument_hash,
    intent_hash,
    leg_hash,
    legs_hash,
    struct_hash,
)
from offbeat.intents.schema import TYPE_HASHES, TYPE_STRINGS
from offbeat.intents.signatures import recover
from offbeat.intents.types import Domain, Intent, Order


@dataclass(frozen=True, slots=True)
class LegSteps:
    """The hashes of one leg (32 bytes each)."""

    instrument_hash: bytes
    leg_hash: bytes


@dataclass(frozen=True, slots=True)
class SignatureSteps:
    """Everything between an intent and the address that its signature gives.

    Hashes have 32 bytes, addresses 20. ``legs`` and ``legs_hash`` are empty except for an order.
    ``recovered`` is None and ``problem`` a code of :func:`~offbeat.intents.recover` where the
    signature is malformed; a recovered address other than ``owner`` is right only for a delegate.
    """

    type_string: str
    type_hash: bytes
    legs: tuple[LegSteps, ...]
    legs_hash: bytes
    struct_hash: bytes
    domain_separator: bytes
    digest: bytes
    owner: bytes
    recovered: bytes | None
    problem: str | None

    def as_json(self) -> dict[str, Any]:
        """The steps with camelCase names, hashes and addresses in hexadecimal."""
        return {_camel(name): _text(value) for name, value in asdict(self).items()}


def explain(intent: Intent, signature: bytes, domain: Domain) -> SignatureSteps:
    """The steps of checking ``signature``; never raises for a bad one."""
    constant = type(intent).__name__.upper()
    legs = intent.legs if isinstance(intent, Order) else ()
    digest = intent_hash(intent, domain)
    recovered, problem = None, None
    try:
        recovered = recover(digest, signature)
    except InvalidInput as error:
        problem = error.code
    return SignatureSteps(
        type_string=TYPE_STRINGS[constant],
        type_hash=TYPE_HASHES[constant],
        legs=tuple(LegSteps(instrument_hash(leg.instrument), leg_hash(leg)) for leg in legs),
        legs_hash=legs_hash(legs) if legs else b"",
        struct_hash=struct_hash(intent),
        domain_separator=domain_separator(domain),
        digest=digest,
        owner=intent.owner,
        recovered=recovered,
        problem=problem,
    )


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return address_text(value) if len(value) == 20 else "0x" + value.hex()
    if isinstance(value, tuple):
        return [{_camel(name): _text(part) for name, part in step.items()} for step in value]
    return value
