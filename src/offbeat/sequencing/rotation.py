"""What a quorum signs to hand its office on: the twin of ``Rotation.vy``."""

from typing import Final

from offbeat.intents import Domain, domain_separator, keccak256

ROTATION_TYPE: Final = "Rotation(uint256 number,address successor)"

_TYPE_HASH: Final = keccak256(ROTATION_TYPE.encode())


def rotation_digest(rotation: Domain, number: int, successor: bytes) -> bytes:
    """The 32 bytes that name a certifier (20-byte address) as the ``number``-th successor.

    ``rotation`` has the address of the ``Rotation`` contract, not of the settlement; ``number`` is
    one more than the contract's.
    """
    struct_hash = keccak256(_TYPE_HASH + number.to_bytes(32) + successor.rjust(32, b"\0"))
    return keccak256(b"\x19\x01" + domain_separator(rotation) + struct_hash)
