"""Expiry on both sides: pots filled and emptied by several accounts, over several batches."""

from dataclasses import replace

import pytest
from conservation import assert_conserved
from market import MICROS, expiries
from people import ALICE, BOB, CAROL, DAVE, ERIN, Person
from showcase import ETH, Showcase
from world import World

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Transfer
from offbeat.oracle import Report, Row
from offbeat.rulebook import Mode, Pot

CALL, PUT = Kind.CALL, Kind.PUT
STRIKE = 2_000 * MICROS


class Series:
    """Options of the next expiry: who holds what, then their settlement."""

    def __init__(self, showcase: Showcase) -> None:
        self.showcase = showcase
        self.world: World = showcase.world
        self.expiry = expiries(showcase.start_seconds)[2]
        self._number = 300
        draft = showcase.empty(with_report=False)
        draft.credit_all()
        assert draft.land() is None

    def option(self, kind: Kind, strike: int = STRIKE, symbol: str = "ETH") -> Instrument:
        return Instrument(symbol, kind, self.expiry, strike)

    def give(self, option: Instrument, **quantities: int) -> None:
        """Let people trade it among themselves at no price; scenarios see no risk in it."""
        draft = self.showcase.empty()
        draft.prices_nanos.clear()
        draft.report = _without_risk(draft.report, option)
        for name, quantity in quantities.items():
            person = next(p for p in (ALICE, BOB, CAROL, DAVE, ERIN) if p.name == name)
            self._number += 1
            legs = (Leg(option, 1 if quantity > 0 else -1),)
            terms = {"quantity_micros": abs(quantity), "limit_micros": 0, "max_fee_micros": 0}
            order = self.showcase.order(person, self._number, legs=legs, **terms)
            draft.act(order, abs(quantity))
        assert draft.land() is None

    def expire(self, price_micros: int, symbol: str = "ETH") -> int:
        """Wait for it and fix the price; the group."""
        self.world.wait(max(0, self.expiry - self.world.now))
        return self.world.post_price(symbol, self.expiry, price_micros)

    def settle(self, *people: Person, groups: set[int], spot: bool = True) -> Reason | None:
        """A batch in which these people's positions become cash, in this order."""
        draft = self.showcase.empty(with_report=False)
        draft.prices_nanos.clear()
        draft.settling |= groups
        for person in people:
            part = draft.part(person.account())
            part.mode = Mode.HOLD
            part.opens |= {ETH.id} if spot else set()
        return draft.land()

    def cash(self, person: Person) -> int:
        return self.world.state.account(person.account()).cash_micros

    def spot(self, person: Person) -> int:
        return self.world.state.account(person.account()).quantity_of(ETH.id)

    def pot(self, group: int) -> Pot:
        return self.world.state.pots[group]


def _without_risk(report: Report | None, option: Instrument) -> Report:
    """The same report, with the option in it and no loss in any scenario."""
    assert report is not None
    marks = {option.id: 0} | {row.instrument_id: row.mark_micros for row in report.rows}
    rows = tuple(Row(each, marks[each], (0,) * limits.SCENARIOS) for each in sorted(marks))
    quiet = tuple(replace(each, short_min_ticks=0) for each in report.underlyings)
    return Report(report.timestamp_seconds, quiet, rows)


@pytest.fixture
def series(showcase: Showcase) -> Series:
    return Series(showcase)


def test_cash_moves_through_the_pot(series: Series) -> None:
    """Carol sold two puts; at 1,500.000001 she owes 999.999998."""
    series.give(series.option(PUT), carol=-2 * MICROS, dave=2 * MICROS)
    group = series.expire(1_500 * MICROS + 1)
    carol, dave = series.cash(CAROL), series.cash(DAVE)
    assert series.settle(CAROL, DAVE, groups={group}) is None
    assert carol - series.cash(CAROL) == series.cash(DAVE) - dave == 999_999_998
    assert series.pot(group) == Pot(1_500 * MICROS + 1)
    assert_conserved(series.world)


def test_spot_that_covers_pays_and_nobody_owes_cash(series: Series) -> None:
    """Bob's ten ETH cover five calls: at 2,500 he pays one ETH and not a cent."""
    series.give(series.option(CALL), bob=-5 * MICROS, carol=5 * MICROS)
    group = series.expire(2_500 * MICROS)
    cash, spot = series.cash(BOB), series.spot(BOB)
    assert series.settle(BOB, CAROL, groups={group}) is None
    assert (series.cash(BOB), spot - series.spot(BOB)) == (cash, MICROS)
    assert series.spot(CAROL) == MICROS
    assert_conserved(series.world)


