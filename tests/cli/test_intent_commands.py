"""``offbeat intent``: what is printed is what wallets sign and relays take."""

import getpass
import io
import json
import sys
from typing import Any

import pytest
from commands import Run, Write
from eth_account import Account
from people import ALICE, CAROL, DESK, ROBOT
from story import FAR
from world import World

from offbeat.cli import keys
from offbeat.cli.description import parse_description
from offbeat.intents import (
    Domain,
    address_text,
    intent_hash,
    struct_hash,
    typed_data_json,
)

DOMAIN = Domain(1, b"\xbb" * 20)
HERE = ("--chain-id", "1", "--contract", address_text(DOMAIN.verifying_contract))
KEY = ALICE.key.secret.hex()
ORDER: dict[str, Any] = {
    "kind": "order",
    "owner": address_text(ALICE.address),
    "legs": [
        {"instrument_name": "ETH-25DEC26-4000-C", "ratio": 1},
        {"instrument_name": "ETH-25DEC26-4500-C", "ratio": -1},
    ],
    "quantity": "1.5",
    "limit": "12.25",
    "nonce": 0,
    "valid_until": FAR,
    "max_fee": "1",
}
INTENT = parse_description(ORDER)
CANCEL = {name: ORDER[name] for name in ("owner", "valid_until", "max_fee")} | {
    "kind": "cancel",
    "nonce": 1,
}


@pytest.fixture
def signed(run: Run, write: Write) -> dict[str, Any]:
    answer = run("intent", "sign", write(ORDER), *HERE, "--key-file", write(KEY), "--json")
    assert answer.code == 0
    return answer.json


# Typed data and hashes


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_typed_data_is_what_a_wallet_signs(run: Run, write: Write, flags: tuple[str, ...]) -> None:
    answer = run("intent", "typed-data", write(ORDER), *HERE, *flags)
    assert answer.code == 0
    assert json.loads(answer.out) == json.loads(typed_data_json(INTENT, DOMAIN))
    assert answer.err == ""


def test_a_wallet_signs_the_same(run: Run, write: Write, signed: dict[str, Any]) -> None:
    data = run("intent", "typed-data", write(ORDER), *HERE, "--json").json
    for key in ("chainId",):
        data["domain"][key] = int(data["domain"][key])
    wallet = Account.sign_typed_data(ALICE.key.secret, full_message=data)
    assert signed["signature"] == f"0x{wallet.signature.hex().removeprefix('0x')}"
    assert signed["intent_hash"] == f"0x{wallet.message_hash.hex().removeprefix('0x')}"


def test_every_hash_is_shown_whatever_the_form(
    run: Run, write: Write, signed: dict[str, Any]
) -> None:
    from_description = run("intent", "hash", write(ORDER), *HERE, "--json").json
    from_typed_data = run("intent", "hash", write(signed["typed_data"]), "--json").json
    from_signed = run("intent", "hash", write(signed), "--json").json
    assert from_description == from_typed_data == from_signed
    assert from_description["digest"] == f"0x{intent_hash(INTENT, DOMAIN).hex()}"
    assert from_description["structHash"] == f"0x{struct_hash(INTENT).hex()}"
    assert len(from_description["legs"]) == 2
    assert "problem" not in from_description


def test_people_get_a_table_of_hashes(run: Run, write: Write) -> None:
    answer = run("intent", "hash", write(ORDER), *HERE)
    assert f"0x{intent_hash(INTENT, DOMAIN).hex()}" in answer.out
    assert "legs[1].instrumentHash" in answer.out


