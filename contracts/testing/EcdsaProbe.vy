# pragma version 0.4.3
"""
@title EcdsaProbe: the signer recovery that every contract uses, bare
@license Apache-2.0
"""

from lib import ecdsa


@external
@pure
def recover(digest: bytes32, r: uint256, vs: uint256) -> address:
    return ecdsa.recover(digest, r, vs)
