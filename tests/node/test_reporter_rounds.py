"""Three reporters: what they publish together, with one of them lying, dead, or both."""

from dataclasses import replace

import pytest
from founding import deploy_offbeat, deploy_tokens
from hypothesis import given
from hypothesis import strategies as st
from people import OPERATOR, REPORTERS
from reporting import DOMAIN, QUORUM, START, hold_round, reporters, scaled, seen

from offbeat.chain import EmbeddedChain, Gateway, Sender
from offbeat.core import ChainError, InvalidInput
from offbeat.node import Attested
from offbeat.node.report_feed import Signed, newest
from offbeat.node.reporter import (
    Averages,
    ReporterRules,
    Rounds,
    agreed_views,
    check_order,
    check_own,
    observe_signed,
)
from offbeat.node.reporter.averages import WINDOW_SECONDS
from offbeat.node.reporter.observation import observation_from_json, observation_to_json
from offbeat.node.reporter.rounds import certificate_of
from offbeat.node.reporter.service import partial_from_json, partial_to_json
from offbeat.oracle import wrong_rows
from offbeat.rulebook import Rules


def published(group: list[Rounds]) -> Attested | None:
    """What a relay makes of everybody's answers."""
    answers = [
        Signed(each.published.report, each.signer, each.published.signature)
        for each in group
        if each.published is not None
    ]
    return newest(answers, Rules(DOMAIN, QUORUM, QUORUM))


def test_all_sign_one_report_that_no_challenge_hurts() -> None:
    group = reporters()
    hold_round(group, START)
    attested = published(group)
    assert attested is not None
    assert attested.report.timestamp_seconds == START
    assert wrong_rows(attested.report) == ()
    assert len({each.published for each in group if each.published}) == 3
    spots = sorted(seen(START, number).spot_micros for number in range(3))
    assert attested.report.underlyings[0].spot_micros == spots[1]


@pytest.mark.parametrize("liar", range(3))
@pytest.mark.parametrize("percent", [1, 90, 111, 100_000])
def test_one_who_lies_wildly_moves_nothing_beyond_honest_views(liar: int, percent: int) -> None:
    group = reporters()
    percents = [100, 100, 100]
    percents[liar] = percent
    hold_round(group, START, percents)
    honest = [each for each in group if each.signer != liar]
    attested = published(honest)
    assert attested is not None
    spots = [seen(START, each.signer).spot_micros for each in honest]
    assert min(spots) <= attested.report.underlyings[0].spot_micros <= max(spots)


@pytest.mark.parametrize("dead", range(3))
def test_two_do_without_the_third(dead: int) -> None:
    group = [each for each in reporters() if each.signer != dead]
    hold_round(group, START)
    assert published(group) is not None


@pytest.mark.parametrize("liar", [0, 1])
def test_an_honest_one_alone_with_a_liar_signs_nothing_and_says_so(liar: int) -> None:
    group = reporters()[:2]
    percents = [100, 100, 100]
    percents[liar] = 80
    hold_round(group, START, percents)
    assert published(group) is None
    assert "disagreement" in group[1 - liar].refusals[START]


def test_a_leap_is_refused_until_a_gap_has_passed() -> None:
    group = reporters()
    hold_round(group, START)
    hold_round(group, START + 10, (85, 85, 85))
    assert "report_moved" in group[0].refusals[START + 10]
    attested = published(group)
    assert attested is not None
    assert attested.report.timestamp_seconds == START
    later = START + ReporterRules().continuity_seconds + 10
    hold_round(group, later, (85, 85, 85))
    attested = published(group)
    assert attested is not None
    assert attested.report.timestamp_seconds == later


def test_no_second_report_of_a_moment_and_none_of_an_earlier_one() -> None:
    views = (seen(START),)
    rules = ReporterRules()
    check_order(None, START, views, rules)
    check_order((START - 1, views), START, views, rules)
    for before in (START, START + 1):
        with pytest.raises(InvalidInput, match="report_not_later"):
            check_order((before, views), START, views, rules)


def test_the_bounds_of_disagreement() -> None:
    mine = (seen(START),)
    check_own(mine, (scaled(mine[0], 102),), ReporterRules(max_disagreement_bps=200))
    with pytest.raises(InvalidInput, match="disagreement"):
        check_own(mine, (scaled(mine[0], 102),), ReporterRules(max_disagreement_bps=199))
    with pytest.raises(InvalidInput, match="unseen"):
        check_own((), mine, ReporterRules())


