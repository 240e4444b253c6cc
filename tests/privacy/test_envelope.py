"""Who can read an envelope, when, and what is refused without reading it."""

import itertools
from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from people import ALICE, BOB, DESK, Person
from py_arkworks_bls12381 import G1Point, Scalar

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Delegation,
    Domain,
    Order,
    Scope,
    SignedIntent,
    keccak256,
    sign,
    sign_digest,
)
from offbeat.privacy import (
    CIPHERTEXT_BYTES,
    ENVELOPE_BYTES,
    ENVELOPE_TYPE,
    OVERHEAD_BYTES,
    PADDED_BYTES,
    Envelope,
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
from offbeat.threshold import (
    KeySet,
    combine,
    combine_many,
    commit,
    derive_scalars,
    lagrange,
    public_key,
    share_of,
)
from offbeat.threshold import sign as sign_share

DOMAIN = Domain(31_337, b"\x0b" * 20)
MEMBERS, FAULTY, THRESHOLD = 4, 1, 3
POLYNOMIAL = derive_scalars(b"the committee's decryption secret", b"test", THRESHOLD)
SHARES = [share_of(POLYNOMIAL, index) for index in range(MEMBERS)]
KEYS = KeySet(commit(POLYNOMIAL), MEMBERS)
EON = Eon(DOMAIN, 3, KEYS.group)
NOW = 1_000_000
CHANCE = keccak256(b"chance")


def order_of(person: Person, *names: str, contracts: int = 1, lots: int = 0) -> SignedIntent:
    order = Order(
        owner=person.address,
        account=2,
        legs=tuple(Leg(Instrument.parse(name), 1) for name in names),
        quantity_micros=contracts * 10**6 + lots * 1_000,
        limit_micros=5 * 10**6,
        nonce=1,
        valid_until_seconds=NOW + 60,
        max_fee_micros=10**6,
    )
    return sign(order, person.key, DOMAIN)


SINGLE = order_of(ALICE, "ETH-25DEC26-4000-C", contracts=0, lots=1)
CONDOR = order_of(
    ALICE,
    "ETH-25DEC26-3000-P",
    "ETH-25DEC26-3500-P",
    "ETH-25DEC26-4000-C",
    "ETH-25DEC26-4500-C",
    contracts=1_000,
)


def admitted(envelope: Envelope, person: Person = ALICE) -> SignedEnvelope:
    return SignedEnvelope(envelope, sign_digest(envelope.digest(DOMAIN), person.key))


def sealed(signed: SignedIntent = SINGLE, chance: bytes = CHANCE) -> Envelope:
    return seal(signed, EON, chance, max_fee_micros=10**5)


def identity_key(envelope: Envelope) -> G1Point:
    """By three of the four."""
    point = envelope.identity(DOMAIN)
    partials = {index: sign_share(SHARES[index], point) for index in (0, 2, 3)}
    signature = combine(KEYS, point, partials).signature
    assert signature is not None
    return signature


def refusal(signed: SignedEnvelope, now: int = NOW) -> str:
    with pytest.raises(InvalidInput) as caught:
        check_admission(signed, EON, now)
    return caught.value.code


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


# Admission --------------------------------------------------------------------------------


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
    short = replace(envelope, ciphertext=envelope.ciphertext[:-1])
    assert refusal(admitted(short)) == "ciphertext_invalid"


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
