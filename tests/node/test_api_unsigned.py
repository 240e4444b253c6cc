"""Margin beforehand, and why a signature is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest
from api_desk import ALICE, CALL, DOMAIN, PUT, RICH, SPOT, Desk, call_order, text_of
from people import BOB

from offbeat.core import ceil_div, limits
from offbeat.instruments import Leg
from offbeat.intents import Order, explain, typed_data
from offbeat.margin import scan_test, static_test

ACCOUNT = "0x" + ALICE.address.hex() + "00000000"


def ask(desk: Desk, *orders: Order, **changes: Any) -> Any:
    messages = [typed_data(order, DOMAIN)["message"] for order in orders]
    body = {"account_id": ACCOUNT, "orders": messages} | changes
    return desk.post("/v1/margin/simulate", json.dumps(body))


def test_margin_before_and_after(desk: Desk) -> None:
    sell = call_order(
        legs=(Leg(PUT, -2),), quantity_micros=1_000_000, limit_micros=-150_000_001, max_fee_micros=7
    )
    view = ask(desk, sell).json()
    cash = RICH.cash_micros + 150_000_001 - 7
    assert view["cash_after_micros"] == str(cash)
    held = [(SPOT, 2_000_000), (CALL, -1_000_000)]
    rows = {row.instrument_id: row for row in desk.relay.view.report.rows}  # type: ignore[union-attr]
    scales = {each.symbol: each for each in desk.relay.view.report.underlyings}  # type: ignore[union-attr]
    standings = {
        "before": (held, RICH.cash_micros),
        "after": ([*held, (PUT, -2_000_000)], cash),
    }
    for name, (holdings, micros) in standings.items():
        static = static_test(holdings, micros)
        scan = scan_test(holdings, micros, rows, scales).deficit(limits.INITIAL_MARGIN_BPS)
        assert view[name] == {
            "static_passes": static.passes,
            "static_deficit": str(max(0, static.deficit_picos or 0)),
            "scan_passes": scan <= 0,
            "scan_deficit": str(max(0, ceil_div(scan, limits.BPS))),
        }
    assert view["before"]["static_passes"]
    assert not view["after"]["static_passes"]


def test_without_bound_there_is_no_deficit(desk: Desk) -> None:
    naked = call_order(legs=(Leg(CALL, -1),), quantity_micros=2_000_000, limit_micros=0)
    assert ask(desk, naked).json()["after"]["static_deficit"] is None


def test_without_a_report_there_is_no_scan(desk: Desk) -> None:
    desk.relay.view = replace(desk.relay.view, report=None)
    view = ask(desk).json()
    assert view["before"] == view["after"]
    assert view["before"]["scan_passes"] is view["before"]["scan_deficit"] is None


@pytest.mark.parametrize(
    ("orders", "changes", "status", "code"),
    [
        ([call_order(BOB)], {}, 400, "account_mismatch"),
        ([call_order()] * 17, {}, 400, "array_length"),
        ([call_order(legs=(Leg(SPOT, -1),))], {}, 422, "spot_negative"),
        ([], {"account_id": "0x"}, 400, "hex_invalid"),
        ([], {"orders": [{}]}, 400, "field_missing"),
        ([], {"orders": {}}, 400, "body_malformed"),
        ([], {"orders": ["order"]}, 400, "field_type"),
    ],
)
def test_what_cannot_be_simulated(
    desk: Desk, orders: list[Order], changes: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(desk, *orders, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_good_signature_is_explained(desk: Desk) -> None:
    order = call_order()
    view = desk.post("/v1/sign/debug", text_of(order)).json()
    signature = bytes.fromhex(json.loads(text_of(order))["signature"][2:])
    assert (view.pop("valid"), view.pop("reason")) == (True, None)
    assert view.pop("typedData") == typed_data(order, DOMAIN)
    assert view == explain(order, signature, DOMAIN).as_json()


@pytest.mark.parametrize(
    ("signature", "reason", "problem"),
    [
        ("0x", "signature_invalid", "signature_length"),
        ("0x" + "11" * 66, "signature_invalid", "signature_length"),
        ("0x" + "11" * 64 + "05", "signature_invalid", "signature_v"),
        ("0x" + "ee" * 64 + "1b", "signature_invalid", "signature_high_s"),
        (None, "signer_unauthorised", None),
    ],
)
def test_a_bad_signature_is_explained(
    desk: Desk, signature: str | None, reason: str, problem: str | None
) -> None:
    body = json.loads(text_of(call_order(), BOB))
    view = desk.post(
        "/v1/sign/debug", json.dumps(body | ({"signature": signature} if signature else {}))
    ).json()
    assert (view["valid"], view["reason"], view["problem"]) == (False, reason, problem)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"signature": "zz"}, "hex_invalid"),
        ({"signature": 7}, "body_malformed"),
        ({"message": {}}, "field_missing"),
        ({"primaryType": "Leg"}, "primary_type"),
        ({"domain": {}}, "field_missing"),
        ({"extra": 1}, "body_malformed"),
    ],
)
def test_what_cannot_be_explained(desk: Desk, change: dict[str, Any], code: str) -> None:
    body = json.loads(text_of(call_order())) | change
    answer = desk.post("/v1/sign/debug", json.dumps(body))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
