"""Signatures as the contracts judge them: Wycheproof's vectors, high s, and what wallets sign."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from breaking import with_action
from compiled import artifact_of
from drafting import Act
from eth_account import Account
from people import OPERATOR, PEOPLE, person
from showcase import Showcase
from world import World

from offbeat.chain import Contract, load_artifact
from offbeat.core import InvalidInput
from offbeat.intents import (
    domain_separator,
    intent_hash,
    keccak256,
    recover,
    typed_data_json,
)
from offbeat.rulebook import Applied, Quorum

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1 (SEC 2, section 2.4.1)."""
NOBODY = bytes(20)
SIGNER = person("a signer of digests")
DIGEST = keccak256(b"what is signed")


@pytest.fixture
def probe(world: World) -> Contract:
    return Contract.deploy(world.sender(OPERATOR), artifact_of("EcdsaProbe"))


def in_python(digest: bytes, r: int, vs: int) -> bytes:
    """The signer by our own code, nobody where it refuses."""
    try:
        return recover(digest, r.to_bytes(32) + vs.to_bytes(32))
    except InvalidInput:
        return NOBODY


def test_wycheproof(probe: Contract, data_dir: Path) -> None:
    """Either parity of each signature means the same on both sides; only valid ones name the key.

    A high s has no EIP-2098 form, so it is judged mirrored; two valid signatures stand on a point
    beyond the curve's order, which Ethereum cannot express.
    """
    file = data_dir / "vec_wycheproof" / "ecdsa_secp256k1_sha256_p1363_test.json"
    named: Counter[tuple[str, bool]] = Counter()
    for group in json.loads(file.read_text())["testGroups"]:
        key = keccak256(bytes.fromhex(group["publicKey"]["uncompressed"])[1:])[-20:]
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            if len(signature) != 64:
                assert test["result"] == "invalid"
                continue
            digest = hashlib.sha256(bytes.fromhex(test["msg"])).digest()
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            if ORDER // 2 < s < ORDER:
                assert probe.read("recover", digest, r, s) != key
                s = ORDER - s
            signers = set()
            for vs in {s, s ^ 1 << 255}:
                signer = probe.read("recover", digest, r, vs)
                assert signer == in_python(digest, r, vs), test["comment"]
                signers.add(signer)
            named[test["result"], key in signers] += 1
    assert named == {("valid", True): 165, ("valid", False): 2, ("invalid", False): 67}


def test_the_highest_s_that_counts(probe: Contract) -> None:
    """EIP-2098 has room for a few numbers above half the order; none of them may pass."""
    r = int.from_bytes(SIGNER.key.sign_recoverable(DIGEST, hasher=None)[:32])
    half = ORDER // 2
    for s, passes in ((1, True), (half, True), (half + 1, False), (2**255 - 1, False), (0, False)):
        for parity in (0, 1 << 255):
            signer = probe.read("recover", DIGEST, r, s | parity)
            assert (signer != NOBODY) == passes
            assert signer == in_python(DIGEST, r, s | parity)


def test_a_certificate_with_high_s_certifies_nothing(world: World) -> None:
    """With such an s, plain recovery would name somebody: a certifier who trusts him refuses."""
    r = SIGNER.key.sign_recoverable(DIGEST, hasher=None)[:32]
    s = ORDER // 2 + 1
    mirrored = in_python(DIGEST, int.from_bytes(r), (ORDER - s) | 1 << 255)
    assert mirrored != NOBODY
    certifier = Contract.deploy(
        world.sender(OPERATOR), load_artifact("CertifierEcdsa"), [mirrored], 1
    )
    quorum = Quorum((mirrored,), 1)
    for vs, holds in (((ORDER - s) | 1 << 255, True), (s, False)):
        certificate = b"\0" + r + vs.to_bytes(32)
        assert certifier.read("verify", DIGEST, certificate) == holds
        assert quorum.verifies(DIGEST, certificate) == holds


def test_what_a_wallet_signs_settles(showcase: Showcase) -> None:
    """eth-account signs our JSON as any wallet does; the contract takes every kind of intent."""
    draft = showcase.draft()
    batch = draft.batch()
    kinds = set()
    for section, part in enumerate(draft.parts):
        for position, act in enumerate(part.acts):
            if isinstance(act, Act):
                key = (act.key or PEOPLE[act.intent.owner].key).secret
                message = json.loads(typed_data_json(act.intent, draft.world.domain))
                signed = Account.sign_typed_data(key, full_message=message)
                assert signed.message_hash == intent_hash(act.intent, draft.world.domain)
                vs = signed.s | (signed.v - 27) << 255
                batch = with_action(batch, section, position, r=signed.r, vs=vs)
                kinds.add(type(act.intent).__name__)
    assert kinds == {"Order", "Cancel", "Withdraw", "Transfer", "Delegate"}
    assert isinstance(showcase.world.land(draft.submission(batch)), Applied)


def test_domains_are_the_same(world: World) -> None:
    assert world.settlement.read("domain_separator") == domain_separator(world.domain)
