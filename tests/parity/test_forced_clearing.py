"""Out of the queue of forced requests: what is done, has lapsed, or is more than there is."""

from dataclasses import replace

import pytest
from forcing import Queue, doing, idle, steady_report, taking, withdrawal
from market import MICROS
from people import ALICE, BOB, CAROL, DESK, ERIN, STRANGER, Person
from showcase import FILL, Showcase

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Withdraw, make_nonce
from offbeat.rulebook import Mode

DELAY = limits.INBOX_DELAY_SECONDS
LATE = limits.FORCED_LIFE_SECONDS


@pytest.fixture
def queue(showcase: Showcase) -> Queue:
    return Queue(showcase.world)


# By time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("early", "reason"), [(1, Reason.ITEM_OPEN), (0, None)])
@pytest.mark.parametrize("valid_for", [DELAY, 2 * LATE])
def test_it_lapses_with_its_validity_or_after_a_day(
    showcase: Showcase, queue: Queue, early: int, reason: Reason | None, valid_for: int
) -> None:
    world = showcase.world
    queue.force(withdrawal(showcase, valid_until_seconds=world.now + valid_for))
    lapses = world.now - 1 + min(valid_for, LATE)
    assert world.state.forced[0].lapses_at_seconds == lapses
    world.wait(lapses + 1 - early - world.now)
    assert queue.clear() == reason


@pytest.mark.parametrize(("early", "reason"), [(1, Reason.ITEM_OPEN), (0, None)])
def test_an_order_lapses_with_its_first_leg(
    showcase: Showcase, queue: Queue, early: int, reason: Reason | None
) -> None:
    world = showcase.world
    expiry = world.now + 2 * DELAY
    legs = (Leg(Instrument("ETH", Kind.CALL, expiry, 2_000 * MICROS), 1), showcase.legs[0])
    queue.force(showcase.order(ALICE, 90, legs=legs))
    world.wait(expiry - early - world.now)
    assert queue.clear() == reason


@pytest.mark.parametrize(("early", "reason"), [(1, Reason.ITEM_OPEN), (0, None)])
def test_a_delegates_request_ends_with_its_grant(
    showcase: Showcase, queue: Queue, early: int, reason: Reason | None
) -> None:
    world = showcase.world
    queue.force(showcase.order(BOB, 70, valid_until_seconds=world.now + LATE), DESK.key)
    assert world.approve_delegate(BOB, DESK.address, 0, 0) is None
    ends = world.state.grants[BOB.address, DESK.address].expires_seconds
    world.wait(ends + 1 - early - world.now)
    assert queue.clear(steady_report(showcase)) == reason


def test_what_cannot_be_done_stays_until_it_is_due(showcase: Showcase, queue: Queue) -> None:
    """Until then its account may come by what it lacks."""
    world = showcase.world
    queue.force(taking(showcase, ERIN, "USDC", 10**7 + 1))
    world.wait(world.state.forced[0].due_at_seconds - 1 - world.now)
    assert queue.clear() == Reason.ITEM_OPEN
    assert queue.clear() is None


# By nonce -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nonce", "reason"),
    [
        (make_nonce(0, 60), Reason.ITEM_OPEN),
        (make_nonce(1, 60), Reason.ITEM_OPEN),
        (make_nonce(2, 0), None),
        (make_nonce(8, 0), None),
        (make_nonce(255, 0), None),
        (make_nonce(0, 2**56 - 1), Reason.ITEM_OPEN),
    ],
)
def test_a_nonce_that_no_batch_takes(
    showcase: Showcase, queue: Queue, nonce: int, reason: Reason | None
) -> None:
    """Carol has one lane, so that the second is the next."""
    world = showcase.world
    opened = withdrawal(showcase, number=1)
    assert doing(showcase, queue.signed(opened)).land() is None
    assert len(world.state.account(CAROL.account()).lanes) == 1
    for intent in (
        withdrawal(showcase, nonce=nonce),
        Cancel(**(showcase.envelope(CAROL, 0) | {"nonce": nonce})),  # type: ignore[arg-type]
    ):
        with world.sandbox():
            queue.force(intent)
            world.wait(DELAY)
            assert queue.clear() == reason


def test_a_nonce_that_is_spent(showcase: Showcase, queue: Queue) -> None:
    """Below the floor, in the window, and by whatever else."""
    world = showcase.world
    slides = Cancel(**showcase.envelope(CAROL, 300))  # type: ignore[arg-type]
    draft = idle(showcase)
    draft.act(slides)
    draft.part(CAROL.account()).mode = Mode.HOLD
    assert draft.land() is None
    (lane,) = world.state.account(CAROL.account()).lanes
    assert lane.floor == 45
    for number, reason in ((44, None), (45, Reason.ITEM_OPEN), (300, None), (301, "item_open")):
        with world.sandbox():
            queue.force(withdrawal(showcase, number=number))
            assert queue.clear() == reason


