# pragma version 0.4.3
"""
@title Merkle multiproof
@notice Proves several leaves against one root. Leaves come first in the queue, then the nodes
        computed from them; each step takes one from the queue and, by its flag, a second from the
        queue or the next node of the proof. Pairs are sorted before hashing.
"""

from lib import limits

MAX_STEPS: constant(uint256) = limits.MAX_ROWS + limits.MAX_PROOF_NODES - 1


@internal
@pure
def root(
    leaves: DynArray[bytes32, limits.MAX_ROWS],
    proof: DynArray[bytes32, limits.MAX_PROOF_NODES],
    flags: DynArray[uint256, limits.MAX_PROOF_FLAG_WORDS],
) -> bytes32:
    """
    @return The root, or zero where the proof has not the right shape.
    """
    n_leaves: uint256 = len(leaves)
    if n_leaves == 0:
        return empty(bytes32)
    n_steps: uint256 = n_leaves + len(proof) - 1
    if n_steps == 0:
        return leaves[0]
    if n_steps > MAX_STEPS or len(flags) != (n_steps + 255) // 256:
        return empty(bytes32)
    nodes: bytes32[MAX_STEPS] = empty(bytes32[MAX_STEPS])
    taken: uint256 = 0
    proof_taken: uint256 = 0
    step_flags: uint256 = 0
    for step: uint256 in range(n_steps, bound=MAX_STEPS):
        if step & 255 == 0:
            step_flags = flags[step >> 8]
        # The queue begins a step with at least one: each step takes at most two and adds one.
        first: bytes32 = empty(bytes32)
        if taken < n_leaves:
            first = leaves[taken]
        else:
            first = nodes[unsafe_sub(taken, n_leaves)]
        taken = unsafe_add(taken, 1)
        second: bytes32 = empty(bytes32)
        if step_flags & 1 == 0:
            if proof_taken == len(proof):
                return empty(bytes32)
            second = proof[proof_taken]
            proof_taken = unsafe_add(proof_taken, 1)
        elif taken < n_leaves:
            second = leaves[taken]
            taken = unsafe_add(taken, 1)
        else:
            if unsafe_sub(taken, n_leaves) == step:
                return empty(bytes32)
            second = nodes[unsafe_sub(taken, n_leaves)]
            taken = unsafe_add(taken, 1)
        step_flags >>= 1
        if convert(first, uint256) < convert(second, uint256):
            nodes[step] = keccak256(abi_encode(first, second))
        else:
            nodes[step] = keccak256(abi_encode(second, first))
    if proof_taken != len(proof):
        return empty(bytes32)
    return nodes[n_steps - 1]
