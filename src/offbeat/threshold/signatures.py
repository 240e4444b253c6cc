"""BLS signatures of minimal size: one point of G1, checked with two pairings.

The same point is a signature of a certificate, a beacon of drand, and the key that opens whatever
was encrypted to an identity: only the hash's domain separation tag and the key differ.
"""

from typing import Final

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from offbeat.threshold.curve import CERTIFICATE_DST, G2, hash_to_g1, multiply_g2

CERTIFICATE_BYTES: Final = 96

_NO_G1 = G1Point.identity()
_NO_G2 = G2Point.identity()


def public_key(secret: Scalar) -> G2Point:
    """The key that checks what ``secret`` signs."""
    return multiply_g2(secret)


def sign(secret: Scalar, point: G1Point) -> G1Point:
    """The signature of a message, or a share of it, given the message's ``hash_to_g1``."""
    return point * secret


def verifies(key: G2Point, point: G1Point, signature: G1Point) -> bool:
    """Whether ``signature`` is that of the hashed message ``point`` under ``key``.

    The points must be of the right order, as those that ``decode_g1`` and ``decode_g2`` return.
    """
    if signature == _NO_G1 or key == _NO_G2:
        return False
    return GT.pairing_check([signature, -point], [G2, key])


def certificate_of(signature: G1Point) -> bytes:
    """A signature as ``CertifierBls`` reads it: x ‖ y, 96 bytes."""
    return bytes(signature.to_xy_bytes_be())


def is_certificate(key: G2Point, digest: bytes, certificate: bytes) -> bool:
    """Whether ``CertifierBls`` with this key takes ``certificate`` for a 32-byte digest."""
    if len(certificate) != CERTIFICATE_BYTES:
        return False
    try:
        signature = G1Point.from_xy_bytes_be(certificate)
    except ValueError:
        return False
    return verifies(key, hash_to_g1(digest, CERTIFICATE_DST), signature)
