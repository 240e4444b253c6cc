"""An intent that nobody can read before its place is final.

The identity that it is encrypted to says the chain and contract, the eon of the committee's key,
the sender, and U, the ciphertext's commitment to everything in it. So each envelope has an
identity of its own: its key opens nothing else, and a copy under another name opens to nothing.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from py_arkworks_bls12381 import G1Point, G2Point

from offbeat.core import InvalidInput
from offbeat.intents import (
    DelegationLookup,
    Domain,
    canonical_signature,
    domain_separator,
    keccak256,
    no_delegations,
    recover,
)
from offbeat.privacy.ibe import OVERHEAD_BYTES
from offbeat.privacy.packing import PADDED_BYTES
from offbeat.threshold import DECRYPTION_DST, G2_BYTES, decode_g2, hash_to_g1

CIPHERTEXT_BYTES: Final = OVERHEAD_BYTES + PADDED_BYTES
ENVELOPE_TYPE: Final = (
    "Envelope(address sender,uint32 account,uint32 eon,uint64 validUntil,uint64 maxFee,"
    "bytes ciphertext)"
)
"""What admits an envelope once the sender or a delegate has signed it (EIP-712)."""

_TYPE_HASH: Final = keccak256(ENVELOPE_TYPE.encode())
_words: Final = Struct(">32s12x20s28xI28xI24xQ24xQ32s")
_layout: Final = Struct(f">20sIIQQ{CIPHERTEXT_BYTES}s65s")
ENVELOPE_BYTES: Final = _layout.size


@dataclass(frozen=True, slots=True)
class Eon:
    """The committee's decryption key from one key generation to the next, in one domain.

    Resharing changes neither ``number`` nor ``key``.
    """

    domain: Domain
    number: int
    key: G2Point


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed intent and what is public of it.

    ``sender`` (20 bytes) and ``account`` are the owner and the index of the intent inside; that
    account answers with ``max_fee_micros`` for an envelope that does not open. Nobody orders it
    after ``valid_until_seconds``. Raises :class:`InvalidInput` with code ``envelope_invalid`` for
    what its fixed form has no room for.
    """

    sender: bytes
    account: int
    eon: int
    valid_until_seconds: int
    max_fee_micros: int
    ciphertext: bytes

    def __post_init__(self) -> None:
        widths = {32: (self.account, self.eon), 64: (self.valid_until_seconds, self.max_fee_micros)}
        fits = all(0 <= each < 1 << bits for bits, row in widths.items() for each in row)
        if not fits or (len(self.sender), len(self.ciphertext)) != (20, CIPHERTEXT_BYTES):
            raise InvalidInput("envelope_invalid", "a field of another width than its own")

    def digest(self, domain: Domain) -> bytes:
        """What the sender or a delegate signs: 32 bytes, this envelope's name everywhere."""
        struct_hash = keccak256(
            _words.pack(
                _TYPE_HASH,
                self.sender,
                self.account,
                self.eon,
                self.valid_until_seconds,
                self.max_fee_micros,
                keccak256(self.ciphertext),
            )
        )
        return keccak256(b"\x19\x01" + domain_separator(domain) + struct_hash)

    def identity(self, domain: Domain) -> G1Point:
        """What it is encrypted to, hashed to the curve; its signature is the key that opens it."""
        return identity_point(domain, self.eon, self.sender, self.ciphertext[:G2_BYTES])


@dataclass(frozen=True, slots=True)
class SignedEnvelope:
    """An envelope with its signature r ‖ s ‖ v (65 bytes), not yet verified."""

    envelope: Envelope
    signature: bytes

    def encode(self) -> bytes:
        """:data:`ENVELOPE_BYTES` bytes, whatever is inside: the fields in order, big-endian."""
        e = self.envelope
        return _layout.pack(
            e.sender,
            e.account,
            e.eon,
            e.valid_until_seconds,
            e.max_fee_micros,
            e.ciphertext,
            self.signature,
        )

    @classmethod
    def decode(cls, data: bytes) -> "SignedEnvelope":
        """From :meth:`encode`; raises ``InvalidInput("envelope_length")``."""
        if len(data) != ENVELOPE_BYTES:
            raise InvalidInput("envelope_length", f"an envelope has {ENVELOPE_BYTES} bytes")
        *fields, signature = _layout.unpack(data)
        return cls(Envelope(*fields), signature)


def identity_point(domain: Domain, eon: int, sender: bytes, commitment: bytes) -> G1Point:
    """The identity of whatever a sender seals into a ciphertext that begins with ``commitment``."""
    identity = domain_separator(domain) + eon.to_bytes(4) + sender + commitment
    return hash_to_g1(identity, DECRYPTION_DST)


def check_admission(
    signed: SignedEnvelope,
    eon: Eon,
    now_seconds: int,
    delegations: DelegationLookup = no_delegations,
) -> None:
    """Refuse, before it has a place, whatever can be refused without opening it.

    Raises :class:`InvalidInput` with code ``envelope_eon``, ``envelope_expired``,
    ``envelope_signature`` (not of the sender or a live delegate, or something was altered) or
    ``ciphertext_invalid``.
    """
    envelope = signed.envelope
    if envelope.eon != eon.number:
        raise InvalidInput("envelope_eon", f"this is eon {eon.number}")
    if envelope.valid_until_seconds < now_seconds:
        raise InvalidInput("envelope_expired", "too late to order it")
    try:
        signer = recover(envelope.digest(eon.domain), canonical_signature(signed.signature))
    except InvalidInput as error:
        raise InvalidInput("envelope_signature", error.message) from error
    if signer != envelope.sender:
        delegation = delegations(envelope.sender, signer)
        if delegation is None or delegation.expires_seconds < envelope.valid_until_seconds:
            raise InvalidInput("envelope_signature", "signed by neither sender nor delegate")
    try:
        decode_g2(envelope.ciphertext[:G2_BYTES])
    except InvalidInput as error:
        raise InvalidInput("ciphertext_invalid", error.message) from error
