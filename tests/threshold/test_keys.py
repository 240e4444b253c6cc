"""Shares and partials: any threshold of them speaks, fewer never do, the bad are named."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold import (
    CERTIFICATE_DST,
    ORDER,
    Combined,
    KeySet,
    combine,
    combine_many,
    commit,
    decode_partial,
    derive_scalars,
    encode_g1,
    hash_to_g1,
    is_share,
    lagrange,
    share_of,
    sign,
    verifies,
)

MEMBERS, THRESHOLD = 7, 5
POLYNOMIAL = derive_scalars(b"a committee's common secret, once", b"test", THRESHOLD)
SHARES = [share_of(POLYNOMIAL, index) for index in range(MEMBERS)]
KEYS = KeySet(commit(POLYNOMIAL), MEMBERS)
POINT = hash_to_g1(b"a batch", CERTIFICATE_DST)
OTHER = hash_to_g1(b"another batch", CERTIFICATE_DST)
PARTIALS = {index: sign(share, POINT) for index, share in enumerate(SHARES)}
SIGNATURE = sign(POLYNOMIAL[0], POINT)


@given(st.sets(st.integers(0, 300), min_size=1, max_size=12), st.data())
def test_any_members_find_the_secret(indices: set[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(indices)))
    polynomial = [Scalar(data.draw(st.integers(0, ORDER - 1))) for _ in range(size)]
    total = Scalar(0)
    for index, factor in lagrange(indices).items():
        total += factor * share_of(polynomial, index)
    assert total == polynomial[0]


def test_a_member_counts_once() -> None:
    with pytest.raises(InvalidInput, match="indices_repeated"):
        lagrange([1, 2, 1])


def test_a_share_is_checked_by_commitments() -> None:
    for index, share in enumerate(SHARES):
        assert is_share(KEYS.commitments, index, share)
        assert not is_share(KEYS.commitments, index, share + Scalar(1))
        assert not is_share(KEYS.commitments, index + 1, share)


def test_every_threshold_of_partials_gives_the_one_signature() -> None:
    assert verifies(KEYS.group, POINT, SIGNATURE)
    for chosen in itertools.combinations(range(MEMBERS), THRESHOLD):
        assert combine(KEYS, POINT, {i: PARTIALS[i] for i in chosen}) == Combined(SIGNATURE)


def test_fewer_give_none() -> None:
    few = {index: PARTIALS[index] for index in range(THRESHOLD - 1)}
    assert combine(KEYS, POINT, few) == Combined(None)
    assert combine(KEYS, POINT, {}) == Combined(None)


@settings(max_examples=25)
@given(st.sets(st.integers(0, MEMBERS - 1)), st.sampled_from(["other", "negated", "swapped"]))
def test_bad_partials_are_named_where_they_matter(liars: set[int], lie: str) -> None:
    """Two liars of seven are tolerated, wherever they stand; three leave too few."""
    lies = {
        "other": lambda i: sign(SHARES[i], OTHER),
        "negated": lambda i: -PARTIALS[i],
        "swapped": lambda i: PARTIALS[(i + 1) % MEMBERS],
    }
    partials = {i: lies[lie](i) if i in liars else PARTIALS[i] for i in range(MEMBERS)}
    combined = combine(KEYS, POINT, partials)
    assert combined.signature == (SIGNATURE if len(liars) <= MEMBERS - THRESHOLD else None)
    if liars & set(range(THRESHOLD)):
        assert combined.bad == tuple(sorted(liars))
    else:
        assert combined.bad == ()


def test_errors_that_cancel_out_name_nobody_and_harm_nobody() -> None:
    """Colluders may send partials that are wrong alone and right together."""
    factors = lagrange(range(THRESHOLD))
    slip = sign(Scalar(99), POINT)
    partials = dict(PARTIALS)
    partials[0] += slip * factors[0].inverse()
    partials[1] -= slip * factors[1].inverse()
    assert not KEYS.holds_partial(0, POINT, partials[0])
    assert combine(KEYS, POINT, partials) == Combined(SIGNATURE)


def test_partials_of_another_order_are_named_or_harmless() -> None:
    """x = 4 is on the curve, and the pairing alone would not notice the part out of the group."""
    stray = decode_partial(bytes((0x80,)) + (4).to_bytes(47))
    assert not stray.is_in_subgroup()
    for index in range(MEMBERS):
        partials = {**PARTIALS, index: PARTIALS[index] + stray}
        assert not KEYS.holds_partial(index, POINT, partials[index])
        bad = (index,) if index < THRESHOLD else ()
        assert combine(KEYS, POINT, partials) == Combined(SIGNATURE, bad)


def test_a_stranger_is_no_member() -> None:
    few = {index: PARTIALS[index] for index in range(THRESHOLD - 1)}
    for stranger in (-1, MEMBERS):
        combined = combine(KEYS, POINT, {**few, stranger: sign(SHARES[0], POINT)})
        assert combined == Combined(None, (stranger,))


def test_many_at_once_are_as_one_by_one() -> None:
    points = [hash_to_g1(bytes((i,)), CERTIFICATE_DST) for i in range(5)]
    partials = [{i: sign(share, point) for i, share in enumerate(SHARES)} for point in points]
    right = [Combined(sign(POLYNOMIAL[0], point)) for point in points]
    assert combine_many(KEYS, points, partials) == right
    assert combine_many(KEYS, [], []) == []
    partials[1][2], partials[3] = partials[0][2], {0: partials[3][0]}
    right[1], right[3] = Combined(right[1].signature, (2,)), Combined(None)
    assert combine_many(KEYS, points, partials) == right


def test_errors_of_two_messages_do_not_cancel_out() -> None:
    """Without random weights the two wrong signatures would pass as a sum."""
    partials = [{i: sign(s, point) for i, s in enumerate(SHARES)} for point in (POINT, OTHER)]
    slip = sign(Scalar(99), POINT)
    partials[0][0] += slip
    partials[1][0] -= slip
    assert [each.bad for each in combine_many(KEYS, [POINT, OTHER], partials)] == [(0,), (0,)]


def test_a_key_set_comes_back() -> None:
    assert KeySet.decode(KEYS.encode()) == KEYS
    assert KeySet.decode(KEYS.encode()).shares == KEYS.shares
    for broken in (b"", KEYS.encode()[:-1], KEYS.encode()[:1], bytes((4,)) + KEYS.encode()[1:]):
        with pytest.raises(InvalidInput, match="key_set_invalid"):
            KeySet.decode(broken)


def test_nobodys_key_is_no_members() -> None:
    """x² − 3x + 2 is zero at 1 and 2: those members would hold zero."""
    for coefficients in ((2, -3, 1), (0, 1)):
        commitments = commit([Scalar(c % ORDER) for c in coefficients])
        with pytest.raises(InvalidInput, match="key_set_invalid"):
            KeySet(commitments, 4)


def test_a_signature_fits_in_48_bytes() -> None:
    assert len(encode_g1(SIGNATURE)) == 48
    assert isinstance(SIGNATURE, G1Point)
