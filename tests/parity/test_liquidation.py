"""Liquidations on both sides: who may be reduced, how far, at what cost, and who pays the rest."""

from dataclasses import replace
from typing import Any

import pytest
from drafting import Claim
from liquidations import (
    FUND,
    SOLD,
    SOME,
    WRITER,
    bankrupt,
    cover,
    insure,
    liquidation,
    sell,
    written,
)
from market import MICROS
from people import ALICE, BOB, CAROL, ERIN, STRANGER
from showcase import Showcase

from offbeat.core import Reason, limits
from offbeat.instruments import Leg
from offbeat.intents import Cancel, Withdraw, make_nonce
from offbeat.rulebook import Mode


@pytest.fixture
def sold(showcase: Showcase) -> Showcase:
    """The writer has sold its calls."""
    sell(showcase)
    return showcase


@pytest.fixture
def insured(sold: Showcase) -> Showcase:
    """There is something in the fund."""
    insure(sold)
    return sold


# Who may be liquidated ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "expected"),
    [(779, Reason.ACCOUNT_HEALTHY), (780, Reason.ACCOUNT_HEALTHY), (781, None)],
)
def test_only_below_maintenance(sold: Showcase, mark: int, expected: Reason | None) -> None:
    """It has 110,000 and owes a hundred times the mark: at 780 it has the 32,000 that it risks."""
    assert liquidation(sold, mark, mark).land() == expected
    sold.world.assert_same()


def test_never_who_survives_expiry(sold: Showcase) -> None:
    """Covered by spot, the same calls fail the scan as well, but nobody can lose by them."""
    sold.world.deposit(WRITER, "ETH", SOLD)
    credit = sold.empty(with_report=False)
    credit.credit_all()
    assert credit.land() is None
    assert liquidation(sold, 3_500, 3_500).land() == Reason.ACCOUNT_HEALTHY


def test_an_account_that_was_never_at_risk(sold: Showcase) -> None:
    draft = sold.empty()
    draft.part(ERIN.account()).mode = Mode.LIQUIDATE
    assert draft.land() == Reason.ACCOUNT_HEALTHY


def test_not_without_a_report(sold: Showcase) -> None:
    draft = liquidation(sold, 850, 850)
    draft.report = None
    draft.part(BOB.account()).mode = Mode.HOLD
    assert draft.land() == Reason.REPORT_MISSING


# How far, and at what cost --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "expected"),
    [(850, None), (840, None), (867.5, None), (867.501, Reason.LIQUIDATION_TERMS)],
)
def test_the_limit_relaxes_with_the_depth(
    sold: Showcase, price: float, expected: Reason | None
) -> None:
    """At 850 it lacks 7,000 of 32,000: a quarter of that share of 320 a contract is 17.5."""
    assert liquidation(sold, 850, price).land() == expected
    sold.world.assert_same()


@pytest.mark.parametrize(
    ("fill", "expected"),
    [(47_916_000, None), (47_917_000, Reason.LIQUIDATION_TERMS), (SOLD, Reason.LIQUIDATION_TERMS)],
)
def test_no_more_than_it_takes(sold: Showcase, fill: int, expected: Reason | None) -> None:
    """What is left may have half as much equity again as it risks: 25,000 for 16,667."""
    assert liquidation(sold, 850, 850, fill).land() == expected


@pytest.mark.parametrize(("fill", "ratio"), [(SOLD + 1_000, 1), (SOME, -1)])
def test_it_only_reduces(sold: Showcase, fill: int, ratio: int) -> None:
    assert liquidation(sold, 850, 850, fill, ratio).land() == Reason.REDUCE_ONLY


def test_a_fee_is_a_cost(sold: Showcase) -> None:
    """Ten contracts may cost 175, a fee included."""
    for fee_micros, expected in ((1, Reason.LIQUIDATION_TERMS), (0, None)):
        draft = liquidation(sold, 850, 867.5)
        draft.part(WRITER).acts[0].fee_micros = fee_micros  # type: ignore[union-attr]
        assert draft.land() == expected


def test_something_must_be_taken_away(sold: Showcase) -> None:
    draft = liquidation(sold, 850, 850)
    draft.parts.clear()
    draft.part(WRITER).mode = Mode.LIQUIDATE
    assert draft.land() == Reason.LIQUIDATION_TERMS


