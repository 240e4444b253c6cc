"""Batches that turn expired positions into cash: who owes comes first, and nobody is forced."""

from collections.abc import Iterable

import pytest
from people import ALICE, BOB, CAROL, DAVE, ERIN, Person
from relay_bench import TIME, UNIT, Bench
from small_market import NOW, OPTIONS, mark_micros, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import Cancel, Transfer
from offbeat.relay import Builder, Built, Moment, Wait
from offbeat.rulebook import GROUP_SHIFT, Mode, post_settlement_price

OLD = Instrument("ETH", Kind.CALL, NOW, 3_000 * UNIT)
OLDER = Instrument("ETH", Kind.CALL, NOW - 86_400, 3_000 * UNIT)
ETH = Instrument.spot("ETH")
CALL = OPTIONS["ETH"][2]
MARK = mark_micros(report_at(TIME), CALL)
PRICE = 3_100 * UNIT
GAIN = 100 * UNIT
"""What one contract of an expired call is worth."""


def group(option: Instrument) -> int:
    return option.id >> GROUP_SHIFT


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    for option in (OLD, OLDER):
        made.state = post_settlement_price(made.state, group(option), PRICE)
    return made


def settle(bench: Bench, people: Iterable[Person], *options: Instrument) -> Built:
    return bench.settle(
        touched=frozenset(each.account() for each in people),
        settling=frozenset(map(group, options)),
    )


def cash(bench: Bench, person: Person) -> int:
    return bench.state.account(person.account()).cash_micros


@pytest.mark.parametrize("swapped", [False, True])
def test_who_owes_pays_before_who_is_due(bench: Bench, swapped: bool) -> None:
    debtor, creditor = (ALICE, BOB) if swapped else (BOB, ALICE)
    bench.give(debtor, GAIN, {OLD: -UNIT})
    bench.give(creditor, 0, {OLD: UNIT})
    built = settle(bench, (ALICE, BOB), OLD)
    assert (cash(bench, debtor), cash(bench, creditor)) == (0, GAIN)
    assert {section.mode for section in built.batch.sections} == {Mode.HOLD}
    assert built.batch.report_time_seconds == 0


def test_spot_that_covers_a_call_finds_a_place_with_whoever_is_due(bench: Bench) -> None:
    bench.give(ALICE, 0, {OLD: -UNIT, ETH: UNIT})
    bench.give(BOB, 0, {OLD: UNIT})
    settle(bench, (ALICE, BOB), OLD)
    alice, bob = (bench.state.account(each.account()) for each in (ALICE, BOB))
    assert alice.quantity_of(ETH.id) + bob.quantity_of(ETH.id) >= UNIT - 1
    assert bob.quantity_of(ETH.id) > 0


def test_a_creditor_waits_until_the_debtors_have_paid(bench: Bench) -> None:
    bench.give(ALICE, 0, {OLD: 2 * UNIT})
    bench.give(BOB, GAIN, {OLD: -UNIT})
    bench.give(CAROL, GAIN, {OLD: -UNIT})
    first = settle(bench, (ALICE, BOB), OLD)
    assert [section.account for section in first.batch.sections] == [BOB.account()]
    settle(bench, (ALICE, CAROL), OLD)
    assert cash(bench, ALICE) == 2 * GAIN


def test_debts_in_a_circle_of_expiries_are_settled_one_expiry_at_a_time(bench: Bench) -> None:
    """Each owes in one expiry and is due in the other: together neither could go first."""
    bench.give(ALICE, GAIN, {OLD: -UNIT, OLDER: UNIT})
    bench.give(BOB, GAIN, {OLD: UNIT, OLDER: -UNIT})
    settle(bench, (ALICE, BOB), OLD, OLDER)
    held = {p.instrument_id for p in bench.state.account(ALICE.account()).positions}
    assert held == {OLD.id}
    settle(bench, (ALICE, BOB), OLD, OLDER)
    assert (cash(bench, ALICE), cash(bench, BOB)) == (GAIN, GAIN)
    assert bench.state.account(BOB.account()).positions == ()


