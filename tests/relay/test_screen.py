"""What may stand in a batch at all, before anything is cleared."""

import pytest
from people import ALICE, BOB
from relay_bench import FAR, LIFE_SECONDS, TIME, UNIT, Bench
from small_market import OPTIONS, report_at

from offbeat.core import Reason
from offbeat.instruments import Instrument, Kind
from offbeat.intents import Cancel, Lane, Transfer, Withdraw
from offbeat.relay import Moment, Pending, screen
from offbeat.rulebook import Partial

CALL = OPTIONS["ETH"][2]
UNLISTED = Instrument("ETH", Kind.CALL, CALL.expiry_seconds, 9_999 * UNIT)
MOMENT = Moment(TIME, TIME + LIFE_SECONDS, report_at(TIME))
BARE = Moment(TIME, TIME + LIFE_SECONDS, None)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def verdicts(bench: Bench, *pending: Pending, moment: Moment = MOMENT) -> list[Reason | None]:
    fit, refused = screen(bench.state, pending, moment)
    assert {each.intent_hash for each in fit}.isdisjoint(refused)
    return [refused.get(each.intent_hash) for each in pending]


def test_what_is_in_order_keeps_its_order(bench: Bench) -> None:
    pending = [bench.order(each, {CALL: 1}, UNIT) for each in (BOB, ALICE, BOB)]
    pending.append(bench.act(Cancel, ALICE))
    assert screen(bench.state, pending, MOMENT) == (pending, {})
    assert screen(bench.state, [*pending, *pending], MOMENT) == (pending, {})


def test_of_one_nonce_orders_stand_together_and_a_cancel_alone(bench: Bench) -> None:
    first, second = (bench.order(ALICE, {CALL: 1}, limit, nonce=3) for limit in (1, 2))
    other = bench.order(BOB, {CALL: 1}, 1, nonce=3)
    assert verdicts(bench, first, second, other) == [None, None, None]
    cancel = bench.act(Cancel, ALICE, nonce=3)
    assert verdicts(bench, first, second, cancel) == [Reason.NONCE_SPENT] * 2 + [None]
    to_bob = {"to_owner": BOB.address, "to_account": 0, "amount_micros": 1}
    transfer = bench.act(Transfer, ALICE, nonce=3, **to_bob)
    assert verdicts(bench, first, transfer, second) == [None, Reason.NONCE_SPENT, None]
    assert verdicts(bench, transfer, first) == [None, Reason.NONCE_SPENT]


def test_a_spent_nonce_serves_only_the_order_that_it_began_with(bench: Bench) -> None:
    mine = bench.order(ALICE, {CALL: 1}, UNIT, nonce=0)
    partial = Partial(0, 1_000, FAR, mine.intent_hash)
    bench.give(ALICE, UNIT, lanes=(Lane(0, 3),), partials=(partial,))
    withdraw = {"to": BOB.address, "asset": "USDC", "amount_micros": 1}
    for pending, reason in (
        (mine, None),
        (bench.act(Cancel, ALICE, nonce=0), None),
        (bench.order(ALICE, {CALL: 1}, 2 * UNIT, nonce=0), Reason.NONCE_SPENT),
        (bench.act(Withdraw, ALICE, nonce=0, **withdraw), Reason.NONCE_SPENT),
        (bench.act(Cancel, ALICE, nonce=1), Reason.NONCE_SPENT),
        (bench.act(Cancel, ALICE, nonce=2), None),
    ):
        assert verdicts(bench, pending) == [reason]


@pytest.mark.parametrize("late", [0, 1])
def test_everything_must_last_as_long_as_the_batch(bench: Bench, late: int) -> None:
    until = {"valid_until_seconds": TIME + LIFE_SECONDS - late}
    expected = [Reason.EXPIRED if late else None] * 2
    order, cancel = bench.order(ALICE, {CALL: 1}, UNIT, **until), bench.act(Cancel, BOB, **until)
    assert verdicts(bench, order, cancel) == expected


@pytest.mark.parametrize(
    ("spot_percent", "reason"), [(99, Reason.MARKET_CONDITION), (100, None), (102, None)]
)
def test_market_conditions_are_those_of_the_report(
    bench: Bench, spot_percent: int, reason: Reason | None
) -> None:
    order = bench.order(ALICE, {CALL: 1}, UNIT, spot_min_micros=3_000 * UNIT)
    moment = Moment(TIME, TIME + LIFE_SECONDS, report_at(TIME, spot_percent))
    assert verdicts(bench, order, moment=moment) == [reason]
    assert verdicts(bench, order, moment=BARE) == [Reason.REPORT_MISSING]


def test_whatever_the_report_lacks_is_missing_there(bench: Bench) -> None:
    bench.give(BOB, UNIT, {UNLISTED: UNIT})
    to_bob = {"to_owner": BOB.address, "to_account": 0, "amount_micros": 1}
    pending = [
        bench.order(ALICE, {UNLISTED: 1}, UNIT),
        bench.act(Cancel, BOB),
        bench.act(Transfer, ALICE, **to_bob),
    ]
    assert verdicts(bench, *pending) == [Reason.REPORT_MISSING] * 3
    assert verdicts(bench, *pending, moment=BARE) == [None] * 3


def test_an_option_must_outlive_the_batch(bench: Bench) -> None:
    expiry = TIME + LIFE_SECONDS
    soon, later = (Instrument("ETH", Kind.PUT, each, UNIT) for each in (expiry, expiry + 1))
    orders = [bench.order(ALICE, {each: 1}, UNIT) for each in (soon, later)]
    assert verdicts(bench, *orders, moment=BARE) == [Reason.LEG_EXPIRED, None]


def test_an_underlying_must_be_registered(bench: Bench) -> None:
    doge = Instrument("DOGE", Kind.PUT, FAR, UNIT)
    withdraw = {"to": BOB.address, "asset": "DOGE", "amount_micros": 1}
    pending = [bench.order(ALICE, {doge: 1}, UNIT), bench.act(Withdraw, ALICE, **withdraw)]
    expected = [Reason.SYMBOL_INVALID, Reason.ASSET_UNKNOWN]
    assert verdicts(bench, *pending) == verdicts(bench, *pending, moment=BARE) == expected
