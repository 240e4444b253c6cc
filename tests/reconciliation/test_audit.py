"""``check`` finds every disagreement with the contracts, one by one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from people import ALICE, CAROL, ERIN, LANDER, ROBOT
from story import GROUP, UNIT
from world import World

from offbeat.intents import Delegation
from offbeat.reconciliation import Topic, check
from offbeat.rulebook import symbol_number
from offbeat.wire import ChainFacts

USDC, ETH, BTC = map(symbol_number, ("USDC", "ETH", "BTC"))
PAIR = (CAROL.address, ROBOT.address)

Change = Callable[[ChainFacts], ChainFacts]


def test_the_story_ends_well(told: World, facts: ChainFacts) -> None:
    assert check(told.state, facts) == ()


def test_what_is_not_paid_out_is_still_covered(facts: ChainFacts) -> None:
    """The token refuses Erin, and nobody has claimed the fees."""
    assert facts.claimable_micros[ERIN.address, BTC] == UNIT // 2
    assert facts.claimable_micros[LANDER.address, USDC] > 0
    assert facts.claimable_micros[CAROL.address, USDC] == 0


CHANGES: dict[str, tuple[Change, Topic, str]] = {
    "head": (lambda f: replace(f, head=bytes(32)), Topic.HEAD, ""),
    "number": (lambda f: replace(f, number=f.number + 1), Topic.BATCH_NUMBER, ""),
    "time": (lambda f: replace(f, time_seconds=0), Topic.BATCH_TIME, ""),
    "report time": (lambda f: replace(f, report_time_seconds=0), Topic.REPORT_TIME, ""),
    "certified time": (lambda f: replace(f, certified_time_seconds=0), Topic.CERTIFIED_TIME, ""),
    "inbox count": (lambda f: replace(f, inbox_count=99), Topic.INBOX_COUNT, ""),
    "inbox consumed": (lambda f: replace(f, inbox_consumed=0), Topic.INBOX_CONSUMED, ""),
    "commitment": (
        lambda f: replace(f, commitments={**f.commitments, ALICE.account(): bytes(32)}),
        Topic.COMMITMENT,
        f"account {ALICE.account():#050x}",
    ),
    "grant's scope": (
        lambda f: replace(
            f, grants={**f.grants, PAIR: Delegation(15, f.grants[PAIR].expires_seconds)}
        ),
        Topic.GRANT,
        "scope",
    ),
    "grant's end": (
        lambda f: replace(f, grants={**f.grants, PAIR: Delegation(f.grants[PAIR].scope, 0)}),
        Topic.GRANT,
        "expires_seconds",
    ),
    "pot": (
        lambda f: replace(f, pots={GROUP: replace(f.pots[GROUP], price_micros=1)}),
        Topic.POT,
        "price_micros",
    ),
    "claims": (
        lambda f: replace(
            f,
            claimable_micros={**f.claimable_micros, (ERIN.address, BTC): UNIT // 2 + 1},
            held_micros={**f.held_micros, BTC: 2 * UNIT},
        ),
        Topic.CLAIMABLE,
        "BTC of",
    ),
    "cash": (
        lambda f: replace(f, held_micros={**f.held_micros, USDC: f.held_micros[USDC] - 1}),
        Topic.COLLATERAL,
        "USDC",
    ),
    "spot": (
        lambda f: replace(f, held_micros={**f.held_micros, ETH: f.held_micros[ETH] - 1}),
        Topic.COLLATERAL,
        "ETH",
    ),
    "a token that is gone": (
        lambda f: replace(f, held_micros={USDC: f.held_micros[USDC], ETH: f.held_micros[ETH]}),
        Topic.COLLATERAL,
        "BTC",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_disagreement_is_found_and_no_other(told: World, facts: ChainFacts, name: str) -> None:
    change, topic, subject = CHANGES[name]
    (divergence,) = check(told.state, change(facts))
    assert divergence.topic is topic
    assert subject in divergence.subject
    assert divergence.ours != divergence.theirs
    assert divergence.ours in str(divergence)
    assert divergence.theirs in str(divergence)


def test_gifts_to_the_vault_do_no_harm(told: World, facts: ChainFacts) -> None:
    richer = {symbol: held + 1 for symbol, held in facts.held_micros.items()}
    assert check(told.state, replace(facts, held_micros=richer)) == ()


def test_the_vault_holds_exactly_what_it_owes(told: World, facts: ChainFacts) -> None:
    """Every token of the story is somebody's: one less of any is one too few."""
    for symbol in facts.held_micros:
        less = {**facts.held_micros, symbol: facts.held_micros[symbol] - 1}
        (divergence,) = check(told.state, replace(facts, held_micros=less))
        assert divergence.ours == str(facts.held_micros[symbol])
