"""What batches owe to the first of the forced requests, once it is due."""

from dataclasses import replace

import pytest
from drafting import Claim, Draft
from forcing import Queue, doing, idle, transfer, withdrawal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from market import MICROS
from people import ALICE, BOB, CAROL
from showcase import FILL, LIMIT_MICROS, QUANTITY, Showcase

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel
from offbeat.rulebook import BatchRow, Mode, account_id, clearance, may_pass

DELAY = limits.INBOX_DELAY_SECONDS


@pytest.fixture
def queue(showcase: Showcase) -> Queue:
    return Queue(showcase.world)


@pytest.mark.parametrize(("early", "reason"), [(1, None), (0, Reason.INBOX_DUE)])
def test_when_it_is_due_no_batch_may_ignore_it(
    showcase: Showcase, queue: Queue, early: int, reason: Reason | None
) -> None:
    world = showcase.world
    queue.force(withdrawal(showcase))
    world.wait(world.state.forced[0].due_at_seconds - early - world.now)
    assert idle(showcase).land() == reason


def test_doing_it_is_enough_and_then_it_must_be_cleared(showcase: Showcase, queue: Queue) -> None:
    world = showcase.world
    queue.force(withdrawal(showcase))
    (item,) = world.state.forced
    world.wait(DELAY)
    assert queue.clear() == Reason.ITEM_OPEN
    assert doing(showcase, item.signed).land() is None
    assert world.tokens["USDC"].read("balanceOf", CAROL.address) == MICROS
    assert idle(showcase).land() == Reason.INBOX_DUE
    before = world.chain.balance(queue.contract.address)
    assert queue.clear() is None
    assert world.chain.balance(queue.contract.address) == before - item.fee_wei
    assert idle(showcase).land() is None
    assert clearance(world.state, world.now) == Reason.INBOX_EMPTY
    receipt = queue.transact("clear", (), 0, (), (), b"", b"")
    assert receipt.reverted == Reason.INBOX_EMPTY


@pytest.mark.parametrize(
    ("is_forced", "n_items", "reason"),
    [
        (True, 0, Reason.INBOX_DUE),
        (True, 1, None),
        (False, 2, Reason.INBOX_DUE),
        (False, 3, None),
    ],
)
def test_one_item_of_a_crowded_inbox_is_enough_beside_it(
    showcase: Showcase, queue: Queue, is_forced: bool, n_items: int, reason: Reason | None
) -> None:
    """Five deposits are due; what must be done leaves no room for three heavy accounts."""
    world = showcase.world
    for _ in range(3):
        world.deposit(ALICE.account(), "USDC", MICROS)
    if is_forced:
        queue.force(withdrawal(showcase))
    world.wait(DELAY)
    draft = showcase.empty(with_report=False)
    draft.n_credits = n_items
    for index, item in enumerate(draft.items):
        symbol = item.symbol.to_bytes(5).rstrip(b"\0").decode()
        part = draft.part(account_id(item.owner, item.index))
        part.acts.append(Claim(index, symbol))
        part.mode = Mode.HOLD
    draft.act(withdrawal(showcase))
    draft.part(CAROL.account()).mode = Mode.STATIC
    assert draft.land() == reason


def test_only_the_first_counts(showcase: Showcase, queue: Queue) -> None:
    """Then the next, which is due just as well."""
    world = showcase.world
    for number in (60, 61):
        queue.force(withdrawal(showcase, number=number))
    first, second = world.state.forced
    world.wait(DELAY)
    assert doing(showcase, second.signed).land() == Reason.INBOX_DUE
    assert doing(showcase, first.signed).land() is None
    assert doing(showcase, second.signed).land() == Reason.INBOX_DUE
    assert queue.clear() is None
    assert idle(showcase).land() == Reason.INBOX_DUE
    assert doing(showcase, second.signed).land() is None


def test_a_transfer_and_a_cancel_count_too(showcase: Showcase, queue: Queue) -> None:
    world = showcase.world
    cancel = Cancel(**showcase.envelope(CAROL, 62))  # type: ignore[arg-type]
    for intent in (transfer(showcase), cancel):
        queue.force(intent)
        world.wait(DELAY)
        assert idle(showcase).land() == Reason.INBOX_DUE
        assert doing(showcase, world.state.forced[0].signed).land() is None
        assert queue.clear() is None


def test_it_opens_the_escape(showcase: Showcase, queue: Queue) -> None:
    """Sequencers who would rather stand still than do it stand aside after an hour."""
    world = showcase.world
    assert idle(showcase).land() is None
    queue.force(withdrawal(showcase, valid_until_seconds=world.now + 86_400))
    (item,) = world.state.forced
    for early, reason in ((1, Reason.CERTIFICATE_INVALID), (0, None)):
        opens = item.enqueued_at_seconds + limits.ESCAPE_DELAY_SECONDS
        world.wait(opens - early - world.now)
        submission = replace(doing(showcase, item.signed).submission(), certificate=b"")
        assert getattr(world.land(submission), "reason", None) == reason


