"""deposit and escape: from a deposit that nobody serves to money out, with a node and a key."""

from typing import Any

import pytest
from commands import Answer, Run, Write
from founding import CASH
from people import ALICE, BOB, OPERATOR, STRANGER
from story import UNIT
from world import World

from offbeat import chain
from offbeat.chain import EmbeddedChain
from offbeat.core import limits
from offbeat.intents import address_text

DELAY = limits.ESCAPE_DELAY_SECONDS


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.anvil)])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment whose sequencers have never done anything, on a node behind any URL."""
    is_embedded = request.param == "embedded"
    made = World(EmbeddedChain() if is_embedded else request.getfixturevalue("anvil"))
    monkeypatch.setattr(chain, "RpcChain", lambda _url: made.chain)
    return made


@pytest.fixture
def source(world: World, write: Write) -> tuple[str, ...]:
    deployment = write(world.deployment.to_json(), "deployment.json")
    return ("--deployment", deployment, "--rpc", "http://node")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Somebody who has nothing to do with anything."""
    monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", STRANGER.key.to_hex())


def wait(world: World, seconds: int) -> None:
    world.chain.set_time(world.chain.block().timestamp_seconds + seconds)
    world.chain.mine()


def give(world: World, amount_micros: int) -> None:
    """Cash of the stranger's own."""
    world.tokens[CASH].write(world.sender(OPERATOR), "mint", STRANGER.address, amount_micros)


def withdrawal(world: World, **changes: object) -> dict[str, object]:
    """Alice takes out 7."""
    now = world.chain.block().timestamp_seconds
    return {
        "kind": "withdraw",
        "owner": address_text(ALICE.address),
        "to": address_text(BOB.address),
        "asset": CASH,
        "amount": "7",
        "nonce": 0,
        "valid_until": now + 3 * DELAY,
        "max_fee": "0",
    } | changes


def signed_withdrawal(
    world: World, run: Run, write: Write, source: tuple[str, ...], **changes: object
) -> str:
    """The file of it with Alice's signature, whoever the owner."""
    description = withdrawal(world, **changes)
    key = ("--key-file", write(ALICE.key.to_hex()))
    return write(run("intent", "sign", write(description), *source[:2], *key, "--json").json)


def deposit(run: Run, source: tuple[str, ...]) -> Answer:
    owner = address_text(ALICE.address)
    return run("deposit", "12.5", "--owner", owner, *source, "--json")


def balance(world: World) -> int:
    held: int = world.tokens[CASH].read("balanceOf", BOB.address)
    return held


def test_a_trader_leaves_without_any_sequencer(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    give(world, 20 * UNIT)
    deposited = deposit(run, source)
    assert (deposited.code, deposited.json["amount_micros"]) == (0, "12500000")
    wait(world, DELAY)
    answer = run("escape", signed_withdrawal(world, run, write, source), *source, "--json")
    assert answer.code == 0
    assert answer.json["batch"] == answer.json["inbox_items"] == "1"
    assert len(answer.json["intents"]) == 1
    assert balance(world) == 7 * UNIT
    shown = run("account", "show", address_text(ALICE.address), *source, "--json").json
    assert shown["verified"] is True
    assert shown["cash_micros"] == str(5_500_000)


def test_people_see_what_settled(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    give(world, 20 * UNIT)
    assert "In the inbox" in run("deposit", "1", *source).out
    wait(world, DELAY)
    answer = run("escape", *source)
    assert (answer.code, answer.err) == (0, "")
    assert "Settled without a certificate" in answer.out


def test_it_is_shut_until_the_hour_is_over(world: World, run: Run, source: tuple[str, ...]) -> None:
    """And says when it opens, or how to begin."""
    idle = run("escape", *source)
    assert (idle.code, "offbeat deposit" in idle.err) == (3, True)
    give(world, 20 * UNIT)
    deposit(run, source)
    wait(world, DELAY - 60)
    early = run("escape", *source)
    assert (early.code, "it opens at" in early.err) == (3, True)
    assert world.settlement.read("progress")[0] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "13"}, "cash_negative"),
        ({"valid_until": 1}, "expired"),
        ({"owner": address_text(BOB.address)}, "signer_unauthorised"),
    ],
)
def test_an_intent_that_cannot_settle_stops_all(
    world: World,
    run: Run,
    write: Write,
    source: tuple[str, ...],
    changes: dict[str, Any],
    code: str,
) -> None:
    give(world, 20 * UNIT)
    deposit(run, source)
    wait(world, DELAY)
    good = signed_withdrawal(world, run, write, source, nonce=1)
    bad = signed_withdrawal(world, run, write, source, **changes)
    answer = run("escape", good, bad, *source, "--json")
    assert answer.code == 3
    assert code in answer.out + answer.err
    assert world.settlement.read("progress")[0] == 0
    assert balance(world) == 0


def test_what_is_not_signed_is_no_intent(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    answer = run("escape", write(withdrawal(world)), *source)
    assert (answer.code, "field_missing" in answer.err) == (2, True)
