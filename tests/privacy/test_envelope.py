"""Who can read an envelope, and who cannot: fewer than the threshold, and whoever copies it."""

import itertools
from dataclasses import replace

import pytest
from people import ALICE, BOB, Person
from py_arkworks_bls12381 import G1Point, Scalar
from sealing import (
    CHANCE,
    CONDOR,
    DOMAIN,
    EON,
    FAULTY,
    KEYS,
    MEMBERS,
    NOW,
    POLYNOMIAL,
    SHARES,
    SINGLE,
    admitted,
    identity_key,
    sealed,
)

from offbeat.core import InvalidInput
from offbeat.intents import Cancel, Domain, keccak256, sign
from offbeat.privacy import (
    CIPHERTEXT_BYTES,
    ENVELOPE_BYTES,
    OVERHEAD_BYTES,
    PADDED_BYTES,
    Eon,
    SignedEnvelope,
    check_admission,
    decrypt,
    encrypt,
    identity_point,
    pack,
    seal,
    unseal,
)
from offbeat.threshold import combine, combine_many, lagrange, public_key, share_of
from offbeat.threshold import sign as sign_share


def test_the_committee_opens_what_was_sealed() -> None:
    for signed in (SINGLE, CONDOR):
        envelope = sealed(signed)
        check_admission(admitted(envelope), EON, NOW)
        assert unseal(envelope, identity_key(envelope)) == signed


def test_size_and_shape_do_not_show() -> None:
    cancel = Cancel(
        owner=ALICE.address, account=2, nonce=1, valid_until_seconds=NOW, max_fee_micros=0
    )
    envelopes = [sealed(s) for s in (SINGLE, CONDOR, sign(cancel, ALICE.key, DOMAIN))]
    assert {len(envelope.ciphertext) for envelope in envelopes} == {CIPHERTEXT_BYTES}
    assert {len(admitted(envelope).encode()) for envelope in envelopes} == {ENVELOPE_BYTES}


def test_the_overhead_stays_within_its_bound() -> None:
    """The eon's number comes on top; the rest of an envelope is its terms of admission."""
    assert OVERHEAD_BYTES + 4 <= 130
    assert CIPHERTEXT_BYTES == PADDED_BYTES + OVERHEAD_BYTES


def test_an_envelope_comes_back() -> None:
    signed = admitted(sealed())
    assert SignedEnvelope.decode(signed.encode()) == signed
    for broken in (b"", signed.encode()[:-1], signed.encode() + b"\0"):
        with pytest.raises(InvalidInput, match="envelope_length"):
            SignedEnvelope.decode(broken)


# Nobody short of the threshold ------------------------------------------------------------


def test_2f_colluding_validators_read_nothing() -> None:
    """Neither what they can add up opens it, nor do their shares say what the key is."""
    envelope = sealed(CONDOR)
    point = envelope.identity(DOMAIN)
    for pair in itertools.combinations(range(MEMBERS), 2 * FAULTY):
        partials = {index: sign_share(SHARES[index], point) for index in pair}
        assert combine(KEYS, point, partials).signature is None
        guesses = [*partials.values(), sum_of(partials)]
        guesses += [each * Scalar(3) - other for each in guesses for other in guesses]
        for guess in guesses:
            with pytest.raises(InvalidInput, match="ciphertext_invalid"):
                unseal(envelope, guess)


def sum_of(partials: dict[int, G1Point]) -> G1Point:
    factors = lagrange(partials)
    total = G1Point.identity()
    for index, partial in partials.items():
        total += partial * factors[index]
    return total


@pytest.mark.parametrize("pair", list(itertools.combinations(range(MEMBERS), 2)))
def test_their_shares_fit_every_other_secret_as_well(pair: tuple[int, int]) -> None:
    """A polynomial that is zero at both of their places changes the secret, not their shares."""
    a, b = (Scalar(index + 1) for index in pair)
    blind = [a * b, -(a + b), Scalar(1)]
    other = [c + Scalar(77) * d for c, d in zip(POLYNOMIAL, blind, strict=True)]
    assert [share_of(other, index) for index in pair] == [SHARES[index] for index in pair]
    assert public_key(other[0]) != KEYS.group


def test_withheld_and_bad_shares_stall_nothing() -> None:
    """One validator lies about every second envelope and is named; three others suffice."""
    envelopes = [sealed(SINGLE, keccak256(bytes((i,)))) for i in range(4)]
    points = [each.identity(DOMAIN) for each in envelopes]
    partials = [{i: sign_share(s, point) for i, s in enumerate(SHARES)} for point in points]
    for each in partials[::2]:
        each[1] = -each[1]
    combined = combine_many(KEYS, points, partials)
    assert [each.bad for each in combined] == [(1,), (), (1,), ()]
    for envelope, each in zip(envelopes, combined, strict=True):
        assert each.signature is not None
        assert unseal(envelope, each.signature) == SINGLE


# Each envelope has a key of its own -------------------------------------------------------


def test_a_key_opens_its_own_envelope_alone() -> None:
    one, two = sealed(), sealed(SINGLE, keccak256(b"another chance"))
    assert one.ciphertext != two.ciphertext
    with pytest.raises(InvalidInput, match="ciphertext_invalid"):
        unseal(one, identity_key(two))


def test_a_copy_under_another_name_opens_to_nothing() -> None:
    """Bob signs Alice's ciphertext as his own; the key that he is given is not hers."""
    copy = replace(sealed(), sender=BOB.address)
    check_admission(admitted(copy, BOB), EON, NOW)
    with pytest.raises(InvalidInput, match="ciphertext_invalid"):
        unseal(copy, identity_key(copy))


@pytest.mark.parametrize(
    "other", [Eon(DOMAIN, 4, KEYS.group), Eon(Domain(1, b"\x0b" * 20), 3, KEYS.group)]
)
def test_another_eon_or_chain_is_another_identity(other: Eon) -> None:
    elsewhere = seal(SINGLE, other, CHANCE, max_fee_micros=0)
    here = replace(elsewhere, eon=EON.number)
    with pytest.raises(InvalidInput, match="ciphertext_invalid"):
        unseal(here, identity_key(here))


@pytest.mark.parametrize("field", ["owner", "account"])
def test_nobody_wraps_what_is_another_accounts(field: str) -> None:
    envelope = sealed()
    if field == "account":
        envelope = replace(envelope, account=7)
    else:
        envelope = replace(envelope, sender=BOB.address, ciphertext=wrapped_by(BOB, pack(SINGLE)))
        check_admission(admitted(envelope, BOB), EON, NOW)
    with pytest.raises(InvalidInput, match="sender_wrong"):
        unseal(envelope, identity_key(envelope))


def wrapped_by(person: Person, message: bytes) -> bytes:
    return encrypt(
        EON.key,
        message,
        CHANCE[:16],
        lambda u: identity_point(DOMAIN, EON.number, person.address, u),
    )


def test_what_opens_to_no_intent_is_its_senders_doing() -> None:
    nonsense = wrapped_by(ALICE, b"\xff" * PADDED_BYTES)
    envelope = replace(sealed(), ciphertext=nonsense)
    check_admission(admitted(envelope), EON, NOW)
    assert decrypt(identity_key(envelope), nonsense) == b"\xff" * PADDED_BYTES
    with pytest.raises(InvalidInput, match="packing_invalid"):
        unseal(envelope, identity_key(envelope))
