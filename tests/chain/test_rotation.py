"""Handing a quorum's office on: only by who holds it, only after a delay, to either kind."""

from collections.abc import Callable

import pytest
from committee import Held, hold, members
from eth_account.messages import encode_typed_data
from people import SEQUENCERS, STRANGER

from offbeat.chain import Contract, Sender, load_artifact
from offbeat.core import ChainError
from offbeat.core.ports import DevChain
from offbeat.intents import Domain, keccak256
from offbeat.rulebook import certify
from offbeat.sequencing import ROTATION_TYPE, rotation_digest
from offbeat.threshold import (
    CERTIFICATE_DST,
    certificate_of,
    combine,
    evm_g2,
    hash_to_g1,
    sign,
)

DELAY_SECONDS = 86_400
DIGEST = keccak256(b"a batch")
NO_CERTIFICATE = b""

Certify = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def committee() -> Held:
    return hold("taking over", members(*"abcd"))


@pytest.fixture
def operator(new_sender: Callable[[str], Sender]) -> Sender:
    return new_sender("operator")


@pytest.fixture
def by_ecdsa(operator: Sender) -> Contract:
    """Two of three."""
    signers = [each.address for each in SEQUENCERS]
    return Contract.deploy(operator, load_artifact("CertifierEcdsa"), signers, 2)


@pytest.fixture
def by_bls(operator: Sender, committee: Held) -> Contract:
    return Contract.deploy(operator, load_artifact("CertifierBls"), evm_g2(committee.keys.group))


@pytest.fixture
def rotation(operator: Sender, by_ecdsa: Contract) -> Contract:
    artifact = load_artifact("Rotation")
    return Contract.deploy(operator, artifact, by_ecdsa.address, DELAY_SECONDS)


@pytest.fixture
def bls(committee: Held) -> Certify:
    def signed(digest: bytes) -> bytes:
        point = hash_to_g1(digest, CERTIFICATE_DST)
        partials = {index: sign(share, point) for index, share in enumerate(committee.shares)}
        signature = combine(committee.keys, point, partials).signature
        assert signature is not None
        return certificate_of(signature)

    return signed


def ecdsa(digest: bytes) -> bytes:
    return certify(digest, {0: SEQUENCERS[0].key, 2: SEQUENCERS[2].key})


def digest_of(rotation: Contract, number: int, successor: Contract) -> bytes:
    return rotation_digest(domain_of(rotation), number, successor.address)


def domain_of(rotation: Contract) -> Domain:
    return Domain(rotation.chain.chain_id, rotation.address)


def name(operator: Sender, rotation: Contract, successor: Contract, signed: Certify) -> int:
    """Name a successor; when he takes office."""
    number = rotation.read("number") + 1
    certificate = signed(digest_of(rotation, number, successor))
    receipt = rotation.write(operator, "rotate", successor.address, certificate)
    (event,) = rotation.events(receipt.logs, "Named")
    takes_office: int = rotation.read("takes_office")
    assert event.values == {
        "number": number,
        "successor": successor.address,
        "takes_office": takes_office,
    }
    assert takes_office == operator.chain.block().timestamp_seconds + DELAY_SECONDS
    return takes_office


def wait_until(chain: DevChain, timestamp_seconds: int) -> None:
    chain.set_time(timestamp_seconds)
    chain.mine()


def in_office(rotation: Contract, **kinds: bytes) -> set[str]:
    """Whose certificates count now."""
    return {kind for kind, each in kinds.items() if rotation.read("verify", DIGEST, each)}


def test_the_office_passes_after_its_delay_and_back(
    chain: DevChain,
    operator: Sender,
    rotation: Contract,
    by_ecdsa: Contract,
    by_bls: Contract,
    bls: Certify,
) -> None:
    """From a quorum of ECDSA keys to a committee's one key, and back by that committee."""
    kinds = {"ecdsa": ecdsa(DIGEST), "bls": bls(DIGEST)}
    assert in_office(rotation, **kinds) == {"ecdsa"}
    takes_office = name(operator, rotation, by_bls, ecdsa)
    wait_until(chain, takes_office - 1)
    assert rotation.read("certifier") == by_ecdsa.address
    assert in_office(rotation, **kinds) == {"ecdsa"}
    wait_until(chain, takes_office)
    assert rotation.read("certifier") == by_bls.address
    assert in_office(rotation, **kinds) == {"bls"}
    takes_office = name(operator, rotation, by_ecdsa, bls)
    assert in_office(rotation, **kinds) == {"bls"}
    wait_until(chain, takes_office)
    assert in_office(rotation, **kinds) == {"ecdsa"}


