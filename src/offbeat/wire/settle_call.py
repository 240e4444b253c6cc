"""The calldata of ``settle``, read as the contract reads it.

A lander chooses the calldata, and the contract is content with more than the one canonical
encoding: padding may be dirty, and an empty argument may point anywhere. A decoder stricter than
the contract would let any lander make a batch that nobody can rebuild; so reads past the end are
zeros and offsets wrap, as in the EVM.
"""

from typing import Final

from offbeat.core import InvalidInput, Reason, limits
from offbeat.intents import keccak256
from offbeat.rulebook import Submission, decode

SETTLE_SELECTOR: Final = keccak256(b"settle(bytes,bytes,bytes,bytes)")[:4]

_WORD: Final = 32


def decode_settle(calldata: bytes) -> Submission:
    """What a call of ``settle`` that landed has submitted.

    Raises :class:`InvalidInput` with code ``calldata_malformed`` for what cannot have landed.
    """
    if calldata[:4] != SETTLE_SELECTOR:
        raise InvalidInput("calldata_malformed", "not a call of settle")
    arguments = _Arguments(calldata)
    payload = arguments.data(0, limits.MAX_PAYLOAD_BYTES)
    batch = decode(payload)
    if isinstance(batch, Reason):
        raise InvalidInput("calldata_malformed", f"the payload is refused: {batch}")
    return Submission(
        payload=payload,
        certificate=arguments.data(1, limits.MAX_CERTIFICATE_BYTES),
        attestation=arguments.data(2, limits.MAX_CERTIFICATE_BYTES),
        proof=arguments.data(3, limits.MAX_PROOF_BYTES),
    )


class _Arguments:
    """Dynamic arguments by position, bounded as the contract bounds them."""

    def __init__(self, calldata: bytes) -> None:
        self._calldata = calldata

    def data(self, position: int, most_bytes: int) -> bytes:
        """An argument of type ``bytes``."""
        offset = int.from_bytes(self._read(4 + _WORD * position, _WORD))
        at = (4 + offset) % (1 << 256)
        length = int.from_bytes(self._read(at, _WORD))
        if length > most_bytes:
            raise InvalidInput("calldata_malformed", f"argument {position} is too long")
        return self._read(at + _WORD, length)

    def _read(self, at: int, length: int) -> bytes:
        return self._calldata[at : at + length].ljust(length, b"\0")
