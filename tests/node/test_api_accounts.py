"""Accounts over HTTP: the record, what of it is final, which nonces are free, what is open."""

from dataclasses import replace

import pytest
from api_desk import ALICE, RICH, SPOT, Desk, call_order, hash_of, plain_view, state_with, text_of
from people import BOB

from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import IntentMoved
from offbeat.intents import Lane, address_text, intent_hash, make_nonce
from offbeat.rulebook import Account, Position
from offbeat.wire import account_to_json

ALICES = "/v1/accounts/0x" + ALICE.address.hex() + "00000000"


def test_an_account_has_one_answer_under_both_its_names(desk: Desk) -> None:
    view = desk.get(ALICES).json()
    assert view == desk.get(f"/v1/accounts/{address_text(ALICE.address)}").json()
    assert view == desk.get(f"/v1/accounts/{address_text(ALICE.address)}?index=0").json()
    assert view["record"] == account_to_json(RICH)
    assert (view["batch_number"], view["block_number"]) == ("7", "42")
    other = desk.get(f"/v1/accounts/{address_text(ALICE.address)}?index=4294967295").json()
    assert other["account_id"] == "0x" + ALICE.address.hex() + "ffffffff"
    assert other["record"]["cash_micros"] == "0"


def test_what_is_not_final_yet_is_told_apart(desk: Desk) -> None:
    before = replace(RICH, cash_micros=4_000_000_000, positions=(Position(SPOT.id, 3_000_000),))
    desk.relay.view = replace(desk.relay.view, final=state_with(before))
    balances = {each["asset"]: each for each in desk.get(ALICES).json()["balances"]}
    assert balances == {
        "USDC": {
            "asset": "USDC",
            "available_micros": "4000000000",
            "pending_final_micros": "1000000000",
        },
        "ETH": {"asset": "ETH", "available_micros": "2000000", "pending_final_micros": "0"},
    }


def test_free_numbers_skip_what_is_spent_and_what_is_open(desk: Desk) -> None:
    assert desk.get(ALICES).json()["next_numbers"] == ["4", "0"]
    for nonce in (4, 6, make_nonce(1, 0)):
        assert desk.post("/v1/intents", text_of(call_order(nonce=nonce))).status_code == 201
    view = desk.get(ALICES).json()
    assert view["next_numbers"] == ["7", "1", "0"]
    assert view["open_intents"] == 3


def test_no_lane_is_offered_beyond_the_eighth(desk: Desk) -> None:
    lanes = tuple(Lane(0, (1 << 256) - 1) for _ in range(8))
    desk.relay.view = plain_view(replace(RICH, lanes=lanes))
    assert desk.get(ALICES).json()["next_numbers"] == ["256"] * 8


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("0x" + "11" * 23, "hex_invalid"),
        ("0x" + "aB" * 20, "address_checksum"),
        ("0x" + "zz" * 20, "address_invalid"),
        ("alice", "hex_invalid"),
        (f"{address_text(ALICE.address)}?index=-1", "parameter_invalid"),
        (f"{address_text(ALICE.address)}?index=4294967296", "parameter_invalid"),
        (f"{address_text(ALICE.address)}?index=", "parameter_invalid"),
        (f"{address_text(ALICE.address)}/intents?limit=0", "parameter_invalid"),
        (f"{address_text(ALICE.address)}/intents?limit=257", "parameter_invalid"),
        (f"{address_text(ALICE.address)}/intents?limit=1e2", "parameter_invalid"),
        (f"{address_text(ALICE.address)}/intents?cursor=x", "cursor_invalid"),
        (f"{address_text(ALICE.address)}/intents?cursor={'A' * 43}", "cursor_invalid"),
        (f"{address_text(ALICE.address)}/intents?cursor=%C3%A9", "cursor_invalid"),
    ],
)
def test_what_names_no_account_or_page(desk: Desk, name: str, code: str) -> None:
    answer = desk.get(f"/v1/accounts/{name}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_open_intents_come_page_by_page(desk: Desk) -> None:
    orders = [call_order(nonce=nonce) for nonce in range(10, 15)]
    for order in orders:
        desk.post("/v1/intents", text_of(order))
    desk.post("/v1/intents", text_of(call_order(BOB, nonce=0), BOB))
    closed = IntentMoved(
        intent_hash(orders[1], desk.relay.rules.domain), IntentStatus.REJECTED, "nonce_spent"
    )
    desk.run(desk.relay.store.append([closed], 1))
    found, path = [], f"{ALICES}/intents?limit=2"
    while path:
        answer = desk.get(path)
        found += [each["intent_hash"] for each in answer.json()]
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert found == [hash_of(order) for order in orders if order != orders[1]]


def test_a_page_of_somebody_else_is_no_page(desk: Desk) -> None:
    orders = [call_order(BOB, nonce=nonce) for nonce in range(2)]
    for order in orders:
        desk.post("/v1/intents", text_of(order, BOB))
    bobs = "/v1/accounts/0x" + BOB.address.hex() + "00000000/intents?limit=1"
    link = desk.get(bobs).headers["link"]
    cursor = link.partition("cursor=")[2].partition(">")[0]
    assert desk.get(f"{ALICES}/intents?cursor={cursor}").json()["code"] == "cursor_invalid"


def test_nobody_has_a_blank_record(desk: Desk) -> None:
    nobody = desk.get("/v1/accounts/0x" + "99" * 24).json()
    assert nobody["record"] == account_to_json(Account(b"\x99" * 20, 0x99999999))
    assert nobody["next_numbers"] == ["0"]
    assert nobody["balances"] == [
        {"asset": "USDC", "available_micros": "0", "pending_final_micros": "0"}
    ]
