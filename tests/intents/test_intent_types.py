from collections.abc import Callable
from typing import Any

import pytest

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Delegate,
    Domain,
    Order,
    Scope,
    SignedIntent,
    Transfer,
    Withdraw,
)

CALL = Leg(Instrument.parse("ETH-25DEC26-4000-C"), 1)
HIGHER_CALL = Leg(Instrument.parse("ETH-25DEC26-5000-C"), -1)
OTHER_CALL = Leg(Instrument.parse("BTC-25DEC26-5000-C"), 1)
LOT = limits.LOT_MICROS
OWNER, SOMEBODY = b"\x11" * 20, b"\x22" * 20
ENVELOPE: dict[str, Any] = {
    "owner": OWNER,
    "account": 0,
    "nonce": 0,
    "valid_until_seconds": 0,
    "max_fee_micros": 0,
}


def refused(code: str, build: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        build()
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("field", "good", "bad", "code"),
    [
        ("owner", SOMEBODY, bytes(20), "address_invalid"),
        ("owner", SOMEBODY, b"\x11" * 19, "address_invalid"),
        ("owner", SOMEBODY, "0x" + "11" * 20, "address_invalid"),
        ("account", 2**32 - 1, 2**32, "integer_out_of_range"),
        ("account", 0, -1, "integer_out_of_range"),
        ("account", 1, True, "integer_out_of_range"),
        ("nonce", 2**64 - 1, 2**64, "integer_out_of_range"),
        ("valid_from_seconds", 2**64 - 1, 2**64, "integer_out_of_range"),
        ("valid_until_seconds", 2**64 - 1, 2**64, "integer_out_of_range"),
        ("max_fee_micros", 2**64 - 1, 2**64, "integer_out_of_range"),
        ("spot_min_micros", 2**128 - 1, 2**128, "integer_out_of_range"),
        ("spot_max_micros", 2**128 - 1, 2**128, "integer_out_of_range"),
        ("limit_micros", 2**127 - 1, 2**127, "integer_out_of_range"),
        ("limit_micros", -(2**127), -(2**127) - 1, "integer_out_of_range"),
        ("limit_micros", 1, 1.0, "integer_out_of_range"),
        ("limit_micros", -1, float("nan"), "integer_out_of_range"),
        ("quantity_micros", LOT, 0, "quantity_invalid"),
        ("quantity_micros", 2 * LOT, 2 * LOT + 1, "quantity_invalid"),
        ("quantity_micros", LOT, 1, "quantity_invalid"),
        ("quantity_micros", LOT, float(LOT), "integer_out_of_range"),
        ("quantity_micros", LOT, -LOT, "integer_out_of_range"),
        (
            "quantity_micros",
            limits.MAX_QUANTITY_MICROS // LOT * LOT,
            (limits.MAX_QUANTITY_MICROS // LOT + 1) * LOT,
            "quantity_invalid",
        ),
        ("min_fill_micros", 10_000_000, 10_000_000 + LOT, "quantity_invalid"),
        ("min_fill_micros", 0, 1, "quantity_invalid"),
        ("reduce_only", True, 1, "flag_invalid"),
        ("legs", (CALL,), (), "leg_invalid"),
        ("legs", (CALL, HIGHER_CALL), (HIGHER_CALL, CALL), "leg_invalid"),
        ("legs", (CALL, HIGHER_CALL), (CALL, CALL), "leg_invalid"),
        ("legs", (CALL, HIGHER_CALL), (OTHER_CALL, CALL), "leg_invalid"),
        ("legs", (CALL,), [CALL], "leg_invalid"),
        ("legs", (CALL,), ("ETH-25DEC26-4000-C",), "leg_invalid"),
    ],
)
def test_an_order_is_refused_one_step_beyond_each_bound(
    make_order: Callable[..., Order], field: str, good: object, bad: object, code: str
) -> None:
    assert getattr(make_order(**{field: good}), field) == good
    refused(code, lambda: make_order(**{field: bad}))


def test_five_legs_are_too_many(make_order: Callable[..., Order]) -> None:
    legs = tuple(
        Leg(Instrument.parse(f"ETH-25DEC26-{strike}-C"), 1) for strike in range(4000, 4005)
    )
    assert make_order(legs=legs[:4]).legs == legs[:4]
    refused("leg_invalid", lambda: make_order(legs=legs))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_micros": 0}, "amount_invalid"),
        ({"amount_micros": limits.MAX_DEPOSIT_MICROS + 1}, "amount_invalid"),
        ({"amount_micros": -1}, "integer_out_of_range"),
        ({"amount_micros": 2**128}, "integer_out_of_range"),
        ({"to": bytes(20)}, "amount_invalid"),
        ({"to": b""}, "address_invalid"),
        ({"asset": ""}, "asset_unknown"),
        ({"asset": "usdc"}, "asset_unknown"),
        ({"asset": "USDCUS"}, "asset_unknown"),
        ({"asset": "ETH-25DEC26-4000-C"}, "asset_unknown"),
        ({"asset": 5}, "asset_unknown"),
    ],
)
def test_what_cannot_be_withdrawn(changes: dict[str, Any], code: str) -> None:
    good = {**ENVELOPE, "to": SOMEBODY, "asset": "USDC", "amount_micros": 1}
    assert Withdraw(**good).asset == "USDC"
    assert Withdraw(**{**good, "amount_micros": limits.MAX_DEPOSIT_MICROS})
    refused(code, lambda: Withdraw(**{**good, **changes}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_micros": 0}, "amount_invalid"),
        ({"to_owner": bytes(20)}, "amount_invalid"),
        ({"to_account": 2**32}, "integer_out_of_range"),
        ({"owner": bytes(20)}, "address_invalid"),
    ],
)
def test_what_cannot_be_transferred(changes: dict[str, Any], code: str) -> None:
    good = {**ENVELOPE, "to_owner": SOMEBODY, "to_account": 2**32 - 1, "amount_micros": 1}
    assert Transfer(**good).to_account == 2**32 - 1
    refused(code, lambda: Transfer(**{**good, **changes}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"delegate": OWNER}, "delegate_invalid"),
        ({"delegate": bytes(20)}, "delegate_invalid"),
        ({"delegate": b"\x01"}, "address_invalid"),
        ({"scope": 0}, "delegate_invalid"),
        ({"scope": 16}, "delegate_invalid"),
        ({"scope": 2**32, "expires_seconds": 0}, "integer_out_of_range"),
        ({"expires_seconds": 2**64}, "integer_out_of_range"),
    ],
)
def test_what_cannot_be_delegated(changes: dict[str, Any], code: str) -> None:
    good = {**ENVELOPE, "delegate": SOMEBODY, "scope": 15, "expires_seconds": 2**64 - 1}
    assert Delegate(**good).scope == (Scope.ORDER | Scope.CANCEL | Scope.WITHDRAW | Scope.TRANSFER)
    refused(code, lambda: Delegate(**{**good, **changes}))


@pytest.mark.parametrize("scope", [0, 16, 2**32 - 1])
def test_a_revocation_may_name_any_scope(scope: int) -> None:
    revocation = Delegate(**ENVELOPE, delegate=SOMEBODY, scope=scope, expires_seconds=0)
    assert revocation.scope == scope


def test_where_a_signature_can_hold() -> None:
    assert Domain(2**256 - 1, SOMEBODY).chain_id == 2**256 - 1
    refused("integer_out_of_range", lambda: Domain(2**256, SOMEBODY))
    refused("integer_out_of_range", lambda: Domain(0, SOMEBODY))
    refused("address_invalid", lambda: Domain(1, bytes(20)))


def test_a_signed_intent_carries_65_bytes() -> None:
    cancel = Cancel(**ENVELOPE)
    assert SignedIntent(cancel, bytes(65)).intent == cancel
    for length in (0, 64, 66):
        refused("signature_length", lambda n=length: SignedIntent(cancel, bytes(n)))
