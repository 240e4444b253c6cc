"""What is refused before it has a place: altered, unsigned, too late, or of no form at all."""

from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from people import ALICE, BOB, DESK
from sealing import CHANCE, CONDOR, DOMAIN, EON, NOW, SINGLE, admitted, sealed

from offbeat.core import InvalidInput
from offbeat.intents import Delegation, Scope, keccak256
from offbeat.privacy import ENVELOPE_TYPE, SignedEnvelope, check_admission, seal


def refusal(signed: SignedEnvelope, now: int = NOW) -> str:
    with pytest.raises(InvalidInput) as caught:
        check_admission(signed, EON, now)
    return caught.value.code


def test_whatever_is_altered_is_refused_before_it_is_ordered() -> None:
    """One byte in each place of an envelope: its terms, its ciphertext, its signature."""
    good = admitted(sealed()).encode()
    check_admission(SignedEnvelope.decode(good), EON, NOW)
    for at in (0, 19, 23, 27, 35, 43, 44, 139, 140, 156, 300, len(good) - 66, len(good) - 30):
        altered = bytearray(good)
        altered[at] ^= 1
        code = refusal(SignedEnvelope.decode(bytes(altered)))
        assert code in ("envelope_signature", "envelope_eon")


def test_only_the_sender_or_a_live_delegate_is_heard() -> None:
    envelope = sealed()
    assert refusal(admitted(envelope, BOB)) == "envelope_signature"
    for expires, heard in ((envelope.valid_until_seconds, True), (NOW + 59, False)):

        def delegations(owner: bytes, key: bytes, expires: int = expires) -> Delegation | None:
            desk = (owner, key) == (ALICE.address, DESK.address)
            return Delegation(Scope.ORDER, expires) if desk else None

        signed = admitted(envelope, DESK)
        if heard:
            check_admission(signed, EON, NOW, delegations)
        else:
            with pytest.raises(InvalidInput, match="envelope_signature"):
                check_admission(signed, EON, NOW, delegations)


def test_admission_ends_with_its_term_and_eon() -> None:
    envelope = sealed()
    last = envelope.valid_until_seconds
    check_admission(admitted(envelope), EON, last)
    assert refusal(admitted(envelope), last + 1) == "envelope_expired"
    assert refusal(admitted(replace(envelope, eon=2))) == "envelope_eon"


def test_a_commitment_that_is_no_point_is_refused() -> None:
    envelope = sealed()
    for start in (bytes(96), b"\xc0" + bytes(95), b"\xff" * 96):
        broken = replace(envelope, ciphertext=start + envelope.ciphertext[96:])
        assert refusal(admitted(broken)) == "ciphertext_invalid"


def test_every_field_has_its_width() -> None:
    envelope = sealed()
    for changes in (
        {"ciphertext": envelope.ciphertext[:-1]},
        {"ciphertext": envelope.ciphertext + b"\0"},
        {"sender": bytes(19)},
        {"account": 2**32},
        {"eon": -1},
        {"valid_until_seconds": 2**64},
        {"max_fee_micros": -1},
    ):
        with pytest.raises(InvalidInput, match="envelope_invalid"):
            replace(envelope, **changes)


def test_repeated_chance_seals_different_intents_apart() -> None:
    one, two = sealed(SINGLE), sealed(CONDOR)
    assert one.ciphertext[:96] != two.ciphertext[:96]
    with pytest.raises(InvalidInput, match="randomness_short"):
        seal(SINGLE, EON, CHANCE[:15], max_fee_micros=0)


def test_the_digest_is_eip_712(  # what any wallet signs
) -> None:

    envelope = sealed()
    name, _, members = ENVELOPE_TYPE.rstrip(")").partition("(")
    signable = encode_typed_data(
        domain_data={
            "name": "Offbeat",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": DOMAIN.verifying_contract,
        },
        message_types={
            name: [dict(zip(("type", "name"), m.split(), strict=True)) for m in members.split(",")]
        },
        message_data={
            "sender": envelope.sender,
            "account": envelope.account,
            "eon": envelope.eon,
            "validUntil": envelope.valid_until_seconds,
            "maxFee": envelope.max_fee_micros,
            "ciphertext": envelope.ciphertext,
        },
    )
    digest = keccak256(b"\x19" + signable.version + signable.header + signable.body)
    assert envelope.digest(DOMAIN) == digest
