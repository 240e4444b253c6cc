"""k-of-n ECDSA certificates: the twin of ``CertifierEcdsa.vy``.

A certificate is a concatenation of 65-byte parts in strictly ascending order of signer: index (1),
r (32), EIP-2098 vs (32).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from coincurve import PrivateKey

from offbeat.core import InvalidInput, limits
from offbeat.intents import recover, sign_digest

PART_BYTES = 65


@dataclass(frozen=True, slots=True)
class Quorum:
    """Any ``threshold`` of these ``signers`` (20-byte addresses) speak for all.

    Raises :class:`InvalidInput` with code ``quorum_invalid``.
    """

    signers: tuple[bytes, ...]
    threshold: int

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= len(self.signers) <= limits.MAX_SIGNERS:
            raise InvalidInput("quorum_invalid", "the threshold must be 1 to the number of signers")

    def verifies(self, digest: bytes, certificate: bytes) -> bool:
        """Whether ``certificate`` is this quorum's signature of a 32-byte digest."""
        n_parts, rest = divmod(len(certificate), PART_BYTES)
        if rest or not self.threshold <= n_parts <= limits.MAX_SIGNERS:
            return False
        next_index = 0
        for at in range(0, len(certificate), PART_BYTES):
            index = certificate[at]
            if not next_index <= index < len(self.signers):
                return False
            try:
                signer = recover(digest, certificate[at + 1 : at + PART_BYTES])
            except InvalidInput:
                return False
            if signer != self.signers[index]:
                return False
            next_index = index + 1
        return True


def certify(digest: bytes, keys: Mapping[int, PrivateKey]) -> bytes:
    """The certificate that the signers at these indices give to a 32-byte digest."""
    parts = []
    for index in sorted(keys):
        signature = sign_digest(digest, keys[index])
        s = int.from_bytes(signature[32:64]) | (signature[64] - 27) << 255
        parts.append(bytes((index,)) + signature[:32] + s.to_bytes(32))
    return b"".join(parts)
