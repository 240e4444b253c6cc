"""Proof of the secret behind one point of G1, or that one secret is behind several.

Schnorr's proof, and Chaum and Pedersen's, made non-interactive by hashing the whole statement (Fiat
and Shamir). A proof is a challenge and a response of 32 bytes each. Its nonce is derived from the
secret and the statement, so no generator of randomness can betray the secret.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from py_arkworks_bls12381 import G1Point, Scalar

from offbeat.threshold.curve import ORDER, SCALAR_BYTES, derive_scalars, encode_g1, encode_scalar

PROOF_BYTES: Final = 2 * SCALAR_BYTES


def prove(context: bytes, secret: Scalar, bases: Sequence[G1Point]) -> bytes:
    """That somebody who acts in ``context`` knows the ``secret`` which multiplies each base."""
    statement = hashlib.sha256(context + b"".join(map(encode_g1, bases))).digest()
    (nonce,) = derive_scalars(encode_scalar(secret), b"offbeat nonce" + statement, 1)
    points = [base * secret for base in bases]
    challenge = _challenge(context, bases, points, [base * nonce for base in bases])
    return encode_scalar(challenge) + encode_scalar(nonce - challenge * secret)


def is_proof(
    proof: bytes, context: bytes, bases: Sequence[G1Point], points: Sequence[G1Point]
) -> bool:
    """Whether ``proof`` shows that one secret makes ``points`` of ``bases``."""
    numbers = int.from_bytes(proof[:SCALAR_BYTES]), int.from_bytes(proof[SCALAR_BYTES:])
    if len(proof) != PROOF_BYTES or max(numbers) >= ORDER:
        return False
    challenge, response = map(Scalar, numbers)
    nonces = [
        base * response + point * challenge for base, point in zip(bases, points, strict=True)
    ]
    return _challenge(context, bases, points, nonces) == challenge


def _challenge(context: bytes, *rows: Sequence[G1Point]) -> Scalar:
    digest = hashlib.sha512(b"offbeat proof" + hashlib.sha256(context).digest())
    for row in rows:
        for point in row:
            digest.update(encode_g1(point))
    return Scalar(int.from_bytes(digest.digest()) % ORDER)
