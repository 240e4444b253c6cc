"""Texts, signatures and signers that must be refused."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from examples import DELEGATE, DELEGATION, DOMAIN, INTENTS, ORDER, OWNER, STRANGER, hex_text, key

from offbeat.core import InvalidInput
from offbeat.intents import (
    Delegation,
    DelegationLookup,
    Intent,
    Scope,
    address_text,
    check_signer,
    intent_hash,
    parse_typed_data,
    recover,
    sign_digest,
    typed_data,
    typed_data_json,
)

CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def refusals() -> dict[str, Any]:
    """Texts, signatures and signers that must be refused, and the code that says why."""
    good = typed_data_json(ORDER, DOMAIN).decode()
    edits = {
        "a float": ('"quantity":"2500000"', '"quantity":2500000.5'),
        "a number that is not a string": ('"quantity":"2500000"', '"quantity":2500000'),
        "not a number": ('"quantity":"2500000"', '"quantity":NaN'),
        "an exponent": ('"quantity":"2500000"', '"quantity":"25e5"'),
        "a leading zero": ('"quantity":"2500000"', '"quantity":"02500000"'),
        "negative zero": ('"minFill":"500000"', '"minFill":"-0"'),
        "beyond its type": ('"quantity":"2500000"', '"quantity":"18446744073709551616"'),
        "beyond 256 bits": ('"quantity":"2500000"', f'"quantity":"{10**77}"'),
        "hundreds of digits": ('"quantity":"2500000"', f'"quantity":"{"9" * 500}"'),
        "below zero": ('"quantity":"2500000"', '"quantity":"-1000"'),
        "quantity of nothing": ('"quantity":"2500000"', '"quantity":"0"'),
        "quantity of half a lot": ('"quantity":"2500000"', '"quantity":"2500500"'),
        "minFill above quantity": ('"minFill":"500000"', '"minFill":"2501000"'),
        "no legs": (good[good.index('"legs":[{') : good.index(',"quantity":"')], '"legs":[]'),
        "a leg twice": ('"strike":"4500000000"', '"strike":"4000000000"'),
        "legs out of order": ('"strike":"4000000000"', '"strike":"4600000000"'),
        "legs of two underlyings": ('"underlying":"ETH"', '"underlying":"BTC"'),
        "ratio of zero": ('"ratio":"1"', '"ratio":"0"'),
        "ratio beyond the bound": ('"ratio":"1"', '"ratio":"1001"'),
        "an unknown kind": ('"kind":"call"', '"kind":"binary"'),
        "strike of zero": ('"strike":"4000000000"', '"strike":"0"'),
        "a missing field": ('"limit":"85250000",', ""),
        "an unknown field": ('"reduceOnly":false', '"reduceOnly":false,"postOnly":true'),
        "a flag that is no boolean": ('"reduceOnly":false', '"reduceOnly":0'),
        "a wrong checksum": (address_text(OWNER), "0x" + address_text(OWNER)[2:].swapcase()),
        "an address cut short": (address_text(OWNER), address_text(OWNER)[:-2]),
        "a primary type that is not an intent": (
            '"primaryType":"Order"',
            '"primaryType":"Batch"',
        ),
        "types changed": ('"type":"int128"', '"type":"uint128"'),
        "another protocol": ('"name":"Offbeat"', '"name":"Onbeat"'),
        "another version": ('"version":"1"', '"version":"2"'),
        "another contract": (
            address_text(DOMAIN.verifying_contract),
            address_text(STRANGER),
        ),
        "another chain": ('"chainId":"31337"', '"chainId":"1"'),
        "cut off": (good[-20:], ""),
    }
    return {
        "domain": typed_data(ORDER, DOMAIN)["domain"],
        "goodText": good,
        "edits": [_text_refusal(name, good, *edit) for name, edit in edits.items()],
        "signatures": _signature_refusals(),
        "signers": _signers(),
    }


def _text_refusal(name: str, good: str, old: str, new: str) -> dict[str, str]:
    text = good.replace(old, new, 1)
    assert text != good, f"{name}: nothing to replace"
    code = _code(lambda: parse_typed_data(text, DOMAIN))
    return {"name": name, "replace": old, "with": new, "code": code}


def _signature_refusals() -> list[dict[str, str]]:
    digest = intent_hash(ORDER, DOMAIN)
    good = sign_digest(digest, key("owner"))
    r, s, v = good[:32], good[32:64], good[64:]
    high_s = (CURVE_ORDER - int.from_bytes(s)).to_bytes(32)
    order, zero, off_curve = CURVE_ORDER.to_bytes(32), bytes(32), (5).to_bytes(32)
    signatures = {
        "empty": b"",
        "too short": good[:63],
        "too long": good + b"\0",
        "v of 26": r + s + b"\x1a",
        "v of 29": r + s + b"\x1d",
        "v of 2": r + s + b"\x02",
        "r of zero": zero + s + v,
        "r of the curve's order": order + s + v,
        "s of zero": r + zero + v,
        "s of the curve's order": r + order + v,
        "s in the upper half": r + high_s + bytes((55 - v[0],)),
        "r on no point of the curve": off_curve + s + v,
    }
    return [
        {
            "name": name,
            "digest": hex_text(digest),
            "signature": hex_text(signature),
            "code": _code(partial(recover, digest, signature)),
        }
        for name, signature in signatures.items()
    ]


def _signers() -> list[dict[str, Any]]:
    until = 1_790_000_600
    orders = Delegation(Scope.ORDER, until)
    cases: list[tuple[str, Intent, bytes, Delegation | None]] = [
        ("the owner", ORDER, OWNER, None),
        ("the owner delegates", DELEGATION, OWNER, None),
        ("a stranger", ORDER, STRANGER, None),
        ("a delegate in its last second", ORDER, DELEGATE, orders),
        ("a delegate too late", ORDER, DELEGATE, replace(orders, expires_seconds=until - 1)),
        ("a delegate for something else", INTENTS["cancel"], DELEGATE, orders),
        ("a delegate delegates", DELEGATION, DELEGATE, Delegation(0xFFFFFFFF, 2**64 - 1)),
    ]
    return [
        {
            "name": name,
            "primaryType": type(intent).__name__,
            "owner": address_text(intent.owner),
            "signer": address_text(signer),
            "delegation": delegation
            and {
                "scope": str(int(delegation.scope)),
                "expires": str(delegation.expires_seconds),
            },
            "until": str(until),
            "reason": check_signer(intent, signer, until, _granting(delegation)),
        }
        for name, intent, signer, delegation in cases
    ]


def _granting(delegation: Delegation | None) -> DelegationLookup:
    return lambda owner, key: delegation


def _code(act: Callable[[], object]) -> str:
    try:
        act()
    except InvalidInput as error:
        return str(error.code)
    raise AssertionError("a refusal vector was accepted")
