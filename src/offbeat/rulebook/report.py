"""The batch's rows against the oracle report that they claim to come from."""

from collections.abc import Sequence

from offbeat.core import ceil_div, limits
from offbeat.intents import keccak256
from offbeat.oracle import ROW_TAG, Multiproof, multiproof_root
from offbeat.rulebook.layout import BatchRow

_MARK_MASK = (1 << 256) - (1 << 64)
_FLAGS_PER_WORD = 256


def rows_root(
    rows: Sequence[BatchRow], proof: Sequence[bytes], flags: Sequence[bool]
) -> bytes | None:
    """The root that the rows and the multiproof lead to, None where the proof is malformed.

    A row's low 64 bits are the batch's clearing price, which is not the report's to attest. The
    contract takes at most ``MAX_PROOF_NODES``, and the flags in whole words: those beyond the last
    step are not read, and those that a last word lacks are false.
    """
    n_steps = len(rows) + len(proof) - 1
    if n_steps < 0 or len(proof) > limits.MAX_PROOF_NODES:
        return None
    if n_steps and ceil_div(len(flags), _FLAGS_PER_WORD) != ceil_div(n_steps, _FLAGS_PER_WORD):
        return None
    padded = (*flags, *(False,) * _FLAGS_PER_WORD)[:n_steps]
    leaves = [
        keccak256((row.word & _MARK_MASK).to_bytes(32) + row.risk_word.to_bytes(32) + ROW_TAG)
        for row in rows
    ]
    return multiproof_root(leaves, Multiproof(tuple(proof), padded))
