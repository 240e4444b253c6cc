"""A signed intent's JSON: one text for each, and the standard's verdict on everything else."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import any_intent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from people import ALICE

from offbeat.core import InvalidInput
from offbeat.intents import (
    Domain,
    Intent,
    SignedIntent,
    domain_members,
    parse_typed_data,
    sign,
    typed_data,
    types_of,
)
from offbeat.wire import (
    MAX_SIGNED_JSON_BYTES,
    signed_from_body,
    signed_from_json,
    signed_to_body,
    signed_to_json,
)

DOMAIN = Domain(31337, b"\xab" * 20)
WHOLE_NAMES = {
    member["name"]
    for name in ("Order", "Cancel", "Withdraw", "Transfer", "Delegate")
    for members in types_of(name).values()
    for member in members
    if "int" in member["type"]
}


def code_of(read: Callable[[], object]) -> str | None:
    try:
        read()
    except InvalidInput as error:
        return error.code
    return None


def signed(intent: Intent) -> SignedIntent:
    return sign(intent, ALICE.key, DOMAIN)


def body_of(intent: Intent) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(signed_to_json(signed(intent)))
    return body


def read(body: object) -> SignedIntent:
    return signed_from_json(json.dumps(body), DOMAIN)


def standard_reading(body: dict[str, Any]) -> Intent:
    """What ``parse_typed_data`` makes of the same message."""
    name = body["primaryType"]
    document = {"types": types_of(name), "primaryType": name, "message": body["message"]}
    intent, _ = parse_typed_data(json.dumps(document | {"domain": domain_members(DOMAIN)}))
    return intent


def as_integers(value: Any, name: str = "") -> Any:
    """JSON integers in place of decimal strings."""
    if isinstance(value, dict):
        return {key: as_integers(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_integers(inner) for inner in value]
    return int(value) if name in WHOLE_NAMES else value


@given(any_intent.intents)
def test_the_text_gives_the_signed_intent_back(intent: Intent) -> None:
    text = signed_to_json(signed(intent))
    assert signed_from_json(text, DOMAIN) == signed(intent)
    assert signed_from_json(text.decode(), DOMAIN) == signed(intent)
    assert len(text) < 2_000


@given(any_intent.intents)
def test_the_struct_gives_the_signed_intent_back(intent: Intent) -> None:
    body = signed_to_body(signed(intent))
    assert signed_from_body(body, DOMAIN) == signed(intent)
    assert body.message == typed_data(intent, DOMAIN)["message"]


@given(any_intent.intents)
def test_integers_spaces_the_order_of_keys_and_a_domain_do_not_matter(intent: Intent) -> None:
    body = as_integers(body_of(intent) | {"domain": domain_members(DOMAIN)})
    pretty = json.dumps(body, indent=1, sort_keys=True)
    assert signed_from_json(pretty, DOMAIN) == signed(intent)


@given(any_intent.intents)
def test_every_form_of_the_signature_is_read_as_one(intent: Intent) -> None:
    body = body_of(intent)
    r, s, v = body["signature"][2:66], body["signature"][66:130], int(body["signature"][130:], 16)
    low_v = f"0x{r}{s}{v - 27:02x}"
    compact = f"0x{r}{int(s, 16) | (v - 27) << 255:064x}"
    for signature in (low_v, compact, "0x" + body["signature"][2:].upper()):
        assert read(body | {"signature": signature}) == signed(intent)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**80), 10**80)
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["0", "-1", "1", "01", "-0", "+1", " 1", "1_0", "1e3", "１", str(2**64), "0x0", "call"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    inner = [
        place
        for key in keys
        if isinstance(value[key], dict | list)
        for place in places(value[key], (*path, key))
    ]
    return [(*path, key) for key in keys] + inner


@given(data=st.data(), value=JSON_VALUES)
def test_a_changed_message_is_judged_as_by_the_standard(data: DataObject, value: Any) -> None:
    body = body_of(data.draw(any_intent.intents))
    *path, last = data.draw(st.sampled_from(places(body["message"])))
    target = body["message"]
    for key in path:
        target = target[key]
    if type(value) is int and last in WHOLE_NAMES:
        value = str(value)
    target[last] = value
    expected = code_of(lambda: standard_reading(body))
    assert code_of(lambda: read(body)) == expected
    if expected is None:
        assert read(body).intent == standard_reading(body)


@given(data=st.data(), value=JSON_VALUES)
def test_a_changed_body_is_refused_or_read_exactly(data: DataObject, value: Any) -> None:
    body = body_of(data.draw(any_intent.intents)) | {"domain": domain_members(DOMAIN)}
    body[data.draw(st.sampled_from([*body, "extra"]))] = value
    with suppress(InvalidInput):
        assert read(body).intent == standard_reading(body)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_noise_is_refused(noise: bytes | str) -> None:
    code = code_of(lambda: signed_from_json(noise, DOMAIN))
    assert code in {"json_invalid", "field_type", "field_missing"}


PLAIN = {
    "owner": "0x" + "11" * 20,
    "account": "0",
    "nonce": "0",
    "validUntil": "1790000000",
    "maxFee": "1000",
}
SIGNATURE = "0x" + "11" * 64 + "1b"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("7", None),
        ('"7"', None),
        ("18446744073709551615", None),
        ("18446744073709551616", "integer_out_of_range"),
        ("-1", "integer_out_of_range"),
        ("9" * 79, "integer_invalid"),
        ("9" * 5_000, "json_invalid"),
        ("7.0", "field_type"),
        ("7e0", "field_type"),
        ("07", "json_invalid"),
        ("true", "field_type"),
        ("null", "field_type"),
        ('"07"', "integer_invalid"),
        ('"+7"', "integer_invalid"),
        ('" 7"', "integer_invalid"),
        ('"7.0"', "integer_invalid"),
        ('"7e0"', "integer_invalid"),
        ('"0x7"', "integer_invalid"),
        ('"7_0"', "integer_invalid"),
        ('"-0"', "integer_invalid"),
        ('""', "integer_invalid"),
        ('"' + "9" * 5_000 + '"', "integer_invalid"),
    ],
)
def test_how_a_number_may_be_written(number: str, code: str | None) -> None:
    message = json.dumps(PLAIN).replace('"nonce": "0"', f'"nonce": {number}')
    text = f'{{"primaryType": "Cancel", "message": {message}, "signature": "{SIGNATURE}"}}'
    assert code_of(lambda: signed_from_json(text, DOMAIN)) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"primaryType": "Leg"}, "primary_type"),
        ({"primaryType": 1}, "primary_type"),
        ({"primaryType": "Order"}, "field_missing"),
        ({"types": {}}, "field_unknown"),
        ({"message": None}, "field_type"),
        ({"message": PLAIN | {"note": "hello"}}, "field_unknown"),
        ({"message": PLAIN | {"owner": "0x" + "aB" * 20}}, "address_checksum"),
        ({"signature": 1}, "field_type"),
        ({"signature": ""}, "signature_hex"),
        ({"signature": "11" * 65}, "signature_hex"),
        ({"signature": "0x" + "11 " * 65}, "signature_hex"),
        ({"signature": "0x" + "zz" * 65}, "signature_hex"),
        ({"signature": "0x" + "1" * 129}, "signature_hex"),
        ({"signature": "0x"}, "signature_length"),
        ({"signature": "0x" + "11" * 66}, "signature_length"),
        ({"signature": "0x" + "11" * 64 + "02"}, "signature_v"),
        ({"signature": "0x" + "11" * 32 + "ee" * 32 + "1b"}, "signature_high_s"),
        ({"domain": domain_members(DOMAIN)}, None),
        ({"domain": domain_members(DOMAIN) | {"chainId": 31337}}, None),
        ({"domain": domain_members(DOMAIN) | {"chainId": "31338"}}, "chain_mismatch"),
        ({"domain": domain_members(DOMAIN) | {"chainId": 31337.0}}, "field_type"),
        ({"domain": domain_members(DOMAIN) | {"name": "Upbeat"}}, "domain_foreign"),
        ({"domain": domain_members(Domain(31337, b"\xac" * 20))}, "domain_foreign"),
        ({"domain": None}, "field_type"),
    ],
)
def test_what_a_body_must_say(change: dict[str, Any], code: str | None) -> None:
    body = {"primaryType": "Cancel", "message": PLAIN, "signature": SIGNATURE}
    assert code_of(lambda: read(body | change)) == code


def test_a_text_beyond_the_bound_is_not_read() -> None:
    assert code_of(lambda: signed_from_json("[" * MAX_SIGNED_JSON_BYTES, DOMAIN)) == "json_invalid"
    longer = "[" * (MAX_SIGNED_JSON_BYTES + 1)
    assert code_of(lambda: signed_from_json(longer, DOMAIN)) == "json_too_large"