def test_standard_input_is_a_file_called_dash(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(ORDER).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    answer = run("intent", "hash", "-", *HERE, "--json")
    assert answer.json["digest"] == f"0x{intent_hash(INTENT, DOMAIN).hex()}"


def test_an_unknown_option_is_not_taken_for_a_file(run: Run) -> None:
    answer = run("intent", "hash", "--nonsense", *HERE, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "usage")


def test_a_deployment_file_says_where(
    run: Run,
    write: Write,
    deployment_file: str,
    told: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = run("intent", "hash", write(ORDER), "--deployment", deployment_file, "--json")
    monkeypatch.setenv("OFFBEAT_DEPLOYMENT", deployment_file)
    found = run("intent", "hash", write(ORDER), "--json")
    assert asked.json == found.json
    assert asked.json["digest"] == f"0x{intent_hash(INTENT, told.domain).hex()}"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((), "place_missing"),
        (("--chain-id", "1"), "place_incomplete"),
        (("--contract", HERE[3]), "place_incomplete"),
        (("--chain-id", "0", "--contract", HERE[3]), "integer_out_of_range"),
        (("--chain-id", "1", "--contract", "0x12"), "address_invalid"),
        (("--deployment", "/nonexistent"), "file_unreadable"),
    ],
)
def test_a_description_needs_to_know_where(
    run: Run, write: Write, place: tuple[str, ...], code: str
) -> None:
    answer = run("intent", "hash", write(ORDER), *place, "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == code


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (("--chain-id", "2", "--contract", HERE[3]), "chain_mismatch"),
        (("--chain-id", "1", "--contract", "0x" + "cc" * 20), "domain_foreign"),
    ],
)
def test_typed_data_for_elsewhere_is_refused(
    run: Run, write: Write, signed: dict[str, Any], place: tuple[str, ...], code: str
) -> None:
    for content in (signed, signed["typed_data"]):
        answer = run("intent", "hash", write(content), *place, "--json")
        assert (answer.code, answer.json["error"]["code"]) == (2, code)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "json_invalid"),
        ("[]", "json_invalid"),
        ("{", "json_invalid"),
        ('{"kind": "order"}', "field_missing"),
        ("{}", "field_missing"),
        ('{"kind": NaN}', "json_invalid"),
    ],
)
def test_a_bad_file_is_a_usage_error(run: Run, write: Write, content: str, code: str) -> None:
    answer = run("intent", "hash", write(content), *HERE, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, code)


def test_nesting_beyond_the_interpreters_depth_is_a_usage_error(run: Run, write: Write) -> None:
    """Libraries raise the limit for their own sake; here it is as it comes."""
    depth = sys.getrecursionlimit()
    file = write("[" * 16_000)
    sys.setrecursionlimit(1_000)
    try:
        assert run("intent", "hash", file, *HERE).code == 2
    finally:
        sys.setrecursionlimit(depth)


# Signing


def keystore(write: Write, password: str) -> str:
    return write(Account.encrypt(ALICE.key.secret, password, kdf="pbkdf2", iterations=1))


