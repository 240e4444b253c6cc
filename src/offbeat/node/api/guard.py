"""What every request passes first: its rate, its log line, and the end of our own bugs."""

from time import monotonic
from typing import Final
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offbeat.node.api.context import Api
from offbeat.node.api.problems import problem, problem_response
from offbeat.node.api.rates import Allowance, RateLimiter, client_name

_UNLIMITED: Final = ("/livez", "/readyz", "/metrics")
_log = structlog.get_logger("offbeat.api")


class Guard:
    """ASGI middleware: 429 above a client's rate, 500 with an id and no more for our own bugs."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app, self._api = app, api
        limits = api.limits
        self._rates = (
            RateLimiter(limits.requests_per_second, limits.burst_requests, limits.max_clients)
            if limits.requests_per_second
            else None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or stream."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        if self._rates is not None and scope["path"] not in _UNLIMITED:
            client = scope.get("client") or ("",)
            allowance = self._rates.take(client_name(client[0]), monotonic())
            answer.headers = self._headers(allowance)
            if not allowance.ok:
                await self._refuse(allowance)(scope, receive, answer)
                self._count(scope, answer)
                return
        try:
            await self._app(scope, receive, answer)
        except Exception:
            await self._fail(scope, receive, answer)
        self._count(scope, answer)

    def _headers(self, allowance: Allowance) -> list[tuple[bytes, bytes]]:
        assert self._rates is not None, "there is an allowance"
        window = max(1, self._rates.burst // self._rates.rate)
        policy = f'"client";q={self._rates.burst};w={window}'
        state = f'"client";r={allowance.remaining};t={allowance.wait_seconds}'
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]

    @staticmethod
    def _refuse(allowance: Allowance) -> ASGIApp:
        said = problem(429, "rate_limited", "too many requests from this client", retryable=True)
        return problem_response(said, {"retry-after": str(max(1, allowance.wait_seconds))})

    @staticmethod
    async def _fail(scope: Scope, receive: Receive, answer: "_Answer") -> None:
        error_id = uuid4().hex
        _log.exception("request failed", error_id=error_id, path=scope["path"])
        if answer.status:
            raise ConnectionAbortedError("an answer cannot be taken back")
        said = problem(500, "internal", f"a fault of ours; its log entry is {error_id}")
        await problem_response(said)(scope, receive, answer)

    def _count(self, scope: Scope, answer: "_Answer") -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._api.metrics.requests.labels(route, str(answer.status)).inc()


class _Answer:
    """A send that adds headers and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self.headers]
        await self._send(message)