def test_cash_and_spot_meet_in_one_pot(series: Series) -> None:
    """Bob pays in spot and Dave in cash; Carol comes first and takes the cash, Erin spot."""
    call = series.option(CALL)
    series.give(call, bob=-MICROS, dave=-MICROS, carol=MICROS, erin=MICROS)
    group = series.expire(2_500 * MICROS)
    before = series.cash(CAROL)
    assert series.settle(BOB, DAVE, CAROL, ERIN, groups={group}) is None
    assert (series.cash(CAROL) - before, series.spot(CAROL)) == (500 * MICROS, 0)
    assert series.spot(ERIN) == MICROS // 5
    assert series.pot(group) == Pot(2_500 * MICROS)
    assert_conserved(series.world)


def test_a_creditor_waits_for_the_debtor_over_batches(series: Series) -> None:
    series.give(series.option(CALL), dave=-MICROS, carol=MICROS)
    group = series.expire(2_100 * MICROS)
    assert series.settle(CAROL, groups={group}) == Reason.POT_SHORT
    assert series.settle(CAROL, DAVE, groups={group}) == Reason.POT_SHORT
    assert series.settle(DAVE, groups={group}) is None
    assert series.pot(group) == Pot(2_100 * MICROS, 100 * MICROS)
    assert_conserved(series.world)
    before = series.cash(CAROL)
    assert series.settle(CAROL, groups={group}) is None
    assert series.cash(CAROL) - before == 100 * MICROS
    # Once settled there is nothing left to settle.
    assert series.settle(CAROL, DAVE, groups={group}) is None
    assert series.cash(CAROL) - before == 100 * MICROS


def test_whoever_cannot_pay_ends_below_zero_and_can_only_be_helped(series: Series) -> None:
    """Erin sold what she could not bear, because the report saw no risk in it."""
    world, showcase = series.world, series.showcase
    series.give(series.option(PUT), erin=-MICROS, carol=MICROS)
    group = series.expire(1_500 * MICROS)
    assert series.settle(ERIN, CAROL, groups={group}) is None
    owed = -series.cash(ERIN)
    assert owed > 0
    assert_conserved(world)
    for mode, expected in ((Mode.STATIC, Reason.UNHEALTHY), (Mode.HOLD, None)):
        draft = showcase.empty(with_report=False)
        draft.part(ERIN.account()).mode = mode
        assert draft.land() == expected
    transfer = Transfer(
        **showcase.envelope(ALICE, 400) | {"valid_until_seconds": 2**64 - 1},
        to_owner=ERIN.address,
        to_account=0,
        amount_micros=owed,
    )
    draft = showcase.empty(with_report=False)
    draft.act(transfer)
    draft.claim_transfers()
    draft.part(ALICE.account()).mode = Mode.STATIC
    draft.part(ERIN.account()).mode = Mode.HOLD
    assert draft.land() is None
    assert series.cash(ERIN) == 0


def test_nothing_is_due_at_the_strike(series: Series) -> None:
    for kind in (CALL, PUT):
        series.give(series.option(kind), dave=-MICROS, carol=MICROS)
    group = series.expire(STRIKE)
    before = series.cash(DAVE), series.cash(CAROL)
    assert series.settle(CAROL, DAVE, groups={group}) is None
    assert (series.cash(DAVE), series.cash(CAROL)) == before
    held = {p.instrument_id >> 56 for p in series.world.state.account(CAROL.account()).positions}
    assert group not in held


def test_two_groups_in_one_batch(series: Series) -> None:
    """One in the money, the other in spot of another underlying."""
    series.give(series.option(PUT), dave=-MICROS, carol=MICROS)
    series.give(series.option(CALL, 40_000 * MICROS, "BTC"), carol=-MICROS, dave=MICROS)
    groups = {series.expire(1_900 * MICROS), series.expire(50_000 * MICROS, "BTC")}
    # Carol owes BTC and is due cash: Dave must pay first, and she before he takes his.
    assert series.settle(DAVE, CAROL, groups=groups) == Reason.POT_SHORT
    (ether,) = {g for g in groups if g >> 32 == int.from_bytes(b"ETH\0\0")}
    before = series.cash(CAROL)
    assert series.settle(DAVE, CAROL, groups={ether}) is None
    assert series.settle(CAROL, groups=groups) is None
    assert series.cash(CAROL) - before == 100 * MICROS
    assert series.settle(DAVE, groups=groups, spot=False) == Reason.ENTRY_MISSING
    assert_conserved(series.world)


@pytest.mark.parametrize("price", [1, 7, 999_999])
def test_prices_near_nothing(series: Series, price: int) -> None:
    """A call struck at a micro is worth almost its spot; a put pays almost its strike."""
    series.give(series.option(CALL, 1), bob=-10_000_000, carol=10_000_000)
    series.give(series.option(PUT, 10 * MICROS), dave=-1_000, alice=1_000)
    group = series.expire(price)
    cash = series.cash(BOB)
    assert series.settle(BOB, DAVE, CAROL, ALICE, groups={group}) is None
    assert series.cash(BOB) == cash
    assert series.spot(BOB) >= 0
    assert_conserved(series.world)
