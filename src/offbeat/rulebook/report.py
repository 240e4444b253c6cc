"""The batch's rows against the oracle report that they claim to come from."""

from collections.abc import Sequence

from offbeat.intents import keccak256
from offbeat.oracle import ROW_TAG, Multiproof, multiproof_root
from offbeat.rulebook.layout import BatchRow

_MARK_MASK = (1 << 256) - (1 << 64)


def rows_root(rows: Sequence[BatchRow], proof: bytes) -> bytes | None:
    """The root that the rows and an encoded multiproof lead to, None where it is malformed.

    A row's low 64 bits are the batch's clearing price, which is not the report's to attest.
    """
    multiproof = Multiproof.decode(proof, len(rows))
    if multiproof is None:
        return None
    leaves = [
        keccak256((row.word & _MARK_MASK).to_bytes(32) + row.risk_word.to_bytes(32) + ROW_TAG)
        for row in rows
    ]
    return multiproof_root(leaves, multiproof)
