"""EIP-712 hashes, packed by hand.

A struct hashes to keccak256(typeHash ‖ one 32-byte word for each member), where a string's word
is its hash, a struct's its struct hash, an array's the hash of its elements' words. What a wallet
signs is the digest keccak256(0x1901 ‖ domain separator ‖ struct hash); the digest of an intent is
its *intent hash*, its name everywhere in Offbeat.

Strategies, instruments and symbols recur, so their hashes are remembered.
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from offbeat.instruments import Instrument, Leg
from offbeat.intents.checks import check_bytes, check_uint
from offbeat.intents.encoding import keccak256
from offbeat.intents.schema import DOMAIN_NAME, DOMAIN_VERSION, TYPE_HASHES
from offbeat.intents.types import Cancel, Delegate, Domain, Intent, Order, Transfer, Withdraw

# One format item is one word: right-aligned in 32 bytes, whatever its width.
_HASH: Final = "32s"
_WORD: Final = "32s"
_ADDRESS: Final = "12x20s"
_UINT32: Final = "28xI"
_UINT64: Final = "24xQ"
_BOOL: Final = "31x?"


def _packer(*words: str) -> Callable[..., bytes]:
    return Struct(">" + "".join(words)).pack


_pack_instrument = _packer(_HASH, _HASH, _HASH, _UINT64, _UINT64)
_pack_leg = _packer(_HASH, _HASH, _WORD)
_pack_order = _packer(
    *(_HASH, _ADDRESS, _UINT32, _HASH, _UINT64, _UINT64, _WORD),
    *(_UINT64, _UINT64, _UINT64, _WORD, _WORD, _UINT64, _BOOL),
)
_pack_cancel = _packer(_HASH, _ADDRESS, _UINT32, _UINT64, _UINT64, _UINT64)
_pack_withdraw = _packer(
    _HASH, _ADDRESS, _UINT32, _ADDRESS, _HASH, _WORD, _UINT64, _UINT64, _UINT64
)
_pack_transfer = _packer(
    _HASH, _ADDRESS, _UINT32, _ADDRESS, _UINT32, _WORD, _UINT64, _UINT64, _UINT64
)
_pack_delegate = _packer(
    _HASH, _ADDRESS, _UINT32, _ADDRESS, _UINT32, _UINT64, _UINT64, _UINT64, _UINT64
)
_pack_domain = _packer(_HASH, _HASH, _HASH, _WORD, _ADDRESS)
_pack_report = _packer(_HASH, _UINT64, _HASH, _HASH)
_pack_settlement_price = _packer(_HASH, _HASH, _UINT64, _WORD)


@lru_cache(maxsize=1024)
def text_hash(text: str) -> bytes:
    """The word of a string member."""
    return keccak256(text.encode())


@lru_cache(maxsize=8192)
def instrument_hash(instrument: Instrument) -> bytes:
    """The struct hash of an instrument."""
    return keccak256(
        _pack_instrument(
            TYPE_HASHES["INSTRUMENT"],
            text_hash(instrument.underlying),
            text_hash(instrument.kind.name.lower()),
            instrument.expiry_seconds,
            instrument.strike_micros,
        )
    )


def leg_hash(leg: Leg) -> bytes:
    """The struct hash of a leg."""
    ratio = leg.ratio.to_bytes(32, signed=True)
    return keccak256(_pack_leg(TYPE_HASHES["LEG"], instrument_hash(leg.instrument), ratio))


@lru_cache(maxsize=8192)
def legs_hash(legs: tuple[Leg, ...]) -> bytes:
    """The word of ``Leg[]``: the hash of the legs' struct hashes in order."""
    return keccak256(b"".join(map(leg_hash, legs)))


def _order(order: Order) -> bytes:
    return _pack_order(
        TYPE_HASHES["ORDER"],
        order.owner,
        order.account,
        legs_hash(order.legs),
        order.quantity_micros,
        order.min_fill_micros,
        order.limit_micros.to_bytes(32, signed=True),
        order.nonce,
        order.valid_from_seconds,
        order.valid_until_seconds,
        order.spot_min_micros.to_bytes(32),
        order.spot_max_micros.to_bytes(32),
        order.max_fee_micros,
        order.reduce_only,
    )


