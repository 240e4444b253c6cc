# pragma version 0.4.3
"""
@title k-of-n ECDSA certificates
@notice A certificate is the concatenation of at least `threshold` parts of 65 bytes, in strictly
        ascending order of signer: index (1 byte), r (32), EIP-2098 vs (32). Attributable: each
        part names who signed.
"""

from interfaces import ICertifier
from lib import ecdsa
from lib import limits

implements: ICertifier

PART_BYTES: constant(uint256) = 65

signers: public(immutable(DynArray[address, limits.MAX_SIGNERS]))
threshold: public(immutable(uint256))


@deploy
def __init__(signers_: DynArray[address, limits.MAX_SIGNERS], threshold_: uint256):
    assert 0 < threshold_ and threshold_ <= len(signers_), "threshold_invalid"
    for i: uint256 in range(len(signers_), bound=limits.MAX_SIGNERS):
        assert signers_[i] != empty(address), "signer_invalid"
    signers = signers_
    threshold = threshold_


@external
@view
def verify(digest: bytes32, certificate: Bytes[limits.MAX_CERTIFICATE_BYTES]) -> bool:
    n_parts: uint256 = len(certificate) // PART_BYTES
    if len(certificate) % PART_BYTES != 0 or n_parts < threshold or n_parts > limits.MAX_SIGNERS:
        return False
    n_signers: uint256 = len(signers)
    next_index: uint256 = 0
    for part: uint256 in range(n_parts, bound=limits.MAX_SIGNERS):
        at: uint256 = part * PART_BYTES
        index: uint256 = convert(slice(certificate, at, 1), uint256)
        if index < next_index or index >= n_signers:
            return False
        signer: address = ecdsa.recover(
            digest,
            extract32(certificate, at + 1, output_type=uint256),
            extract32(certificate, at + 33, output_type=uint256),
        )
        if signer != signers[index]:
            return False
        next_index = index + 1
    return True
