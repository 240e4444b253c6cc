"""Strategies by name, amounts without floats, and signers of every kind."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from people import ALICE, BOB
from scripted_relay import DOMAIN

from offbeat.core import InvalidInput
from offbeat.instruments import Strategy
from offbeat.intents import intent_hash, recover, sign
from offbeat.sdk import Client, named_legs, read_settings, to_decimal, to_micros
from offbeat.sdk.signers import Signing

S = "ETH-25DEC26-"
CASES = {
    "covered_call": (f"{S}4000-C",),
    "cash_secured_put": (f"{S}3000-P",),
    "vertical": (f"{S}3000-C", f"{S}4000-C"),
    "straddle": (f"{S}3000-C", f"{S}3000-P"),
    "strangle": (f"{S}3000-P", f"{S}4000-C"),
    "risk_reversal": (f"{S}3000-P", f"{S}4000-C"),
    "butterfly": (f"{S}3000-C", f"{S}3500-C", f"{S}4000-C"),
    "condor": (f"{S}3000-P", f"{S}3200-P", f"{S}3400-P", f"{S}3600-P"),
    "iron_butterfly": (f"{S}3000-P", f"{S}3500-P", f"{S}3500-C", f"{S}4000-C"),
    "iron_condor": (f"{S}3000-P", f"{S}3200-P", f"{S}4000-C", f"{S}4200-C"),
    "calendar": (f"{S}3500-C", "ETH-26MAR27-3500-C"),
}
ORDER = Client("http://relay.invalid").covered_call(f"{S}4000-C", quantity="2", limit="3310")


@pytest.mark.parametrize("name", CASES)
def test_every_strategy_is_what_its_name_says(name: str) -> None:
    build = getattr(Client("http://relay.invalid"), name)
    terms = build(*CASES[name], quantity=1, limit=Decimal("-1.5"))
    wanted = Strategy.SINGLE if name == "cash_secured_put" else Strategy(name)
    assert terms.strategy is wanted
    sold = build(*CASES[name], quantity=1, limit=0, side="sell")
    assert [leg.ratio for leg in sold.legs] == [-leg.ratio for leg in terms.legs]


@pytest.mark.parametrize("name", CASES)
def test_other_options_are_not_that_strategy(name: str) -> None:
    *rest, last = CASES[name]
    kind = "P" if last.endswith("C") else "C"
    with pytest.raises(InvalidInput):
        named_legs(name, [*rest, f"{last[:-1]}{kind}"])
    with pytest.raises(InvalidInput):
        named_legs(name, [*CASES[name], last])


@pytest.mark.parametrize("amount", [1.5, True, "1e", "NaN", "Infinity", "1_0 ", "9" * 99, None])
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    with pytest.raises(InvalidInput):
        to_micros(amount, "quantity")


def test_more_than_six_decimals_are_refused_not_rounded() -> None:
    with pytest.raises(InvalidInput) as caught:
        to_micros("0.0000001", "limit")
    assert caught.value.code == "number_precision"


@given(st.integers(-(2**96), 2**96))
def test_amounts_come_back_as_they_were(micros: int) -> None:
    exact = to_decimal(micros)
    assert to_micros(exact, "amount") == to_micros(str(exact), "amount") == micros


def test_a_bad_order_shows_where_it_is_written() -> None:
    with pytest.raises(InvalidInput) as caught:
        Client("http://relay.invalid").covered_call(f"{S}4000-C", quantity="0.0001", limit=1)
    assert caught.value.code == "quantity_invalid"


def signed_by(signer: Any) -> bytes:
    intent = ORDER.order(ALICE.address, 0, 0, 100, 1)
    signed = asyncio.run(Signing(signer).sign(intent, DOMAIN))
    return recover(intent_hash(intent, DOMAIN), signed.signature)


async def _later(data: Mapping[str, Any]) -> str:
    return _at_once(data).hex()


def _at_once(data: Mapping[str, Any]) -> bytes:
    account = Account.from_key(ALICE.key.secret)
    return bytes(account.sign_typed_data(full_message=data).signature)


@pytest.mark.parametrize(
    "signer",
    [
        ALICE.key,
        ALICE.key.secret,
        "0x" + ALICE.key.to_hex(),
        Account.from_key(ALICE.key.secret),
        _at_once,
        _later,
        partial(_later),
    ],
)
def test_whoever_signs_the_signature_is_the_same(signer: Any) -> None:
    assert signed_by(signer) == ALICE.address


def test_an_account_that_signs_something_else_is_caught() -> None:
    class Liar:
        address = Account.from_key(ALICE.key.secret).address

        def sign_typed_data(self, *, full_message: Any) -> Any:
            return Account.from_key(BOB.key.secret).sign_typed_data(full_message=full_message)

    with pytest.raises(InvalidInput) as caught:
        signed_by(Liar())
    assert caught.value.code == "signature_foreign"


@pytest.mark.parametrize("signer", [b"short", "no key", 7, bytes(32)])
def test_what_cannot_sign_is_refused_and_never_repeated(signer: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        Signing(signer)
    assert str(signer) not in str(caught.value) or signer == 7


def test_a_nearer_key_replaces_one_of_another_form(tmp_path: Path) -> None:
    file = tmp_path / "offbeat.toml"
    file.write_text('[client]\nkeystore = "far.json"\nowner = "0x00"\n')
    found = read_settings({"OFFBEAT_PRIVATE_KEY": "0x01"}, (file,))
    assert found == {"private_key": "0x01", "owner": "0x00"}


def test_a_file_holds_no_private_key(tmp_path: Path) -> None:
    file = tmp_path / "offbeat.toml"
    file.write_text('[client]\nprivate_key = "0x01"\n')
    with pytest.raises(InvalidInput) as caught:
        read_settings({}, (file,))
    assert caught.value.code == "settings_invalid"


def test_nothing_connects_before_it_must() -> None:
    with Client(["http://relay.invalid"], ALICE.key) as client:
        terms = client.legs({f"{S}4000-C": -1, "ETH": 1}, quantity=2, limit=3310)
    assert terms == ORDER
    assert sign(terms.order(ALICE.address, 0, 0, 1, 1), ALICE.key, DOMAIN).intent.nonce == 0
