"""Each of the gateway's methods does on chain what its name says."""

from collections.abc import Iterator

import pytest
from people import BOB, LANDER, OPERATOR, ROBOT, person
from story import FAR, UNIT, certify, new_world, tell
from world import World

from offbeat.chain import Gateway, Token, read_grant, read_rules
from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import Receipt
from offbeat.intents import Delegation, Scope, settlement_price_digest
from offbeat.relay import Builder, Moment
from offbeat.rulebook import certify as certify_digest
from offbeat.rulebook import symbol_number


@pytest.fixture(scope="module")
def fresh() -> World:
    return new_world()


@pytest.fixture
def world(fresh: World) -> Iterator[World]:
    with fresh.sandbox():
        yield fresh


@pytest.fixture
def gateway(world: World) -> Gateway:
    return Gateway(world.sender(OPERATOR), world.deployment)


def deposit(world: World, gateway: Gateway, symbol: str, micros: int) -> Receipt:
    token = world.tokens[symbol]
    token.write(gateway.sender, "mint", gateway.sender.address, 10**30)
    return gateway.deposit(symbol, BOB.address, 5, micros)


@pytest.mark.parametrize(("symbol", "decimals"), [("USDC", 6), ("BTC", 8), ("ETH", 18)])
def test_a_deposit_is_queued_in_micros_whatever_the_decimals(
    world: World, symbol: str, decimals: int
) -> None:
    bob = Gateway(world.sender(BOB), world.deployment)
    receipt = deposit(world, bob, symbol, 3 * UNIT)
    (event,) = world.vault.events(receipt.logs, "InboxItem")
    assert event.values["head"] >> 64 == BOB.account(5)
    assert event.values["body"] >> 128 == 3 * UNIT
    token = world.tokens[symbol]
    assert token.read("balanceOf", world.vault.address) == 3 * 10**decimals
    assert token.read("allowance", BOB.address, world.vault.address) == 0


def test_an_allowance_that_is_enough_is_left_alone(world: World, gateway: Gateway) -> None:
    token = world.tokens["USDC"]
    before = token.read("allowance", OPERATOR.address, world.vault.address)
    deposit(world, gateway, "USDC", UNIT)
    assert token.read("allowance", OPERATOR.address, world.vault.address) == before - UNIT


@pytest.mark.parametrize("symbol", ["SOL", "DOGE"])
def test_what_has_no_token_cannot_be_deposited(gateway: Gateway, symbol: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        gateway.deposit(symbol, BOB.address, 0, UNIT)
    assert refusal.value.code == "asset_unknown"


def test_a_batch_lands_for_its_sender(world: World, gateway: Gateway) -> None:
    world.deposit(BOB.account(), "USDC", UNIT)
    built = Builder(world.state, Moment(world.now, world.now + 300, None), 0).build(())
    receipt = gateway.settle(certify(world, built, None))
    (event,) = world.settlement.events(receipt.logs, "BatchSettled")
    assert event.values["lander"] == OPERATOR.address
    assert world.settlement.read("commitments", BOB.account()) != bytes(32)


def test_a_refusal_is_the_contracts_own_word(world: World, gateway: Gateway) -> None:
    built = Builder(world.state, Moment(world.now, world.now + 300, None), 0).build(())
    submission = certify(world, built, None)
    gateway.settle(submission)
    with pytest.raises(ChainError) as refusal:
        gateway.settle(submission)
    assert refusal.value.code == "batch_parent"


def test_fees_are_paid_to_whoever_landed_the_batches() -> None:
    world = new_world()
    tell(world)
    owed = world.vault.read("claimable_micros", LANDER.address, symbol_number("USDC"))
    anybody = Gateway(world.sender(BOB), world.deployment)
    anybody.claim("USDC", LANDER.address)
    assert owed > 0
    assert world.tokens["USDC"].read("balanceOf", LANDER.address) == owed
    assert world.vault.read("claimable_micros", LANDER.address, symbol_number("USDC")) == 0


def test_only_the_account_itself_redirects_its_claim(gateway: Gateway) -> None:
    with pytest.raises(ChainError) as refusal:
        gateway.claim("USDC", BOB.address, LANDER.address)
    assert refusal.value.code == "owner_only"


def test_a_key_is_granted_and_revoked(world: World) -> None:
    bob = Gateway(world.sender(BOB), world.deployment)
    pair = BOB.address, ROBOT.address
    bob.approve_delegate(ROBOT.address, Scope.ORDER, FAR)
    assert read_grant(world.chain, world.deployment, *pair) == Delegation(Scope.ORDER, FAR)
    bob.approve_delegate(ROBOT.address, Scope.ORDER, 0)
    assert read_grant(world.chain, world.deployment, *pair).expires_seconds < FAR


def test_an_underlying_is_admitted_by_the_owner_alone(world: World, gateway: Gateway) -> None:
    token = Token("XRP", bytes(20), 6)
    gateway.register_underlying(token)
    assert world.vault.read("underlyings_count") == 4
    with pytest.raises(ChainError) as refusal:
        Gateway(world.sender(BOB), world.deployment).register_underlying(token)
    assert refusal.value.code == "owner_only"


def test_a_settlement_price_is_posted_once(world: World, gateway: Gateway) -> None:
    expiry = world.now - 60
    digest = settlement_price_digest("ETH", expiry, 3_000 * UNIT, world.domain)
    keys = {index: person(f"reporter {index}").key for index in range(2)}
    call = ("ETH", expiry, 3_000 * UNIT, certify_digest(digest, keys))
    gateway.post_settlement_price(*call)
    with pytest.raises(ChainError) as refusal:
        gateway.post_settlement_price(*call)
    assert refusal.value.code == "price_posted"
    assert read_rules(world.chain, world.deployment).reporters.threshold == 2
