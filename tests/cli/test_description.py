"""What people write becomes exactly what is signed."""

from typing import Any

import pytest

from offbeat.cli.description import parse_description
from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Cancel, Delegate, Order, Scope, Transfer, Withdraw, make_nonce

OWNER = "0x" + "aa" * 20
OTHER = "0x" + "bb" * 20
LOW = Instrument.parse("ETH-25DEC26-4000-C")
HIGH = Instrument.parse("ETH-25DEC26-4500-C")
ENVELOPE = {"owner": OWNER, "nonce": "3", "valid_until": 1_790_000_000, "max_fee": "0.5"}
ORDER = ENVELOPE | {
    "kind": "order",
    "legs": [{"instrument_name": LOW.name, "ratio": 1}],
    "quantity": "1.5",
    "limit": "-12.25",
}
SEEN = {
    "owner": b"\xaa" * 20,
    "account": 0,
    "nonce": 3,
    "valid_until_seconds": 1_790_000_000,
    "max_fee_micros": 500_000,
}


def test_an_order_with_only_what_it_needs() -> None:
    assert parse_description(ORDER) == Order(
        legs=(Leg(LOW, 1),), quantity_micros=1_500_000, limit_micros=-12_250_000, **SEEN
    )


def test_an_order_with_everything() -> None:
    described = ORDER | {
        "account": 7,
        "nonce": "2:17",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2026-12-25T10:00:00+02:00",
        "min_fill": "1.5",
        "spot_min": "3000",
        "spot_max": "3500.5",
        "reduce_only": True,
        "legs": [
            {"instrument_name": HIGH.name, "ratio": 2, "direction": "sell"},
            {"instrument_name": LOW.name, "ratio": "1", "direction": "buy"},
        ],
    }
    order = parse_description(described)
    assert order == Order(
        owner=b"\xaa" * 20,
        account=7,
        legs=(Leg(LOW, 1), Leg(HIGH, -2)),
        quantity_micros=1_500_000,
        min_fill_micros=1_500_000,
        limit_micros=-12_250_000,
        nonce=make_nonce(2, 17),
        valid_from_seconds=1_767_225_600,
        valid_until_seconds=LOW.expiry_seconds,
        max_fee_micros=500_000,
        spot_min_micros=3_000_000_000,
        spot_max_micros=3_500_500_000,
        reduce_only=True,
    )


@pytest.mark.parametrize(
    ("described", "intent"),
    [
        ({"kind": "cancel"}, Cancel(**SEEN)),
        (
            {"kind": "withdraw", "to": OTHER, "asset": "USDC", "amount": "10"},
            Withdraw(to=b"\xbb" * 20, asset="USDC", amount_micros=10_000_000, **SEEN),
        ),
        (
            {"kind": "transfer", "to_owner": OTHER, "to_account": 4, "amount": "0.000001"},
            Transfer(to_owner=b"\xbb" * 20, to_account=4, amount_micros=1, **SEEN),
        ),
        (
            {"kind": "delegate", "delegate": OTHER, "scope": ["order", "cancel"], "expires": 9},
            Delegate(
                delegate=b"\xbb" * 20,
                scope=Scope.ORDER | Scope.CANCEL,
                expires_seconds=9,
                **SEEN,
            ),
        ),
    ],
)
def test_every_other_kind(described: dict[str, Any], intent: object) -> None:
    assert parse_description(ENVELOPE | described) == intent


def _leg(**fields: object) -> dict[str, Any]:
    return {"legs": [{"instrument_name": LOW.name, "ratio": 1} | fields]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "swap"}, "kind_unknown"),
        ({"kind": ["order"]}, "kind_unknown"),
        ({"quantity": 1.5}, "number_invalid"),
        ({"quantity": "0.0001"}, "quantity_invalid"),
        ({"quantity": "1" * 29}, "integer_out_of_range"),
        ({"limit": "0.0000001"}, "number_precision"),
        ({"price": "3"}, "field_unknown"),
        ({"owner": OWNER[:-1]}, "address_invalid"),
        ({"owner": None}, "address_invalid"),
        ({"account": -1}, "integer_out_of_range"),
        ({"account": True}, "number_invalid"),
        ({"account": "one"}, "number_invalid"),
        ({"nonce": "9:"}, "number_invalid"),
        ({"nonce": "256:0"}, "integer_out_of_range"),
        ({"nonce": 1.0}, "number_invalid"),
        ({"valid_until": "tomorrow"}, "time_invalid"),
        ({"valid_until": "2026-12-25T08:00:00"}, "time_invalid"),
        ({"valid_until": "2026-12-25T08:00:00.5Z"}, "time_invalid"),
        ({"valid_until": None}, "time_invalid"),
        ({"valid_until": 1.5}, "time_invalid"),
        ({"reduce_only": "yes"}, "flag_invalid"),
        ({"legs": {}}, "field_type"),
        ({"legs": []}, "leg_invalid"),
        ({"legs": ["ETH"]}, "field_missing"),
        (_leg(price="1"), "field_missing"),
        (_leg(ratio=0), "leg_ratio"),
        (_leg(ratio=1.0), "number_invalid"),
        (_leg(ratio=-1, direction="sell"), "direction_unknown"),
        (_leg(direction="up"), "direction_unknown"),
        (_leg(instrument_name="ETH-25DEC26-4000-X"), "instrument_name"),
        (_leg(instrument_name=5), "instrument_name"),
    ],
)
def test_what_cannot_be_meant_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_description(ORDER | change)
    assert refusal.value.code == code


@pytest.mark.parametrize("missing", [name for name in ORDER if name != "kind"])
def test_nothing_that_is_needed_is_guessed(missing: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_description({name: value for name, value in ORDER.items() if name != missing})
    assert refusal.value.code == "field_missing"
    assert missing in refusal.value.message


@pytest.mark.parametrize("scope", [["orders"], [1], "order", {}])
def test_an_unknown_scope_is_refused(scope: object) -> None:
    described = {"kind": "delegate", "delegate": OTHER, "scope": scope, "expires": 9}
    with pytest.raises(InvalidInput) as refusal:
        parse_description(ENVELOPE | described)
    assert refusal.value.code in {"scope_unknown", "number_invalid"}


def test_naming_a_scope_twice_is_naming_it_once() -> None:
    described = {"kind": "delegate", "delegate": OTHER, "scope": ["order"] * 2, "expires": 9}
    assert parse_description(ENVELOPE | described).scope == Scope.ORDER  # type: ignore[union-attr]
