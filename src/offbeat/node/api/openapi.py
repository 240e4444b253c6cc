"""The OpenAPI 3.1 document: made from the table of routes and the structs, never written."""

import inspect
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from msgspec import json
from msgspec.json import schema_components

from offbeat.core import limits
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Domain, Order, address_of, sign
from offbeat.node.api.bodies import JSON_TYPE
from offbeat.node.api.problems import PROBLEM_TYPE
from offbeat.node.api.routes import ENDPOINTS, Endpoint
from offbeat.wire import Message, Problem, signed_to_json
from offbeat.wire import Request as StreamRequest

_EVERYWHERE: Final = (429, 500)
"""What any endpoint may answer; 404 and 405 are for what is no endpoint."""
_TEXT: Final = "text/plain"
_REF: Final = "#/components/schemas/{name}"
_WHOLE: Final = {"type": "string", "pattern": "^[0-9]{1,9}$"}
_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "intent_hash": {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"},
    "account_id": {"type": "string", "pattern": "^0x([0-9a-fA-F]{48}|[0-9a-fA-F]{40})$"},
    "number": _WHOLE,
    "index": _WHOLE,
    "limit": _WHOLE,
    "highest": _WHOLE,
    "cursor": {"type": "string"},
    "underlying": {"type": "string", "pattern": f"^[A-Z0-9]{{1,{limits.MAX_SYMBOL_BYTES}}}$"},
}


@cache
def openapi_document() -> dict[str, Any]:
    """The whole document, as JSON values."""
    types = list(_types())
    schemas, components = schema_components(types, ref_template=_REF)
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    components |= {
        "StreamRequest": schema_of[repr(StreamRequest)],
        "StreamMessage": schema_of[repr(Message)],
    }
    paths: dict[str, Any] = {}
    for each in ENDPOINTS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Offbeat relay",
            "version": "1",
            "summary": "Sign a strategy once, settle it exactly once.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components},
    }


_DESCRIPTION: Final = """\
Whole numbers travel as decimal strings. Every error is a problem (RFC 9457) with a stable `code`,
and `retryable` where the same call may succeed later. An intent's hash is its name: send it as
often as you like, it is admitted once. `GET /v1/stream` opens a WebSocket, which takes
`StreamRequest`s and sends `StreamMessage`s, one JSON object each.
"""


def _types() -> Iterator[Any]:
    yield from (Problem, StreamRequest, Message)
    for each in ENDPOINTS:
        yield from each.answers.values()
        if each.body is not None:
            yield each.body


def _operation(endpoint: Endpoint, schema_of: dict[str, Any]) -> dict[str, Any]:
    text = inspect.getdoc(endpoint.handler) or ""
    summary, _, rest = text.partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": " ".join(summary.split()),
        "parameters": list(_parameters(endpoint)),
        "responses": {
            **{
                str(status): _answer(status, _media(endpoint), schema_of[repr(kind)])
                for status, kind in endpoint.answers.items()
            },
            **{
                str(status): _answer(status, PROBLEM_TYPE, schema_of[repr(Problem)])
                for status in (*endpoint.refusals, *_EVERYWHERE)
            },
        },
    }
    if rest:
        operation["description"] = rest
    if endpoint.body is not None:
        schema = schema_of[repr(endpoint.body)]
        content = {"schema": schema} | _EXAMPLES.get(endpoint.path, {})
        operation["requestBody"] = {"required": True, "content": {JSON_TYPE: content}}
    return operation


def _example_intent() -> Any:
    """Buy ten calls, signed by the key 1 for a deployment that does not exist."""
    order = Order(
        owner=address_of(_EXAMPLE_KEY),
        account=0,
        legs=(Leg(Instrument.parse("ETH-25DEC26-4000-C"), 1),),
        quantity_micros=10_000_000,
        limit_micros=125_500_000,
        nonce=0,
        valid_until_seconds=1_798_185_600,
        max_fee_micros=1_000_000,
    )
    domain = Domain(31_337, b"\x0f" * 20)
    return json.decode(signed_to_json(sign(order, _EXAMPLE_KEY, domain)))


def _examples() -> dict[str, Any]:
    intent = _example_intent()
    question = {"account_id": f"{intent['message']['owner'].lower()}00000000"}
    return {
        "/v1/intents": {"examples": {"one": {"value": intent}, "array": {"value": [intent]}}},
        "/v1/sign/debug": {"example": intent},
        "/v1/margin/simulate": {"example": question | {"orders": [intent["message"]]}},
    }


_EXAMPLE_KEY: Final = (1).to_bytes(32)
_EXAMPLES: Final = _examples()


def _parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for name in _PARAMETERS:
        if f"{{{name}}}" in endpoint.path:
            yield {"name": name, "in": "path", "required": True, "schema": _PARAMETERS[name]}
        elif name in endpoint.query:
            yield {"name": name, "in": "query", "schema": _PARAMETERS[name]}


def _media(endpoint: Endpoint) -> str:
    return _TEXT if str in endpoint.answers.values() else JSON_TYPE


def _answer(status: int, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {media_type: {"schema": schema}},
    }
