"""CertifierBls on both chains: our signatures, drand's, and the precompiles' published vectors."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from committee import Held, hold, members
from compiled import artifact_of
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from offbeat.chain import Contract, Sender, load_artifact
from offbeat.core import ChainError
from offbeat.intents import keccak256
from offbeat.threshold import (
    CERTIFICATE_DST,
    DECRYPTION_DST,
    certificate_of,
    combine,
    decode_g1,
    decode_g2,
    decode_partial,
    evm_g1,
    evm_g2,
    hash_to_g1,
    is_certificate,
    sign,
)

PARAMETER = -0xD201000000010000
FIELD = (PARAMETER - 1) ** 2 * (PARAMETER**4 - PARAMETER**2 + 1) // 3 + PARAMETER
"""Modulus of the coordinates of G1."""
DIGEST = keccak256(b"a batch")


@pytest.fixture(scope="module")
def committee() -> Held:
    return hold("certifying", members(*"abcd"))


@pytest.fixture
def operator(new_sender: Callable[[str], Sender]) -> Sender:
    return new_sender("operator")


@pytest.fixture
def certifier(operator: Sender, committee: Held) -> Contract:
    return Contract.deploy(operator, load_artifact("CertifierBls"), evm_g2(committee.keys.group))


@pytest.fixture
def probe(operator: Sender) -> Contract:
    return Contract.deploy(operator, artifact_of("BlsProbe"))


def signature_of(committee: Held, digest: bytes, *chosen: int) -> G1Point:
    point = hash_to_g1(digest, CERTIFICATE_DST)
    partials = {index: sign(committee.shares[index], point) for index in chosen}
    signature = combine(committee.keys, point, partials).signature
    assert signature is not None
    return signature


def test_a_committees_certificate_is_the_same_to_contract_and_python(
    certifier: Contract, committee: Held
) -> None:
    """Whoever of the four signed; and nothing that is a little different."""
    good = certificate_of(signature_of(committee, DIGEST, 0, 1, 2))
    assert good == certificate_of(signature_of(committee, DIGEST, 3, 1, 2))
    decryption = sign(Scalar(5), hash_to_g1(DIGEST, DECRYPTION_DST))
    partial = sign(committee.shares[0], hash_to_g1(DIGEST, CERTIFICATE_DST))
    mirrored = certificate_of(-signature_of(committee, DIGEST, 0, 1, 2))
    small_order = certificate_of(decode_partial(bytes((0x80,)) + (4).to_bytes(47)))
    x, y = int.from_bytes(good[:48]), int.from_bytes(good[48:])
    for digest, certificate, holds in (
        (DIGEST, good, True),
        (keccak256(DIGEST), good, False),
        (DIGEST, certificate_of(partial), False),
        (DIGEST, certificate_of(decryption), False),
        (DIGEST, mirrored, False),
        (DIGEST, small_order, False),
        (DIGEST, bytes(96), False),
        (DIGEST, b"", False),
        (DIGEST, good[:-1], False),
        (DIGEST, good + b"\0", False),
        (DIGEST, good[:-1] + bytes((good[-1] ^ 1,)), False),
        (DIGEST, (x + FIELD).to_bytes(48) + y.to_bytes(48), False),
    ):
        assert certifier.read("verify", digest, certificate) == holds
        assert is_certificate(committee.keys.group, digest, certificate) == holds


def test_other_members_certify_to_the_same_contract(certifier: Contract, committee: Held) -> None:
    """The key was handed on to seven, of whom two were there before; their old shares are none."""
    after = hold("handed on", members(*"cdefghi"), committee)
    digest = keccak256(b"a later batch")
    certificate = certificate_of(signature_of(after, digest, 1, 2, 4, 5, 6))
    assert certifier.read("verify", digest, certificate)
    point = hash_to_g1(digest, CERTIFICATE_DST)
    old = {index: sign(share, point) for index, share in enumerate(committee.shares)}
    assert combine(after.keys, point, old).bad == (0, 1, 2, 3)


def test_a_key_is_checked_once_for_all(operator: Sender, probe: Contract) -> None:
    """Under the identity, the identity would sign everything."""
    stray = next(
        point
        for x in range(1, 20)
        if (point := _stray(x)) is not None and not point.is_in_subgroup()
    )
    for key, good in (
        (evm_g2(G2Point()), True),
        (bytes(256), False),
        (evm_g2(stray), False),
        (evm_g2(G2Point())[:-1] + b"\0", False),
        (evm_g2(G2Point())[:-1], False),
        (b"", False),
    ):
        if good:
            deployed = Contract.deploy(operator, load_artifact("CertifierBls"), key)
            assert deployed.read("key") == key
            assert probe.read("is_key", key)
        else:
            with pytest.raises(ChainError, match="key_invalid"):
                Contract.deploy(operator, load_artifact("CertifierBls"), key)


def _stray(x: int) -> G2Point | None:
    try:
        return G2Point.from_compressed_bytes_unchecked(bytes((0x80,)) + x.to_bytes(95))
    except ValueError:
        return None


def test_hashing_is_the_same_on_chain(probe: Contract) -> None:
    for dst in (CERTIFICATE_DST, DECRYPTION_DST, b"QUUX"):
        for message in (bytes(32), b"\xff" * 32, DIGEST):
            on_chain = probe.read("hash_to_g1", message, dst + bytes((len(dst),)))
            assert on_chain == evm_g1(hash_to_g1(message, dst))


def test_long_numbers_are_reduced(probe: Contract) -> None:
    for number in (0, 1, FIELD - 1, FIELD, FIELD + 1, 2**512 - 1):
        reduced = probe.read("reduced", number.to_bytes(64))
        assert int.from_bytes(reduced) == number % FIELD


def test_rfc_9380_from_field_elements_to_points(probe: Contract, data_dir: Path) -> None:
    file = data_dir / "vec_hash_to_curve" / "BLS12381G1_XMD-SHA-256_SSWU_RO_.json"
    for vector in json.loads(file.read_text())["vectors"]:
        mapped = [probe.read("map_to_g1", int(u, 16).to_bytes(64)) for u in vector["u"]]
        coordinates = [int(vector["P"][axis], 16).to_bytes(64) for axis in "xy"]
        assert probe.read("add", *mapped) == b"".join(coordinates)


def test_beacons_of_drand_verify_on_chain(probe: Contract, data_dir: Path) -> None:
    drand = json.loads((data_dir / "vec_drand" / "drand_quicknet.json").read_text())
    key = evm_g2(decode_g2(bytes.fromhex(drand["chains"][0]["public_key"])))
    tag = drand["dst"].encode() + bytes((len(drand["dst"]),))
    beacon = drand["beacons"][0]
    message = hashlib.sha256(beacon["round"].to_bytes(8)).digest()
    signature = certificate_of(decode_g1(bytes.fromhex(beacon["signature"])))
    for said, holds in ((message, True), (message[::-1], False)):
        point = probe.read("hash_to_g1", said, tag)
        assert probe.read("verifies", key, point, signature) == holds


# EIP-2537's own vectors -------------------------------------------------------------------


def cases(data_dir: Path, name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(
        (data_dir / "vec_eip2537" / f"{name}_bls.json").read_text()
    )
    return loaded


def test_eip_2537_maps_and_sums(probe: Contract, data_dir: Path) -> None:
    for case in cases(data_dir, "map_fp_to_G1"):
        assert probe.read("map_to_g1", bytes.fromhex(case["Input"])).hex() == case["Expected"]
    for case in cases(data_dir, "add_G1"):
        points = bytes.fromhex(case["Input"])
        assert probe.read("add", points[:128], points[128:]).hex() == case["Expected"]


def test_eip_2537_refuses_what_is_no_element_or_point(probe: Contract, data_dir: Path) -> None:
    """Longer inputs than the largest do not fit the contract's own types."""
    for case in cases(data_dir, "fail-map_fp_to_G1"):
        with pytest.raises(ChainError):
            probe.read("map_to_g1", bytes.fromhex(case["Input"]))
    for case in cases(data_dir, "fail-add_G1"):
        points = bytes.fromhex(case["Input"])
        with pytest.raises(ChainError):
            probe.read("add", points[:128], points[128:])


def test_eip_2537_pairs(probe: Contract, data_dir: Path) -> None:
    """Those of at most two pairs, as many as a signature takes."""
    outcomes = []
    for case in cases(data_dir, "pairing_check"):
        pairs = bytes.fromhex(case["Input"])
        if len(pairs) <= 768:
            is_one = int(case["Expected"], 16) == 1
            assert probe.read("pairs_to_one", pairs) == is_one
            outcomes.append(is_one)
    assert sorted({*outcomes}) == [False, True]
    refused = 0
    for case in cases(data_dir, "fail-pairing_check"):
        pairs = bytes.fromhex(case["Input"])
        if len(pairs) <= 768:
            assert not probe.read("pairs_to_one", pairs)
            refused += 1
    assert refused > 15
