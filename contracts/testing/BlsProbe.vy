# pragma version 0.4.3
"""
@title BlsProbe: what CertifierBls is made of, bare
@license Apache-2.0
"""

from lib import bls12381


@external
@view
def hash_to_g1(message: bytes32, tag: Bytes[64]) -> Bytes[128]:
    return bls12381.hash_to_g1(message, tag)


@external
@view
def verifies(key: Bytes[256], point: Bytes[128], signature: Bytes[96]) -> bool:
    return bls12381.verifies(key, point, signature)


@external
@view
def is_key(key: Bytes[256]) -> bool:
    return bls12381.is_key(key)


@external
@view
def reduced(number: Bytes[64]) -> Bytes[64]:
    return bls12381.reduced(number)


@external
@view
def map_to_g1(element: Bytes[64]) -> Bytes[128]:
    return bls12381.map_to_g1(element)


@external
@view
def add(left: Bytes[128], right: Bytes[128]) -> Bytes[128]:
    return bls12381.add(left, right)


@external
@view
def pairs_to_one(pairs: Bytes[768]) -> bool:
    return bls12381.pairs_to_one(pairs)
