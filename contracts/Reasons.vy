# pragma version 0.4.3
"""
@title Reasons: the words in which Settlement refuses
@notice The text of every check standing in line would not fit a contract; where a batch is refused,
        nobody minds one call more.
"""

from interfaces import IReasons
from lib import reasons

implements: IReasons


@external
@view
def refuse(code: uint256) -> bool:
    """
    @dev As an assertion would: `Error(string)`.
    """
    text: uint256 = reasons.TEXTS[code]
    length: uint256 = 32
    for _: uint256 in range(32):
        if text >> 248 != 0:
            break
        text <<= 8
        length -= 1
    raw_revert(
        concat(method_id("Error(string)"), abi_encode(convert(32, uint256), length, text))
    )
