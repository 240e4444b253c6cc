# pragma version 0.4.3
"""
@title EIP-712 struct hashes of intents
@notice Of an account's order, cancel, withdrawal or transfer, from the words of an action as
        `docs/protocol.md` lays them out. A leg is one word: instrument id (128 bits), ratio (16).
"""

from lib import limits
from lib import symbols
from lib import type_hashes

CANCEL: constant(uint256) = 2
WITHDRAW: constant(uint256) = 3
LOW_8: constant(uint256) = (1 << 8) - 1
LOW_16: constant(uint256) = (1 << 16) - 1
LOW_32: constant(uint256) = (1 << 32) - 1
LOW_40: constant(uint256) = (1 << 40) - 1
LOW_48: constant(uint256) = (1 << 48) - 1
LOW_64: constant(uint256) = (1 << 64) - 1
LOW_128: constant(uint256) = (1 << 128) - 1
SIGN_16: constant(uint256) = 1 << 15
SIGN_128: constant(uint256) = 1 << 127
KIND_HASHES: constant(bytes32[3]) = [keccak256("spot"), keccak256("call"), keccak256("put")]
# Offset and length of a dynamic array.
ARRAY_HEAD_BYTES: constant(uint256) = 64


@internal
@pure
def order_hash(
    account: uint256, terms: uint256, third: uint256, fourth: uint256, reduce_only: bool,
    legs: DynArray[uint256, limits.MAX_LEGS],
) -> bytes32:
    leg_hashes: DynArray[bytes32, limits.MAX_LEGS] = []
    for leg: uint256 in legs:
        leg_hashes.append(self._leg_hash(leg))
    legs_hash: bytes32 = keccak256(
        slice(abi_encode(leg_hashes), ARRAY_HEAD_BYTES, 32 * len(leg_hashes))
    )
    return keccak256(
        abi_encode(
            type_hashes.ORDER,
            account >> 32,
            account & LOW_32,
            legs_hash,
            terms >> 192,
            (terms >> 128) & LOW_64,
            unsafe_sub((third >> 128) ^ SIGN_128, SIGN_128),
            (terms >> 64) & LOW_64,
            (third >> 64) & LOW_64,
            third & LOW_64,
            fourth >> 128,
            fourth & LOW_128,
            terms & LOW_64,
            reduce_only,
        )
    )


@internal
@pure
def subject_hash(
    kind: uint256, account: uint256, terms: uint256, third: uint256, amount: uint256
) -> bytes32:
    """
    @notice Of a cancel, a withdrawal or a transfer.
    """
    owner: uint256 = account >> 32
    index: uint256 = account & LOW_32
    nonce: uint256 = (terms >> 64) & LOW_64
    valid_until: uint256 = (terms >> 128) & LOW_64
    max_fee: uint256 = terms & LOW_64
    if kind == CANCEL:
        return keccak256(
            abi_encode(type_hashes.CANCEL, owner, index, nonce, valid_until, max_fee)
        )
    if kind == WITHDRAW:
        return keccak256(
            abi_encode(
                type_hashes.WITHDRAW, owner, index, third >> 96,
                symbols.text_hash((third >> 56) & LOW_40), amount, nonce, valid_until, max_fee,
            )
        )
    return keccak256(
        abi_encode(
            type_hashes.TRANSFER, owner, index, third >> 96, (third >> 64) & LOW_32, amount, nonce,
            valid_until, max_fee,
        )
    )


@internal
@pure
def _leg_hash(leg: uint256) -> bytes32:
    instrument: uint256 = leg >> 16
    ratio: uint256 = unsafe_sub((leg & LOW_16) ^ SIGN_16, SIGN_16)
    return keccak256(
        abi_encode(
            type_hashes.LEG,
            keccak256(
                abi_encode(
                    type_hashes.INSTRUMENT,
                    symbols.text_hash(instrument >> 88),
                    KIND_HASHES[instrument & LOW_8],
                    (instrument >> 56) & LOW_32,
                    (instrument >> 8) & LOW_48,
                )
            ),
            ratio,
        )
    )
