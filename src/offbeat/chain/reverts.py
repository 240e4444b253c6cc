"""From the bytes of a revert to a stable code."""

import re
from typing import Final

from offbeat.core import ChainError

ERROR_STRING: Final = bytes.fromhex("08c379a0")
PANIC: Final = bytes.fromhex("4e487b71")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")


class Reverted(ChainError):
    """A message reverted; ``output`` is what it returned."""

    def __init__(self, output: bytes) -> None:
        super().__init__(*revert_code(output))
        self.output = output


def revert_code(output: bytes) -> tuple[str, str]:
    """Code and message of a revert with this return data.

    A reason written like a code, as Offbeat's contracts write theirs, is the code. Any other is
    the message of ``reverted``; a compiler's assertion is ``panic``.
    """
    if output[:4] == ERROR_STRING:
        reason = _string(output[4:])
        return (reason if _CODE.fullmatch(reason) else "reverted"), f"reverted: {reason}"
    if output[:4] == PANIC and len(output) == 36:
        return "panic", f"panicked with code {int.from_bytes(output[4:], 'big'):#x}"
    return "reverted", f"reverted with data 0x{output[:36].hex()}" if output else "reverted"


def _string(encoded: bytes) -> str:
    """The ABI-encoded string that a contract, honest or not, gave as its reason."""
    length = int.from_bytes(encoded[32:64], "big")
    return encoded[64 : 64 + length].decode("utf-8", "replace")
