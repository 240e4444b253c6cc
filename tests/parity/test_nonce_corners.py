"""Lanes and partial fills where random batches get only by luck, on both sides."""

from dataclasses import replace

import pytest
from drafting import Draft
from people import ALICE, BOB, CAROL, DAVE, ERIN, Person
from showcase import Showcase
from world import World

from offbeat.core import Reason, limits
from offbeat.intents import Cancel, Lane, make_nonce
from offbeat.rulebook import Mode

LOT = limits.LOT_MICROS
EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN)


def swap(
    showcase: Showcase, numbers: dict[Person, int], fill: int = LOT, **changes: object
) -> Draft:
    """Alice buys the vertical from Bob, each under the nonce given."""
    draft = showcase.empty()
    for person, number in numbers.items():
        sign = 1 if person is ALICE else -1
        draft.act(showcase.order(person, number, sign, **changes), fill)
    return draft


# Lanes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "lane"),
    [
        (254, Lane(0, 1 << 254 | 1)),
        (255, Lane(0, 1 << 255 | 1)),
        (256, Lane(1, 1 << 255)),
        (510, Lane(255, 1 << 255)),
        (511, Lane(256, 1 << 255)),
        (512, Lane(257, 1 << 255)),
        (2**56 - 1, Lane(2**56 - 256, 1 << 255)),
    ],
)
def test_the_window_s_edges(showcase: Showcase, number: int, lane: Lane) -> None:
    """Carol's lane is new: number 0 first, then one at or beyond the edge."""
    world = showcase.world
    for each in (0, number):
        draft = showcase.empty(with_report=False)
        draft.act(Cancel(**showcase.envelope(CAROL, each)))
        draft.parts[0].mode = Mode.STATIC
        assert draft.land() is None
    assert world.state.account(CAROL.account()).lanes == (lane,)
    for spent in {0, max(0, lane.floor - 1), number}:
        draft = showcase.empty(with_report=False)
        draft.act(Cancel(**showcase.envelope(CAROL, spent)))
        draft.parts[0].mode = Mode.STATIC
        assert draft.land() == Reason.NONCE_SPENT


def test_eight_lanes_and_no_ninth(showcase: Showcase) -> None:
    for lane in range(limits.MAX_LANES + 1):
        draft = showcase.empty(with_report=False)
        cancel = Cancel(**showcase.envelope(CAROL, 0) | {"nonce": make_nonce(lane, lane)})
        draft.act(cancel)
        draft.parts[0].mode = Mode.STATIC
        assert draft.land() == (Reason.NONCE_LANE if lane == limits.MAX_LANES else None)
    lanes = showcase.world.state.account(CAROL.account()).lanes
    assert [lane.bitmap for lane in lanes] == [1 << number for number in range(8)]


# Partial fills --------------------------------------------------------------------------------


def fill_partly(showcase: Showcase, numbers: range, **changes: object) -> None:
    """Leave orders of Alice's filled by one lot; Bob sells for good."""
    draft = showcase.empty()
    for number in numbers:
        draft.act(showcase.order(ALICE, number, **changes), LOT)
    sold = LOT * len(numbers)
    draft.act(showcase.order(BOB, 100 + numbers[0], -1, quantity_micros=sold), sold)
    assert draft.land() is None


def partial_numbers(world: World) -> list[int]:
    return [partial.nonce for partial in world.state.account(ALICE.account()).partials]


def test_a_ninth_partial_fill_waits_until_one_has_expired(showcase: Showcase) -> None:
    world = showcase.world
    soon = world.now + 400
    fill_partly(showcase, range(1, 5))
    fill_partly(showcase, range(5, 8), valid_until_seconds=soon)
    assert partial_numbers(world) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert swap(showcase, {ALICE: 8, BOB: 200}).land() == Reason.PARTIALS_FULL
    # At its last second it still counts: what is forgotten must be dead in every batch to come.
    world.wait(soon - world.now)
    draft = swap(showcase, {ALICE: 8, BOB: 200})
    assert draft.time_seconds == soon
    draft.credit_all()
    for part in draft.parts[:2]:
        part.mode = Mode.SCAN
    assert draft.land() == Reason.PARTIALS_FULL
    later = swap(showcase, {ALICE: 8, BOB: 200}, quantity_micros=4 * LOT)
    assert later.land() is None
    # The first expired one (5) went, the last one (7) took its place.
    assert partial_numbers(world) == [0, 1, 2, 3, 4, 7, 6, 8]
    # Nobody can fill it once more: its nonce is spent, and nothing says that some of it is left.
    forgotten = swap(showcase, {ALICE: 5, BOB: 201})
    assert forgotten.land() == Reason.NONCE_SPENT


