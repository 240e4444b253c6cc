"""What a certificate costs a batch under each verifier: its calldata and its verification."""

from typing import Final

from coincurve import PrivateKey

from offbeat.chain import AnvilChain, Sender
from offbeat.chain.contract import Contract, load_artifact
from offbeat.intents import address_of, keccak256
from offbeat.rulebook import certify
from offbeat.threshold import (
    CERTIFICATE_DST,
    certificate_of,
    derive_scalars,
    evm_g2,
    hash_to_g1,
    public_key,
    sign,
)

QUORUMS: Final = ((1, 1), (3, 4), (5, 7), (11, 16), (14, 20))
"""Signatures needed, of how many signers; from four on, 2f+1 of 3f+1."""
DIGEST: Final = keccak256(b"a batch")
DELAY_SECONDS: Final = 86_400
GAS_LIMIT: Final = 1_000_000
"""Stated, because a precompile that runs out of gas makes `verify` false, not the call fail."""


def measure_certificates(chain: AnvilChain) -> dict[str, int]:
    """Gas by verifier; ``verify`` of an empty certificate, which costs nothing else, taken off."""
    sender = Sender(chain, keccak256(b"certificates"))
    chain.fund(sender.address, 10**21)
    gas = {
        f"ECDSA, {needed} of {signers}": _cost(sender, *_ecdsa(sender, needed, signers))
        for needed, signers in QUORUMS
    }
    gas["threshold BLS, any committee"] = _cost(sender, *_bls(sender))
    gas["Rotation before either"] = _rotation(sender)
    return gas


def _ecdsa(sender: Sender, needed: int, signers: int) -> tuple[Contract, bytes]:
    keys = [PrivateKey(keccak256(bytes((index,)))) for index in range(signers)]
    artifact = load_artifact("CertifierEcdsa")
    contract = Contract.deploy(sender, artifact, list(map(address_of, keys)), needed)
    return contract, certify(DIGEST, dict(enumerate(keys[:needed])))


def _bls(sender: Sender) -> tuple[Contract, bytes]:
    (secret,) = derive_scalars(keccak256(b"group"), b"gas", 1)
    artifact = load_artifact("CertifierBls")
    contract = Contract.deploy(sender, artifact, evm_g2(public_key(secret)))
    return contract, certificate_of(sign(secret, hash_to_g1(DIGEST, CERTIFICATE_DST)))


def _rotation(sender: Sender) -> int:
    """What the way through one adds to ``verify``."""
    certifier, certificate = _ecdsa(sender, 3, 4)
    artifact = load_artifact("Rotation")
    rotation = Contract.deploy(sender, artifact, certifier.address, DELAY_SECONDS)
    direct, through = (
        contract.write(sender, "verify", DIGEST, certificate, gas_limit=GAS_LIMIT).gas_used
        for contract in (certifier, rotation)
    )
    return through - direct


def _cost(sender: Sender, contract: Contract, certificate: bytes) -> int:
    assert contract.read("verify", DIGEST, certificate)
    full, empty = (
        contract.write(sender, "verify", DIGEST, each, gas_limit=GAS_LIMIT).gas_used
        for each in (certificate, b"")
    )
    return full - empty
