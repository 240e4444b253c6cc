"""Every endpoint, as one table: the router and the OpenAPI document are made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from offbeat.node.api.admission import post_intents
from offbeat.node.api.context import Api
from offbeat.node.api.facts import get_domain, get_limits
from offbeat.node.api.health import get_liveness, get_metrics, get_readiness
from offbeat.node.api.market import get_batch, get_batches, get_instruments, get_report
from offbeat.node.api.reading import get_account, get_account_intents, get_intent
from offbeat.node.api.unsigned import debug_signature, simulate_margin
from offbeat.wire import (
    SIGNED_INTENT,
    AccountView,
    Admission,
    BatchView,
    DomainView,
    InstrumentView,
    IntentView,
    LimitsView,
    MarginQuestion,
    MarginView,
    ReportView,
    SignatureView,
)

Handler = Callable[[Api, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path: who answers, what may be asked, and what may be said.

    ``answers`` gives the type for each status of success, ``refusals`` the statuses that come as
    problems. ``query`` names the parameters in the query.
    """

    method: str
    path: str
    handler: Handler
    answers: dict[int, Any]
    refusals: tuple[int, ...] = ()
    body: Any = None
    query: tuple[str, ...] = ()


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/v1/intents",
        post_intents,
        {201: IntentView, 200: IntentView | list[Admission]},
        (400, 408, 413, 415, 422, 503),
        body=SIGNED_INTENT | list[SIGNED_INTENT],
    ),
    Endpoint("GET", "/v1/intents/{intent_hash}", get_intent, {200: IntentView}, (400, 404, 503)),
    Endpoint(
        "GET",
        "/v1/accounts/{account_id}",
        get_account,
        {200: AccountView},
        (400, 503),
        query=("index",),
    ),
    Endpoint(
        "GET",
        "/v1/accounts/{account_id}/intents",
        get_account_intents,
        {200: list[IntentView]},
        (400, 503),
        query=("index", "limit", "cursor"),
    ),
    Endpoint(
        "GET",
        "/v1/instruments",
        get_instruments,
        {200: list[InstrumentView]},
        (503,),
        query=("underlying",),
    ),
    Endpoint("GET", "/v1/report", get_report, {200: ReportView}, (404, 503)),
    Endpoint(
        "GET",
        "/v1/batches",
        get_batches,
        {200: list[BatchView]},
        (400, 503),
        query=("limit", "highest"),
    ),
    Endpoint("GET", "/v1/batches/{number}", get_batch, {200: BatchView}, (400, 404, 503)),
    Endpoint(
        "POST",
        "/v1/margin/simulate",
        simulate_margin,
        {200: MarginView},
        (400, 408, 413, 415, 422, 503),
        body=MarginQuestion,
    ),
    Endpoint(
        "POST",
        "/v1/sign/debug",
        debug_signature,
        {200: SignatureView},
        (400, 408, 413, 415, 503),
        body=SIGNED_INTENT,
    ),
    Endpoint("GET", "/v1/domain", get_domain, {200: DomainView}),
    Endpoint("GET", "/v1/limits", get_limits, {200: LimitsView}),
    Endpoint("GET", "/livez", get_liveness, {200: dict[str, str]}),
    Endpoint("GET", "/readyz", get_readiness, {200: dict[str, str]}, (503,)),
    Endpoint("GET", "/metrics", get_metrics, {200: str}),
)