def _cancel(cancel: Cancel) -> bytes:
    return _pack_cancel(
        TYPE_HASHES["CANCEL"],
        cancel.owner,
        cancel.account,
        cancel.nonce,
        cancel.valid_until_seconds,
        cancel.max_fee_micros,
    )


def _withdraw(withdraw: Withdraw) -> bytes:
    return _pack_withdraw(
        TYPE_HASHES["WITHDRAW"],
        withdraw.owner,
        withdraw.account,
        withdraw.to,
        text_hash(withdraw.asset),
        withdraw.amount_micros.to_bytes(32),
        withdraw.nonce,
        withdraw.valid_until_seconds,
        withdraw.max_fee_micros,
    )


def _transfer(transfer: Transfer) -> bytes:
    return _pack_transfer(
        TYPE_HASHES["TRANSFER"],
        transfer.owner,
        transfer.account,
        transfer.to_owner,
        transfer.to_account,
        transfer.amount_micros.to_bytes(32),
        transfer.nonce,
        transfer.valid_until_seconds,
        transfer.max_fee_micros,
    )


def _delegate(delegate: Delegate) -> bytes:
    return _pack_delegate(
        TYPE_HASHES["DELEGATE"],
        delegate.owner,
        delegate.account,
        delegate.delegate,
        delegate.scope,
        delegate.expires_seconds,
        delegate.nonce,
        delegate.valid_until_seconds,
        delegate.max_fee_micros,
    )


_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    Order: _order,
    Cancel: _cancel,
    Withdraw: _withdraw,
    Transfer: _transfer,
    Delegate: _delegate,
}


def struct_hash(intent: Intent) -> bytes:
    """EIP-712 ``hashStruct``: the hash of the intent without its domain."""
    return keccak256(_ENCODERS[type(intent)](intent))


@lru_cache(maxsize=64)
def domain_separator(domain: Domain) -> bytes:
    """The struct hash of the domain: chain and settlement contract under Offbeat's name."""
    return keccak256(
        _pack_domain(
            TYPE_HASHES["DOMAIN"],
            text_hash(DOMAIN_NAME),
            text_hash(DOMAIN_VERSION),
            domain.chain_id.to_bytes(32),
            domain.verifying_contract,
        )
    )


def intent_hash(intent: Intent, domain: Domain) -> bytes:
    """The digest that the trader signs, and the intent's name everywhere (32 bytes)."""
    return _digest(struct_hash(intent), domain)


def batch_digest(payload_hash: bytes, domain: Domain) -> bytes:
    """What sequencers sign for a batch; ``payload_hash`` is the keccak256 of its payload."""
    check_bytes("payload", payload_hash, 32, "hash_length")
    return _digest(keccak256(TYPE_HASHES["BATCH"] + payload_hash), domain)


def report_digest(
    timestamp_seconds: int, underlyings_hash: bytes, rows_root: bytes, domain: Domain
) -> bytes:
    """What reporters sign for an oracle report: hash of its underlyings, root of its rows."""
    check_bytes("underlyings", underlyings_hash, 32, "hash_length")
    check_bytes("rows", rows_root, 32, "hash_length")
    check_uint("timestamp", timestamp_seconds, 64)
    packed = _pack_report(TYPE_HASHES["REPORT"], timestamp_seconds, underlyings_hash, rows_root)
    return _digest(keccak256(packed), domain)


def settlement_price_digest(
    underlying: str, expiry_seconds: int, price_micros: int, domain: Domain
) -> bytes:
    """What reporters sign for the price at which one expiry of one underlying settles."""
    check_uint("expiry", expiry_seconds, 64)
    check_uint("price", price_micros, 128)
    packed = _pack_settlement_price(
        TYPE_HASHES["SETTLEMENT_PRICE"],
        text_hash(underlying),
        expiry_seconds,
        price_micros.to_bytes(32),
    )
    return _digest(keccak256(packed), domain)


def _digest(hashed_struct: bytes, domain: Domain) -> bytes:
    return keccak256(b"\x19\x01" + domain_separator(domain) + hashed_struct)
