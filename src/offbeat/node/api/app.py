"""The ASGI application of one relay."""

from functools import partial

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from offbeat.core import OffbeatError
from offbeat.node.api.bodies import json_response
from offbeat.node.api.context import Api
from offbeat.node.api.guard import Guard
from offbeat.node.api.metrics import Metrics
from offbeat.node.api.openapi import openapi_document
from offbeat.node.api.page import page_routes
from offbeat.node.api.problems import on_offbeat_error, problem, problem_response
from offbeat.node.api.quotes import Quotes
from offbeat.node.api.rates import RateLimiter
from offbeat.node.api.routes import ENDPOINTS
from offbeat.node.api.settings import ApiLimits
from offbeat.node.api.stream import serve_stream
from offbeat.node.api.tail import Tail
from offbeat.node.service import Service

STREAM_PATH = "/v1/stream"
_CODES = {404: "path_unknown", 405: "method_not_allowed"}


def create_app(
    service: Service,
    limits: ApiLimits | None = None,
    *,
    cors_origins: tuple[str, ...] = (),
    registry: CollectorRegistry | None = None,
) -> Starlette:
    """The API of ``service``.

    Browsers on ``cors_origins`` may use it. Whatever else the process measures goes into
    ``registry``, which ``/metrics`` shows.
    """
    api = _api(service, limits or ApiLimits(), registry or CollectorRegistry())
    cors = Middleware(
        CORSMiddleware,
        allow_origins=cors_origins,
        allow_methods=("GET", "POST"),
        allow_headers=("content-type",),
        expose_headers=("link", "ratelimit", "ratelimit-policy", "retry-after"),
    )
    app = Starlette(
        routes=[
            Route(each.path, partial(each.handler, api), methods=[each.method])
            for each in ENDPOINTS
        ]
        + [
            WebSocketRoute(STREAM_PATH, partial(serve_stream, api)),
            Route("/openapi.json", _get_openapi),
            *page_routes(),
        ],
        middleware=[Middleware(Guard, api), *([cors] if cors_origins else [])],
        exception_handlers={OffbeatError: on_offbeat_error, HTTPException: _on_http_error},
    )
    # A path has one spelling; a redirection would drop the body of a POST in some clients.
    app.router.redirect_slashes = False
    return app


async def _get_openapi(_: Request) -> Response:
    return json_response(openapi_document())


def _api(service: Service, limits: ApiLimits, registry: CollectorRegistry) -> Api:
    rates = None
    if limits.requests_per_second:
        rates = RateLimiter(limits.requests_per_second, limits.burst_requests, limits.max_clients)
    quotes = Quotes(service, limits.quotes_seconds)
    api = Api(service, limits, Metrics(registry), Tail(service), rates, quotes)
    api.metrics.streams.set_function(lambda: len(api.streams))
    api.metrics.subscriptions.set_function(lambda: api.tail.n_listeners)
    api.metrics.backlog.set_function(lambda: sum(len(each.backlog) for each in api.streams))
    return api


async def _on_http_error(request: Request, error: Exception) -> Response:
    """What the router refuses; ``OPTIONS`` is answered with the methods that it would take."""
    assert isinstance(error, HTTPException), "registered for those"
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers = {"allow": f"{headers.get('Allow', '')}, OPTIONS"}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    code = _CODES.get(error.status_code, "http_error")
    return problem_response(problem(error.status_code, code, error.detail), headers)
