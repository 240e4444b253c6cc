"""A Merkle tree with sorted pairs, and proofs of several leaves at once.

Shape and proofs are OpenZeppelin's: a complete binary tree in one array, node i above nodes 2i+1
and 2i+2, the leaves last and in reverse. Here leaves keep the caller's order, so a proof opens them
in that order too. A pair is hashed lower hash first. Leaves must be hashes of anything but 64
bytes, or an inner node could pass for a leaf.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from offbeat.core import InvalidInput, limits
from offbeat.intents import keccak256

_WORD: Final = 32
_FLAG_BYTES: Final = limits.MAX_PROOF_FLAG_WORDS * _WORD


@dataclass(frozen=True, slots=True)
class Multiproof:
    """What a verifier needs beside the leaves: the missing nodes, and where they belong.

    Step by step a verifier takes a hash from a queue that starts as the leaves, pairs it with a
    second one from the queue where the step's flag is set, else with the next of ``nodes``, and
    puts the result at the queue's end. There are leaves + nodes − 1 steps.
    """

    nodes: tuple[bytes, ...]
    flags: tuple[bool, ...]

    def encode(self) -> bytes:
        """As the contracts take it: words of flags, the first in the lowest bit, then the nodes."""
        packed = sum(1 << step for step, flag in enumerate(self.flags) if flag)
        return _swap_words(packed.to_bytes(_FLAG_BYTES)) + b"".join(self.nodes)

    @classmethod
    def decode(cls, proof: bytes, n_leaves: int) -> "Multiproof | None":
        """The proof of so many leaves in these words; None for what the contracts refuse unread.

        Flags beyond the last step say nothing.
        """
        n_nodes, rest = divmod(len(proof) - _FLAG_BYTES, _WORD)
        if n_leaves < 1 or rest or not 0 <= n_nodes <= limits.MAX_PROOF_NODES:
            return None
        packed = int.from_bytes(_swap_words(proof[:_FLAG_BYTES]))
        nodes = (proof[at : at + _WORD] for at in range(_FLAG_BYTES, len(proof), _WORD))
        flags = (bool(packed >> step & 1) for step in range(n_leaves + n_nodes - 1))
        return cls(tuple(nodes), tuple(flags))


@dataclass(frozen=True, slots=True)
class MerkleTree:
    """All nodes of a tree from the root down, as laid out above."""

    nodes: tuple[bytes, ...]

    @classmethod
    def build(cls, leaves: Sequence[bytes]) -> "MerkleTree":
        """The tree over 32-byte leaves; :class:`InvalidInput` ``leaves_missing`` without any."""
        if not leaves:
            raise InvalidInput("leaves_missing", "a tree has at least one leaf")
        nodes = [b""] * (len(leaves) - 1) + list(reversed(leaves))
        for index in reversed(range(len(leaves) - 1)):
            nodes[index] = _pair(nodes[2 * index + 1], nodes[2 * index + 2])
        return cls(tuple(nodes))

    @property
    def root(self) -> bytes:
        """The root, which is the leaf itself where there is only one."""
        return self.nodes[0]

    def prove(self, indices: Sequence[int]) -> Multiproof:
        """A proof of the leaves at strictly ascending indices.

        Raises :class:`InvalidInput` with code ``leaves_missing`` for none, ``leaves_unsorted``, or
        ``leaf_index`` for an index outside of the tree.
        """
        if not indices:
            raise InvalidInput("leaves_missing", "a proof opens at least one leaf")
        if list(indices) != sorted(set(indices)):
            raise InvalidInput("leaves_unsorted", "leaves do not ascend strictly")
        if indices[0] < 0 or indices[-1] > len(self.nodes) // 2:
            raise InvalidInput("leaf_index", "the tree has no such leaf")
        nodes: list[bytes] = []
        flags: list[bool] = []
        # Later leaves stand higher in the array: the queue descends, so siblings are neighbours.
        queue = deque(len(self.nodes) - 1 - index for index in indices)
        while queue[0] > 0:
            node = queue.popleft()
            sibling = node + 1 if node % 2 else node - 1
            flags.append(bool(queue) and queue[0] == sibling)
            if flags[-1]:
                queue.popleft()
            else:
                nodes.append(self.nodes[sibling])
            queue.append((node - 1) // 2)
        return Multiproof(tuple(nodes), tuple(flags))


def multiproof_root(leaves: Sequence[bytes], proof: Multiproof) -> bytes | None:
    """The root that a proof leads to, None where its shape is wrong.

    The same steps and refusals as ``multiproof.vy``. It says nothing until compared with a root
    that one trusts.
    """
    if not leaves or len(proof.flags) != len(leaves) + len(proof.nodes) - 1:
        return None
    queue, nodes = deque(leaves), deque(proof.nodes)
    for both_from_queue in proof.flags:
        first = queue.popleft()
        source = queue if both_from_queue else nodes
        if not source:
            return None
        queue.append(_pair(first, source.popleft()))
    # With that many steps, none of which ran dry, every node was used and one hash is left.
    return queue.pop()


def _swap_words(words: bytes) -> bytes:
    """The words in opposite order: the first is the lowest of the flags, but leads the bytes."""
    return b"".join(words[at : at + _WORD] for at in reversed(range(0, len(words), _WORD)))


def _pair(one: bytes, other: bytes) -> bytes:
    return keccak256(one + other if one < other else other + one)
