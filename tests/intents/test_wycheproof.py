"""Wycheproof's ECDSA cases for secp256k1 with SHA-256, through ``recover``.

Those vectors carry a public key and no v: a valid signature must recover that key under one of the
two values of v, an invalid one under neither. A valid signature with the higher s must be refused
as it stands, and be right when mirrored.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from coincurve import PublicKey

from offbeat.core import InvalidInput
from offbeat.intents import keccak256, recover

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class Case:
    comment: str
    digest: bytes
    address: bytes
    signature: bytes
    valid: bool


def cases(data_dir: Path, name: str) -> Iterator[Case]:
    document = json.loads((data_dir / "vec_wycheproof" / name).read_text())
    for group in document["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["uncompressed"])
        for test in group["tests"]:
            yield Case(
                comment=f"{test['tcId']}: {test['comment']}",
                digest=hashlib.sha256(bytes.fromhex(test["msg"])).digest(),
                address=keccak256(key[1:])[-20:],
                signature=bytes.fromhex(test["sig"]),
                valid=test["result"] == "valid",
            )


def mirrored(r_s: bytes) -> bytes:
    return r_s[:32] + (CURVE_ORDER - int.from_bytes(r_s[32:])).to_bytes(32)


def code_of(case: Case, r_s: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        recover(case.digest, r_s + b"\x1b")
    return caught.value.code


def accepts(case: Case, r_s: bytes) -> bool:
    """Whether either v recovers the key; a high s must be refused, and is then mirrored."""
    if CURVE_ORDER // 2 < int.from_bytes(r_s[32:]) < CURVE_ORDER and any(r_s[:32]):
        assert code_of(case, r_s) in {"signature_high_s", "signature_r"}
        r_s = mirrored(r_s)
    for v in (b"\x1b", b"\x1c"):
        with suppress(InvalidInput):
            if recover(case.digest, r_s + v) == case.address:
                return True
    return False


def has_large_x(case: Case, r_s: bytes) -> bool:
    """Whether the signature's point has the coordinate r + n, which no v of Ethereum can say."""
    for recovery_id in (2, 3):
        with suppress(ValueError):
            signature = r_s + bytes((recovery_id,))
            key = PublicKey.from_signature_and_message(signature, case.digest, hasher=None)
            if keccak256(key.format(compressed=False)[1:])[-20:] == case.address:
                return True
    return False


def test_fixed_length_signatures(data_dir: Path) -> None:
    seen, large_x = Counter[bool](), 0
    for case in cases(data_dir, "ecdsa_secp256k1_sha256_p1363_test.json"):
        if len(case.signature) != 64:
            assert not case.valid
            assert code_of(case, case.signature) == "signature_length"
            continue
        beyond_ethereum = has_large_x(case, case.signature)
        expected = case.valid and not beyond_ethereum
        assert accepts(case, case.signature) == expected, case.comment
        seen[case.valid] += 1
        large_x += beyond_ethereum
    assert seen == {True: 167, False: 67}
    assert large_x == 2


def test_der_signatures(data_dir: Path) -> None:
    """The same through DER, as far as the encoding is canonical: the others carry no numbers."""
    seen, large_x = Counter[bool](), 0
    for case in cases(data_dir, "ecdsa_secp256k1_sha256_test.json"):
        r_s = read_der(case.signature)
        if r_s is None:
            assert not case.valid, case.comment
            continue
        beyond_ethereum = has_large_x(case, r_s)
        assert accepts(case, r_s) == (case.valid and not beyond_ethereum), case.comment
        seen[case.valid] += 1
        large_x += beyond_ethereum
    assert seen == {True: 168, False: 74}
    assert large_x == 2


def read_der(der: bytes) -> bytes | None:
    """r ‖ s of a DER signature with two numbers of at most 32 bytes, in canonical encoding."""
    numbers = []
    if der[:1] != b"\x30" or len(der) < 2 or der[1] != len(der) - 2:
        return None
    rest = der[2:]
    for _ in range(2):
        if len(rest) < 2 or rest[0] != 2 or not 0 < rest[1] <= len(rest) - 2:
            return None
        body, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        number = int.from_bytes(body, signed=True)
        minimal = len(body) == 1 or not (body[0] == 0 and body[1] < 0x80)
        if number < 0 or number >= 1 << 256 or not minimal:
            return None
        numbers.append(number.to_bytes(32))
    return None if rest else b"".join(numbers)


def test_high_s_is_refused_even_where_it_verifies(data_dir: Path) -> None:
    refused = 0
    for case in cases(data_dir, "ecdsa_secp256k1_sha256_p1363_test.json"):
        if case.valid and int.from_bytes(case.signature[32:]) > CURVE_ORDER // 2:
            assert code_of(case, case.signature) == "signature_high_s"
            refused += 1
    assert refused == 72
