"""The invented market: the same every time, and within every bound of the protocol."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Leg, Strategy, recognise
from offbeat.intents import Order
from offbeat.oracle import risk_parameters
from offbeat.sim.demo_crowd import CROWD, draw_legs
from offbeat.sim.demo_market import REOPENS_SECONDS, build_demo
from offbeat.sim.demo_prices import (
    EXPIRIES_SECONDS,
    SPOT,
    START_SECONDS,
    STRIKES_MICROS,
    listed_options,
    prices_at,
)
from offbeat.sim.resting_depth import INSTRUMENTS_PER_MAKER
from offbeat.sim.scenario import QUOTE, Role, Scenario


@pytest.fixture(scope="module")
def demo() -> Scenario:
    return build_demo()


def test_it_is_the_same_every_time(demo: Scenario) -> None:
    assert build_demo() == demo


def test_it_holds_every_strategy_many_quotes_and_repeats(demo: Scenario) -> None:
    submissions = [each for round_ in demo.rounds for each in round_.submissions]
    labels = Counter(each.label for each in submissions)
    expected = dict.fromkeys(CROWD, 8) | {Strategy.COVERED_CALL: 9}
    assert {strategy: labels[strategy] for strategy in CROWD} == expected
    listed = [len(listed_options(each)) + 1 for each in (START_SECONDS, REOPENS_SECONDS)]
    assert labels[QUOTE] == 4 * sum(listed)
    assert 200 <= len(submissions) <= 400
    assert sum(each.copies for each in submissions) > len(submissions) + 100


def test_it_asks_for_many_reasons_of_refusal(demo: Scenario) -> None:
    expected = {each.expected for round_ in demo.rounds for each in round_.submissions}
    assert expected - {None} == {
        Reason.EXPIRED,
        Reason.NOT_YET_VALID,
        Reason.NONCE_LANE,
        Reason.NONCE_SPENT,
        Reason.MARKET_CONDITION,
        Reason.LEG_EXPIRED,
        Reason.REDUCE_ONLY,
        Reason.SPOT_NEGATIVE,
        Reason.CASH_NEGATIVE,
        Reason.UNHEALTHY,
        Reason.SIGNER_UNAUTHORISED,
    }


def test_rounds_follow_one_another_under_fresh_reports(demo: Scenario) -> None:
    for before, after in pairwise(demo.rounds):
        assert before.closes_seconds < after.opens_seconds
        assert before.report.timestamp_seconds < after.report.timestamp_seconds
    for round_ in demo.rounds:
        assert round_.report.timestamp_seconds < round_.opens_seconds
        alive = {row.instrument_id for row in round_.report.rows}
        assert alive == {SPOT.id, *(each.id for each in listed_options(round_.closes_seconds))}
        assert len(round_.report.rows) <= limits.MAX_ROWS


def test_the_first_expiry_settles_overnight_while_a_covered_call_is_in_the_money(
    demo: Scenario,
) -> None:
    ((settling, settlement),) = [(each, s) for each in demo.rounds for s in each.settlements]
    assert settlement.expiry_seconds == EXPIRIES_SECONDS[0] < settling.opens_seconds
    before = [each for each in demo.rounds if each.closes_seconds < settlement.expiry_seconds]
    assert before == list(demo.rounds[: len(demo.rounds) // 2])
    strikes = {
        each.intent.legs[1].instrument.strike_micros
        for round_ in before
        for each in round_.submissions
        if each.label == Strategy.COVERED_CALL and isinstance(each.intent, Order)
        if each.intent.legs[1].instrument.expiry_seconds == settlement.expiry_seconds
    }
    assert min(strikes) < settlement.price_micros


def test_makers_quote_few_instruments_and_never_cross(demo: Scenario) -> None:
    makers = {each.name for each in demo.participants if each.role is Role.MAKER}
    for round_ in demo.rounds:
        best: dict[tuple[Instrument, int], int] = {}
        quoted: dict[str, set[Instrument]] = {name: set() for name in makers}
        for each in round_.submissions:
            if each.label == QUOTE and isinstance(each.intent, Order):
                (leg,) = each.intent.legs
                quoted[each.sender].add(leg.instrument)
                key = (leg.instrument, leg.ratio)
                best[key] = max(each.intent.limit_micros, best.get(key, -(2**63)))
        assert max(map(len, quoted.values())) <= INSTRUMENTS_PER_MAKER
        for (instrument, side), limit_micros in best.items():
            assert limit_micros + best[instrument, -side] < 0
            assert side < 0 or limit_micros >= 0


@pytest.mark.parametrize("strategy", CROWD)
def test_the_crowd_signs_what_it_says(strategy: Strategy) -> None:
    rng = Random(7)
    drawn = {draw_legs(strategy, rng, EXPIRIES_SECONDS) for _ in range(50)}
    assert len(drawn) > 1
    assert {recognise(legs) for legs in drawn} == {strategy}


def test_prices_leave_no_arbitrage() -> None:
    """Puts and calls are at parity, convex in the strike, and dearer for a later expiry."""
    prices = prices_at(START_SECONDS, 3_000_000_000)
    marks = {
        (each.expiry_seconds, each.strike_micros, each.kind): mark
        for each, mark in prices.marks_micros.items()
    }
    for expiry in EXPIRIES_SECONDS:
        parity = {marks[expiry, k, 1] - marks[expiry, k, 2] + k for k in STRIKES_MICROS}
        assert max(parity) - min(parity) <= 2
        for kind in (1, 2):
            ladder = [marks[expiry, strike, kind] for strike in STRIKES_MICROS]
            steps = [high - low for low, high in pairwise(ladder)]
            assert steps == sorted(steps)
    for strike in STRIKES_MICROS:
        calls = [marks[expiry, strike, 1] for expiry in EXPIRIES_SECONDS]
        assert calls == sorted(calls)


def test_fair_price_and_spread_add_up_over_the_legs() -> None:
    prices = prices_at(START_SECONDS, 3_000_000_000)
    call = listed_options(START_SECONDS)[0]
    legs = (Leg(SPOT, 1), Leg(call, -2))
    single = (Leg(call, 1),)
    assert prices.fair_micros(legs) == 3_000_000_000 - 2 * prices.fair_micros(single)
    assert prices.half_spread_micros((Leg(SPOT, -1),)) == 600_000
    expected = 600_000 + 2 * prices.half_spread_micros(single)
    assert prices.half_spread_micros(legs) == expected


@pytest.mark.parametrize("spot_micros", [50_000, 2_000_000_000, 3_000_000_000, 200_000_000_000])
def test_the_tick_holds_the_largest_risk_in_whole_cents(spot_micros: int) -> None:
    parameters = risk_parameters(spot_micros)
    assert parameters.tick_micros % 10_000 == 0
    largest_micros = spot_micros * 3_000 // limits.BPS
    assert parameters.tick_micros * limits.MAX_RISK_TICKS >= largest_micros
    minimum_micros = parameters.short_min_ticks * parameters.tick_micros
    assert minimum_micros >= spot_micros * 50 // limits.BPS
