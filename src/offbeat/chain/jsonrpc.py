"""JSON-RPC over HTTP: one method call, its errors in our terms, numbers and bytes in hex."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import requests
from web3 import HTTPProvider
from web3.providers.rpc.utils import ExceptionRetryConfiguration

from offbeat.chain.reverts import revert_code
from offbeat.core import ChainError, Unavailable

T = TypeVar("T")
_HEX: Final = re.compile(r"0x([0-9a-fA-F]{2})*")


class JsonRpc:
    """A node at ``url``. Methods named in ``retried`` are repeated when the node is not there."""

    def __init__(
        self, url: str, *, retried: Sequence[str], retries: int, timeout_seconds: float
    ) -> None:
        self._provider = HTTPProvider(
            url,
            request_kwargs={"timeout": timeout_seconds},
            exception_retry_configuration=ExceptionRetryConfiguration(
                errors=(requests.ConnectionError, requests.Timeout, requests.HTTPError),
                retries=retries,
                method_allowlist=retried,
            ),
        )

    def ask(self, decode: Callable[[Any], T], method: str, *params: object) -> T:
        """One exchange and its decoded result; a revert raises ``ChainError`` with its code.

        Raises ``Unavailable("node_unavailable")``, ``ChainError("node_refused")`` and, for what
        is no JSON-RPC or cannot be decoded, ``ChainError("node_nonsense")``.
        """
        try:
            response = self._provider.make_request(method, params)
            if "error" not in response:
                return decode(response["result"])
        except requests.RequestException as error:
            raise Unavailable("node_unavailable", f"{method}: {error}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise ChainError("node_nonsense", f"{method}: {error!r}") from error
        raise _error(method, response["error"])


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
