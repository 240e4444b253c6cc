import pytest
from doctored import doctored
from people import CAROL, REPORTERS, ROBOT, SEQUENCERS
from story import FAR, GROUP, new_world, tell
from world import SYMBOLS, THRESHOLD, World

from offbeat.chain import read_facts, read_grant, read_rules
from offbeat.core import ChainError, Unavailable
from offbeat.intents import Delegation, Scope
from offbeat.rulebook import Pot, State, symbol_number


@pytest.fixture(scope="module")
def told() -> World:
    world = new_world()
    tell(world)
    return world


def test_the_rules_are_those_of_the_constructors(told: World) -> None:
    rules = read_rules(told.chain, told.deployment)
    assert rules == told.state.rules
    assert rules.sequencers.signers == tuple(each.address for each in SEQUENCERS)
    assert len(rules.reporters.signers) == len(REPORTERS)
    assert rules.reporters.threshold == THRESHOLD


@pytest.mark.parametrize(
    "failure", [Unavailable("node_unavailable", "gone"), ChainError("node_refused", "busy")]
)
def test_a_node_that_fails_is_not_taken_for_the_end_of_the_signers(
    told: World, failure: Exception
) -> None:
    def call(*_args: object, **_named: object) -> bytes:
        raise failure

    with pytest.raises(type(failure)) as caught:
        read_rules(doctored(told.chain, call=call), told.deployment)
    assert caught.value is failure


def test_facts_are_those_of_their_block(told: World) -> None:
    now = read_facts(told.chain, told.deployment, told.state)
    assert (now.number, now.inbox_count, now.inbox_consumed) == (4, 7, 6)
    assert now.head == told.state.head
    assert now.pots == told.state.pots
    assert now.held_micros.keys() == set(map(symbol_number, ("USDC", "BTC", "ETH")))
    *_, registered = told.vault.events(
        told.chain.logs(told.vault.address, 0, now.block_number), "AssetRegistered"
    )
    before_deposits = registered.log.block_number
    start = read_facts(told.chain, told.deployment, told.state, before_deposits)
    assert start.number == 0
    assert start.inbox_count == 0
    assert not any(start.held_micros.values())
    assert not any(any(commitment) for commitment in start.commitments.values())
    assert start.pots == {GROUP: Pot(0)}


def test_a_state_that_knows_nobody_asks_for_nobody(told: World) -> None:
    facts = read_facts(told.chain, told.deployment, State(told.state.rules))
    assert facts.commitments == facts.grants == facts.pots == facts.claimable_micros == {}
    assert facts.held_micros.keys() == {symbol_number("USDC")}


def test_an_underlying_without_a_token_has_no_balance(told: World) -> None:
    assert "SOL" in SYMBOLS
    facts = read_facts(told.chain, told.deployment, told.state)
    assert symbol_number("SOL") not in facts.held_micros


def test_a_grant_is_read_as_it_stands(told: World) -> None:
    pair = CAROL.address, ROBOT.address
    assert read_grant(told.chain, told.deployment, *pair) == Delegation(Scope.CANCEL, FAR)
    assert read_grant(told.chain, told.deployment, *reversed(pair)) == Delegation(0, 0)