def test_a_partly_filled_order_is_open_and_a_cancel_of_it_too(
    showcase: Showcase, queue: Queue
) -> None:
    """Alice has bought a part of her vertical; its nonce is spent."""
    world = showcase.world
    (partial,) = world.state.account(ALICE.account()).partials
    order = showcase.order(ALICE, 0)
    cancel = Cancel(**showcase.envelope(ALICE, 0))  # type: ignore[arg-type]
    for intent, reason in (
        (order, Reason.ITEM_OPEN),
        (cancel, Reason.ITEM_OPEN),
        (showcase.order(ALICE, 0, limit_micros=1), None),
        (replace(withdrawal(showcase), owner=ALICE.address, nonce=partial.nonce), None),
    ):
        with world.sandbox():
            assert queue.force(intent) is None
            world.wait(DELAY)
            assert queue.clear() == reason


def test_an_order_that_is_filled_is_done(showcase: Showcase, queue: Queue) -> None:
    world = showcase.world
    order = showcase.order(ALICE, 90, quantity_micros=FILL)
    queue.force(order)
    draft = showcase.empty()
    draft.act(order, FILL)
    draft.act(showcase.order(BOB, 91, -1, quantity_micros=FILL), FILL)
    assert draft.land() is None
    assert world.state.forced
    assert queue.clear() is None


# By what the account holds --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "asset", "micros", "reason"),
    [
        (ERIN, "USDC", 10**7, Reason.ITEM_OPEN),
        (ERIN, "USDC", 10**7 + 1, None),
        (ERIN, "BTC", 10**6, Reason.ITEM_OPEN),
        (ERIN, "BTC", 10**6 + 1, None),
        (ERIN, "ETH", 1, None),
        (ERIN, "SOL", 1, None),
    ],
)
def test_more_than_there_is(
    showcase: Showcase,
    queue: Queue,
    person: Person,
    asset: str,
    micros: int,
    reason: Reason | None,
) -> None:
    queue.force(taking(showcase, person, asset, micros))
    showcase.world.wait(DELAY)
    assert queue.clear() == reason


def test_an_account_that_never_was_touched_has_nothing(showcase: Showcase, queue: Queue) -> None:
    envelope = showcase.envelope(STRANGER, 0) | {"account": 9}
    queue.force(
        Withdraw(**envelope, to=STRANGER.address, asset="USDC", amount_micros=1)  # type: ignore[arg-type]
    )
    queue.force(Cancel(**(envelope | {"nonce": 5})))  # type: ignore[arg-type]
    showcase.world.wait(DELAY)
    assert queue.clear() is None
    assert queue.clear() == Reason.ITEM_OPEN


def test_the_record_must_be_the_accounts_own(showcase: Showcase, queue: Queue) -> None:
    world = showcase.world
    queue.force(withdrawal(showcase))
    queue.force(
        Withdraw(
            **showcase.envelope(STRANGER, 0), to=STRANGER.address, asset="USDC", amount_micros=1
        )
    )  # type: ignore[arg-type]
    carol, alice = (world.state.account(each.account()).words for each in (CAROL, ALICE))
    header, cash, *rest = carol
    wrong = [
        (),
        (header,),
        alice,
        (header, cash + 1, *rest),
        (header, cash, *rest, 0),
        (header, cash, *rest[:-1]),
        (header >> 64 << 64, 0),
    ]
    for words in wrong:
        receipt = queue.transact("clear", words, 0, (), (), b"", b"")
        assert receipt.reverted == "witness_mismatch"
    assert world.state.account(CAROL.account()).words == carol


def test_a_blank_record_is_blank(showcase: Showcase, queue: Queue) -> None:
    envelope = showcase.envelope(STRANGER, 0)
    intent = Withdraw(**envelope, to=STRANGER.address, asset="USDC", amount_micros=1)  # type: ignore[arg-type]
    queue.force(intent)
    showcase.world.wait(DELAY)
    blank = STRANGER.account() << 64
    for words in ((blank | 1, 0), (blank, 1), (blank, 0, 0), (blank,)):
        receipt = queue.transact("clear", words, 0, (), (), b"", b"")
        assert receipt.reverted == "witness_mismatch"
    assert queue.clear() is None
