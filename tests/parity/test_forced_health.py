"""Out of the queue of forced requests: what health forbids, and what has expired meanwhile."""

from dataclasses import replace

import pytest
from forcing import Queue, doing, idle, steady_report, taking, withdrawal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from market import MICROS, expiries, report, universe
from people import ALICE, BOB, CAROL, DAVE, ERIN
from showcase import Showcase

from offbeat.chain.forced_queue import clear_args
from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Intent, Order
from offbeat.rulebook import Mode

DELAY = limits.INBOX_DELAY_SECONDS
LATE = limits.FORCED_LIFE_SECONDS
ETH = Instrument.spot("ETH")


@pytest.fixture
def queue(showcase: Showcase) -> Queue:
    return Queue(showcase.world)


# By health ------------------------------------------------------------------------------------


PUTS = 2 * MICROS
LOSS = 16_587
"""Ticks (of 1) that two puts may lose: Erin has a bitcoin of 40,000 and 10 in cash, owes two marks
of 100, and needs 1.2 times the loss."""


def naked_put(showcase: Showcase, quantity_micros: int, **changes: object) -> Order:
    """Erin, whose cash covers 0.005 puts, sells some and asks nothing for them."""
    expiry = showcase.legs[0].instrument.expiry_seconds
    leg = Leg(Instrument("ETH", Kind.PUT, expiry, 2_000 * MICROS), -1)
    terms = {"legs": (leg,), "quantity_micros": quantity_micros, "limit_micros": 0}
    return showcase.order(ERIN, 90, **(terms | changes))


def refresh(showcase: Showcase) -> Reason | None:
    """A batch that brings a report, and takes the inbox before that is due."""
    draft = showcase.empty()
    draft.credit_all()
    draft.part(ALICE.account()).mode = Mode.SCAN
    return draft.land()


@pytest.mark.parametrize(
    ("quantity", "reason"), [(5_000, Reason.ITEM_OPEN), (6_000, Reason.REPORT_MISSING)]
)
def test_what_is_covered_stays_and_the_rest_asks_for_a_report(
    showcase: Showcase, queue: Queue, quantity: int, reason: Reason
) -> None:
    world = showcase.world
    queue.force(naked_put(showcase, quantity))
    world.wait(DELAY - 30)
    assert refresh(showcase) is None
    world.wait(60)
    assert queue.clear() == reason


@pytest.mark.parametrize(("early", "reason"), [(1, Reason.REPORT_MISSING), (0, None)])
def test_where_no_batch_brings_a_report_none_is_asked_for(
    showcase: Showcase, queue: Queue, early: int, reason: Reason | None
) -> None:
    world = showcase.world
    queue.force(naked_put(showcase, PUTS))
    world.wait(60)
    assert refresh(showcase) is None
    silent = world.state.report_time_seconds + limits.REPORT_SILENCE_SECONDS
    world.wait(silent - early - world.now)
    assert queue.clear() == reason


@pytest.mark.parametrize(("loss", "reason"), [(LOSS, Reason.ITEM_OPEN), (LOSS + 1, None)])
def test_under_a_report_the_scan_decides(
    showcase: Showcase, queue: Queue, loss: int, reason: Reason | None
) -> None:
    queue.force(naked_put(showcase, PUTS))
    showcase.world.wait(DELAY)
    assert queue.clear(steady_report(showcase, loss)) == reason


@pytest.mark.parametrize(("limit_micros", "reason"), [(-13, Reason.ITEM_OPEN), (0, None)])
def test_an_order_is_weighed_at_its_limit(
    showcase: Showcase, queue: Queue, limit_micros: int, reason: Reason | None
) -> None:
    """What it would receive at least counts."""
    queue.force(naked_put(showcase, PUTS, limit_micros=limit_micros * MICROS))
    showcase.world.wait(DELAY)
    assert queue.clear(steady_report(showcase, LOSS + 10)) == reason


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (-1, Reason.REPORT_EARLY),
        (0, None),
        (limits.REPORT_MAX_AGE_SECONDS, None),
        (limits.REPORT_MAX_AGE_SECONDS + 1, Reason.REPORT_STALE),
    ],
)
def test_how_old_the_report_may_be(
    showcase: Showcase, queue: Queue, age: int, reason: Reason | None
) -> None:
    queue.force(naked_put(showcase, PUTS))
    showcase.world.wait(2 * DELAY)
    stated = steady_report(showcase, LOSS + 1)
    stated = replace(stated, timestamp_seconds=stated.timestamp_seconds - age)
    assert queue.clear(stated) == reason


