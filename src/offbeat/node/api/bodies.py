"""What comes in and goes out over HTTP: bounded bodies, JSON by msgspec, opaque cursors."""

import asyncio
from typing import Any, Final, TypeVar

from msgspec import DecodeError, ValidationError, json
from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput
from offbeat.node.api.settings import ApiLimits

T = TypeVar("T")
JSON_TYPE: Final = "application/json"


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A struct as a response."""
    return Response(json.encode(value), status, headers, JSON_TYPE)


async def read_body(request: Request, limits: ApiLimits) -> bytes:
    """The body of a request that says JSON.

    Raises :class:`InvalidInput` with code ``media_type_unsupported``, ``body_too_large`` or
    ``body_timeout``.
    """
    headers = request.headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON_TYPE or headers.get("content-encoding", "identity") != "identity":
        raise InvalidInput("media_type_unsupported", f"the body must be {JSON_TYPE}, not encoded")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limits.max_body_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_timeout_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.max_body_bytes:
                    raise _too_large(limits)
    except TimeoutError as error:
        raise InvalidInput("body_timeout", "the body did not come in time") from error
    return bytes(body)


def decode(text: bytes | str, kind: type[T]) -> T:
    """A struct from JSON; raises :class:`InvalidInput`: ``json_invalid``, ``body_malformed``."""
    try:
        return json.decode(text, type=kind)
    except ValidationError as error:
        raise InvalidInput("body_malformed", str(error)) from error
    except (DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidInput("json_invalid", f"not JSON: {error}") from error


def hex_bytes(text: str, length: int, name: str) -> bytes:
    """The bytes of 0x-hexadecimal; raises :class:`InvalidInput` with code ``hex_invalid``."""
    try:
        value = bytes.fromhex(text[2:])
    except ValueError:
        value = b""
    if not text.startswith("0x") or len(value) != length or len(text) != 2 + 2 * length:
        raise InvalidInput("hex_invalid", f"{name} is 0x and {2 * length} hexadecimal digits")
    return value


def _too_large(limits: ApiLimits) -> InvalidInput:
    return InvalidInput("body_too_large", f"a body is limited to {limits.max_body_bytes} bytes")
