# pragma version 0.4.3
"""
@title Nonce windows
@notice Every number below `base` is spent; bit k of the bitmap says that `base + k` is.
        A number beyond the window slides it up and thereby spends what it leaves behind.
"""

from lib import limits


@internal
@pure
def spend(base: uint256, bitmap: uint256, number: uint256) -> (bool, uint256, uint256):
    """
    @return Whether the number was unspent, and the base and bitmap after spending it.
    """
    if number < base:
        return False, base, bitmap
    offset: uint256 = number - base
    if offset < limits.LANE_WINDOW:
        bit: uint256 = 1 << offset
        return bitmap & bit == 0, base, bitmap | bit
    top_bit: uint256 = limits.LANE_WINDOW - 1
    slide: uint256 = offset - top_bit
    kept: uint256 = 0
    if slide < limits.LANE_WINDOW:
        kept = bitmap >> slide
    return True, base + slide, kept | (1 << top_bit)
