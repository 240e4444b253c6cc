"""Errors as RFC 9457 problems: each with a stable code, and whether a repeat may help."""

from http import HTTPStatus
from uuid import uuid4

import structlog
from msgspec import json
from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import (
    ChainError,
    InvalidInput,
    OffbeatError,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from offbeat.wire import Problem

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 1
_log = structlog.get_logger("offbeat.api")

_STATUS: dict[type[OffbeatError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ChainError: HTTPStatus.BAD_GATEWAY,
    OutcomeUnknown: HTTPStatus.GATEWAY_TIMEOUT,
}
_STATUS_OF_CODE = {
    "account_unknown": HTTPStatus.NOT_FOUND,
    "batch_unknown": HTTPStatus.NOT_FOUND,
    "intent_unknown": HTTPStatus.NOT_FOUND,
    "report_unknown": HTTPStatus.NOT_FOUND,
    "body_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "json_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "media_type_unsupported": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
}


def problem(status: int, code: str, detail: str, *, retryable: bool = False) -> Problem:
    """A problem whose type is its status, and whose code says the rest."""
    return Problem("about:blank", HTTPStatus(status).phrase, status, code, detail, retryable)


def problem_of(error: OffbeatError) -> Problem:
    """The problem that one of our errors is to a client."""
    kinds = (kind for kind in type(error).__mro__ if kind in _STATUS)
    status = _STATUS_OF_CODE.get(error.code) or _STATUS[next(kinds, OutcomeUnknown)]
    return problem(status, str(error.code), error.message, retryable=error.retryable)


def problem_response(said: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response; a retryable one says when to come back."""
    headers = dict(headers or {})
    if said.retryable:
        headers.setdefault("retry-after", str(RETRY_SECONDS))
    return Response(json.encode(said), said.status, headers, PROBLEM_TYPE)


def problem_of_any(error: Exception) -> Problem:
    """The same of any error: a bug of ours is logged with an id, and nothing else is told."""
    if isinstance(error, OffbeatError):
        return problem_of(error)
    error_id = uuid4().hex
    _log.error("internal error", error_id=error_id, exc_info=error)
    return problem(500, "internal", f"a fault of ours; its log entry is {error_id}")


async def on_offbeat_error(_: Request, error: Exception) -> Response:
    """Starlette's handler of everything that Offbeat raises on purpose."""
    assert isinstance(error, OffbeatError), "registered for those"
    return problem_response(problem_of(error))