def test_only_who_is_in_office_names_a_successor(
    operator: Sender, rotation: Contract, by_bls: Contract, bls: Certify
) -> None:
    digest = digest_of(rotation, 1, by_bls)
    one_of_three = certify(digest, {0: SEQUENCERS[0].key})
    strangers = certify(digest, {0: STRANGER.key, 1: SEQUENCERS[1].key})
    elsewhere = rotation_digest(Domain(1, rotation.address), 1, by_bls.address)
    beside = rotation_digest(Domain(rotation.chain.chain_id, bytes(19) + b"\1"), 1, by_bls.address)
    later = digest_of(rotation, 2, by_bls)
    other = digest_of(rotation, 1, rotation)
    for certificate in (
        NO_CERTIFICATE,
        one_of_three,
        strangers,
        bls(digest),
        *map(ecdsa, (elsewhere, beside, later, other, DIGEST)),
    ):
        with pytest.raises(ChainError, match="certificate_invalid"):
            rotation.write(operator, "rotate", by_bls.address, certificate)
    name(operator, rotation, by_bls, ecdsa)


def test_a_naming_counts_once_and_can_be_taken_back(
    chain: DevChain, operator: Sender, rotation: Contract, by_ecdsa: Contract, by_bls: Contract
) -> None:
    """Until it has effect, who is in office may name somebody else: himself, to stay."""
    used = ecdsa(digest_of(rotation, 1, by_bls))
    first = name(operator, rotation, by_bls, ecdsa)
    wait_until(chain, first - 10)
    name(operator, rotation, by_ecdsa, ecdsa)
    with pytest.raises(ChainError, match="certificate_invalid"):
        rotation.write(operator, "rotate", by_bls.address, used)
    wait_until(chain, first + 2 * DELAY_SECONDS)
    assert rotation.read("certifier") == by_ecdsa.address


def test_who_left_office_has_no_say(
    chain: DevChain, operator: Sender, rotation: Contract, by_ecdsa: Contract, by_bls: Contract
) -> None:
    wait_until(chain, name(operator, rotation, by_bls, ecdsa))
    certificate = ecdsa(digest_of(rotation, 2, by_ecdsa))
    with pytest.raises(ChainError, match="certificate_invalid"):
        rotation.write(operator, "rotate", by_ecdsa.address, certificate)


def test_an_address_that_certifies_nothing_is_refused(
    operator: Sender, rotation: Contract, by_ecdsa: Contract
) -> None:
    """A token answers no such question, and the rotation would ask itself for ever."""
    artifact = load_artifact("DevToken")
    token = Contract.deploy(operator, artifact, "TOK", 6).address
    for successor in (bytes(20), STRANGER.address, token, rotation.address):
        digest = rotation_digest(domain_of(rotation), 1, successor)
        with pytest.raises(ChainError):
            rotation.write(operator, "rotate", successor, ecdsa(digest))
    for certifier in (bytes(20), token):
        with pytest.raises(ChainError):
            Contract.deploy(operator, load_artifact("Rotation"), certifier, DELAY_SECONDS)
    assert rotation.read("certifier") == by_ecdsa.address
    for delay in (0, 2**32):
        with pytest.raises(ChainError, match="delay_invalid"):
            Contract.deploy(operator, load_artifact("Rotation"), by_ecdsa.address, delay)


def test_any_wallet_can_sign_a_rotation() -> None:
    kind, _, fields = ROTATION_TYPE.rstrip(")").partition("(")
    signable = encode_typed_data(
        domain_data={
            "name": "Offbeat",
            "version": "1",
            "chainId": 7,
            "verifyingContract": STRANGER.address,
        },
        message_types={
            kind: [dict(zip(("type", "name"), f.split(), strict=True)) for f in fields.split(",")]
        },
        message_data={"number": 3, "successor": SEQUENCERS[0].address},
    )
    digest = keccak256(b"\x19" + signable.version + signable.header + signable.body)
    assert rotation_digest(Domain(7, STRANGER.address), 3, SEQUENCERS[0].address) == digest
