# pragma version 0.4.3
"""
@title Probe: what a chain adapter must get right
@license Apache-2.0
"""

struct Pair:
    who: address
    amount: int128

event Noted:
    who: indexed(address)
    word: indexed(bytes32)
    value: uint256

START: public(immutable(uint256))

value: public(uint256)


@deploy
def __init__(start: uint256):
    assert start != 0, "start_invalid"
    START = start
    self.value = start


@external
@payable
def note(number: uint256):
    assert number != self.value, "value_same"
    self.value = number
    log Noted(who=msg.sender, word=keccak256(convert(number, bytes32)), value=number)


@external
def note_before(deadline: uint256, number: uint256):
    assert block.timestamp <= deadline, "expired"
    self.value = number


@external
@view
def add(a: uint256, b: uint256 = 1) -> uint256:
    return a + b


@external
@pure
def swap(pair: Pair, others: DynArray[Pair, 4]) -> (Pair, DynArray[Pair, 4], String[32]):
    return Pair(who=pair.who, amount=-pair.amount), others, "swapped"


@external
@view
def where() -> (uint256, uint256, uint256, address):
    return chain.id, block.number, block.timestamp, msg.sender


@external
def fail(prose: bool):
    if prose:
        raise "This is a sentence."
    raise


@external
def spend():
    for i: uint256 in range(1 << 40):
        self.value = i
