"""The calldata of ``settle``, read as the contract reads it.

A lander chooses the calldata, and the contract is content with more than the one canonical
encoding: padding may be dirty, and an empty argument may point anywhere. A decoder stricter than
the contract would let any lander make a batch that nobody can rebuild; so reads past the end are
zeros and offsets wrap, as in the EVM.
"""

from collections.abc import Sequence
from typing import Final

from offbeat.core import InvalidInput, Reason, limits
from offbeat.intents import keccak256
from offbeat.rulebook import Submission, decode

SETTLE_SELECTOR: Final = keccak256(b"settle(bytes,bytes,bytes,bytes32[],uint256[])")[:4]

_WORD: Final = 32
_FLAGS_PER_WORD: Final = 256


def flag_words(flags: Sequence[bool]) -> list[int]:
    """A multiproof's flags as the contract takes them: 256 a word, the first in the lowest bit."""
    packed = sum(1 << position for position, flag in enumerate(flags) if flag)
    n_words = -(-len(flags) // _FLAGS_PER_WORD)
    return [packed >> _FLAGS_PER_WORD * word & (1 << 256) - 1 for word in range(n_words)]


def decode_settle(calldata: bytes) -> Submission:
    """What a call of ``settle`` that landed has submitted.

    Of the last flag word only as many bits are flags as the batch's rows and nodes need. Raises
    :class:`InvalidInput` with code ``calldata_malformed`` for what cannot have landed.
    """
    if calldata[:4] != SETTLE_SELECTOR:
        raise InvalidInput("calldata_malformed", "not a call of settle")
    arguments = _Arguments(calldata)
    payload = arguments.data(0, limits.MAX_PAYLOAD_BYTES)
    nodes = arguments.words(3, limits.MAX_PROOF_NODES)
    words = arguments.words(4, limits.MAX_PROOF_FLAG_WORDS)
    return Submission(
        payload=payload,
        certificate=arguments.data(1, limits.MAX_CERTIFICATE_BYTES),
        attestation=arguments.data(2, limits.MAX_CERTIFICATE_BYTES),
        proof=nodes,
        proof_flags=_flags(payload, len(nodes), words),
    )


class _Arguments:
    """Dynamic arguments by position, bounded as the contract bounds them."""

    def __init__(self, calldata: bytes) -> None:
        self._calldata = calldata

    def data(self, position: int, most_bytes: int) -> bytes:
        """An argument of type ``bytes``."""
        start, length = self._locate(position, most_bytes)
        return self._read(start, length)

    def words(self, position: int, most: int) -> tuple[bytes, ...]:
        """An array of 32-byte words."""
        start, length = self._locate(position, most)
        return tuple(self._read(start + _WORD * i, _WORD) for i in range(length))

    def _locate(self, position: int, most: int) -> tuple[int, int]:
        """Where an argument's content starts, and its length."""
        offset = int.from_bytes(self._read(4 + _WORD * position, _WORD))
        at = (4 + offset) % (1 << 256)
        length = int.from_bytes(self._read(at, _WORD))
        if length > most:
            raise InvalidInput("calldata_malformed", f"argument {position} is too long")
        return at + _WORD, length

    def _read(self, at: int, length: int) -> bytes:
        return self._calldata[at : at + length].ljust(length, b"\0")


def _flags(payload: bytes, n_nodes: int, words: Sequence[bytes]) -> tuple[bool, ...]:
    """One flag for each pair that a verifier hashes; none where the batch stands on no report."""
    batch = decode(payload)
    if isinstance(batch, Reason):
        raise InvalidInput("calldata_malformed", f"the payload is refused: {batch}")
    n_steps = len(batch.rows) + n_nodes - 1 if batch.report_time_seconds else 0
    packed = int.from_bytes(b"".join(reversed(words)))
    return tuple(bool(packed >> step & 1) for step in range(n_steps))
