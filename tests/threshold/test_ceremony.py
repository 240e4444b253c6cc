"""Keys that nobody holds: made and handed on while f of 3f+1 do whatever they like."""

import itertools
from dataclasses import replace

import pytest
from committee import LIES, Held, Member, hold, members, seed_of, take, threshold_of, wrong_deal
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold import (
    CERTIFICATE_DST,
    Ceremony,
    Fault,
    KeySet,
    Phase,
    Terms,
    combine,
    deal,
    encode_g1,
    hash_to_g1,
    is_founded,
    lagrange,
    public_key,
    read_deal,
    sign,
)
from offbeat.threshold.dealing import complain
from offbeat.threshold.proofs import is_proof, prove

POINT = hash_to_g1(b"a batch", CERTIFICATE_DST)
FOUR = members(*"abcd")
TERMS = Terms(seed_of("terms"), tuple(member.key for member in FOUR), 3)


def check(held: Held) -> None:
    """Every share is the one that everybody knows the key of; any threshold of them signs."""
    shares = held.shares
    assert [public_key(share) for share in shares] == list(held.keys.shares)
    partials = {index: sign(share, POINT) for index, share in enumerate(shares)}
    signatures = set()
    for chosen in itertools.combinations(partials, held.keys.threshold):
        combined = combine(held.keys, POINT, {index: partials[index] for index in chosen})
        assert not combined.bad
        assert combined.signature is not None
        signatures.add(encode_g1(combined.signature))
    assert len(signatures) == 1
    few = dict(itertools.islice(partials.items(), held.keys.threshold - 1))
    assert combine(held.keys, POINT, few).signature is None


def secret_of(shares: dict[int, Scalar]) -> Scalar:
    total = Scalar(0)
    for index, factor in lagrange(shares).items():
        total += factor * shares[index]
    return total


@pytest.mark.parametrize("size", [1, 4, 7])
def test_honest_members_make_a_key(size: int) -> None:
    held = hold("honest", members(*range(size)))
    assert len(held.ceremony.deals) == size
    check(held)


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("liar", [0, 3])
def test_one_faulty_dealer_of_four_stops_nothing(liar: int, lie: str) -> None:
    held = hold("faulty", FOUR, liars={liar: lie})
    check(held)
    assert liar not in {made.dealer for made in held.ceremony.deals}
    caught = {liar: Fault.WRONG_SHARE} if lie.startswith("wrong") else {}
    assert held.ceremony.faulty_dealers == caught
    assert not held.ceremony.faulty_receivers


@settings(max_examples=15)
@given(
    st.dictionaries(st.integers(0, 6), st.sampled_from(LIES), max_size=2),
    st.sets(st.integers(0, 6), max_size=2),
)
def test_two_faulty_of_seven_stop_nothing(liars: dict[int, str], complainers: set[int]) -> None:
    """Whatever they deal and whoever they accuse, the honest keep their deals and their shares."""
    held = hold("two of seven", members(*range(7)), None, liars, complainers)
    assert {made.dealer for made in held.ceremony.deals} == set(range(7)) - liars.keys()
    assert set(held.ceremony.faulty_receivers) == complainers
    check(held)


def test_too_few_deals_make_no_key() -> None:
    with pytest.raises(InvalidInput, match="deals_missing"):
        hold("too few", FOUR, liars={0: "silent", 2: "wrong to one"})


