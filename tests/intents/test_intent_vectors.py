"""The published JSON: unchanged by our code, and true by code that is not ours."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from offbeat.core import InvalidInput, limits
from offbeat.intents import Domain, keccak256, parse_address, parse_typed_data, recover
from offbeat.intents.typed_data import MAX_JSON_BYTES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def load(name: str) -> Any:
    return json.loads((DOCS / "vectors" / name).read_text())


def test_the_files_are_what_the_script_writes() -> None:
    script = DOCS / "vectors" / "write_vectors.py"
    run = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_another_wallet_agrees_with_every_intent() -> None:
    vectors = load("intents.json")
    wallet = Account.from_key(vectors["ownerPrivateKey"])
    for case in vectors["cases"]:
        message = encode_typed_data(full_message=case["typedData"])
        steps = case["steps"]
        assert "0x" + message.header.hex() == steps["domainSeparator"]
        assert "0x" + message.body.hex() == steps["structHash"]
        signature = bytes.fromhex(case["signature"][2:])
        assert wallet.sign_message(message).signature == signature
        assert Account.recover_message(message, signature=signature) == steps["recovered"]
        assert steps["recovered"] == steps["owner"] == case["typedData"]["message"]["owner"]


def test_every_published_form_recovers_the_owner() -> None:
    for case in load("intents.json")["cases"]:
        digest = bytes.fromhex(case["steps"]["digest"][2:])
        for form in ("signature", "signatureEip2098"):
            signer = recover(digest, bytes.fromhex(case[form][2:]))
            assert signer == parse_address(case["steps"]["owner"])


def test_type_hashes_are_the_hashes_of_their_text() -> None:
    types = load("operators.json")["types"]
    assert len(types) == 11
    for entry in types:
        assert entry["typeHash"] == "0x" + keccak256(entry["type"].encode()).hex()


def test_refused_texts_start_from_one_that_is_accepted() -> None:
    vectors = load("refusals.json")
    domain = Domain(
        int(vectors["domain"]["chainId"]), parse_address(vectors["domain"]["verifyingContract"])
    )
    good = vectors["goodText"]
    parse_typed_data(good, domain)
    for edit in vectors["edits"]:
        with pytest.raises(InvalidInput) as caught:
            parse_typed_data(good.replace(edit["replace"], edit["with"], 1), domain)
        assert caught.value.code == edit["code"], edit["name"]


def test_the_standard_prints_the_types_and_hashes_that_are_signed() -> None:
    page = (DOCS / "intent-standard.md").read_text()
    joined = re.sub(r",\n +", ",", page)
    for entry in load("operators.json")["types"]:
        own_text = entry["type"][: entry["type"].index(")") + 1]
        name = own_text[: own_text.index("(")]
        assert f"    {own_text}\n" in joined
        assert f"| `{name}` | `{entry['typeHash']}` |" in page


def test_the_standard_lists_every_code_of_the_vectors() -> None:
    page = (DOCS / "intent-standard.md").read_text()
    refusals = load("refusals.json")
    codes = {entry["code"] for entry in refusals["edits"] + refusals["signatures"]}
    codes |= {step["reason"] for step in load("nonces.json") if step["reason"]}
    assert len(codes) >= 25
    assert {code for code in codes if f"`{code}`" not in page} == set()


def test_the_standard_prints_the_limits_in_force() -> None:
    page = (DOCS / "intent-standard.md").read_text()
    for bound in (
        limits.MAX_QUANTITY_MICROS,
        limits.MAX_DEPOSIT_MICROS,
        limits.MAX_EXPIRY_SECONDS,
        limits.MAX_STRIKE_MICROS,
    ):
        assert f"2^{bound.bit_length()} − 1" in page
    for number in (
        limits.LOT_MICROS,
        limits.MAX_RATIO,
        limits.DELEGATION_END_DELAY_SECONDS,
        limits.LIMIT_TOLERANCE_NANOS,
        MAX_JSON_BYTES,
    ):
        assert f"{number:,}" in page
