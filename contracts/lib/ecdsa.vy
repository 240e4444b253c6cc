# pragma version 0.4.3
"""
@title Signer recovery
"""

HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
LOW_255: constant(uint256) = (1 << 255) - 1


@internal
@pure
def recover(digest: bytes32, r: uint256, vs: uint256) -> address:
    """
    @notice The signer of an EIP-2098 signature, or the zero address for a malformed one.
            High s is refused: each signature has one form.
    """
    s: uint256 = vs & LOW_255
    if s > HALF_ORDER:
        return empty(address)
    return ecrecover(digest, 27 + (vs >> 255), r, s)
