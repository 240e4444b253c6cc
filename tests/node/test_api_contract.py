"""The API against its own OpenAPI document, and against bytes that nobody should send."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import any_intent
import httpx
import pytest
import schemathesis
from api_desk import ALICE, DOMAIN, UNLIMITED, FakeRelay, in_thread, plain_view, serving_app
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from relay_house import House
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from offbeat.intents import sign
from offbeat.node.api import create_app, openapi_document
from offbeat.store import open_store
from offbeat.wire import signed_to_json

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(openapi_document())
DOORS = ("/v1/intents", "/v1/sign/debug", "/v1/margin/simulate")
EXAMPLES = int(os.environ.get("OFFBEAT_API_EXAMPLES", "10"))
"""Of each operation; `make fuzz` asks for more."""
QUICK = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
CODES = {200, 201, 400, 404, 413, 415, 422}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a made-up relay."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        folder: Path = tmp_path_factory.mktemp("made-up")
        async with open_store(f"sqlite:///{folder}/store.db") as store:
            app = create_app(FakeRelay(store, plain_view()), UNLIMITED)
            async with serving_app(app) as address:
                yield address

    with in_thread(serve) as url:
        yield url


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, built_house: House) -> Iterator[str]:
    """The API of a relay on a chain."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        folder: Path = tmp_path_factory.mktemp("real")
        async with (
            open_store(f"sqlite:///{folder}/store.db") as store,
            built_house.relay(store) as relay,
            serving_app(create_app(relay, UNLIMITED)) as address,
        ):
            yield address

    with in_thread(serve) as url:
        yield url


@SCHEMA.parametrize()
@QUICK
def test_a_made_up_relay_keeps_to_the_document(case: Any, made_up: str) -> None:
    case.call_and_validate(base_url=made_up, checks=CHECKS, timeout=20)


@SCHEMA.parametrize()
@QUICK
def test_a_relay_on_a_chain_keeps_to_the_document(case: Any, real: str) -> None:
    case.call_and_validate(base_url=real, checks=CHECKS, timeout=20)


def post(url: str, door: str, body: bytes) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return httpx.post(url + door, content=body, headers=headers, timeout=20)


def assert_answered(answer: httpx.Response) -> None:
    assert answer.status_code in CODES
    if answer.status_code >= 400:
        assert answer.json().keys() == {"type", "title", "status", "code", "detail", "retryable"}


@pytest.mark.parametrize("door", DOORS)
@given(st.binary(max_size=400))
@settings(max_examples=2 * EXAMPLES, suppress_health_check=list(HealthCheck))
def test_bytes_at_a_door(made_up: str, door: str, body: bytes) -> None:
    assert_answered(post(made_up, door, body))


@pytest.mark.parametrize("door", DOORS)
@given(data=st.data())
@settings(max_examples=3 * EXAMPLES, suppress_health_check=list(HealthCheck))
def test_a_spoilt_body_at_a_door(made_up: str, door: str, data: DataObject) -> None:
    """A valid body with some bytes replaced, left out or doubled."""
    text = signed_to_json(sign(data.draw(any_intent.intents), ALICE.key, DOMAIN))
    if door == DOORS[2]:
        question = {"account_id": "0x" + "11" * 24, "orders": [json.loads(text)["message"]]}
        text = json.dumps(question).encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    other = data.draw(
        st.binary(max_size=8)
        | st.just(text[start:end] * 2)
        | st.sampled_from([b"null", b"-0", b"1e9", b"[", b'"', b"\xff", b"9" * 400, b"{}"])
    )
    assert_answered(post(made_up, door, text[:start] + other + text[end:]))


def test_the_document_names_every_path_once() -> None:
    document = openapi_document()
    assert document["openapi"] == "3.1.0"
    assert len(document["paths"]) == 15
    names = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(names) == len(set(names))


def test_the_document_is_served(made_up: str) -> None:
    assert httpx.get(f"{made_up}/openapi.json").json() == openapi_document()
