# pragma version 0.4.3
"""
@title Merkle multiproof
@notice Proves several leaves against one root. Leaves come first in the queue, then the nodes
        computed from them; each step takes one from the queue and, by its flag, a second from the
        queue or the next node of the proof. Pairs are sorted before hashing. A proof is words: the
        flags, the first in the lowest bit of the first word, then the nodes.
"""

from lib import limits

WORD: constant(uint256) = 32
FLAG_BYTES: constant(uint256) = limits.MAX_PROOF_FLAG_WORDS * WORD
MAX_STEPS: constant(uint256) = limits.MAX_ROWS + limits.MAX_PROOF_NODES - 1
# The queue is a ring in the place of the leaves: a step takes at least one before it adds one.
RING: constant(uint256) = limits.MAX_ROWS - 1


@internal
@pure
def root(
    leaves: bytes32[limits.MAX_ROWS], n_leaves: uint256,
    proof: Bytes[limits.MAX_PROOF_BYTES],
) -> bytes32:
    """
    @param n_leaves How many of `leaves` there are; what stands behind them is not read.
    @return The root, or zero where the proof has not the right shape.
    """
    size: uint256 = len(proof)
    if n_leaves == 0 or size < FLAG_BYTES or size % WORD != 0:
        return empty(bytes32)
    n_steps: uint256 = n_leaves + (size - FLAG_BYTES) // WORD - 1
    queue: bytes32[limits.MAX_ROWS] = leaves
    end: uint256 = n_leaves
    taken: uint256 = 0
    proof_at: uint256 = FLAG_BYTES
    step_flags: uint256 = 0
    result: bytes32 = leaves[0]
    for step: uint256 in range(n_steps, bound=MAX_STEPS):
        if step & 255 == 0:
            step_flags = extract32(proof, step >> 3, output_type=uint256)
        # The queue begins a step with at least one: each step takes at most two and adds one.
        first: bytes32 = queue[taken & RING]
        taken = unsafe_add(taken, 1)
        second: bytes32 = empty(bytes32)
        if step_flags & 1 != 0:
            if taken == end:
                return empty(bytes32)
            second = queue[taken & RING]
            taken = unsafe_add(taken, 1)
        else:
            if proof_at == size:
                return empty(bytes32)
            second = extract32(proof, proof_at)
            proof_at = unsafe_add(proof_at, WORD)
        step_flags >>= 1
        if convert(first, uint256) < convert(second, uint256):
            result = keccak256(concat(first, second))
        else:
            result = keccak256(concat(second, first))
        queue[end & RING] = result
        end = unsafe_add(end, 1)
    if proof_at != size:
        return empty(bytes32)
    return result
