"""Signatures: making, recovering and judging them.

A signature is r ‖ s ‖ v in 65 bytes (v 27 or 28; 0 and 1 are read too) or the 64 bytes of EIP-2098.
Only the lower of the two possible s is valid, so that each signature has one meaning and one form.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from coincurve import PrivateKey, PublicKey

from offbeat.core import InvalidInput, Reason, limits
from offbeat.intents.checks import check_bytes
from offbeat.intents.encoding import keccak256
from offbeat.intents.hashing import intent_hash
from offbeat.intents.nonces import split_nonce
from offbeat.intents.types import (
    SIGNATURE_BYTES,
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    Scope,
    SignedIntent,
    Transfer,
    Withdraw,
)

CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Number of points of secp256k1 (SEC 2, section 2.4.1)."""

# Numbers of one length compare like their big-endian bytes.
_ZERO: Final = bytes(32)
_CURVE_ORDER_BYTES: Final = CURVE_ORDER.to_bytes(32)
_HALF_ORDER_BYTES: Final = (CURVE_ORDER // 2).to_bytes(32)

_COMPACT_BYTES: Final = 64
_SCOPES: Final[dict[type, Scope]] = {
    Order: Scope.ORDER,
    Cancel: Scope.CANCEL,
    Withdraw: Scope.WITHDRAW,
    Transfer: Scope.TRANSFER,
}


@dataclass(frozen=True, slots=True)
class Delegation:
    """What a key may sign for an owner (a sum of :class:`Scope` bits), through which second."""

    scope: int
    expires_seconds: int


DelegationLookup = Callable[[bytes, bytes], Delegation | None]
"""The delegation of (owner, key), both 20-byte addresses, if there is one."""


class ContractWallets(Protocol):
    """Asks a contract wallet for its approval (EIP-1271); the caller brings the chain.

    Never asked inside a batch: a wallet that changes its mind could void everybody's.
    """

    def approves(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether ``isValidSignature(digest, signature)`` returns the magic value at ``wallet``.

        Raises :class:`Unavailable` where nobody can say now.
        """


def no_delegations(owner: bytes, key: bytes) -> Delegation | None:
    """A :data:`DelegationLookup` that knows none: only the owner signs."""
    return None


def address_of(private_key: bytes | PrivateKey) -> bytes:
    """The 20-byte address of a key. Raises :class:`InvalidInput`, code ``private_key_invalid``."""
    return _address(_private_key(private_key).public_key)


def sign_digest(digest: bytes, private_key: bytes | PrivateKey) -> bytes:
    """The signature r ‖ s ‖ v (65 bytes, low s, v 27 or 28) of a 32-byte digest.

    The nonce is deterministic (RFC 6979). Whoever signs often keeps a ``coincurve.PrivateKey``.
    Raises :class:`InvalidInput` with code ``private_key_invalid`` or ``digest_length``.
    """
    check_bytes("digest", digest, 32, "digest_length")
    signature = _private_key(private_key).sign_recoverable(digest, hasher=None)
    return signature[:_COMPACT_BYTES] + bytes((27 + signature[_COMPACT_BYTES],))


def sign(intent: Intent, private_key: bytes | PrivateKey, domain: Domain) -> SignedIntent:
    """``intent`` with its signature by ``private_key``, as :func:`sign_digest`."""
    return SignedIntent(intent, sign_digest(intent_hash(intent, domain), private_key))


def canonical_signature(signature: bytes) -> bytes:
    """Any accepted form of a signature as r ‖ s ‖ v, v 27 or 28.

    Raises :class:`InvalidInput` with code ``signature_length``, ``signature_v``, ``signature_r``,
    ``signature_s`` (zero, or not below the curve's order) or ``signature_high_s``.
    """
    if len(signature) == SIGNATURE_BYTES:
        r, s, v = signature[:32], signature[32:64], signature[64]
        parity = v - 27 if v >= 27 else v
    elif len(signature) == _COMPACT_BYTES:
        r, s, parity = signature[:32], signature[32:], signature[32] >> 7
        s = bytes((s[0] & 0x7F,)) + s[1:]
    else:
        raise InvalidInput("signature_length", "a signature has 65 bytes, or 64 (EIP-2098)")
    if parity > 1:
        raise InvalidInput("signature_v", "v must be 27 or 28 (or 0 or 1)")
    if not _ZERO < r < _CURVE_ORDER_BYTES:
        raise InvalidInput("signature_r", "r must be from 1 to the curve's order - 1")
    if not _ZERO < s < _CURVE_ORDER_BYTES:
        raise InvalidInput("signature_s", "s must be from 1 to the curve's order - 1")
    if s > _HALF_ORDER_BYTES:
        raise InvalidInput("signature_high_s", "s must be the lower of its two values")
    return r + s + bytes((27 + parity,))


def recover(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address that signed ``digest`` (32 bytes), as the EVM's ``ecrecover``.

    Raises :class:`InvalidInput` with a code of :func:`canonical_signature`, ``digest_length``, or
    ``signature_unrecoverable`` where r is on no point of the curve.
    """
    check_bytes("digest", digest, 32, "digest_length")
    canonical = canonical_signature(signature)
    recoverable = canonical[:_COMPACT_BYTES] + bytes((canonical[_COMPACT_BYTES] - 27,))
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError as error:
        raise InvalidInput("signature_unrecoverable", "no key has made this signature") from error
    return _address(key)


def check_signer(
    intent: Intent,
    signer: bytes,
    holds_until_seconds: int,
    delegations: DelegationLookup = no_delegations,
) -> Reason | None:
    """``SIGNER_UNAUTHORISED`` unless ``signer`` may sign ``intent``: its owner, or a delegate.

    A delegate needs the intent's scope bit through ``holds_until_seconds`` (a batch's
    ``not_after``; now, outside batches). No delegate signs a :class:`Delegate`.
    """
    if signer == intent.owner:
        return None
    delegation = delegations(intent.owner, signer)
    if delegation is None or not delegation.scope & _SCOPES.get(type(intent), 0):
        return Reason.SIGNER_UNAUTHORISED
    live = holds_until_seconds <= delegation.expires_seconds
    return None if live else Reason.SIGNER_UNAUTHORISED


def verify(
    intent: Intent,
    signature: bytes,
    domain: Domain,
    *,
    holds_until_seconds: int,
    delegations: DelegationLookup = no_delegations,
    wallets: ContractWallets | None = None,
) -> Reason | None:
    """None if ``signature`` authorises ``intent``, or the reason why it does not.

    ``SIGNATURE_INVALID`` where nobody can be recovered, ``SIGNER_UNAUTHORISED`` where somebody
    else is; :func:`~offbeat.intents.explain` shows the details. A delegation in the
    ``limits.WALLET_LANE`` is the one thing that a contract wallet signs, and ``wallets`` is asked
    for nothing else; then the signature may have any length.
    """
    digest = intent_hash(intent, domain)
    if isinstance(intent, Delegate) and split_nonce(intent.nonce)[0] == limits.WALLET_LANE:
        approved = wallets is not None and wallets.approves(intent.owner, digest, signature)
        return None if approved else Reason.SIGNATURE_INVALID
    try:
        signer = recover(digest, signature)
    except InvalidInput:
        return Reason.SIGNATURE_INVALID
    return check_signer(intent, signer, holds_until_seconds, delegations)


def _private_key(key: bytes | PrivateKey) -> PrivateKey:
    if isinstance(key, PrivateKey):
        return key
    check_bytes("private key", key, 32, "private_key_invalid")
    try:
        return PrivateKey(key)
    except ValueError as error:
        raise InvalidInput("private_key_invalid", "not from 1 to the curve's order - 1") from error


def _address(key: PublicKey) -> bytes:
    return keccak256(key.format(compressed=False)[1:])[-20:]