@pytest.mark.parametrize(("older", "reason"), [(0, None), (1, Reason.REPORT_OLDER)])
def test_no_older_report_than_the_last_batchs(
    showcase: Showcase, queue: Queue, older: int, reason: Reason | None
) -> None:
    world = showcase.world
    queue.force(naked_put(showcase, PUTS))
    assert refresh(showcase) is None
    world.wait(DELAY)
    stated = steady_report(showcase, LOSS + 1)
    stated = replace(stated, timestamp_seconds=world.state.report_time_seconds - older)
    assert queue.clear(stated) == reason


def test_the_report_must_be_the_reporters(showcase: Showcase, queue: Queue) -> None:
    """And must have a row of everything that counts."""
    world = showcase.world
    queue.force(naked_put(showcase, PUTS))
    world.wait(DELAY)
    stated = steady_report(showcase, LOSS + 1)
    args = list(clear_args(world.state, stated, world.attest(stated)))
    words = args[3]
    assert isinstance(words, list)
    for at, value, reason in (
        (1, stated.timestamp_seconds - 1, Reason.REPORT_QUORUM),
        (2, [0], Reason.REPORT_QUORUM),
        (3, [*words[:-1], words[-1] ^ 1], Reason.REPORT_QUORUM),
        (4, b"", Reason.REPORT_QUORUM),
        (5, b"", Reason.REPORT_PROOF),
    ):
        receipt = queue.transact("clear", *args[:at], value, *args[at + 1 :])
        assert receipt.reverted == reason
    put = naked_put(showcase, PUTS).legs[0].instrument.id
    for missing in (put, Instrument.spot("BTC").id):
        rows = tuple(row for row in stated.rows if row.instrument_id != missing)
        assert queue.clear(replace(stated, rows=rows)) == "entry_missing"
    assert queue.clear(stated) is None


def test_an_order_that_takes_risk_away_stays(showcase: Showcase, queue: Queue) -> None:
    """Erin has sold puts and stands far below margin: some she can buy back, no more sell."""
    world = showcase.world
    draft = showcase.empty()
    sold = naked_put(showcase, PUTS)
    leg = replace(sold.legs[0], ratio=1)
    draft.act(sold, PUTS)
    draft.act(showcase.order(ALICE, 90, legs=(leg,), quantity_micros=PUTS), PUTS)
    assert draft.land() is None
    back = naked_put(showcase, MICROS, legs=(leg,), nonce=91)
    for order, reason in ((back, Reason.ITEM_OPEN), (naked_put(showcase, 1_000, nonce=91), None)):
        with world.sandbox():
            assert queue.force(order) is None
            world.wait(DELAY)
            assert queue.clear(steady_report(showcase, 32_768)) == reason


# What has expired -----------------------------------------------------------------------------


