"""The primitive: drand's timelock ciphertext, and what nobody may have altered."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from offbeat.core import InvalidInput
from offbeat.privacy import OVERHEAD_BYTES, SIGMA_BYTES, decrypt, encrypt
from offbeat.threshold import (
    DECRYPTION_DST,
    decode_g1,
    decode_g2,
    encode_g2,
    hash_to_g1,
    public_key,
    sign,
    verifies,
)

SECRET = Scalar(0x5EC2E7)
KEY = public_key(SECRET)
POINT = hash_to_g1(b"somebody", DECRYPTION_DST)
IDENTITY_KEY = sign(SECRET, POINT)
SIGMA = b"sixteen of chance"[:SIGMA_BYTES]

messages = st.binary(max_size=200)


def sealed(message: bytes, sigma: bytes = SIGMA) -> bytes:
    return encrypt(KEY, message, sigma, lambda _: POINT)


def refused(key: G1Point, ciphertext: bytes) -> bool:
    try:
        decrypt(key, ciphertext)
    except InvalidInput as error:
        return error.code == "ciphertext_invalid"
    return False


@pytest.fixture
def drand(data_dir: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (data_dir / "vec_drand" / "drand_quicknet.json").read_text()
    )
    return loaded


def test_the_timelock_ciphertext_of_drand_opens(drand: dict[str, Any]) -> None:
    """And encrypting again with its sigma gives it, byte for byte."""
    vector = drand["tlock_ciphertexts"][0]
    key = decode_g2(bytes.fromhex(drand["chains"][0]["public_key"]))
    beacon = decode_g1(bytes.fromhex(vector["signature"]))
    identity = hashlib.sha256(vector["round"].to_bytes(8)).digest()
    point = hash_to_g1(identity, drand["dst"].encode())
    assert verifies(key, point, beacon)
    ciphertext = bytes.fromhex(vector["ibe_U"] + vector["ibe_V"] + vector["ibe_W"])
    assert _stanza(vector["armored"]) == ciphertext
    file_key = decrypt(beacon, ciphertext)
    assert file_key.hex() == vector["file_key"]
    assert encrypt(key, file_key, bytes.fromhex(vector["sigma"]), lambda _: point) == ciphertext


def _stanza(armored: str) -> bytes:
    """The body of the first recipient in an age file: base64 until a line is short."""
    body = "".join(line for line in armored.splitlines() if not line.startswith("-----"))
    lines = base64.b64decode(body).split(b"\n---")[0].decode().splitlines()
    text = "".join(lines[2:])
    return base64.b64decode(text + "=" * (-len(text) % 4))


@given(messages, st.binary(min_size=SIGMA_BYTES, max_size=SIGMA_BYTES))
def test_what_is_sealed_opens(message: bytes, sigma: bytes) -> None:
    ciphertext = sealed(message, sigma)
    assert len(ciphertext) == OVERHEAD_BYTES + len(message)
    assert decrypt(IDENTITY_KEY, ciphertext) == message


@given(messages, st.data())
def test_one_altered_bit_is_refused(message: bytes, data: st.DataObject) -> None:
    ciphertext = sealed(message)
    bit = data.draw(st.integers(0, 8 * len(ciphertext) - 1))
    altered = (int.from_bytes(ciphertext) ^ 1 << bit).to_bytes(len(ciphertext))
    assert refused(IDENTITY_KEY, altered)


@given(st.binary(max_size=OVERHEAD_BYTES + 40))
def test_noise_is_refused(noise: bytes) -> None:
    assert refused(IDENTITY_KEY, noise)


def test_a_shorter_or_longer_one_is_refused() -> None:
    ciphertext = sealed(b"a message")
    assert not refused(IDENTITY_KEY, ciphertext)
    assert refused(IDENTITY_KEY, ciphertext[:-1])
    assert refused(IDENTITY_KEY, ciphertext + b"\0")


def test_other_keys_open_nothing() -> None:
    ciphertext = sealed(b"a message")
    other = hash_to_g1(b"somebody else", DECRYPTION_DST)
    for key in (sign(SECRET, other), sign(SECRET + Scalar(1), POINT), POINT, G1Point()):
        assert refused(key, ciphertext)


def test_u_scaled_with_its_key_is_refused() -> None:
    """The masks of 2U under half the key are those of U: plain Boneh–Franklin would open it."""
    ciphertext = sealed(b"a message")
    doubled = encode_g2(decode_g2(ciphertext[:96]) * Scalar(2)) + ciphertext[96:]
    assert refused(IDENTITY_KEY * Scalar(2).inverse(), doubled)


@settings(max_examples=20)
@given(st.integers(33, 3000))
def test_no_part_of_a_mask_comes_twice(length: int) -> None:
    body = sealed(bytes(length))[OVERHEAD_BYTES:]
    blocks = [body[at : at + 16] for at in range(0, length - 15, 16)]
    assert len(set(blocks)) == len(blocks)


def test_the_identity_may_depend_on_the_commitment() -> None:
    seen = []

    def point_of(commitment: bytes) -> G1Point:
        seen.append(commitment)
        return hash_to_g1(commitment, DECRYPTION_DST)

    ciphertext = encrypt(KEY, b"a message", SIGMA, point_of)
    assert seen == [ciphertext[:96]]
    assert decrypt(sign(SECRET, point_of(ciphertext[:96])), ciphertext) == b"a message"
    assert isinstance(decode_g2(ciphertext[:96]), G2Point)
