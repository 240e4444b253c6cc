"""Liquidations as a relay builds them: the rules accept each, and nobody in order is touched."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from people import ALICE, BOB, CAROL, DAVE, ERIN
from relay_bench import FEE_MICROS, TIME, UNIT, Bench
from small_market import OPTIONS, mark_micros, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument
from offbeat.margin import scan_test
from offbeat.oracle import Report
from offbeat.relay import Pending, SafetyWatch, Wait, unsafe_accounts
from offbeat.relay.projection import RiskTables
from offbeat.rulebook import Account, Mode, account_id

PUTS = [each for each in OPTIONS["ETH"] if each.kind.name == "PUT"]
PUT = PUTS[1]
FUND = account_id(limits.INSURANCE_OWNER.to_bytes(20), 0)
CRASH = report_at(TIME, 78)
PLENTY = 10**7 * UNIT


def bench(cash_micros: int, sold_micros: int = 10 * UNIT) -> Bench:
    """Carol has sold puts to Alice; Bob has plenty."""
    made = Bench()
    made.give(ALICE, PLENTY, {PUT: sold_micros})
    made.give(BOB, PLENTY)
    made.give(CAROL, cash_micros, {PUT: -sold_micros})
    return made


def seller(made: Bench, price_micros: int, quantity: int = 10 * UNIT) -> Pending:
    """Alice sells puts at this price or better."""
    return made.order(ALICE, {PUT: -1}, -price_micros, quantity)


def insure(made: Bench) -> None:
    """Put 10,000 into the fund."""
    fund = Account(limits.INSURANCE_OWNER.to_bytes(20), 0, cash_micros=10_000 * UNIT)
    made.state = replace(made.state, accounts={**made.state.accounts, FUND: fund})


def risk_of(record: Account, report: Report) -> tuple[int, int]:
    tables = RiskTables.of(report)
    held = [(Instrument.from_id(p.instrument_id), p.quantity_micros) for p in record.positions]
    scan = scan_test(held, record.cash_micros, tables.rows, tables.scales)
    return scan.risk_picos, scan.equity_picos


def test_who_is_unsafe() -> None:
    """Below maintenance, and not covered at every price: debts too, where there is nothing else."""
    made = bench(8_500 * UNIT)
    made.give(DAVE, 30_000 * UNIT, {PUT: -10 * UNIT})
    made.give(ERIN, -UNIT)
    assert unsafe_accounts(made.state, report_at(TIME)) == {ERIN.account()}
    assert unsafe_accounts(made.state, CRASH) == {CAROL.account(), ERIN.account()}


def test_a_watch_sees_what_has_changed() -> None:
    """The same as somebody who looks for the first time, whatever it has seen before."""
    made, watch = bench(10_000 * UNIT), SafetyWatch()
    calm = report_at(TIME)
    for report in (calm, CRASH, CRASH, calm, CRASH):
        assert watch.unsafe(made.state, report) == unsafe_accounts(made.state, report)
    made.settle([seller(made, mark_micros(CRASH, PUT))], CRASH, unsafe=frozenset({CAROL.account()}))
    assert watch.unsafe(made.state, CRASH) == unsafe_accounts(made.state, CRASH) == frozenset()


def test_the_unsafe_is_reduced_and_no_further_than_it_takes() -> None:
    made = bench(10_000 * UNIT)
    mark = mark_micros(CRASH, PUT)
    before = risk_of(made.state.account(CAROL.account()), CRASH)
    unsafe = unsafe_accounts(made.state, CRASH)
    built = made.settle([seller(made, mark)], CRASH, unsafe=unsafe)
    assert built.liquidated == {CAROL.account()}
    assert {s.mode for s in built.batch.sections if s.account == CAROL.account()} == {
        Mode.LIQUIDATE
    }
    risk, equity = risk_of(made.state.account(CAROL.account()), CRASH)
    assert risk < before[0]
    assert 10 * equity >= 12 * risk - 12 * 10 * limits.LOT_MICROS * UNIT
    assert 10 * equity <= 15 * risk
    assert not unsafe_accounts(made.state, CRASH)


def test_nobody_is_liquidated_where_nobody_takes_it() -> None:
    """A price beyond what the depth allows is no price."""
    made = bench(10_000 * UNIT)
    mark = mark_micros(CRASH, PUT)
    unsafe = unsafe_accounts(made.state, CRASH)
    built = made.settle([seller(made, 2 * mark)], CRASH, unsafe=unsafe)
    assert not built.liquidated
    assert not built.batch.sections


def test_its_own_intents_wait_for_the_next_batch() -> None:
    made = bench(10_000 * UNIT)
    mark = mark_micros(CRASH, PUT)
    own = made.order(CAROL, {PUT: 1}, mark // 2, 10 * UNIT)
    unsafe = unsafe_accounts(made.state, CRASH)
    built = made.settle([seller(made, mark // 2), own], CRASH, unsafe=unsafe)
    assert built.liquidated
    assert built.waiting[own.intent_hash] is Wait.LIQUIDATION


def test_a_batch_without_report_liquidates_nobody() -> None:
    made = bench(10_000 * UNIT)
    unsafe = unsafe_accounts(made.state, CRASH)
    built = made.settle([seller(made, 0)], None, unsafe=unsafe)
    assert not built.liquidated


def test_the_fund_pays_for_the_last_of_it() -> None:
    """What the market takes away beyond all that Carol had, and a share of her risk at most."""
    made = bench(5_000 * UNIT)
    mark = mark_micros(CRASH, PUT)
    insure(made)
    before = risk_of(made.state.account(CAROL.account()), CRASH)
    unsafe = unsafe_accounts(made.state, CRASH)
    made.settle([seller(made, mark)], CRASH, unsafe=unsafe)
    carol = made.state.account(CAROL.account())
    paid = 10_000 * UNIT - made.state.account(FUND).cash_micros
    assert not carol.positions
    assert carol.cash_micros == 0
    missing, risk = 10 * mark - 5_000 * UNIT, before[0] // limits.QUANTITY_SCALE
    assert missing <= paid <= missing + risk // 4


def test_without_a_fund_the_last_of_it_stays() -> None:
    made = bench(5_000 * UNIT)
    unsafe = unsafe_accounts(made.state, CRASH)
    built = made.settle([seller(made, mark_micros(CRASH, PUT))], CRASH, unsafe=unsafe)
    assert CAROL.account() not in built.liquidated
    assert made.state.account(CAROL.account()).positions


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(OPTIONS["ETH"]), st.integers(-9, 9)), max_size=8),
    st.integers(-5_000, 40_000),
    st.sampled_from((60, 78, 90, 110, 130)),
    st.integers(-300, 300),
)
def test_whatever_somebody_holds(
    held: list[tuple[Instrument, int]], cash: int, percent: int, edge: int
) -> None:
    """The rules accept what is built, and who was liquidated is better off by their measure."""
    made = Bench()
    positions = {each: quantity * UNIT for each, quantity in held if quantity}
    made.give(CAROL, cash * UNIT, positions)
    made.give(ALICE, PLENTY, {each: -quantity for each, quantity in positions.items()})
    insure(made)
    report = report_at(TIME, percent)
    offers = [
        made.order(ALICE, {each: side}, side * mark_micros(report, each) - edge * UNIT // 10, size)
        for each, quantity in positions.items()
        for side, size in ((1 if quantity > 0 else -1, abs(quantity)),)
    ]
    unsafe = unsafe_accounts(made.state, report)
    assert ALICE.account() not in unsafe
    before = risk_of(made.state.account(CAROL.account()), report)
    built = made.settle(offers, report, unsafe=unsafe)
    risk, equity = risk_of(made.state.account(CAROL.account()), report)
    if CAROL.account() in built.liquidated:
        assert CAROL.account() in unsafe
        assert risk < before[0]
    else:
        assert (risk, equity) == before


def test_what_it_may_trade_is_its_own() -> None:
    """The orders name the account, close what it holds, and carry a fee out of its own budget."""
    made = bench(10_000 * UNIT)
    unsafe = unsafe_accounts(made.state, CRASH)
    built = made.build([seller(made, mark_micros(CRASH, PUT))], CRASH, unsafe=unsafe)
    (section,) = (s for s in built.batch.sections if s.account == CAROL.account())
    (action,) = section.actions
    assert action.r == action.vs == 0
    assert 0 < (action.head >> 104 & (1 << 64) - 1) <= FEE_MICROS
