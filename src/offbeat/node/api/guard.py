"""What every request passes first: its rate, its count, and the end of our own bugs."""

from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offbeat.node.api.context import Api
from offbeat.node.api.problems import problem_of, problem_of_any, problem_response
from offbeat.node.api.rates import Allowance, RateLimiter, rate_limited

_UNLIMITED: Final = ("/livez", "/readyz", "/metrics")


class Guard:
    """ASGI middleware: 429 above a client's rate, 500 with an id and no more for our own bugs."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app, self._api = app, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or stream."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        rates, app = self._api.rates, self._app
        if rates is not None and scope["path"] not in _UNLIMITED:
            allowance = rates.take(scope["client"][0] if scope.get("client") else "")
            answer.headers = _headers(rates, allowance)
            if not allowance.ok:
                wait = str(max(1, allowance.wait_seconds))
                app = problem_response(problem_of(rate_limited()), {"retry-after": wait})
        try:
            await app(scope, receive, answer)
        except ClientDisconnect:
            pass
        except Exception as error:
            said = problem_of_any(error)
            if not answer.status:
                await problem_response(said)(scope, receive, answer)
        route = getattr(scope.get("route"), "path", "none")
        self._api.metrics.requests.labels(route, str(answer.status)).inc()


def _headers(rates: RateLimiter, allowance: Allowance) -> list[tuple[bytes, bytes]]:
    """The headers of the IETF's draft on rate limits."""
    policy = f'"client";q={rates.burst};w={max(1, rates.burst // rates.rate)}'
    state = f'"client";r={allowance.remaining};t={allowance.wait_seconds}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]


class _Answer:
    """A send that adds headers and remembers the status, 0 before there is one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self.headers]
        await self._send(message)
