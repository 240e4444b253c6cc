"""Intents over HTTP: admitted once, known ever after, refused with a stable code."""

import json

import pytest
from api_desk import ALICE, DOMAIN, Desk, call_order, hash_of, signed, text_of
from people import BOB
from structlog.testing import capture_logs

from offbeat.core import Unavailable
from offbeat.intents import domain_members
from offbeat.node.api import ApiLimits


def array_of(*texts: bytes) -> bytes:
    return b"[" + b",".join(texts) + b"]"


def test_an_intent_is_admitted_and_known_ever_after(desk: Desk) -> None:
    order = call_order()
    first = desk.post("/v1/intents", text_of(order))
    assert first.status_code == 201
    view = first.json()
    assert view["intent_hash"] == hash_of(order)
    assert view["account_id"] == "0x" + ALICE.address.hex() + "00000000"
    assert view["kind"] == "Order"
    assert view["status"] == "relayed"
    assert view["filled_micros"] == view["paid_micros"] == view["fee_micros"] == "0"
    assert view["message"] == json.loads(text_of(order))["message"]
    assert view["signature"] == f"0x{signed(order).signature.hex()}"
    for _ in range(2):
        again = desk.post("/v1/intents", text_of(order))
        assert (again.status_code, again.json()) == (200, view)
    assert desk.get(f"/v1/intents/{hash_of(order)}").json() == view


def test_however_it_is_spelt_it_is_the_same_intent(desk: Desk) -> None:
    first = desk.post("/v1/intents", text_of(call_order()))
    body = json.loads(text_of(call_order())) | {"domain": domain_members(DOMAIN)}
    body["message"]["quantity"] = int(body["message"]["quantity"])
    again = desk.post("/v1/intents", json.dumps(body, indent=2))
    assert (again.status_code, again.json()) == (200, first.json())


def test_each_of_an_array_gets_its_own_answer(desk: Desk) -> None:
    orders = [call_order(nonce=nonce) for nonce in range(5, 8)]
    foreign = text_of(call_order(nonce=9), BOB)
    body = array_of(text_of(orders[0]), b'{"primaryType":"Order"}', text_of(orders[1]), foreign)
    answer = desk.post("/v1/intents", body)
    assert answer.status_code == 200
    statuses = [each["status"] for each in answer.json()]
    assert statuses == [201, 400, 201, 422]
    codes = [each.get("problem", {}).get("code") for each in answer.json()]
    assert codes == [None, "field_missing", None, "signer_unauthorised"]
    mixed = desk.post("/v1/intents", array_of(text_of(orders[0]), text_of(orders[2])))
    assert [each["status"] for each in mixed.json()] == [200, 201]


