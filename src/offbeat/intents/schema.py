"""The signed types as one table, from which type strings, JSON and the contract's constants follow.

EIP-712 writes a type as its members followed by the types that it refers to, in alphabetical
order; the hash of that text is the type hash.
"""

from collections.abc import Mapping
from typing import Final

from offbeat.intents.encoding import keccak256

DOMAIN_NAME: Final = "Offbeat"
DOMAIN_VERSION: Final = "1"
DOMAIN_TYPE: Final = "EIP712Domain"

Members = tuple[tuple[str, str], ...]
"""Of a struct: (name, type) in order."""


def _members(text: str) -> Members:
    return tuple((name, kind) for kind, name in (member.split() for member in text.split(",")))


STRUCTS: Final[Mapping[str, Members]] = {
    "Instrument": _members("string underlying,string kind,uint64 expiry,uint128 strike"),
    "Leg": _members("Instrument instrument,int16 ratio"),
    "Order": _members(
        "address owner,uint32 account,Leg[] legs,uint64 quantity,uint64 minFill,int128 limit,"
        "uint64 nonce,uint64 validFrom,uint64 validUntil,uint128 spotMin,uint128 spotMax,"
        "uint64 maxFee,bool reduceOnly"
    ),
    "Cancel": _members("address owner,uint32 account,uint64 nonce,uint64 validUntil,uint64 maxFee"),
    "Withdraw": _members(
        "address owner,uint32 account,address to,string asset,uint128 amount,uint64 nonce,"
        "uint64 validUntil,uint64 maxFee"
    ),
    "Transfer": _members(
        "address owner,uint32 account,address toOwner,uint32 toAccount,uint128 amount,"
        "uint64 nonce,uint64 validUntil,uint64 maxFee"
    ),
    "Delegate": _members(
        "address owner,uint32 account,address delegate,uint32 scope,uint64 expires,uint64 nonce,"
        "uint64 validUntil,uint64 maxFee"
    ),
    "Batch": _members("bytes32 payload"),
    "Report": _members("uint64 timestamp,bytes32 underlyings,bytes32 rows"),
    "SettlementPrice": _members("string underlying,uint64 expiry,uint128 price"),
    DOMAIN_TYPE: _members("string name,string version,uint256 chainId,address verifyingContract"),
}
"""Every struct of the standard by its EIP-712 name."""

ATTRIBUTES: Final[Mapping[str, str]] = {
    "expiry": "expiry_seconds",
    "strike": "strike_micros",
    "quantity": "quantity_micros",
    "minFill": "min_fill_micros",
    "limit": "limit_micros",
    "validFrom": "valid_from_seconds",
    "validUntil": "valid_until_seconds",
    "spotMin": "spot_min_micros",
    "spotMax": "spot_max_micros",
    "maxFee": "max_fee_micros",
    "reduceOnly": "reduce_only",
    "amount": "amount_micros",
    "toOwner": "to_owner",
    "toAccount": "to_account",
    "expires": "expires_seconds",
}
"""The attribute of our classes for a signed name, where the two differ."""


def referenced(name: str) -> tuple[str, ...]:
    """The structs that ``name`` refers to, directly or through others, in alphabetical order."""
    found: set[str] = set()
    for _, kind in STRUCTS[name]:
        struct = kind.removesuffix("[]")
        if struct in STRUCTS:
            found |= {struct, *referenced(struct)}
    return tuple(sorted(found))


def _type_string(name: str) -> str:
    return "".join(
        f"{struct}({','.join(f'{kind} {member}' for member, kind in STRUCTS[struct])})"
        for struct in (name, *referenced(name))
    )


_CONSTANTS: Final = {DOMAIN_TYPE: "DOMAIN", "SettlementPrice": "SETTLEMENT_PRICE"}

TYPE_STRINGS: Final[Mapping[str, str]] = {
    _CONSTANTS.get(name, name.upper()): _type_string(name) for name in STRUCTS
}
"""EIP-712 ``encodeType`` of every struct; keys are the contract's constants (``ORDER``, …)."""

TYPE_HASHES: Final[Mapping[str, bytes]] = {
    name: keccak256(text.encode()) for name, text in TYPE_STRINGS.items()
}
"""EIP-712 ``typeHash`` of every struct, under the same keys."""