def test_every_source_gives_the_same_signature(
    run: Run, write: Write, signed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(ORDER)
    sign = ("intent", "sign", file, *HERE, "--json")
    store = keystore(write, "open sesame")
    password = write("open sesame\n")
    assert run(*sign, "--keystore", store, "--password-file", password).json == signed
    monkeypatch.setattr(keys, "_can_ask", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: "open sesame")
    assert run(*sign, "--keystore", store).json == signed
    assert run(*sign, "--key-file", write(f"0x{KEY}\n")).json == signed
    monkeypatch.setenv("MY_KEY", KEY)
    assert run(*sign, "--key-env", "MY_KEY").json == signed
    monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", KEY)
    assert run(*sign).json == signed
    assert KEY not in json.dumps(signed)


def test_who_signed_is_said(signed: dict[str, Any]) -> None:
    assert signed["owner"] == signed["signer"] == address_text(ALICE.address)


def test_nobody_is_asked_without_a_terminal(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_can_ask", lambda: False)
    answer = run(
        "intent", "sign", write(ORDER), *HERE, "--keystore", keystore(write, "x"), "--json"
    )
    assert (answer.code, answer.json["error"]["code"]) == (2, "key_missing")


def test_a_bad_key_is_refused_and_never_repeated(run: Run, write: Write) -> None:
    sign = ("intent", "sign", write(ORDER), *HERE, "--json")
    store, secret = keystore(write, "right"), write(KEY)
    cases = {
        ("--keystore", store, "--password-file", write("wrong")): "password_wrong",
        ("--keystore", secret, "--password-file", write("x")): "keystore_invalid",
        ("--keystore", write({"no": "store"}), "--password-file", secret): "keystore_invalid",
        ("--keystore", "/nonexistent"): "key_unreadable",
        ("--key-file", write(KEY[:-1])): "key_unreadable",
        ("--key-file", write(KEY + "0")): "key_unreadable",
        ("--key-file", write("0" * 64)): "private_key_invalid",
        ("--key-file", write("f" * 64)): "private_key_invalid",
        ("--key-file", secret, "--keystore", store): "key_ambiguous",
        ("--key-env", KEY): "key_missing",
        (): "key_missing",
    }
    for arguments, code in cases.items():
        answer = run(*sign, *arguments)
        assert (answer.code, answer.json["error"]["code"]) == (2, code)
        assert KEY[:-1] not in answer.out + answer.err


# Verifying


def test_the_owners_signature_is_valid(run: Run, write: Write, signed: dict[str, Any]) -> None:
    answer = run("intent", "verify", write(signed), "--json")
    assert answer.code == 0
    assert answer.json["valid"] is True
    assert answer.json["reason"] is None
    assert answer.json["recovered"] == address_text(ALICE.address)
    assert "the owner signed it" in run("intent", "verify", write(signed)).out


@pytest.mark.parametrize(
    ("signature", "reason", "problem"),
    [
        ("0x" + "11" * 64 + "05", "signature_invalid", "signature_v"),
        ("0x" + "00" * 65, "signature_invalid", "signature_r"),
        ("0x1234", "signature_invalid", "signature_length"),
        ("0x", "signature_invalid", "signature_length"),
    ],
)
def test_what_nobody_signed_is_rejected(
    run: Run, write: Write, signed: dict[str, Any], signature: str, reason: str, problem: str
) -> None:
    file = write(signed | {"signature": signature})
    answer = run("intent", "verify", file, "--json")
    assert answer.code == 3
    assert (answer.json["valid"], answer.json["reason"]) == (False, reason)
    assert answer.json["problem"] == problem
    assert f"refused: {reason}" in run("intent", "verify", file).out


@pytest.mark.parametrize("signature", [None, 5, "1234", "0xzz"])
def test_what_is_no_signature_at_all_is_a_usage_error(
    run: Run, write: Write, signed: dict[str, Any], signature: object
) -> None:
    answer = run("intent", "verify", write(signed | {"signature": signature}), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "signature_length")


def test_there_must_be_a_signature(run: Run, write: Write) -> None:
    answer = run("intent", "verify", write(ORDER), *HERE, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "field_missing")


def _by(run: Run, write: Write, described: dict[str, Any], key: bytes, place: str) -> str:
    sign = ("intent", "sign", write(described), "--deployment", place, "--json")
    return write(run(*sign, "--key-file", write(key.hex())).json)


def test_a_delegates_signature_needs_the_chain(
    run: Run, write: Write, node: World, deployment_file: str
) -> None:
    """Carol lets the robot cancel, and nothing else; nobody knows the desk."""
    carols = {"owner": address_text(CAROL.address)}
    place = ("--deployment", deployment_file)
    cancel = _by(run, write, CANCEL | carols, ROBOT.key.secret, deployment_file)
    alone = run("intent", "verify", cancel, *place, "--json")
    assert (alone.code, alone.json["reason"]) == (3, "signer_unauthorised")
    assert "looks for a delegation" in run("intent", "verify", cancel, *place).out
    asked = run("intent", "verify", cancel, *place, "--rpc", "http://node", "--json")
    assert (asked.code, asked.json["valid"]) == (0, True)
    for described, key in (
        (ORDER | carols, ROBOT.key.secret),
        (CANCEL | carols, DESK.key.secret),
    ):
        file = _by(run, write, described, key, deployment_file)
        answer = run("intent", "verify", file, *place, "--rpc", "http://node")
        assert answer.code == 3
        assert "may not sign this" in answer.out