def test_a_complete_order_is_forgotten_and_stays_spent(showcase: Showcase) -> None:
    world = showcase.world
    fill_partly(showcase, range(1, 4), quantity_micros=2 * LOT)
    draft = swap(showcase, {ALICE: 1, BOB: 200}, quantity_micros=2 * LOT)
    assert draft.land() is None
    assert partial_numbers(world) == [0, 3, 2]
    assert swap(showcase, {ALICE: 1, BOB: 201}).land() == Reason.NONCE_SPENT


def test_a_cancel_forgets_a_partly_filled_order(showcase: Showcase) -> None:
    """Its nonce is spent already, so the cancel spends nothing; a second one finds nothing."""
    world = showcase.world
    before = world.state.account(ALICE.account()).lanes
    for expected in (None, Reason.NONCE_SPENT):
        draft = showcase.empty(with_report=False)
        draft.act(Cancel(**showcase.envelope(ALICE, 0)))
        draft.parts[0].mode = Mode.STATIC
        assert draft.land() == expected
    assert partial_numbers(world) == []
    assert world.state.account(ALICE.account()).lanes == before
    assert swap(showcase, {ALICE: 0, BOB: 200}).land() == Reason.NONCE_SPENT


@pytest.mark.parametrize(("number", "left"), [(257, [2, 3]), (258, [3]), (10_000, [])])
def test_a_window_that_slides_takes_partly_filled_orders_along(
    showcase: Showcase, number: int, left: list[int]
) -> None:
    """257 moves the floor to 2; orders of the lane below it end, whatever was left of them."""
    fill_partly(showcase, range(1, 4))
    draft = showcase.empty(with_report=False)
    draft.act(Cancel(**showcase.envelope(ALICE, number)))
    draft.parts[0].mode = Mode.STATIC
    assert draft.land() is None
    assert partial_numbers(showcase.world) == left


def test_other_lanes_keep_their_orders(showcase: Showcase) -> None:
    fill_partly(showcase, range(1, 2), nonce=make_nonce(1, 0))
    draft = showcase.empty(with_report=False)
    draft.act(Cancel(**showcase.envelope(ALICE, 10_000)))
    draft.parts[0].mode = Mode.STATIC
    assert draft.land() is None
    assert partial_numbers(showcase.world) == [make_nonce(1, 0)]


def test_an_order_may_slide_the_window_over_its_own_kin(showcase: Showcase) -> None:
    """The order that slides is filled partly itself, and is the only one that remains."""
    fill_partly(showcase, range(1, 4))
    assert swap(showcase, {ALICE: 600, BOB: 200}).land() is None
    assert partial_numbers(showcase.world) == [600]


def test_one_order_twice_in_a_batch(showcase: Showcase) -> None:
    """The second fill meets the first one's record: it is the same order, with less left."""
    world = showcase.world
    draft = swap(showcase, {ALICE: 1, BOB: 200}, quantity_micros=2 * LOT)
    for part in draft.parts:
        part.acts.append(replace(part.acts[0]))
    assert draft.land() is None
    assert partial_numbers(world) == [0]
    draft = swap(showcase, {ALICE: 2, BOB: 201}, quantity_micros=2 * LOT)
    for part in draft.parts:
        part.acts += [replace(part.acts[0]), replace(part.acts[0])]
    assert draft.land() == Reason.NONCE_SPENT


def test_the_least_fill_is_the_last_rest_too(showcase: Showcase) -> None:
    """minFill 3 of 4 lots: 3 may go, then the last one; but 2 may not."""
    terms = {"quantity_micros": 4 * LOT, "min_fill_micros": 3 * LOT}
    assert swap(showcase, {ALICE: 1, BOB: 200}, 2 * LOT, **terms).land() == Reason.BELOW_MIN_FILL
    assert swap(showcase, {ALICE: 1, BOB: 200}, 3 * LOT, **terms).land() is None
    assert swap(showcase, {ALICE: 1, BOB: 200}, 2 * LOT, **terms).land() == Reason.OVERFILLED
    assert swap(showcase, {ALICE: 1, BOB: 200}, LOT, **terms).land() is None
