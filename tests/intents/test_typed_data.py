"""The wallet's JSON: one text for each intent, and nothing else is read as one."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Delegate,
    Domain,
    Intent,
    Order,
    Scope,
    address_text,
    parse_address,
    parse_typed_data,
    typed_data,
    typed_data_json,
)


def code_of(text: bytes | str, domain: Domain | None = None) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_typed_data(text, domain)
    return caught.value.code


@given(data=st.data())
def test_the_text_gives_the_intent_back(
    data: DataObject, any_intent: SearchStrategy[Intent], any_domain: SearchStrategy[Domain]
) -> None:
    intent, domain = data.draw(any_intent), data.draw(any_domain)
    text = typed_data_json(intent, domain)
    assert parse_typed_data(text, domain) == (intent, domain)
    assert parse_typed_data(text.decode()) == (intent, domain)
    assert len(text) < 4_000


@given(data=st.data())
def test_spaces_and_the_order_of_keys_do_not_matter(
    data: DataObject, any_intent: SearchStrategy[Intent], domain: Domain
) -> None:
    intent = data.draw(any_intent)
    pretty = json.dumps(typed_data(intent, domain), indent=1, sort_keys=True)
    assert parse_typed_data(pretty, domain) == (intent, domain)


def test_an_order_reads_as_the_standard_writes_it(
    make_order: Callable[..., Order], domain: Domain
) -> None:
    legs = (Leg(Instrument.spot("ETH"), 2), Leg(Instrument.parse("ETH-25DEC26-4000d5-P"), -1))
    order = make_order(legs=legs, limit_micros=-7, nonce=2**56 + 3, reduce_only=True)
    data = typed_data(order, domain)
    assert list(data) == ["types", "primaryType", "domain", "message"]
    assert list(data["types"]) == ["EIP712Domain", "Instrument", "Leg", "Order"]
    assert data["primaryType"] == "Order"
    assert data["domain"] == {
        "name": "Offbeat",
        "version": "1",
        "chainId": "31337",
        "verifyingContract": "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB",
    }
    assert list(data["message"].items()) == [
        ("owner", "0x1111111111111111111111111111111111111111"),
        ("account", "0"),
        (
            "legs",
            [
                {
                    "instrument": {
                        "underlying": "ETH",
                        "kind": "spot",
                        "expiry": "0",
                        "strike": "0",
                    },
                    "ratio": "2",
                },
                {
                    "instrument": {
                        "underlying": "ETH",
                        "kind": "put",
                        "expiry": "1798185600",
                        "strike": "4000500000",
                    },
                    "ratio": "-1",
                },
            ],
        ),
        ("quantity", "10000000"),
        ("minFill", "0"),
        ("limit", "-7"),
        ("nonce", "72057594037927939"),
        ("validFrom", "0"),
        ("validUntil", "1790000000"),
        ("spotMin", "0"),
        ("spotMax", "0"),
        ("maxFee", "1000000"),
        ("reduceOnly", True),
    ]


def test_scope_flags_are_written_as_a_number(domain: Domain) -> None:
    delegate = Delegate(
        owner=b"\x11" * 20,
        account=0,
        delegate=b"\x22" * 20,
        scope=Scope.ORDER | Scope.TRANSFER,
        expires_seconds=1,
        nonce=0,
        valid_until_seconds=1,
        max_fee_micros=0,
    )
    assert typed_data(delegate, domain)["message"]["scope"] == "9"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["0", "-1", "1", str(2**64), "0x0", "Order", "call"]),
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
def test_a_changed_value_is_refused_or_read_exactly(
    data: DataObject, value: Any, any_intent: SearchStrategy[Intent], domain: Domain
) -> None:
    """Nothing but InvalidInput ever comes out, and what is accepted is what was written."""
    document = typed_data(data.draw(any_intent), domain)
    *path, last = data.draw(st.sampled_from(places(document)))
    target: Any = document
    for key in path:
        target = target[key]
    target[last] = value
    with suppress(InvalidInput):
        assert typed_data(*parse_typed_data(json.dumps(document), domain)) == document


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_noise_is_refused(noise: bytes | str) -> None:
    assert code_of(noise) in {"json_invalid", "field_type", "field_missing"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "json_invalid"),
        ("NaN", "json_invalid"),
        ("1e999", "json_invalid"),
        ("9" * 5_000, "json_invalid"),
        ("[" * 16_000, "json_invalid"),
        ("[" * 17_000, "json_too_large"),
        (b"\xff\xfe", "json_invalid"),
        (b'"\xff"', "json_invalid"),
        ('"\\ud800"', "json_invalid"),
        ("null", "field_type"),
        ("[]", "field_type"),
        ("{}", "field_missing"),
    ],
)
def test_what_is_no_document(text: bytes | str, code: str) -> None:
    assert code_of(text) == code


def test_nesting_beyond_the_interpreters_depth_is_refused() -> None:
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    try:
        assert code_of("[" * 16_000) == "json_invalid"
    finally:
        sys.setrecursionlimit(depth)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("quantity", 10_000_000, "field_type"),
        ("quantity", 10_000_000.0, "field_type"),
        ("quantity", None, "field_type"),
        ("quantity", True, "field_type"),
        ("quantity", "1e7", "integer_invalid"),
        ("quantity", "10000000.0", "integer_invalid"),
        ("quantity", " 10000000", "integer_invalid"),
        ("quantity", "10_000_000", "integer_invalid"),
        ("quantity", "+10000000", "integer_invalid"),
        ("quantity", "010000000", "integer_invalid"),
        ("quantity", "0x989680", "integer_invalid"),
        ("quantity", "１0000000", "integer_invalid"),
        ("quantity", "NaN", "integer_invalid"),
        ("quantity", "", "integer_invalid"),
        ("quantity", "-", "integer_invalid"),
        ("quantity", "9" * 5_000, "integer_invalid"),
        ("quantity", str(2**64), "integer_out_of_range"),
        ("quantity", "-1000", "integer_out_of_range"),
        ("quantity", "999", "quantity_invalid"),
        ("limit", "-0", "integer_invalid"),
        ("limit", str(2**127), "integer_out_of_range"),
        ("owner", "0x" + "00" * 20, "address_invalid"),
        ("owner", "11" * 20, "address_invalid"),
        ("owner", "0x" + "11" * 19, "address_invalid"),
        ("owner", "0x" + "zz" * 20, "address_invalid"),
        ("owner", "0x" + "aB" * 20, "address_checksum"),
        ("owner", 17, "field_type"),
        ("reduceOnly", "false", "field_type"),
        ("reduceOnly", 0, "field_type"),
        ("legs", [], "leg_invalid"),
        ("legs", {}, "field_type"),
        ("legs", ["ETH-25DEC26-4000-C"], "field_type"),
    ],
)
def test_a_bad_member_of_an_order(
    make_order: Callable[..., Order], domain: Domain, path: str, value: object, code: str
) -> None:
    document = typed_data(make_order(), domain)
    document["message"][path] = value
    assert code_of(json.dumps(document), domain) == code


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("kind", "CALL", "kind_unknown"),
        ("kind", 1, "field_type"),
        ("underlying", "eth", "instrument_symbol"),
        ("underlying", "ETHEREUM", "instrument_symbol"),
        ("expiry", str(2**32), "instrument_expiry"),
        ("expiry", str(2**64), "integer_out_of_range"),
        ("expiry", "0", "instrument_expiry"),
        ("strike", "0", "instrument_strike"),
        ("strike", str(2**48), "instrument_strike"),
    ],
)
def test_a_bad_instrument(
    make_order: Callable[..., Order], domain: Domain, member: str, value: object, code: str
) -> None:
    document = typed_data(make_order(), domain)
    document["message"]["legs"][0]["instrument"][member] = value
    assert code_of(json.dumps(document), domain) == code


@pytest.mark.parametrize(
    ("ratio", "code"),
    [
        ("0", "leg_ratio"),
        ("1001", "leg_ratio"),
        ("-1001", "leg_ratio"),
        ("32768", "integer_out_of_range"),
        ("-32769", "integer_out_of_range"),
    ],
)
def test_a_bad_ratio(
    make_order: Callable[..., Order], domain: Domain, ratio: str, code: str
) -> None:
    document = typed_data(make_order(), domain)
    document["message"]["legs"][0]["ratio"] = ratio
    assert code_of(json.dumps(document), domain) == code


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("name", "offbeat", "domain_foreign"),
        ("version", "2", "domain_foreign"),
        ("verifyingContract", "0x" + "ac" * 20, "domain_foreign"),
        ("verifyingContract", "0x" + "00" * 20, "address_invalid"),
        ("chainId", "1", "chain_mismatch"),
        ("chainId", "0", "integer_out_of_range"),
        ("chainId", 31337, "field_type"),
        ("salt", "0x00", "field_unknown"),
    ],
)
def test_a_domain_that_is_not_ours(
    make_order: Callable[..., Order], domain: Domain, member: str, value: object, code: str
) -> None:
    document = typed_data(make_order(), domain)
    document["domain"][member] = value
    assert code_of(json.dumps(document), domain) == code


def test_without_an_expected_domain_the_text_says_where_it_holds(
    make_order: Callable[..., Order], domain: Domain
) -> None:
    elsewhere = Domain(1, b"\x33" * 20)
    text = typed_data_json(make_order(), elsewhere)
    assert parse_typed_data(text) == (make_order(), elsewhere)
    assert code_of(text, domain) == "domain_foreign"


@pytest.mark.parametrize("section", ["types", "primaryType", "domain", "message"])
def test_every_section_is_needed(
    make_order: Callable[..., Order], domain: Domain, section: str
) -> None:
    document = typed_data(make_order(), domain)
    del document[section]
    assert code_of(json.dumps(document)) == "field_missing"


def test_types_must_be_the_standards(make_order: Callable[..., Order], domain: Domain) -> None:
    document = typed_data(make_order(), domain)
    document["types"]["Leg"].reverse()
    assert code_of(json.dumps(document)) == "types_mismatch"
    document = typed_data(make_order(), domain)
    document["types"]["Extra"] = []
    assert code_of(json.dumps(document)) == "types_mismatch"


@pytest.mark.parametrize("primary", ["Batch", "Leg", "EIP712Domain", "order", "", None, []])
def test_only_intents_are_read(
    make_order: Callable[..., Order], domain: Domain, primary: object
) -> None:
    document = typed_data(make_order(), domain)
    document["primaryType"] = primary
    assert code_of(json.dumps(document)) == "primary_type"


# EIP-55's own examples.
@pytest.mark.parametrize(
    "text",
    [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_address_checksums(text: str) -> None:
    address = parse_address(text)
    assert address_text(address) == text
    assert parse_address(text.lower()) == address
    flipped = text[:-1] + text[-1].swapcase()
    if flipped != text and text[2:] not in (text[2:].lower(), text[2:].upper()):
        with pytest.raises(InvalidInput) as caught:
            parse_address(flipped)
        assert caught.value.code == "address_checksum"