@pytest.mark.parametrize(("length", "status"), [(0, 400), (1, 200), (64, 200), (65, 400)])
def test_the_length_of_an_array_is_bounded(desk: Desk, length: int, status: int) -> None:
    answer = desk.post("/v1/intents", array_of(*[text_of(call_order())] * length))
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["code"] == "array_length"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "json_invalid"),
        ("nonsense", 400, "json_invalid"),
        ("[nonsense]", 400, "json_invalid"),
        ("[" * 10_000, 400, "json_invalid"),
        ("null", 400, "field_type"),
        ("{}", 400, "field_missing"),
        ('{"primaryType":"Order","message":{},"signature":"0x"}', 400, "field_missing"),
        (" " * 10_000 + "{}", 413, "json_too_large"),
        (" " * 600_000, 413, "body_too_large"),
    ],
)
def test_what_is_no_intent_is_refused(desk: Desk, body: str, status: int, code: str) -> None:
    answer = desk.post("/v1/intents", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "code", "detail", "retryable"}
    assert not answer.json()["retryable"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_a_body_must_be_plain_json(desk: Desk, headers: dict[str, str]) -> None:
    answer = desk.ask("POST", "/v1/intents", content=text_of(call_order()), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")


def test_a_charset_does_no_harm(desk: Desk) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    answer = desk.ask("POST", "/v1/intents", content=text_of(call_order()), headers=headers)
    assert answer.status_code == 201


def test_a_relay_in_trouble_takes_nothing_and_says_when_to_come_back(desk: Desk) -> None:
    desk.relay.trouble = [Unavailable("store_unavailable", "the database does not answer")]
    answer = desk.post("/v1/intents", text_of(call_order()))
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.json()["retryable"] is True
    assert answer.headers["retry-after"] == "1"
    ready = desk.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "store_unavailable")
    desk.relay.trouble.clear()
    assert desk.get("/readyz").status_code == 200
    assert desk.post("/v1/intents", text_of(call_order())).status_code == 201


def test_a_bug_of_ours_leaks_nothing(desk: Desk) -> None:
    desk.relay.bug = RuntimeError("the secret of the database")
    answer = desk.post("/v1/intents", text_of(call_order()))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    desk.relay.bug = None
    assert desk.post("/v1/intents", text_of(call_order())).status_code == 201


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("0x" + "11" * 32, 404, "intent_unknown"),
        ("0x" + "11" * 31, 400, "hex_invalid"),
        ("11" * 33, 400, "hex_invalid"),
        ("0x" + " 1" * 32, 400, "hex_invalid"),
        ("0x" + "zz" * 32, 400, "hex_invalid"),
    ],
)
def test_an_intent_that_is_not_there(desk: Desk, name: str, status: int, code: str) -> None:
    answer = desk.get(f"/v1/intents/{name}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/intents/", "/v2/intents", "/v1/intents/a/b"]
)
def test_a_path_that_is_not_there(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "path_unknown")


def test_a_method_that_is_not_there(desk: Desk) -> None:
    answer = desk.ask("DELETE", "/v1/intents")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, OPTIONS"
    options = desk.ask("OPTIONS", "/v1/intents")
    assert (options.status_code, options.headers["allow"]) == (204, "POST, OPTIONS")
    assert desk.ask("HEAD", "/v1/domain").status_code == 200


def test_a_client_beyond_its_rate_is_told_to_wait(desk: Desk) -> None:
    desk.use(ApiLimits(requests_per_second=1, burst_requests=2))
    answers = [desk.get("/v1/limits") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert [each.headers["ratelimit"] for each in answers] == [
        '"client";r=1;t=0',
        '"client";r=0;t=1',
        '"client";r=0;t=1',
    ]
    assert answers[2].headers["ratelimit-policy"] == '"client";q=2;w=2'
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].json()["code"] == "rate_limited"
    assert answers[2].json()["retryable"] is True
    assert desk.get("/livez").status_code == 200


def test_only_the_origins_that_are_named_may_use_it_from_a_browser(desk: Desk) -> None:
    asking = {"origin": "https://desk.example", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in desk.ask("OPTIONS", "/v1/intents").headers
    desk.use(ApiLimits(), cors_origins=("https://desk.example",))
    allowed = desk.ask("OPTIONS", "/v1/intents", headers=asking)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
    other = desk.ask("OPTIONS", "/v1/intents", headers=asking | {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    answer = desk.ask("GET", "/v1/limits", headers={"origin": "https://desk.example"})
    assert answer.headers["access-control-allow-origin"] == "https://desk.example"


def test_a_refusal_is_logged_under_the_intents_own_name(desk: Desk) -> None:
    order = call_order()
    with capture_logs() as lines:
        desk.post("/v1/intents", text_of(order, BOB))
        desk.post("/v1/intents", text_of(order))
    assert [each["event"] for each in lines] == ["intent_refused", "intent_admitted"]
    assert {each["intent_hash"] for each in lines} == {hash_of(order)}
    assert {each["trace_id"] for each in lines} == {hash_of(order)[2:34]}
    assert lines[0]["code"] == "signer_unauthorised"
