"""What one dealer sends to all: commitments for everybody, a share for each, sealed.

A deal is E ‖ commitments ‖ sealed shares ‖ proof of e, where E = e · G1. The share of a receiver
with key pk is masked by a hash of e · pk, so he opens it with his secret and E. Whoever finds a
wrong one publishes that point with a proof that it is his: then everybody opens the share and sees.
The proof of e matters there. Without it a dealer could borrow the E of another, provoke complaints,
and read from them what that other has dealt.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold.curve import (
    G1,
    G1_BYTES,
    G2_BYTES,
    ORDER,
    SCALAR_BYTES,
    decode_g1,
    decode_g2,
    derive_scalars,
    encode_g1,
    encode_g2,
    encode_scalar,
)
from offbeat.threshold.keys import MAX_MEMBERS, KeySet
from offbeat.threshold.proofs import PROOF_BYTES, is_proof, prove
from offbeat.threshold.sharing import commit, is_share, share_of

COMPLAINT_BYTES: Final = 1 + G1_BYTES + PROOF_BYTES


@dataclass(frozen=True)
class Terms:
    """Who deals what to whom.

    ``label`` names the ceremony: no two on any chain have the same. ``receivers`` are the members
    to be, by their keys for sealed shares (a secret times the generator of G1); any ``threshold``
    of them will sign. Where there is a ``previous`` key set, its members deal and its key stays;
    otherwise the receivers deal to each other, and the key is new.

    Raises :class:`InvalidInput` with code ``terms_invalid``.
    """

    label: bytes
    receivers: tuple[G1Point, ...]
    threshold: int
    previous: KeySet | None = None

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= len(self.receivers) <= MAX_MEMBERS:
            raise InvalidInput("terms_invalid", "the threshold must be 1 to the receivers' number")
        if len(self.label) != 32:
            raise InvalidInput("terms_invalid", "a label has 32 bytes")

    @property
    def dealers(self) -> int:
        """How many may deal; their indices count from 0."""
        return self.previous.members if self.previous else len(self.receivers)

    @property
    def quorum(self) -> int:
        """How many deals a key takes: the fewest that always include an honest one's."""
        return self.previous.threshold if self.previous else self.threshold

    @cached_property
    def digest(self) -> bytes:
        """Everything above in 32 bytes."""
        parts = [self.label, self.threshold.to_bytes(2), *map(encode_g1, self.receivers)]
        parts += [self.previous.encode()] if self.previous else []
        return hashlib.sha256(b"offbeat ceremony" + b"".join(parts)).digest()


@dataclass(frozen=True, slots=True)
class Deal:
    """A dealer's message; well-formed, its proof holds, its shares not yet looked at."""

    dealer: int
    ephemeral: G1Point
    commitments: tuple[G2Point, ...]
    sealed: tuple[bytes, ...]

    def opened(self, terms: Terms, receiver: int, shared: G1Point) -> Scalar | None:
        """A receiver's share, given e · pk; None unless the commitments bear it out."""
        mask = _mask(terms, self.dealer, receiver, self.ephemeral, shared)
        share = Scalar(_unmasked(self.sealed[receiver], mask))
        return share if is_share(self.commitments, receiver, share) else None


def deal(terms: Terms, dealer: int, seed: bytes, share: Scalar | None = None) -> bytes:
    """The deal of one dealer, from 32 fresh random bytes; ``share`` is his of the previous key.

    Raises :class:`InvalidInput` with code ``share_missing`` or ``seed_short``.
    """
    if (share is None) != (terms.previous is None):
        raise InvalidInput("share_missing", "a dealer of a previous key has a share of it")
    purpose = terms.digest + dealer.to_bytes(2)
    ephemeral, *coefficients = derive_scalars(seed, purpose, 1 + terms.threshold)
    if share is not None:
        coefficients[0] = share
    point = G1 * ephemeral
    sealed = []
    for index, key in enumerate(terms.receivers):
        mask = _mask(terms, dealer, index, point, key * ephemeral)
        sealed.append(_masked(share_of(coefficients, index), mask))
    body = b"".join((encode_g1(point), *map(encode_g2, commit(coefficients)), *sealed))
    return body + prove(_context(terms, dealer, body), ephemeral, [G1])


