"""Bytes and points: RFC 9380's vectors, one encoding each, nothing out of the group."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold import (
    CERTIFICATE_DST,
    DECRYPTION_DST,
    ORDER,
    decode_g1,
    decode_g2,
    decode_partial,
    decode_scalar,
    derive_scalars,
    encode_g1,
    encode_g2,
    encode_scalar,
    evm_g1,
    evm_g2,
    hash_to_g1,
    multiply_g2,
    weights,
)

PARAMETER = -0xD201000000010000
FIELD = (PARAMETER - 1) ** 2 * (PARAMETER**4 - PARAMETER**2 + 1) // 3 + PARAMETER
"""Modulus of the coordinates of G1."""
COMPRESSED, INFINITE, GREATER = 0x80, 0x40, 0x20

scalars = st.integers(1, ORDER - 1).map(Scalar)


def flagged(x: int, flags: int, size: int = 48) -> bytes:
    data = bytearray(x.to_bytes(size))
    data[0] |= flags
    return bytes(data)


def test_rfc_9380_hashes_to_g1(data_dir: Path) -> None:
    file = data_dir / "vec_hash_to_curve" / "BLS12381G1_XMD-SHA-256_SSWU_RO_.json"
    suite = json.loads(file.read_text())
    assert len(suite["vectors"]) == 5
    for vector in suite["vectors"]:
        point = hash_to_g1(vector["msg"].encode(), suite["dst"].encode())
        coordinates = "".join(vector["P"][axis].removeprefix("0x") for axis in "xy")
        assert point.to_xy_bytes_be().hex() == coordinates


def test_hashes_are_apart_by_purpose() -> None:
    assert hash_to_g1(b"same", CERTIFICATE_DST) != hash_to_g1(b"same", DECRYPTION_DST)


@given(scalars)
def test_points_and_scalars_come_back(scalar: Scalar) -> None:
    one, two = G1Point() * scalar, multiply_g2(scalar)
    assert decode_g1(encode_g1(one)) == one
    assert decode_g2(encode_g2(two)) == two == G2Point() * scalar
    assert decode_scalar(encode_scalar(scalar)) == scalar


@given(scalars, st.integers(0, 383))
def test_what_g1_takes_is_its_only_encoding(scalar: Scalar, bit: int) -> None:
    """Of all that is one bit away, only the point's mirror image passes."""
    good = encode_g1(G1Point() * scalar)
    data = (int.from_bytes(good) ^ 1 << bit).to_bytes(48)
    if bit == 381:
        assert decode_g1(data) == -decode_g1(good)
    else:
        with pytest.raises(InvalidInput, match="point_invalid"):
            decode_g1(data)


@given(st.binary(max_size=100))
def test_noise_is_no_point(data: bytes) -> None:
    for decode in (decode_g1, decode_g2):
        with pytest.raises(InvalidInput, match="point_invalid"):
            decode(data)


@pytest.mark.parametrize("flags", [0, INFINITE, GREATER, INFINITE | GREATER])
@pytest.mark.parametrize("x", [0, 1])
def test_the_identity_is_refused_in_every_form(flags: int, x: int) -> None:
    for decode, size in ((decode_g1, 48), (decode_g2, 96)):
        with pytest.raises(InvalidInput, match="point_invalid"):
            decode(flagged(x, flags | COMPRESSED | INFINITE, size))
        with pytest.raises(InvalidInput, match="point_invalid"):
            decode(flagged(x, flags, size))


def test_a_coordinate_beyond_the_modulus_is_refused() -> None:
    points = (encode_g1(G1Point() * Scalar(i)) for i in range(1, 300))
    small = next(data for data in points if int.from_bytes(data) % 2**381 < 2**381 - FIELD)
    flags, x = small[0] & 0xE0, int.from_bytes(small) % 2**381
    assert decode_g1(flagged(x, flags))
    with pytest.raises(InvalidInput, match="point_invalid"):
        decode_g1(flagged(x + FIELD, flags))


def test_a_point_of_the_curve_out_of_the_group_is_refused() -> None:
    """x = 4 is on the curve of G1; none of its small points is in the group."""
    data = flagged(4, COMPRESSED)
    assert not decode_partial(data).is_in_subgroup()
    with pytest.raises(InvalidInput, match="point_invalid"):
        decode_g1(data)


def test_a_point_of_the_twist_out_of_the_group_is_refused() -> None:
    strays = 0
    for x in range(1, 20):
        data = flagged(x, COMPRESSED, 96)
        try:
            point = G2Point.from_compressed_bytes_unchecked(data)
        except ValueError:
            continue
        strays += not point.is_in_subgroup()
        with pytest.raises(InvalidInput, match="point_invalid"):
            decode_g2(data)
    assert strays


@pytest.mark.parametrize("size", [0, 47, 49, 95, 97])
def test_other_lengths_are_refused(size: int) -> None:
    for decode in (decode_g1, decode_g2):
        with pytest.raises(InvalidInput, match="point_invalid"):
            decode(bytes(size))


@pytest.mark.parametrize("value", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_no_scalar_is_zero_or_beyond_the_order(value: int) -> None:
    with pytest.raises(InvalidInput, match="scalar_invalid"):
        decode_scalar(value.to_bytes(32))
    with pytest.raises(InvalidInput, match="scalar_invalid"):
        decode_scalar(bytes(31))


@pytest.mark.parametrize("value", [0, 1, 2, 255, 256, ORDER - 1])
def test_the_table_multiplies(value: int) -> None:
    assert multiply_g2(Scalar(value)) == G2Point() * Scalar(value)


def test_derived_scalars_differ_by_seed_purpose_and_place() -> None:
    seed = bytes(32)
    made = derive_scalars(seed, b"a", 3)
    assert made == derive_scalars(seed, b"a", 3)
    others = derive_scalars(seed, b"b", 3) + derive_scalars(b"\1" * 32, b"a", 3)
    assert len({int(scalar) for scalar in made + others}) == 9
    with pytest.raises(InvalidInput, match="seed_short"):
        derive_scalars(seed[:-1], b"a", 1)


def test_weights_follow_from_every_part() -> None:
    assert weights([b"a", b"b"], 2) == weights([b"a", b"b"], 2)
    assert weights([b"a", b"b"], 2) != weights([b"a", b"c"], 2)
    assert all(0 < int(weight) < 2**128 for weight in weights([b"a"], 20))


def test_the_evm_reads_generators_as_eip_2537_gives_them(data_dir: Path) -> None:
    """Each generator is the sum of itself and infinity in the precompiles' own vectors."""
    for group, encoded in (("G1", evm_g1(G1Point())), ("G2", evm_g2(G2Point()))):
        cases = json.loads((data_dir / "vec_eip2537" / f"mul_{group}_bls.json").read_text())
        ones = [case for case in cases if int(case["Input"][-64:], 16) == 1]
        assert encoded.hex() in {case["Expected"] for case in ones}
