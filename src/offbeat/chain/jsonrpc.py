"""JSON-RPC over HTTP: one method call, its errors in our terms, numbers and bytes in hex."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from offbeat.chain.reverts import revert_code
from offbeat.core import ChainError, Unavailable

T = TypeVar("T")
_HEX: Final = re.compile(r"0x([0-9a-fA-F]{2})*")
_PASSING_CODES: Final = (-32_603, -32_005)
"""Internal error, and limit exceeded: what a node says that may do better in a moment."""
_FIRST_PAUSE_SECONDS: Final = 0.125


class JsonRpc:
    """A node at ``url``. Methods named in ``retried`` are repeated when the node is not there, or
    says that it could not; each pause is twice as long as the one before."""

    def __init__(
        self, url: str, *, retried: Sequence[str], attempts: int, timeout_seconds: float
    ) -> None:
        self._provider = HTTPProvider(
            url, request_kwargs={"timeout": timeout_seconds}, exception_retry_configuration=None
        )
        self._retried = retried
        self._attempts = attempts

    def ask(self, decode: Callable[[Any], T], method: str, *params: object) -> T:
        """One exchange and its decoded result; a revert raises ``ChainError`` with its code.

        Raises ``Unavailable("node_unavailable")``, ``ChainError("node_refused")`` and, for what
        is no JSON-RPC or cannot be decoded, ``ChainError("node_nonsense")``.
        """
        for attempt in range(self._attempts - 1 if method in self._retried else 0):
            try:
                return self._ask_once(decode, method, params)
            except Unavailable:
                time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        return self._ask_once(decode, method, params)

    def _ask_once(self, decode: Callable[[Any], T], method: str, params: Sequence[object]) -> T:
        try:
            response = self._provider.make_request(RPCEndpoint(method), params)
            if "error" not in response:
                return decode(response["result"])
        except requests.RequestException as error:
            raise Unavailable("node_unavailable", f"{method}: {error}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise ChainError("node_nonsense", f"{method}: {error!r}") from error
        refusal = _error(method, response["error"])
        if method in self._retried and _may_pass(refusal, response["error"]):
            raise Unavailable("node_unavailable", refusal.message)
        raise refusal


def _may_pass(refusal: ChainError, said: Any) -> bool:
    """Whether the node failed, rather than the call: some have one code for both."""
    if refusal.code != "node_refused" or "evm" in refusal.message.lower():
        return False
    return isinstance(said, dict) and said.get("code") in _PASSING_CODES


def _error(method: str, error: Any) -> ChainError:
    fields = error if isinstance(error, dict) else {}
    message = str(fields.get("message", error))
    data = fields.get("data")
    if isinstance(data, str) and _HEX.fullmatch(data):
        return ChainError(*revert_code(decode_bytes(data)))
    lowered = message.lower().replace(" ", "")
    if "outofgas" in lowered or "oog" in lowered:
        return ChainError("out_of_gas", message)
    if "revert" in lowered:
        return ChainError("reverted", message)
    return ChainError("node_refused", f"{method}: {message}")


def encode_bytes(raw: bytes) -> str:
    """Bytes as 0x-hex."""
    return "0x" + raw.hex()


def decode_bytes(data: str) -> bytes:
    """Bytes from 0x-hex; raises ``ValueError`` or ``TypeError``."""
    if not data.startswith("0x"):
        raise ValueError("hex data starts with 0x")
    return bytes.fromhex(data[2:])


def decode_int(quantity: str) -> int:
    """A number from 0x-hex; raises ``ValueError`` or ``TypeError``."""
    return int(quantity, 16)
