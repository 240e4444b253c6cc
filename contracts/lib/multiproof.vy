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
    for step: uint256 in range(n_steps, bound=MAX_STEPS):
        pair: bytes32[2] = empty(bytes32[2])
        from_queue: uint256 = 1 + ((flags[step >> 8] >> (step & 255)) & 1)
        for side: uint256 in range(2):
            if side < from_queue:
                if taken < n_leaves:
                    pair[side] = leaves[taken]
                else:
                    if taken - n_leaves >= step:
                        return empty(bytes32)
                    pair[side] = nodes[taken - n_leaves]
                taken += 1
            else:
                if proof_taken == len(proof):
                    return empty(bytes32)
                pair[side] = proof[proof_taken]
                proof_taken += 1
        low: uint256 = convert(pair[0], uint256)
        high: uint256 = convert(pair[1], uint256)
        if low > high:
            pair = [pair[1], pair[0]]
        nodes[step] = keccak256(abi_encode(pair))
    if proof_taken != len(proof):
        return empty(bytes32)
    return nodes[n_steps - 1]