# Orders ---------------------------------------------------------------------------------------


def trade(showcase: Showcase, price_micros: int, fills: tuple[int, int]) -> Draft:
    """Alice buys the vertical from Bob at a price; ``fills`` of her forced order, and another."""
    draft = showcase.empty()
    draft.credit_all()
    bought, sold = (leg.instrument.id for leg in showcase.legs)
    draft.prices_nanos[bought] = draft.prices_nanos[sold] + price_micros * 1_000
    (item,) = showcase.world.state.forced
    forced, other = fills
    if forced:
        draft.act(item.signed.intent, forced)
    if other:
        draft.act(showcase.order(ALICE, 91, limit_micros=2 * LIMIT_MICROS), other)
    draft.act(showcase.order(BOB, 70, -1, limit_micros=0), forced + other)
    for part in draft.parts:
        part.mode = Mode.SCAN
    return draft


@pytest.mark.parametrize(
    ("price_micros", "fills", "reason"),
    [
        (LIMIT_MICROS - 1, (0, FILL), None),
        (LIMIT_MICROS - 2, (0, FILL), Reason.INBOX_DUE),
        (LIMIT_MICROS - 1, (FILL, 0), None),
        (LIMIT_MICROS - 2, (QUANTITY - 1_000, 0), Reason.INBOX_DUE),
        (LIMIT_MICROS - 2, (QUANTITY, 0), None),
        (LIMIT_MICROS + 5, (0, FILL), None),
    ],
)
def test_an_order_may_wait_where_prices_are_no_better_than_its_limit(
    showcase: Showcase,
    queue: Queue,
    price_micros: int,
    fills: tuple[int, int],
    reason: Reason | None,
) -> None:
    world = showcase.world
    queue.force(showcase.order(ALICE, 90))
    world.wait(DELAY)
    assert trade(showcase, price_micros, fills).land() == reason


def test_an_order_may_wait_where_one_of_its_instruments_is_not_there(
    showcase: Showcase, queue: Queue
) -> None:
    """Alice's section lists the vertical; nobody holds anything that expires later."""
    far = Instrument("ETH", Kind.CALL, showcase.legs[0].instrument.expiry_seconds + 1, MICROS)
    queue.force(showcase.order(CAROL, 90, legs=(showcase.legs[0], Leg(far, 1))))
    showcase.world.wait(DELAY)
    assert idle(showcase).land() is None


@pytest.mark.parametrize(("price_nanos", "reason"), [(0, Reason.INBOX_DUE), (50 * 10**9, None)])
def test_a_price_counts_although_nobody_trades_at_it(
    showcase: Showcase, queue: Queue, price_nanos: int, reason: Reason | None
) -> None:
    queue.force(showcase.order(CAROL, 90))
    showcase.world.wait(DELAY)
    draft = idle(showcase)
    bought, sold = (leg.instrument.id for leg in showcase.legs)
    draft.prices_nanos = {bought: price_nanos, sold: 0}
    assert draft.land() == reason


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_sides_let_the_same_batches_pass(
    showcase: Showcase, queue: Queue, data: st.DataObject
) -> None:
    """Any order, against any table of prices."""
    world, now = showcase.world, showcase.world.now
    far = now + 40 * 86_400
    options = [Instrument("ETH", Kind.CALL, far, strike * MICROS) for strike in range(1, 7)]
    chosen = data.draw(st.sets(st.sampled_from(options), min_size=1, max_size=limits.MAX_LEGS))
    ratios = st.integers(-limits.MAX_RATIO, limits.MAX_RATIO).filter(bool)
    legs = tuple(Leg(each, data.draw(ratios)) for each in sorted(chosen))
    listed = data.draw(st.sets(st.sampled_from(options)) | st.just(set(options)))
    nanos = st.integers(-(2**63), 2**63 - 1) | st.integers(-3_000_000, 3_000_000)
    rows = [BatchRow(each.id, price_nanos=data.draw(nanos)) for each in sorted(listed)]
    prices = {row.instrument_id: row.price_nanos for row in rows}
    price = sum(leg.ratio * prices.get(leg.instrument.id, 0) for leg in legs)
    limit = data.draw(st.integers(-3, 3)) + price // 1_000
    with world.sandbox():
        order = showcase.order(CAROL, 90, legs=legs, limit_micros=limit)
        assert queue.force(order) is None
        (item,) = world.state.forced
        table = [(row.word, 0) for row in rows] + [(0, 0)] * (limits.MAX_ROWS - len(rows))
        answer = queue.contract.read("may_pass", item.digest, table, len(rows))
        assert answer is may_pass(item, rows)
