"""Leaves and roots of report trees: sorted pairs, several leaves proven at once."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from offbeat.sim.audit.payload import Row
from offbeat.sim.audit.reader import keccak256

_TAG: Final = keccak256(b"Offbeat report row")


def row_leaf(row: Row) -> bytes:
    """What the tree holds for one row: its instrument, mark and losses."""
    word = row.instrument.id << 128 | row.mark_micros << 64
    return keccak256(word.to_bytes(32) + row.risk_word.to_bytes(32) + _TAG)


def multiproof_root(
    leaves: Sequence[bytes], proof: Sequence[bytes], flags: Sequence[bool]
) -> bytes | None:
    """The root that OpenZeppelin's multiproof leads to; None where the counts do not fit.

    Each step hashes the oldest node not yet used with the next oldest where the flag is set, with
    the next of the proof where it is not.
    """
    n_steps = len(leaves) + len(proof) - 1
    if not leaves or not 0 <= n_steps <= len(flags) or sum(flags[:n_steps]) != len(leaves) - 1:
        return None
    waiting, helpers = deque(leaves), deque(proof)
    for flag in flags[:n_steps]:
        first = waiting.popleft()
        second = waiting.popleft() if flag else helpers.popleft()
        waiting.append(keccak256(min(first, second) + max(first, second)))
    return waiting.popleft()
