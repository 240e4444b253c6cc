"""Alternatives, stops and slices against the contract itself, with no relay in between."""

from collections.abc import Iterator

import pytest
from drafting import Draft
from market import SPOT_MICROS
from people import ALICE, BOB
from showcase import FILL, LIMIT_MICROS, Showcase
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import Reason
from offbeat.intents import Order
from offbeat.sdk import OrderTerms, time_slices

SPOT = SPOT_MICROS["ETH"]


@pytest.fixture(scope="module")
def _showcase() -> Showcase:
    return Showcase(World(EmbeddedChain()))


@pytest.fixture
def showcase(_showcase: Showcase) -> Iterator[Showcase]:
    """A world that is put back afterwards as it was."""
    with _showcase.world.sandbox():
        yield _showcase


def batch(showcase: Showcase, number: int, *orders: Order) -> Draft:
    """Each of Alice's orders bought from Bob, whose nonces count from ``number``."""
    draft = showcase.empty()
    for place, order in enumerate(orders):
        draft.act(order, FILL)
        draft.act(showcase.order(BOB, number + place, -1), FILL)
    return draft


def test_a_part_of_one_alternative_ends_the_other(showcase: Showcase) -> None:
    first = showcase.order(ALICE, 50)
    second = showcase.order(ALICE, 50, limit_micros=LIMIT_MICROS + 1)
    assert first.quantity_micros > FILL
    assert batch(showcase, 100, first).land() is None
    assert batch(showcase, 110, second).land() == Reason.NONCE_SPENT
    assert batch(showcase, 120, first).land() is None


def test_two_alternatives_cannot_share_a_batch(showcase: Showcase) -> None:
    both = [showcase.order(ALICE, 50, limit_micros=LIMIT_MICROS + each) for each in (0, 1)]
    assert batch(showcase, 100, *both).land() == Reason.NONCE_SPENT
    assert batch(showcase, 110, both[1]).land() is None


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ({"spot_max_micros": SPOT}, None),
        ({"spot_max_micros": SPOT - 1}, Reason.MARKET_CONDITION),
        ({"spot_min_micros": SPOT}, None),
        ({"spot_min_micros": SPOT + 1}, Reason.MARKET_CONDITION),
    ],
)
def test_a_stop_waits_for_the_oracle(
    showcase: Showcase, bounds: dict[str, int], reason: Reason | None
) -> None:
    assert batch(showcase, 100, showcase.order(ALICE, 50, **bounds)).land() == reason


def test_a_slice_fills_in_its_own_window(showcase: Showcase) -> None:
    terms = OrderTerms(legs=showcase.legs, quantity_micros=3 * FILL, limit_micros=LIMIT_MICROS)
    now = showcase.world.now
    slices = [
        each.order(ALICE.address, 0, 50 + number, 0, 1_000)
        for number, each in enumerate(
            time_slices(terms, 3, start_seconds=now - 900, every_seconds=900)
        )
    ]
    past, present, future = (batch(showcase, 100, each) for each in slices)
    assert past.land() == Reason.EXPIRED
    assert future.land() == Reason.NOT_YET_VALID
    assert present.land() is None
