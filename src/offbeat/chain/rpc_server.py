"""The embedded chain behind JSON-RPC over HTTP: a development node in one process.

The app is for loopback only: whoever reaches it commands the chain. It answers no other host name,
so that no web page can reach it under a name of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from offbeat.chain.embedded import EmbeddedChain
from offbeat.chain.jsonrpc import encode_bytes
from offbeat.chain.reverts import Reverted
from offbeat.chain.rpc_methods import RpcMethods
from offbeat.core import InvalidInput, OffbeatError

MAX_BODY_BYTES: Final = 2 * 2**20
MAX_BATCH: Final = 256
MAX_BRACKETS: Final = 8_192
"""In one body. py-evm lifts the interpreter's bound on recursion, so depth needs one of its own."""
MAX_AHEAD_SECONDS: Final = 5
"""Blocks come one second apart at least. A burst of transactions may run ahead of the clock so far;
after that each waits for the clock."""
HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")

_CODES: Final = {"method_unknown": -32_601, "params_invalid": -32_602}
_REVERTED: Final = 3
_OTHERWISE: Final = -32_000
_NO_JSON: Final = -32_700
_NO_REQUEST: Final = -32_600


def rpc_app(
    chain: EmbeddedChain,
    *,
    block_seconds: float = 1,
    now_seconds: Callable[[], float] = time.time,
) -> Starlette:
    """An ASGI app that answers ``POST /`` and mines a block every ``block_seconds``.

    Each transaction is mined at once, in a block of its own.
    """
    server = _Server(RpcMethods(chain, lambda: int(now_seconds())), block_seconds)
    return Starlette(
        routes=[Route("/", server.respond, methods=["POST"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))],
        lifespan=server.lifespan,
    )


class _Server:
    """One thread runs the EVM, so requests are answered one after the other."""

    def __init__(self, methods: RpcMethods, block_seconds: float) -> None:
        self._methods = methods
        self._block_seconds = block_seconds
        self._evm = ThreadPoolExecutor(1, "evm")

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
            self._evm.shutdown()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._block_seconds)
            await self._on_evm(self._methods.tick)

    async def respond(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return Response(status_code=413)
        if body.count(b"[") + body.count(b"{") > MAX_BRACKETS:
            return _json(_failure(None, _NO_REQUEST, f"at most {MAX_BRACKETS} brackets"))
        try:
            asked = msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            return _json(_failure(None, _NO_JSON, str(error)))
        if not isinstance(asked, list):
            return _json(await self._answer(asked))
        if not 0 < len(asked) <= MAX_BATCH:
            return _json(_failure(None, _NO_REQUEST, f"1 to {MAX_BATCH} requests at once"))
        return _json([await self._answer(each) for each in asked])

    async def _answer(self, asked: Any) -> dict[str, Any]:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _failure(None, _NO_REQUEST, "a request is an object with a method")
        number, method, params = asked.get("id"), asked["method"], asked.get("params") or []
        if not isinstance(params, list):
            return _failure(number, _CODES["params_invalid"], "params are given by position")
        try:
            if method == "eth_sendRawTransaction":
                await self._wait_for_clock()
            result = await self._on_evm(self._methods.answer, method, params)
        except Reverted as error:
            message = f"execution {error.message}"
            return _failure(number, _REVERTED, message, encode_bytes(error.output))
        except OffbeatError as error:
            code = _CODES.get(error.code, _OTHERWISE) if _is_input(error) else _OTHERWISE
            return _failure(number, code, error.message)
        return {"jsonrpc": "2.0", "id": number, "result": result}

    async def _wait_for_clock(self) -> None:
        while (ahead := await self._on_evm(lambda: self._methods.ahead_seconds)) > (
            MAX_AHEAD_SECONDS
        ):
            await asyncio.sleep(min(1, ahead - MAX_AHEAD_SECONDS))

    async def _on_evm(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._evm, function, *args)


def _is_input(error: OffbeatError) -> bool:
    return isinstance(error, InvalidInput)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _failure(number: Any, code: int, message: str, data: str | None = None) -> dict[str, Any]:
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return {"jsonrpc": "2.0", "id": number, "error": error}