def read_deal(terms: Terms, dealer: int, data: bytes) -> Deal:
    """What a dealer sent; raises :class:`InvalidInput` with code ``deal_invalid``."""
    try:
        made = _parse(terms, dealer, data)
    except InvalidInput as error:
        raise InvalidInput("deal_invalid", error.message) from error
    body, proof = data[:-PROOF_BYTES], data[-PROOF_BYTES:]
    if not is_proof(proof, _context(terms, dealer, body), [G1], [made.ephemeral]):
        raise InvalidInput("deal_invalid", "sealed by somebody else")
    if terms.previous and made.commitments[0] != terms.previous.shares[dealer]:
        raise InvalidInput("deal_invalid", "not a sharing of the dealer's share")
    return made


def _parse(terms: Terms, dealer: int, data: bytes) -> Deal:
    n = len(terms.receivers)
    body_bytes = G1_BYTES + terms.threshold * G2_BYTES + n * SCALAR_BYTES
    if not 0 <= dealer < terms.dealers or len(data) != body_bytes + PROOF_BYTES:
        raise InvalidInput("deal_invalid", "a stranger's, or of a wrong length")
    split = G1_BYTES + terms.threshold * G2_BYTES
    return Deal(
        dealer,
        decode_g1(data[:G1_BYTES]),
        tuple(map(decode_g2, _pieces(data[G1_BYTES:split], G2_BYTES))),
        tuple(_pieces(data[split:body_bytes], SCALAR_BYTES)),
    )


def complain(terms: Terms, made: Deal, receiver: int, secret: Scalar) -> bytes:
    """What a receiver publishes about a deal, whether or not his share in it is wrong."""
    context = _complaint_context(terms, made.dealer, receiver)
    shared = made.ephemeral * secret
    return bytes((made.dealer,)) + encode_g1(shared) + prove(context, secret, [G1, made.ephemeral])


def is_founded(terms: Terms, made: Deal, receiver: int, complaint: bytes) -> bool:
    """Whether a complaint proves that the receiver was dealt a wrong share."""
    if len(complaint) != COMPLAINT_BYTES or complaint[0] != made.dealer:
        return False
    try:
        shared = decode_g1(complaint[1 : 1 + G1_BYTES])
    except InvalidInput:
        return False
    context = _complaint_context(terms, made.dealer, receiver)
    key = terms.receivers[receiver]
    proof = complaint[1 + G1_BYTES :]
    return (
        is_proof(proof, context, [G1, made.ephemeral], [key, shared])
        and made.opened(terms, receiver, shared) is None
    )


def _pieces(data: bytes, size: int) -> Sequence[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _context(terms: Terms, dealer: int, body: bytes) -> bytes:
    return b"deal" + terms.digest + dealer.to_bytes(2) + body


def _complaint_context(terms: Terms, dealer: int, receiver: int) -> bytes:
    return b"complaint" + terms.digest + dealer.to_bytes(2) + receiver.to_bytes(2)


def _mask(terms: Terms, dealer: int, receiver: int, ephemeral: G1Point, shared: G1Point) -> int:
    place = dealer.to_bytes(2) + receiver.to_bytes(2)
    points = encode_g1(ephemeral) + encode_g1(shared)
    digest = hashlib.sha512(b"offbeat sealed share" + terms.digest + place + points).digest()
    return int.from_bytes(digest) % ORDER


def _masked(share: Scalar, mask: int) -> bytes:
    return encode_scalar(share + Scalar(mask))


def _unmasked(sealed: bytes, mask: int) -> int:
    return (int.from_bytes(sealed) - mask) % ORDER