def test_proposals_that_are_not_in_order() -> None:
    observed = [
        observe_signed(START, (seen(START, number),), number, REPORTERS[number].key, DOMAIN)
        for number in range(3)
    ]
    agreed_views(observed, START, DOMAIN, QUORUM)
    forged = replace(observed[0], views=(seen(START, 1),))
    elsewhere = replace(observed[0], signer=3)
    for observations, code in (
        (observed[:1], "observations_few"),
        ([observed[0]] * 2, "observation_twice"),
        ([forged, *observed[1:]], "observation_signature"),
        ([elsewhere, *observed[1:]], "observation_signature"),
    ):
        with pytest.raises(InvalidInput, match=code):
            agreed_views(observations, START, DOMAIN, QUORUM)
    with pytest.raises(InvalidInput, match="observation_time"):
        agreed_views(observed, START + 10, DOMAIN, QUORUM)


def test_observations_and_signatures_survive_their_json() -> None:
    group = reporters()
    hold_round(group, START)
    own = group[0].rounds[START].observations[0]
    assert observation_from_json(observation_to_json(own)) == own
    partial = group[0].own_partial()
    assert partial is not None
    assert partial_from_json(partial_to_json(partial)) == partial


@pytest.mark.parametrize("damage", [None, [], 7, {"views": []}, "x"])
def test_damaged_answers_are_refused(damage: object) -> None:
    with pytest.raises(InvalidInput):
        observation_from_json(damage)
    with pytest.raises(InvalidInput):
        partial_from_json(damage)


# Settlement prices ------------------------------------------------------------------------


@given(st.lists(st.integers(1, 10**12), min_size=20, max_size=40), st.integers(60, 120))
def test_the_average_is_over_time(prices: list[int], step: int) -> None:
    """Against a sum over every second."""
    averages = Averages()
    first = START - step * (len(prices) - 1)
    for number, price in enumerate(prices):
        view = replace(seen(START), spot_micros=price)
        averages.add(first + number * step, (view,))
    expiry = START + step - 1
    begin = expiry - WINDOW_SECONDS
    average = averages.average_micros("ETH", expiry)
    if first > begin:
        assert average is None
        return
    total = sum(prices[min((at - first) // step, len(prices) - 1)] for at in range(begin, expiry))
    assert average == total // WINDOW_SECONDS


def test_a_gap_leaves_no_average() -> None:
    for gap, is_there in ((120, True), (121, False)):
        averages = Averages()
        view = seen(START)
        moments = [*range(START - 2_000, START - 1_000, 20), *range(START - 1_020 + gap, START, 20)]
        for moment in moments:
            averages.add(moment, (view,))
        assert (averages.average_micros("ETH", START) is not None) is is_there


def test_an_expiry_is_settled_on_chain_by_what_all_have_averaged() -> None:
    chain = EmbeddedChain(genesis_seconds=START - 10_000)
    operator = Sender(chain, OPERATOR.key.secret)
    chain.fund(operator.address, 10**24)
    deployment = deploy_offbeat(operator, deploy_tokens(operator))
    group = reporters(deployment.domain, ReporterRules(interval_seconds=60))
    view = seen(START)
    expiry = view.expiries[0].expiry_seconds // 60 * 60
    for moment in range(expiry - 1_860, expiry + 60, 60):
        hold_round(group, moment)
    prices = group[0].settlement_prices()
    assert [price[:2] for price, _ in prices] == [("ETH", expiry)]
    ((price, signatures),) = prices
    own = sorted(each.averages.average_micros("ETH", expiry) or 0 for each in group)
    assert price[2] == own[1]
    chain.set_time(expiry + 60)
    gateway = Gateway(operator, deployment)
    with pytest.raises(ChainError, match="report_quorum"):
        gateway.post_settlement_price(*price, certificate_of({0: signatures[0]}))
    gateway.post_settlement_price(*price, certificate_of(signatures))
    with pytest.raises(ChainError, match="price_posted"):
        gateway.post_settlement_price(*price, certificate_of(signatures))


def test_whoever_missed_the_window_does_not_sign_its_price() -> None:
    group = reporters(rules=ReporterRules(interval_seconds=60))
    expiry = seen(START).expiries[0].expiry_seconds
    for moment in range(expiry - 1_860, expiry, 60):
        hold_round(group[:2], moment)
    hold_round(group, expiry)
    ((_, signatures),) = group[0].settlement_prices()
    assert sorted(signatures) == [0, 1]
