# pragma version 0.4.3
"""
@title Threshold BLS certificates
@license Apache-2.0
@notice A certificate is one signature on BLS12-381 in 96 bytes: a point of G1, x ‖ y. Whoever made
        it together does not show, and its cost does not depend on how many they were.
"""

from interfaces import ICertifier
from lib import bls12381

implements: ICertifier

# "OFFBEAT-CERTIFICATE-V01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_" and its length.
TAG: constant(Bytes[64]) = b"OFFBEAT-CERTIFICATE-V01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_\x3c"
SIGNATURE_BYTES: constant(uint256) = 96

key: public(immutable(Bytes[256]))


@deploy
def __init__(key_: Bytes[256]):
    assert len(key_) == 256 and bls12381.is_key(key_), "key_invalid"
    key = key_


@external
@view
def verify(digest: bytes32, certificate: Bytes[1344]) -> bool:
    if len(certificate) != SIGNATURE_BYTES:
        return False
    return bls12381.verifies(
        key, bls12381.hash_to_g1(digest, TAG), slice(certificate, 0, SIGNATURE_BYTES)
    )
