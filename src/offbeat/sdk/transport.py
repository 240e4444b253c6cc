"""One relay over HTTP and WebSocket. Nothing connects before it is asked something."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self
from urllib.parse import urlsplit

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidURI, WebSocketException

from offbeat.core import InvalidInput, Unavailable
from offbeat.sdk.answers import Answer, Reply, Request, Silence
from offbeat.wire import Message
from offbeat.wire import Request as StreamRequest

MAX_ANSWER_BYTES: Final = 4 * 2**20
_MAX_WAITING_FRAMES: Final = 64
_TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
_LIMITS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=16)
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Relay:
    """One relay. ``url`` is its base, such as ``https://relay.example``.

    Raises :class:`InvalidInput` with code ``relay_url``.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise InvalidInput("relay_url", "a relay's URL is like https://relay.example")
        self.url = url.rstrip("/")
        self.name = parts.netloc.rpartition("@")[2]
        """Host and port, for messages: a URL may hold a password."""
        self._http: httpx.AsyncClient | None = None

    async def ask(self, request: Request) -> Answer:
        """The answer to a request, or silence; raises nothing of the network's."""
        headers = {"content-type": "application/json"} if request.body is not None else None
        try:
            async with self._open().stream(
                request.method, self.url + request.path, content=request.body, headers=headers
            ) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        return Silence(True, f"{self.name} answers without end")
        except _NEVER_SENT as error:
            return Silence(False, f"{self.name} cannot be reached ({type(error).__name__})")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Silence(True, f"{self.name} did not answer ({type(error).__name__})")
        return Reply(response.status_code, bytes(body), response.headers.get("retry-after"))

    @asynccontextmanager
    async def stream(self) -> AsyncIterator["RelayStream"]:
        """An open stream. Raises :class:`Unavailable`, code ``relay_unreachable``."""
        try:
            async with connect(
                f"ws{self.url.removeprefix('http')}/v1/stream",
                open_timeout=5,
                close_timeout=1,
                max_size=MAX_ANSWER_BYTES,
                max_queue=_MAX_WAITING_FRAMES,
            ) as connection:
                yield RelayStream(connection)
        except (OSError, TimeoutError, WebSocketException, InvalidURI) as error:
            raise Unavailable(
                "relay_unreachable", f"no stream from {self.name} ({type(error).__name__})"
            ) from error

    async def close(self) -> None:
        """Close what is open. The relay may be asked again afterwards."""
        opened, self._http = self._http, None
        if opened is not None:
            await opened.aclose()

    def _open(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS)
        return self._http

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class RelayStream:
    """What is said over one WebSocket. Its errors become those of :meth:`Relay.stream`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def say(self, request: StreamRequest) -> None:
        """Say something to the relay."""
        await self._connection.send(msgspec.json.encode(request).decode())

    async def hear(self) -> Message:
        """The next message. Raises :class:`Unavailable` with code ``answer_invalid``."""
        frame = await self._connection.recv()
        try:
            return _MESSAGES.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Unavailable("answer_invalid", "a relay's stream makes no sense") from error


_MESSAGES: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
