"""A day without any report: whoever is covered at every price trades and withdraws all the same."""

import pytest
from drafting import Draft
from market import expiries, universe
from people import ALICE, BOB, CAROL, Person
from showcase import FILL, PRICE_NANOS, Showcase

from offbeat.core import Reason
from offbeat.instruments import Kind, Leg
from offbeat.intents import Withdraw
from offbeat.rulebook import Mode

DAY_SECONDS = 86_400


@pytest.fixture
def late(showcase: Showcase) -> Showcase:
    """A day after the last report; the inbox is served."""
    showcase.world.wait(DAY_SECONDS)
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    assert draft.land() is None
    return showcase


def vertical(late: Showcase) -> tuple[Leg, Leg]:
    """Two calls that live for months."""
    last = expiries(late.start_seconds)[-1]
    options = universe("ETH", late.start_seconds)
    calls = [e for e in options if e.expiry_seconds == last and e.kind is Kind.CALL]
    return Leg(calls[0], 1), Leg(calls[1], -1)


def trade(late: Showcase, mode: Mode, **terms: object) -> Draft:
    """Alice buys the vertical from Bob."""
    draft, legs = late.empty(with_report=False), vertical(late)
    draft.prices_nanos |= {legs[0].instrument.id: PRICE_NANOS, legs[1].instrument.id: 0}
    order = {
        "valid_until_seconds": late.world.now + DAY_SECONDS,
        "quantity_micros": FILL,
        "limit_micros": PRICE_NANOS // 1000,
        "legs": legs,
    }
    sold = {
        "limit_micros": -PRICE_NANOS // 1000,
        "legs": tuple(Leg(leg.instrument, -leg.ratio) for leg in legs),
    }
    draft.act(late.order(ALICE, 70, **(order | terms)), FILL)
    draft.act(late.order(BOB, 70, **(order | sold)), FILL)
    for part in draft.parts:
        part.mode = mode
    return draft


def test_the_covered_trade(late: Showcase) -> None:
    assert trade(late, Mode.STATIC).land() is None
    bought, sold = vertical(late)
    for person, sign in ((ALICE, 1), (BOB, -1)):
        record = late.world.state.account(person.account())
        assert record.quantity_of(bought.instrument.id) == sign * FILL
        assert record.quantity_of(sold.instrument.id) == -sign * FILL


@pytest.mark.parametrize("mode", [Mode.SCAN, Mode.REDUCE])
def test_nobody_is_judged_by_a_report_that_is_not_there(late: Showcase, mode: Mode) -> None:
    assert trade(late, mode).land() == Reason.REPORT_MISSING


@pytest.mark.parametrize("condition", ["spot_min_micros", "spot_max_micros"])
def test_a_condition_on_the_market_is_not_met_by_silence(late: Showcase, condition: str) -> None:
    assert trade(late, Mode.STATIC, **{condition: 1}).land() == Reason.REPORT_MISSING


@pytest.mark.parametrize(("person", "asset"), [(ALICE, "USDC"), (CAROL, "BTC"), (ALICE, "ETH")])
def test_the_covered_withdraw(late: Showcase, person: Person, asset: str) -> None:
    world = late.world
    before = world.tokens[asset].read("balanceOf", person.address)
    draft = late.empty(with_report=False)
    envelope = late.envelope(person, 70) | {"valid_until_seconds": world.now + DAY_SECONDS}
    draft.act(Withdraw(**envelope, to=person.address, asset=asset, amount_micros=1))
    draft.part(person.account()).mode = Mode.STATIC
    assert draft.land() is None
    assert world.tokens[asset].read("balanceOf", person.address) > before
