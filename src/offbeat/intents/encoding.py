"""Keccak-256 and the hexadecimal spellings of addresses and hashes.

Inside, an address is 20 bytes and a hash 32. At the edges both are 0x-hexadecimal; an address is
written with the EIP-55 checksum in the case of its letters.
"""

import re
from functools import lru_cache
from typing import cast

import sha3

from offbeat.core import InvalidInput

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 hash of ``data``, as the EVM's ``KECCAK256``."""
    return cast(bytes, sha3.keccak_256(data).digest())


@lru_cache(maxsize=4096)
def address_text(address: bytes) -> str:
    """``address`` (20 bytes) as 0x-hexadecimal with its EIP-55 checksum."""
    assert len(address) == 20, "an address has 20 bytes"
    digits = address.hex()
    nibbles = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble > "7" else digit
        for digit, nibble in zip(digits, nibbles, strict=False)
    )


def parse_address(text: str) -> bytes:
    """The 20 bytes of a 0x-hexadecimal address.

    One case throughout is accepted; mixed case must carry the EIP-55 checksum. Raises
    :class:`InvalidInput` with code ``address_invalid`` or ``address_checksum``.
    """
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text):
        raise InvalidInput("address_invalid", "an address is 0x and 40 hexadecimal digits")
    digits = text[2:]
    address = bytes.fromhex(digits)
    if digits not in (digits.lower(), digits.upper()) and text != address_text(address):
        raise InvalidInput("address_checksum", f"{text} fails its EIP-55 checksum")
    return address
