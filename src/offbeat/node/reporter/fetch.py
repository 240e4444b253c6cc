"""JSON over HTTP from servers that may be slow, broken or hostile."""

from typing import Any, Final

import httpx
from msgspec import DecodeError, json

from offbeat.core import Unavailable

MAX_ANSWER_BYTES: Final = 8_000_000
TIMEOUT_SECONDS: Final = 2.0


async def fetch_json(client: httpx.AsyncClient, url: str, **parameters: str | int) -> Any:
    """The JSON at a URL, of up to :data:`MAX_ANSWER_BYTES`; raises ``Unavailable``."""
    body = bytearray()
    try:
        async with client.stream("GET", url, params=parameters or None) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise Unavailable("answer_long", f"{url} answers with too much")
        return json.decode(bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL, DecodeError) as error:
        raise Unavailable("server_unavailable", f"{url}: {error!r}") from error
