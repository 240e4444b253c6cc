"""``/v1/stream``: one client's WebSocket, with a bounded backlog.

What the client has asked for waits until there is room, and nothing more is read from the client
meanwhile. News do not wait: a channel that a slow client lets pile up is dropped with a problem,
and the client may resume it from the last ``seq`` that it has seen.
"""

import asyncio
from collections import deque
from typing import Any, Final

from msgspec import Raw, Struct, json
from starlette.websockets import WebSocket, WebSocketDisconnect

from offbeat.core import InvalidInput
from offbeat.node.api.admission import admit
from offbeat.node.api.bodies import decode
from offbeat.node.api.channels import Channels
from offbeat.node.api.context import Api
from offbeat.node.api.problems import problem, problem_of, problem_of_any, problem_response
from offbeat.node.api.rates import rate_limited
from offbeat.wire import Failed, Message, Submitted, Subscribe, Unsubscribe

MAX_SUBMITS: Final = 64
"""Submissions of one client that are under way at once."""
IDLE_CODE: Final = 4408
"""With what a stream is closed whose client follows nothing and says nothing."""
_FULL: Final = problem(503, "streams_full", "this relay has no stream to spare", retryable=True)


class Submit(Struct, frozen=True, tag_field="op", tag="submit"):
    """:class:`offbeat.wire.Submit`, whose intents stay text, so that each gets its own verdict."""

    id: str
    intents: list[Raw]


_REQUEST: Final[Any] = Subscribe | Unsubscribe | Submit


async def serve_stream(api: Api, socket: WebSocket) -> None:
    """Serve one client until it leaves, or is silent and follows nothing."""
    client = socket.client.host if socket.client else ""
    allowed = api.rates is None or api.rates.take(client).ok
    if not allowed or len(api.streams) >= api.limits.max_streams:
        refusal = _FULL if allowed else problem_of(rate_limited())
        await socket.send_denial_response(problem_response(refusal))
        return
    await socket.accept()
    session = Session(api, socket, client)
    api.streams.add(session)
    try:
        await session.run()
    finally:
        api.streams.discard(session)


class Session:
    """One client's stream: what it says, and what waits to be said to it."""

    def __init__(self, api: Api, socket: WebSocket, client: str) -> None:
        self.backlog: deque[Message] = deque()
        self._api, self._socket, self._client = api, socket, client
        self._channels = Channels(api, self)
        self._submits = asyncio.Semaphore(MAX_SUBMITS)
        self._is_open = True
        self._waiting, self._room = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Read and write until the client leaves. What it has submitted is seen through."""
        writer = asyncio.create_task(self._write())
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._read(tasks)
                self._close()
        finally:
            self._close()
            self._channels.unfollow_all()
            writer.cancel()

    # Sending ------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether one more message may wait for the client."""
        return len(self.backlog) < self._api.limits.max_stream_backlog

    def put(self, message: Message) -> None:
        """Send a message, whether there is room or not."""
        self.backlog.append(message)
        self._waiting.set()

    async def send(self, message: Message) -> None:
        """Send a message as soon as there is room."""
        while self._is_open and not self.has_room:
            self._room.clear()
            await self._room.wait()
        self.put(message)

    async def _write(self) -> None:
        try:
            while True:
                await self._waiting.wait()
                while self.backlog:
                    text = json.encode(self.backlog.popleft()).decode()
                    self._room.set()
                    await self._socket.send_text(text)
                self._waiting.clear()
        except (WebSocketDisconnect, OSError, RuntimeError):
            self._close()

    def _close(self) -> None:
        """Nobody waits for room any more."""
        self._is_open = False
        self._room.set()

    # Receiving ----------------------------------------------------------------------------

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        while self._is_open:
            patience = None if self._channels else self._api.limits.stream_idle_seconds
            try:
                async with asyncio.timeout(patience):
                    message = await self._socket.receive()
            except TimeoutError:
                await self._socket.close(IDLE_CODE, "idle")
                return
            if message["type"] == "websocket.disconnect":
                return
            await self._serve(message.get("text") or message.get("bytes") or "", tasks)

    async def _serve(self, text: str | bytes, tasks: asyncio.TaskGroup) -> None:
        request = None
        try:
            request = self._decode(text)
            match request:
                case Submit():
                    await self._submits.acquire()
                    tasks.create_task(self._submit(request))
                case Subscribe():
                    await self._channels.follow(request)
                case Unsubscribe():
                    self._channels.unfollow(request.channel)
        except Exception as error:
            channel, number = getattr(request, "channel", None), getattr(request, "id", None)
            await self.send(Failed(problem_of_any(error), channel, number))

    def _decode(self, text: str | bytes) -> Subscribe | Unsubscribe | Submit:
        if self._api.rates is not None and not self._api.rates.take(self._client).ok:
            raise rate_limited()
        if len(text) > self._api.limits.max_body_bytes:
            raise InvalidInput("body_too_large", "the message is too long")
        request: Subscribe | Unsubscribe | Submit = decode(text, _REQUEST)
        return request

    async def _submit(self, request: Submit) -> None:
        try:
            answer: Message = Submitted(request.id, await admit(self._api, request.intents))
        except Exception as error:
            answer = Failed(problem_of_any(error), id=request.id)
        finally:
            self._submits.release()
        await self.send(answer)