@settings(max_examples=15)
@given(
    st.sampled_from([(4, 4), (4, 7), (7, 4), (7, 7)]),
    st.sampled_from(LIES),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_handing_on_keeps_the_key_and_ends_the_shares(
    sizes: tuple[int, int], lie: str, liar: int, complainer: int
) -> None:
    """To as many, more or fewer members, some of them the same, with a faulty one on each side."""
    before = hold("before", members(*range(sizes[0])))
    after = hold("after", members(*range(2, 2 + sizes[1])), before, {liar: lie}, {complainer})
    check(after)
    assert after.keys.group == before.keys.group
    assert after.keys.threshold == threshold_of(sizes[1])
    for index, (old, new) in enumerate(zip(before.shares, after.shares, strict=False)):
        assert old != new
        assert after.keys.holds_partial(index, POINT, sign(new, POINT))
        assert not after.keys.holds_partial(index, POINT, sign(old, POINT))


def test_old_shares_and_new_ones_do_not_go_together() -> None:
    """Two stolen before a handing on and two after it are four, yet say nothing of the secret."""
    before = hold("before", FOUR)
    after = hold("after", FOUR, before)
    secret = secret_of(dict(enumerate(before.shares[:3])))
    assert secret == secret_of(dict(enumerate(after.shares[1:], 1)))
    for chosen in itertools.product((before, after), repeat=4):
        mixed = {index: held.shares[index] for index, held in enumerate(chosen)}
        for three in itertools.combinations(mixed, 3):
            right = secret_of({index: mixed[index] for index in three}) == secret
            assert right == (len({id(chosen[index]) for index in three}) == 1)


def test_a_dealer_shares_only_his_own_share() -> None:
    """With another secret under his name, the key would change unnoticed."""
    before = hold("before", FOUR)
    terms = replace(TERMS, previous=before.keys)
    good = deal(terms, 1, seed_of("x"), before.shares[1])
    assert read_deal(terms, 1, good).dealer == 1
    with pytest.raises(InvalidInput, match="deal_invalid"):
        read_deal(terms, 1, deal(terms, 1, seed_of("x"), before.shares[1] + Scalar(1)))


def test_no_machine_differs_from_another() -> None:
    """Whatever the order in which complaints come."""
    keys: set[bytes] = set()
    deals = {dealer: deal(TERMS, dealer, seed_of(TERMS.label, dealer)) for dealer in range(4)}
    deals[2] = wrong_deal(TERMS, 2, deals[2], to_all=True)
    for order in itertools.permutations(range(4)):
        ceremony = Ceremony(TERMS)
        for dealer in order:
            ceremony.take_deal(dealer, deals[dealer])
        ceremony.end_deals()
        for receiver in order:
            for complaint in ceremony.complaints_of(receiver, FOUR[receiver].secret):
                ceremony.take_complaint(receiver, complaint)
        keys.add(ceremony.finish().encode())
    assert len(keys) == 1


# Messages ---------------------------------------------------------------------------------


def test_any_altered_byte_of_a_deal_is_refused() -> None:
    good = deal(TERMS, 0, seed_of("good"))
    read_deal(TERMS, 0, good)
    for at in (0, 1, 47, 48, 100, 335, 336, 400, len(good) - 64, len(good) - 1):
        altered = bytearray(good)
        altered[at] ^= 1
        with pytest.raises(InvalidInput, match="deal_invalid"):
            read_deal(TERMS, 0, bytes(altered))


def test_a_deal_holds_for_its_dealer_and_its_ceremony_alone() -> None:
    """So that nobody borrows another's E: complaints about it would open the other's shares."""
    good = deal(TERMS, 0, seed_of("good"))
    for terms, dealer in (
        (TERMS, 1),
        (TERMS, 4),
        (TERMS, -1),
        (replace(TERMS, label=bytes(32)), 0),
        (replace(TERMS, receivers=TERMS.receivers[::-1]), 0),
    ):
        with pytest.raises(InvalidInput, match="deal_invalid"):
            read_deal(terms, dealer, good)


def test_a_complaint_proves_itself() -> None:
    honest = deal(TERMS, 0, seed_of(TERMS.label, 0))
    ceremony = Ceremony(TERMS)
    ceremony.take_deal(0, wrong_deal(TERMS, 0, honest, to_all=False))
    made = ceremony.deals[0]
    (complaint,) = ceremony.complaints_of(0, FOUR[0].secret)
    assert ceremony.complaints_of(1, FOUR[1].secret) == []
    assert is_founded(TERMS, made, 0, complaint)
    assert not is_founded(TERMS, made, 1, complaint)
    assert not is_founded(TERMS, read_deal(TERMS, 0, honest), 0, complaint)
    for at in range(0, len(complaint), 8):
        altered = bytearray(complaint)
        altered[at] ^= 1
        assert not is_founded(TERMS, made, 0, bytes(altered))
    assert not is_founded(TERMS, made, 0, complaint[:-1])


def test_a_true_point_accuses_no_honest_dealer() -> None:
    """The complaint's proof holds, but the share that it opens is right."""
    made = read_deal(TERMS, 0, deal(TERMS, 0, seed_of("good")))
    assert not is_founded(TERMS, made, 2, complain(TERMS, made, 2, FOUR[2].secret))


def test_a_complaint_that_came_too_late_is_found_by_its_owner() -> None:
    ceremony = Ceremony(TERMS)
    for dealer in range(4):
        data = deal(TERMS, dealer, seed_of(TERMS.label, dealer))
        ceremony.take_deal(dealer, wrong_deal(TERMS, 0, data, to_all=False) if not dealer else data)
    ceremony.end_deals()
    ceremony.finish()
    ceremony.share_of(1, FOUR[1].secret)
    with pytest.raises(InvalidInput, match="share_wrong"):
        ceremony.share_of(0, FOUR[0].secret)


def test_each_phase_takes_its_own_messages() -> None:
    ceremony = Ceremony(TERMS)
    data = deal(TERMS, 0, seed_of("good"))
    with pytest.raises(InvalidInput, match="phase_early"):
        ceremony.key_set()
    with pytest.raises(InvalidInput, match="phase_over"):
        ceremony.take_complaint(0, bytes(113))
    ceremony.take_deal(0, data)
    assert take(ceremony.take_deal, 0, data) == "deal_repeated"
    ceremony.end_deals()
    assert take(ceremony.take_deal, 1, data) == "phase_over"
    for receiver, complaint, code in (
        (0, b"", "complaint_invalid"),
        (0, b"\1", "complaint_invalid"),
        (4, b"\0", "complaint_invalid"),
        (-1, b"\0", "complaint_invalid"),
        (1, b"\0", None),
        (1, b"\0", "complaint_repeated"),
    ):
        assert take(ceremony.take_complaint, receiver, complaint) == code
    assert ceremony.faulty_receivers == {1: Fault.UNFOUNDED_COMPLAINT}
    assert ceremony.phase is Phase.COMPLAINTS
    with pytest.raises(InvalidInput, match="deals_missing"):
        ceremony.finish()


def test_terms_are_checked() -> None:
    for changes in ({"threshold": 0}, {"threshold": 5}, {"label": b"short"}, {"receivers": ()}):
        with pytest.raises(InvalidInput, match="terms_invalid"):
            replace(TERMS, **changes)
    for previous, share in ((None, Scalar(1)), (hold("before", FOUR).keys, None)):
        with pytest.raises(InvalidInput, match="share_missing"):
            deal(replace(TERMS, previous=previous), 0, seed_of("x"), share)


def test_proofs_hold_for_what_they_say_alone() -> None:
    g, h = G1Point(), POINT
    secret = Scalar(99)
    points = [g * secret, h * secret]
    proof = prove(b"context", secret, [g, h])
    assert is_proof(proof, b"context", [g, h], points)
    assert not is_proof(proof, b"another", [g, h], points)
    assert not is_proof(proof, b"context", [g, h], [points[0], h * Scalar(98)])
    assert not is_proof(proof, b"context", [g], points[:1])
    assert not is_proof(proof[:-1], b"context", [g, h], points)
    assert not is_proof(b"\xff" * 64, b"context", [g, h], points)


def test_a_single_member_needs_no_other() -> None:
    held = hold("alone", [Member("only")])
    assert isinstance(held.keys, KeySet)
    assert held.keys.threshold == 1