def test_several_expiries_settle_at_once_where_nobody_is_on_both_sides(bench: Bench) -> None:
    bench.give(ALICE, 2 * GAIN, {OLD: -UNIT, OLDER: -UNIT})
    bench.give(BOB, GAIN, {OLD: UNIT, OLDER: -UNIT})
    bench.give(CAROL, 0, {OLDER: 2 * UNIT})
    built = settle(bench, (ALICE, BOB, CAROL), OLD, OLDER)
    assert len(built.batch.sections) == 3
    assert [cash(bench, each) for each in (ALICE, BOB, CAROL)] == [0, GAIN, 2 * GAIN]


def test_a_deposit_does_not_force_a_settlement_that_cannot_be(bench: Bench) -> None:
    bench.give(ALICE, 0, {OLD: UNIT})
    bench.deposit(ALICE, 5, age=limits.INBOX_DELAY_SECONDS)
    built = settle(bench, (ALICE,), OLD)
    assert built.batch.settling == 0
    assert cash(bench, ALICE) == 5
    assert bench.state.account(ALICE.account()).quantity_of(OLD.id) == UNIT


def test_a_deposit_is_credited_to_whoever_settles(bench: Bench) -> None:
    bench.give(ALICE, GAIN, {OLD: -UNIT})
    bench.give(BOB, 0, {OLD: UNIT})
    bench.deposit(BOB, 7)
    bench.deposit(BOB, UNIT, "ETH")
    settle(bench, (ALICE,), OLD)
    assert cash(bench, BOB) == GAIN + 7
    assert bench.state.account(BOB.account()).quantity_of(ETH.id) == UNIT


def test_whoever_settles_does_nothing_else_and_nobody_else_is_held_up(bench: Bench) -> None:
    bench.give(ALICE, GAIN, {OLD: -UNIT})
    bench.give(BOB, 0, {OLD: UNIT})
    bench.give(CAROL, 10**12, {ETH: UNIT})
    bench.give(DAVE, 10**12)
    waits = bench.act(Cancel, ALICE)
    trades = [
        bench.order(CAROL, {CALL: -1}, -MARK),
        bench.order(DAVE, {CALL: 1}, MARK),
        bench.act(Transfer, DAVE, to_owner=BOB.address, to_account=0, amount_micros=3),
    ]
    built = bench.settle(
        [waits, *trades],
        touched=frozenset({ALICE.account(), BOB.account()}),
        settling=frozenset({group(OLD)}),
    )
    assert built.fills.keys() == {each.intent_hash for each in trades}
    assert built.refused == {}
    assert built.waiting == {waits.intent_hash: Wait.SETTLING}
    assert cash(bench, BOB) == GAIN + 3
    assert bench.settle([waits]).fills == {waits.intent_hash: 0}


def test_accounts_beyond_the_bound_wait_for_the_next_batch(bench: Bench) -> None:
    n_accounts = limits.MAX_ACCOUNTS + 9
    for index in range(n_accounts):
        bench.give(ERIN, GAIN, {OLD: -UNIT}, index=index)
    everybody = frozenset(ERIN.account(index) for index in range(n_accounts))
    built = bench.settle(touched=everybody, settling=frozenset({group(OLD)}))
    assert len(built.batch.sections) == limits.MAX_ACCOUNTS
    left = frozenset(each for each in everybody if bench.state.account(each).positions)
    assert len(left) == 9
    bench.settle(touched=left, settling=frozenset({group(OLD)}))
    assert not any(bench.state.account(each).positions for each in everybody)


def test_touching_an_account_settles_nothing_by_itself(bench: Bench) -> None:
    bench.give(ALICE, GAIN, {OLD: -UNIT})
    built = bench.settle(touched=frozenset({ALICE.account()}))
    assert len(built.batch.sections) == 1
    assert bench.state.account(ALICE.account()).quantity_of(OLD.id) == -UNIT


def test_a_debtor_who_cannot_pay_is_settled_all_the_same(bench: Bench) -> None:
    bench.give(ALICE, 0, {OLD: -UNIT})
    settle(bench, (ALICE,), OLD)
    assert cash(bench, ALICE) == -GAIN


def test_the_moments_report_is_left_aside(bench: Bench) -> None:
    """Expired instruments are in no report."""
    moment = Moment(TIME, TIME + 60, report_at(TIME))
    bench.give(ALICE, GAIN, {OLD: -UNIT})
    settlement = {"touched": frozenset({ALICE.account()}), "settling": frozenset({group(OLD)})}
    built = Builder(bench.state, moment, 0, **settlement).build(())
    assert built.batch.report_time_seconds == 0
    assert built.proof == b""
