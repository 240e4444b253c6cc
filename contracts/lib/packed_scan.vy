# pragma version 0.4.3
"""
@title Sixteen scenarios in four words
@notice A risk word holds sixteen losses of 16 bits, biased by 32,768. Word k of the spread takes
        those at lanes k, k+4, k+8, k+12 and gives each 64 bits, so that one multiplication by a
        quantity works on four scenarios. Sums are exact in two's complement of the whole word:
        a lane's magnitude stays below 40 * 2**41 * 2**15 < 2**62.
"""

LANES: constant(uint256) = 1 + (1 << 64) + (1 << 128) + (1 << 192)
RISK_BIAS: constant(uint256) = 32768 * LANES
LANE_BIAS: constant(uint256) = (1 << 62) * LANES
TOP_BITS: constant(uint256) = (1 << 63) * LANES
LANE_MASK: constant(uint256) = (1 << 64) - 1


@internal
@pure
def _larger(a: uint256, b: uint256) -> uint256:
    # Lane-wise maximum of two words whose lanes have a clear top bit: the top bit of
    # (a with it set) - b survives exactly where a >= b.
    mask: uint256 = unsafe_mul(((unsafe_sub(a | TOP_BITS, b) & TOP_BITS) >> 63), LANE_MASK)
    return (a & mask) | (b & ~mask)


@internal
@pure
def worst(a: uint256, b: uint256, c: uint256, d: uint256, net_quantity: uint256) -> uint256:
    """
    @notice The largest of the sixteen sums, or zero where all are gains.
    @param net_quantity The sum of the quantities (two's complement), whose bias is taken out.
    """
    rebias: uint256 = unsafe_sub(LANE_BIAS, unsafe_mul(RISK_BIAS, net_quantity))
    word: uint256 = self._larger(
        self._larger(unsafe_add(a, rebias), unsafe_add(b, rebias)),
        self._larger(unsafe_add(c, rebias), unsafe_add(d, rebias)),
    )
    word = self._larger(word, word >> 128)
    lane: uint256 = max(word & LANE_MASK, (word >> 64) & LANE_MASK)
    if lane <= 1 << 62:
        return 0
    return lane - (1 << 62)
