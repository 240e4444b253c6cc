"""A load generator that costs little: requests encoded beforehand, answers counted, not decoded."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

from coincurve import PrivateKey

from offbeat.instruments import Kind, vertical
from offbeat.intents import Domain, Order, address_of, sign
from offbeat.wire import signed_to_json

ARRAY = 64
"""Intents in a request that carries several; the most that a node takes."""
_NEW_IN_ARRAY = b'"status":201'
"""What the answer to an array says of each new intent, and nowhere else."""
_NEW = b"HTTP/1.1 201"
_TEXT_FRAME, _MASKED, _TWO_BYTES, _EIGHT_BYTES = 0x81, 0x80, 126, 127


@dataclass(slots=True)
class Traders:
    """Sign orders of two legs that match nobody's."""

    keys: Sequence[PrivateKey]
    domain: Domain
    expiry_seconds: int
    _numbers: Iterator[int] = field(default_factory=count)

    def orders(self, n_orders: int, life_seconds: int) -> list[bytes]:
        """Signed orders as a relay reads them; each array of them is one account's."""
        until_seconds = int(time.time()) + life_seconds
        legs = vertical("ETH", self.expiry_seconds, Kind.CALL, 2_000_000_000, 2_200_000_000)
        owners = [address_of(key) for key in self.keys]
        texts = []
        for _ in range(n_orders):
            number = next(self._numbers)
            who = number // ARRAY % len(self.keys)
            order = Order(
                owner=owners[who],
                account=0,
                legs=legs,
                quantity_micros=1_000_000,
                limit_micros=25_000_000,
                nonce=number,
                valid_until_seconds=until_seconds,
                max_fee_micros=1_000_000,
            )
            texts.append(signed_to_json(sign(order, self.keys[who], self.domain)))
        return texts


def http_arrays(texts: Sequence[bytes]) -> list[bytes]:
    """Requests that carry an array each."""
    arrays = (texts[at : at + ARRAY] for at in range(0, len(texts), ARRAY))
    return [_post(b"[" + b",".join(array) + b"]") for array in arrays]


def http_singles(texts: Sequence[bytes]) -> list[bytes]:
    """Requests that carry one intent each."""
    return [_post(text) for text in texts]


def stream_singles(texts: Sequence[bytes]) -> list[bytes]:
    """WebSocket frames that submit one intent each; a mask of zero leaves the text as it is."""
    frames = []
    for text in texts:
        payload = b'{"op":"submit","id":"1","intents":[' + text + b"]}"
        size = bytes((_MASKED | _TWO_BYTES,)) + len(payload).to_bytes(2)
        frames.append(bytes((_TEXT_FRAME,)) + size + bytes(4) + payload)
    return frames


def _post(body: bytes) -> bytes:
    head = (
        b"POST /v1/intents HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n"
    )
    return head % len(body) + body


class Connection(asyncio.Protocol):
    """One keep-alive connection, or one stream: a request at a time, its answer as bytes."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._length: Callable[[bytearray], int] = _http_length

    @classmethod
    async def open(cls, url: str, *, stream: bool = False) -> "Connection":
        """Connect to a relay, and open its stream if that is wanted."""
        place = urlsplit(url)
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(cls, place.hostname, place.port)
        connection._transport = transport
        if stream:
            connection._length = _handshake_length
            said = await connection.ask(
                b"GET /v1/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\n"
                b"connection: Upgrade\r\nsec-websocket-version: 13\r\n"
                b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            assert said.startswith(b"HTTP/1.1 101"), said
            connection._length = _frame_length
        return connection

    async def ask(self, request: bytes) -> bytes:
        """Send a request and wait for the whole answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._received += data
        length = self._length(self._received)
        if length and len(self._received) >= length and self._answer is not None:
            answer = bytes(self._received[:length])
            del self._received[:length]
            self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionError("the relay hung up"))


def _http_length(received: bytearray) -> int:
    """Length of the answer that begins here; 0 while its head is incomplete."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return 0
    at = received.index(b"content-length: ", 0, end) + 16
    return end + 4 + int(received[at : received.index(b"\r", at)])


def _handshake_length(received: bytearray) -> int:
    end = received.find(b"\r\n\r\n")
    return 0 if end < 0 else end + 4


def _frame_length(received: bytearray) -> int:
    if len(received) < 10:
        return 0
    size = received[1]
    if size == _TWO_BYTES:
        return 4 + int.from_bytes(received[2:4])
    return 10 + int.from_bytes(received[2:10]) if size == _EIGHT_BYTES else 2 + size


@dataclass(slots=True)
class Course:
    """How a load went: how many intents were new to the relay, and when each was answered."""

    n_admitted: int = 0
    elapsed_seconds: float = 0
    answer_seconds: list[float] = field(default_factory=list)


async def drive(
    url: str,
    requests: Sequence[bytes],
    n_connections: int,
    *,
    stream: bool = False,
    per_second: float = 0,
) -> Course:
    """Send every request: as fast as answers come, or ``per_second`` at their own times.

    What has to wait for a connection waits at the relay's expense: its time counts from when it
    was due.
    """
    course, waiting = Course(), iter(enumerate(requests))
    connections = [await Connection.open(url, stream=stream) for _ in range(n_connections)]
    started = time.perf_counter()

    async def work(connection: Connection) -> None:
        for number, request in waiting:
            due = started + number / per_second if per_second else time.perf_counter()
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            answer = await connection.ask(request)
            course.answer_seconds.append(time.perf_counter() - due)
            course.n_admitted += answer.count(_NEW_IN_ARRAY) or answer.startswith(_NEW)

    await asyncio.gather(*map(work, connections))
    course.elapsed_seconds = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return course