def test_nothing_but_orders_goes_unsigned(sold: Showcase) -> None:
    draft = liquidation(sold, 850, 850)
    envelope = sold.envelope(ALICE, 72) | {"account": 7}
    draft.act(Cancel(**envelope), key=STRANGER.key)
    assert draft.land() == Reason.ACTION_UNKNOWN


def test_its_own_orders_and_nonces_stay(sold: Showcase) -> None:
    """A nonce that a liquidation names is not spent, not even one of a partly filled order."""
    partly = sold.empty()
    terms = {"legs": (Leg(written(sold).instrument, -1),), "account": 7, "limit_micros": 0}
    own = sold.order(ALICE, 71, quantity_micros=2 * SOME, **terms)
    partly.prices_nanos[written(sold).instrument.id] = 0
    partly.act(own, SOME)
    bought = (Leg(written(sold).instrument, 1),)
    partly.act(sold.order(BOB, 75, legs=bought, quantity_micros=SOME, limit_micros=0), SOME)
    assert partly.land() is None
    before = sold.world.state.account(WRITER)
    assert [partial.nonce for partial in before.partials] == [make_nonce(0, 71)]
    assert liquidation(sold, 850, 850).land() is None
    after = sold.world.state.account(WRITER)
    assert (after.lanes, after.partials) == (before.lanes, before.partials)
    sold.world.assert_same()


# The insurance fund ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "covered", "expected"),
    [
        (1_200, 10_000, None),
        (1_200, 9_999, Reason.CASH_NEGATIVE),
        (1_200, 10_001, Reason.LIQUIDATION_TERMS),
        (1_280, 18_000, None),
        (1_280.001, 18_000.1, Reason.LIQUIDATION_TERMS),
    ],
)
def test_the_fund_pays_what_is_missing(
    insured: Showcase, price: float, covered: float, expected: Reason | None
) -> None:
    """No more, no less; and nobody earns more by it than a quarter of the risk, 80 a contract."""
    micros = round(covered * MICROS)
    assert bankrupt(insured, price, micros).land() == expected
    insured.world.assert_same()
    if expected is None:
        state = insured.world.state
        assert state.account(WRITER).cash_micros == 0
        assert not state.account(WRITER).positions
        fund = state.account(limits.INSURANCE_OWNER << 32)
        assert fund.cash_micros == 20_000 * MICROS - micros


def test_without_the_fund_nobody_pays(insured: Showcase) -> None:
    assert liquidation(insured, 1_200, 1_200, SOLD).land() == Reason.CASH_NEGATIVE


def test_the_fund_pays_into_liquidations_only(insured: Showcase) -> None:
    draft = insured.empty()
    cover(draft, MICROS)
    draft.part(WRITER).acts.append(Claim(0))
    assert draft.land() == Reason.CREDIT_UNKNOWN


def test_it_does_not_pay_for_what_is_left(insured: Showcase) -> None:
    """With positions left there is something left to lose, and to win."""
    draft = liquidation(insured, 1_200, 1_200)
    cover(draft, MICROS)
    draft.part(WRITER).acts.append(Claim(0))
    assert draft.land() == Reason.LIQUIDATION_TERMS


def test_nobody_else_moves_the_fund(insured: Showcase) -> None:
    terms: dict[str, Any] = {
        "owner": FUND,
        "account": 0,
        "nonce": 0,
        "valid_until_seconds": 2**40,
        "max_fee_micros": 0,
    }
    withdraw = Withdraw(**terms, to=CAROL.address, asset="USDC", amount_micros=1)
    for intent in (withdraw, Cancel(**terms)):
        draft = insured.empty(with_report=False)
        draft.act(intent, key=STRANGER.key)
        draft.parts[0].mode = Mode.STATIC
        assert draft.land() == Reason.SIGNER_UNAUTHORISED
    draft = bankrupt(insured, 1_200, 10_000 * MICROS)
    act = draft.parts[0].acts[0]
    act.intent = replace(act.intent, max_fee_micros=1)  # type: ignore[union-attr,type-var]
    assert draft.land() == Reason.SIGNER_UNAUTHORISED
