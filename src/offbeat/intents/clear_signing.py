"""The ERC-7730 descriptor: how a wallet's screen puts an intent into words.

A descriptor binds to the contracts that it names, so whoever deploys one writes it for that
deployment. The structure is version 1 of the format (``erc7730-v1.schema.json``); labels stay
within the 20 characters that small screens show.
"""

from collections.abc import Iterable
from typing import Any, Final

from offbeat.core import limits
from offbeat.intents.encoding import address_text
from offbeat.intents.schema import DOMAIN_NAME, DOMAIN_VERSION
from offbeat.intents.typed_data import types_of
from offbeat.intents.types import SCOPE_ALL, Domain, Scope

_SCHEMA_URL: Final = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"
_MICRO_DECIMALS: Final = len(str(limits.QUOTE_SCALE)) - 1
_QUOTE: Final = "USDC"

Field = dict[str, Any]


def erc7730_descriptor(deployments: Iterable[Domain]) -> dict[str, Any]:
    """The ERC-7730 descriptor of all five intents for these deployments, as a JSON object."""
    return {
        "$schema": _SCHEMA_URL,
        "context": {
            "$id": "Offbeat intents",
            "eip712": {
                "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION},
                "deployments": [
                    {"chainId": at.chain_id, "address": address_text(at.verifying_contract)}
                    for at in deployments
                ],
                "schemas": [{"primaryType": name, "types": types_of(name)} for name in _FORMATS],
            },
        },
        "metadata": {
            "owner": DOMAIN_NAME,
            "enums": {"scope": {str(bits): _scope_text(bits) for bits in range(SCOPE_ALL + 1)}},
        },
        "display": {
            "formats": {
                name: {
                    "intent": intent,
                    "fields": [_address("owner", "Owner"), _raw("account", "Account"), *fields],
                    "required": [path for field in fields for path in _paths(field)],
                    "excluded": [] if name == "Cancel" else ["nonce"],
                }
                for name, (intent, *fields) in _FORMATS.items()
            }
        },
    }


def _raw(path: str, label: str) -> Field:
    return {"path": path, "label": label, "format": "raw"}


def _address(path: str, label: str) -> Field:
    params = {"types": ["wallet", "eoa", "contract"]}
    return {"path": path, "label": label, "format": "addressName", "params": params}


def _micros(path: str, label: str, unit: str) -> Field:
    params = {"base": unit, "decimals": _MICRO_DECIMALS}
    return {"path": path, "label": label, "format": "unit", "params": params}


def _date(path: str, label: str) -> Field:
    return {"path": path, "label": label, "format": "date", "params": {"encoding": "timestamp"}}


def _paths(field: Field) -> list[str]:
    """The paths of the values that a field shows; one with fields of its own shows theirs."""
    path = field["path"]
    return [f"{path}.{part['path']}" for part in field["fields"]] if "fields" in field else [path]


def _scope_text(bits: int) -> str:
    """In the 20 characters of an enum entry, so three of the four are told by what is missing."""
    granted = [scope.name.lower() for scope in Scope if scope & bits and scope.name]
    missing = [scope.name.lower() for scope in Scope if not scope & bits and scope.name]
    if len(missing) <= 1:
        return " but ".join(["All", *missing])
    return ", ".join(granted).capitalize() or "Nothing"


_UNTIL: Final = _date("validUntil", "Valid until")
_MAX_FEE: Final = _micros("maxFee", "Fee at most", _QUOTE)
_FORMATS: Final[dict[str, tuple[Any, ...]]] = {
    "Order": (
        "Trade options",
        {
            "path": "legs.[]",
            "fields": [
                _raw("ratio", "Buy (+) or sell (-)"),
                _raw("instrument.underlying", "Underlying"),
                _raw("instrument.kind", "Kind"),
                _date("instrument.expiry", "Expiry"),
                _micros("instrument.strike", "Strike", _QUOTE),
            ],
        },
        _micros("quantity", "Quantity", "contracts"),
        _micros("minFill", "Fill at least", "contracts"),
        _micros("limit", "Limit (- receives)", _QUOTE),
        _date("validFrom", "Valid from"),
        _UNTIL,
        _micros("spotMin", "Only if spot from", _QUOTE),
        _micros("spotMax", "Only if spot to", _QUOTE),
        _MAX_FEE,
        _raw("reduceOnly", "Only reduce position"),
    ),
    "Cancel": ("Cancel orders", _raw("nonce", "Nonce"), _UNTIL, _MAX_FEE),
    "Withdraw": (
        "Withdraw",
        _raw("asset", "Asset"),
        _micros("amount", "Amount", "of asset"),
        _address("to", "To"),
        _UNTIL,
        _MAX_FEE,
    ),
    "Transfer": (
        "Transfer cash",
        _micros("amount", "Amount", _QUOTE),
        _address("toOwner", "To"),
        _raw("toAccount", "To account"),
        _UNTIL,
        _MAX_FEE,
    ),
    "Delegate": (
        "Authorise or revoke a key",
        _address("delegate", "Key"),
        {
            "path": "scope",
            "label": "May sign",
            "format": "enum",
            "params": {"$ref": "$.metadata.enums.scope"},
        },
        _date("expires", "Until (1970 revokes)"),
        _UNTIL,
        _MAX_FEE,
    ),
}
