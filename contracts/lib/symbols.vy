# pragma version 0.4.3
"""
@title Symbols
@notice One to five ASCII characters, left-justified in 40 bits, so that numbers sort as names do.
"""


@internal
@pure
def text_hash(symbol: uint256) -> bytes32:
    """
    @notice keccak256 of the name without its padding: how EIP-712 encodes a string.
    """
    name: bytes32 = convert(symbol << 216, bytes32)
    if symbol & 255 != 0:
        return keccak256(slice(name, 0, 5))
    if symbol & (255 << 8) != 0:
        return keccak256(slice(name, 0, 4))
    if symbol & (255 << 16) != 0:
        return keccak256(slice(name, 0, 3))
    if symbol & (255 << 24) != 0:
        return keccak256(slice(name, 0, 2))
    return keccak256(slice(name, 0, 1))


@internal
@pure
def is_valid(symbol: uint256) -> bool:
    """
    @notice Whether it is A-Z and 0-9, with padding only at the end.
    """
    ended: bool = True
    for n: uint256 in range(5):
        character: uint256 = (symbol >> (8 * n)) & 255
        is_digit: bool = 48 <= character and character <= 57
        is_letter: bool = 65 <= character and character <= 90
        if is_digit or is_letter:
            ended = False
        elif character != 0 or not ended:
            return False
    return not ended