def test_what_has_expired_is_settled_first(showcase: Showcase, queue: Queue) -> None:
    """Two calls ended 500 in the money (strike 1,600, price 2,500: Bob owes 1,800, in ETH 0.72)."""
    world = showcase.world
    owed = 2 * (2_500 * MICROS - showcase.expired.strike_micros)
    spot = world.state.account(BOB.account()).quantity_of(ETH.id)
    left = spot - -(-owed * MICROS // (2_500 * MICROS))
    for amount, reason in ((left, Reason.ITEM_OPEN), (left + 1, None)):
        with world.sandbox():
            queue.force(taking(showcase, BOB, "ETH", amount))
            world.wait(DELAY)
            assert queue.clear(steady_report(showcase, 1)) == reason


def test_a_pot_that_is_short_cannot_be_counted_on(showcase: Showcase, queue: Queue) -> None:
    """Dave is due 1,800, for which Bob has not paid in yet; then he is paid in ETH."""
    world = showcase.world
    cash = world.state.account(DAVE.account()).cash_micros
    with world.sandbox():
        queue.force(taking(showcase, DAVE, "USDC", cash + 1))
        world.wait(DELAY)
        assert queue.clear() is None
    queue.force(taking(showcase, DAVE, "USDC", cash))
    queue.force(taking(showcase, DAVE, "ETH", 720_000, number=61))
    queue.force(taking(showcase, DAVE, "ETH", 720_001, number=62))
    world.wait(DELAY)
    assert queue.clear() == Reason.ITEM_OPEN
    draft = idle(showcase)
    draft.settling.add(showcase.group)
    draft.part(BOB.account()).mode = Mode.STATIC
    draft.act(world.state.forced[0].signed.intent)
    draft.part(DAVE.account()).mode = Mode.STATIC
    draft.part(DAVE.account()).opens |= {ETH.id}
    draft.parts.sort(key=lambda part: part.account != BOB.account())
    assert draft.land() is None
    assert queue.clear() is None
    assert queue.clear() == Reason.ITEM_OPEN
    assert queue.pass_over() == Reason.ITEM_OPEN


# Passing over ---------------------------------------------------------------------------------


def test_an_order_that_a_batch_has_left_lets_others_by(showcase: Showcase, queue: Queue) -> None:
    """Once it has been the first, and due."""
    world = showcase.world
    assert queue.pass_over() == Reason.INBOX_EMPTY
    far = {"limit_micros": -(10**9), "valid_until_seconds": world.now + LATE}
    queue.force(showcase.order(CAROL, 90, **far))
    assert queue.pass_over() == Reason.INBOX_EMPTY
    queue.force(showcase.order(CAROL, 91, **far))
    first, second = world.state.forced
    assert idle(showcase).land() is None
    assert queue.pass_over() == Reason.ITEM_OPEN
    world.wait(DELAY)
    assert queue.pass_over() == Reason.ITEM_OPEN
    assert idle(showcase).land() is None
    assert queue.pass_over() is None
    assert world.state.forced == (second, first)
    assert queue.pass_over() == Reason.ITEM_OPEN
    assert idle(showcase).land() is None
    assert queue.pass_over() is None


def test_an_order_makes_way_for_what_is_none(showcase: Showcase, queue: Queue) -> None:
    """At once, however many orders there are: they cannot hold up a withdrawal."""
    world = showcase.world
    for number in (90, 91):
        queue.force(showcase.order(CAROL, number, limit_micros=-(10**9)))
    assert queue.pass_over() == Reason.ITEM_OPEN
    queue.force(withdrawal(showcase))
    first, second, third = world.state.forced
    assert queue.pass_over() is None
    assert queue.pass_over() is None
    assert world.state.forced == (third, first, second)
    assert queue.pass_over() == Reason.ITEM_OPEN
    world.wait(DELAY)
    assert doing(showcase, third.signed).land() is None
    assert queue.clear() is None
    assert queue.pass_over() == Reason.ITEM_OPEN


# Whatever else --------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_sides_clear_the_same(showcase: Showcase, queue: Queue, data: st.DataObject) -> None:
    """Anybody's orders and payments, with and without reports, before and after they are due."""
    world = showcase.world
    person = data.draw(st.sampled_from((ALICE, BOB, CAROL, DAVE, ERIN)))
    record = world.state.account(person.account())
    number = data.draw(st.integers(0, 9) | st.just(60))
    cash, spot = record.cash_micros, record.quantity_of(ETH.id)
    around = st.integers(-2_000, 2_000)
    tradable = [
        each
        for each in universe("ETH", showcase.start_seconds)
        if each.expiry_seconds != expiries(showcase.start_seconds)[0]
    ]
    legs = data.draw(st.sets(st.sampled_from(tradable), min_size=1, max_size=4))
    ratios = st.integers(-3, 3).filter(bool)
    intent: Intent = data.draw(
        st.sampled_from(
            (
                taking(showcase, person, "USDC", max(1, cash + data.draw(around)), number),
                taking(showcase, person, "ETH", max(1, spot + data.draw(around)), number),
                showcase.order(
                    person,
                    number,
                    legs=tuple(Leg(each, data.draw(ratios)) for each in sorted(legs)),
                    limit_micros=data.draw(st.integers(-(10**9), 10**9)),
                    quantity_micros=data.draw(st.integers(1, 10**6)) * limits.LOT_MICROS,
                ),
            )
        )
    )
    with world.sandbox():
        assert queue.force(intent) is None
        world.wait(data.draw(st.sampled_from((0, DELAY, DELAY, DELAY, 2 * LATE))))
        stated = report(
            ["BTC", "ETH"],
            showcase.start_seconds,
            world.now,
            seed=data.draw(st.integers(0, 5)),
        )
        queue.clear(data.draw(st.sampled_from((None, stated, stated))))
