"""One signature: ours, drand's, and what is neither."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from offbeat.threshold import (
    CERTIFICATE_DST,
    DECRYPTION_DST,
    ORDER,
    decode_g1,
    decode_g2,
    hash_to_g1,
    public_key,
    sign,
    verifies,
)

SECRET = Scalar(0xB0B)
KEY = public_key(SECRET)

secrets = st.integers(1, ORDER - 1).map(Scalar)


@given(secrets, secrets, st.binary(max_size=80))
def test_only_the_key_that_signed_verifies(mine: Scalar, other: Scalar, message: bytes) -> None:
    point = hash_to_g1(message, CERTIFICATE_DST)
    assert verifies(public_key(mine), point, sign(mine, point))
    assert verifies(public_key(other), point, sign(mine, point)) == (mine == other)


def test_another_message_or_purpose_is_not_signed() -> None:
    signature = sign(SECRET, hash_to_g1(b"this", CERTIFICATE_DST))
    assert verifies(KEY, hash_to_g1(b"this", CERTIFICATE_DST), signature)
    assert not verifies(KEY, hash_to_g1(b"that", CERTIFICATE_DST), signature)
    assert not verifies(KEY, hash_to_g1(b"this", DECRYPTION_DST), signature)


def test_nobodys_key_signs_nothing() -> None:
    """Both sides of the pairing equation would be one."""
    point = hash_to_g1(b"this", CERTIFICATE_DST)
    assert not verifies(G2Point.identity(), point, G1Point.identity())


@pytest.mark.parametrize("number", [0, 1])
def test_beacons_of_drand(data_dir: Path, number: int) -> None:
    drand = json.loads((data_dir / "vec_drand" / "drand_quicknet.json").read_text())
    key = decode_g2(bytes.fromhex(drand["chains"][0]["public_key"]))
    beacon = drand["beacons"][number]
    message = hashlib.sha256(beacon["round"].to_bytes(8)).digest()
    assert message.hex() == beacon["message_sha256"]
    signature = decode_g1(bytes.fromhex(beacon["signature"]))
    assert hashlib.sha256(bytes.fromhex(beacon["signature"])).hexdigest() == beacon["randomness"]
    assert verifies(key, hash_to_g1(message, drand["dst"].encode()), signature)
    assert not verifies(key, hash_to_g1(message[::-1], drand["dst"].encode()), signature)
    assert not verifies(KEY, hash_to_g1(message, drand["dst"].encode()), signature)
