"""A JSON-RPC node between relay and chain that loses, delays and falsifies answers."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from http_server import http_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Asked = dict[str, Any]
Forward = Callable[[], Awaitable[dict[str, Any]]]
Fault = Callable[[Asked, Forward], Awaitable[Response | dict[str, Any]]]
"""What becomes of one request; ``Forward`` asks the chain itself."""

LATE_SECONDS = 3.0
"""Longer than a relay waits for an answer."""
RECEIPT = "eth_getTransactionReceipt"


class Proxy:
    """Forwards to ``target`` (to be set) whatever ``fault`` lets pass; counts what it did not."""

    def __init__(self) -> None:
        self.target = ""
        self.url = ""
        self.fault: Fault | None = None
        self.faults = 0

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=30) as self._http:
            yield

    async def respond(self, request: Request) -> Response:
        asked = await request.json()

        async def forward() -> dict[str, Any]:
            answer: dict[str, Any] = (await self._http.post(self.target, json=asked)).json()
            return answer

        fault = self.fault
        try:
            said = await (fault(asked, forward) if fault else forward())
        except httpx.TransportError:
            said = Response(status_code=502)
        return said if isinstance(said, Response) else JSONResponse(said)

    # Faults -------------------------------------------------------------------------------

    def down(self) -> Fault:
        """Nobody is there."""

        async def fault(_asked: Asked, _forward: Forward) -> Response:
            self.faults += 1
            return Response(status_code=503)

        return fault

    def flaky(self, chance: random.Random) -> Fault:
        """Of ten requests one fails, one is answered too late, and of one the answer is lost."""

        async def fault(asked: Asked, forward: Forward) -> Response | dict[str, Any]:
            draw = chance.randrange(40)
            self.faults += draw < 12
            if draw < 4:
                error = {"code": -32_603, "message": "internal error"}
                return {"jsonrpc": "2.0", "id": asked["id"], "error": error}
            if draw == 4:
                await asyncio.sleep(LATE_SECONDS)
            said = await forward()
            return Response(status_code=502) if 4 < draw < 12 else said

        return fault

    def false_receipts(self, chance: random.Random) -> Fault:
        """Receipts are missing, of another block, of another transaction, or say the opposite."""

        async def fault(asked: Asked, forward: Forward) -> dict[str, Any]:
            said = await forward()
            receipt = said.get("result")
            if asked["method"] == RECEIPT and receipt is not None:
                self.faults += 1
                falsehood = chance.choice(
                    (
                        None,
                        receipt | {"blockHash": "0x" + "ab" * 32},
                        receipt | {"transactionHash": "0x" + "cd" * 32},
                        receipt | {"status": "0x0" if receipt["status"] == "0x1" else "0x1"},
                    )
                )
                return said | {"result": falsehood}
            return said

        return fault


@contextmanager
def proxy() -> Iterator[Proxy]:
    """A proxy that listens; point it at the chain by its ``target``."""
    made = Proxy()
    routes = [Route("/", made.respond, methods=["POST"])]
    with http_server(Starlette(routes=routes, lifespan=made.lifespan)) as url:
        made.url = url
        yield made
