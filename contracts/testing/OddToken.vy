# pragma version 0.4.3
"""
@title OddToken: an ERC-20 with the manners that real ones have
@license Apache-2.0
"""

import DevToken as token

initializes: token

exports: (
    token.symbol,
    token.decimals,
    token.totalSupply,
    token.balanceOf,
    token.allowance,
    token.mint,
    token.approve,
)

flag Manner:
    SILENT      # returns nothing
    REFUSING    # returns False and moves nothing
    GREEDY      # keeps a hundredth of what it moves
    BURNING     # runs until the gas is gone
    REENTRANT   # calls somebody before it moves anything

event Reentered:
    success: bool

manner: public(Manner)
blocked: public(HashMap[address, bool])
target: address
message: Bytes[4096]


@deploy
def __init__(symbol: String[8], decimals: uint8, manner: Manner):
    token.__init__(symbol, decimals)
    self.manner = manner


@external
def set_manner(manner: Manner):
    self.manner = manner


@external
def set_blocked(account: address, blocked: bool):
    self.blocked[account] = blocked


@external
def set_reentry(target: address, message: Bytes[4096]):
    """
    @notice What a REENTRANT token calls.
    """
    self.target = target
    self.message = message


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[32]:
    return self._transfer(msg.sender, to, amount)


@external
@raw_return
def transferFrom(owner: address, to: address, amount: uint256) -> Bytes[32]:
    assert token.allowance[owner][msg.sender] >= amount, "allowance_short"
    token.allowance[owner][msg.sender] -= amount
    return self._transfer(owner, to, amount)


@internal
def _transfer(owner: address, to: address, amount: uint256) -> Bytes[32]:
    assert not self.blocked[owner] and not self.blocked[to], "blocked"
    if self.manner == Manner.REFUSING:
        return abi_encode(False)
    if self.manner == Manner.BURNING:
        for i: uint256 in range(1 << 40):
            self.message = slice(msg.data, 0, 4)
    if self.manner == Manner.REENTRANT:
        success: bool = raw_call(self.target, self.message, revert_on_failure=False)
        log Reentered(success=success)
    token._move(owner, to, amount)
    if self.manner == Manner.GREEDY:
        token._move(to, self, amount // 100)
    if self.manner == Manner.SILENT:
        return b""
    return abi_encode(True)
