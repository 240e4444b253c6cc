"""force: a sequencer ignores somebody, who goes through the chain with a node and a key."""

from typing import Any

import pytest
from commands import Answer, Run, Write
from drafting import Draft
from founding import CASH
from people import ALICE, BOB, STRANGER
from story import UNIT
from world import World

from offbeat import chain
from offbeat.chain import EmbeddedChain, read_acts
from offbeat.core import Reason, limits
from offbeat.intents import address_text
from offbeat.reconciliation import follow
from offbeat.rulebook import Mode, State

DELAY = limits.INBOX_DELAY_SECONDS
HOUR = limits.ESCAPE_DELAY_SECONDS


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.anvil)])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """Alice has 100 in cash; her sequencers want to hear nothing of her."""
    is_embedded = request.param == "embedded"
    made = World(EmbeddedChain() if is_embedded else request.getfixturevalue("anvil"))
    made.deposit(ALICE.account(), CASH, 100 * UNIT)
    draft = Draft(made, made.now)
    draft.credit_all()
    assert draft.land() is None
    monkeypatch.setattr(chain, "RpcChain", lambda _url: made.chain)
    return made


@pytest.fixture
def source(world: World, write: Write) -> tuple[str, ...]:
    deployment = write(world.deployment.to_json(), "deployment.json")
    return ("--deployment", deployment, "--rpc", "http://node")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", ALICE.key.to_hex())


def wait(world: World, seconds: int) -> None:
    world.chain.set_time(world.chain.block().timestamp_seconds + seconds)
    world.chain.mine()


def catch_up(world: World) -> None:
    """Commands have sent transactions of their own."""
    state = State(world.state.rules)
    for act in read_acts(world.chain, world.deployment):
        state = follow(state, act)
    world.state = state
    world.forget_senders()


def withdrawal(world: World, **changes: object) -> dict[str, object]:
    """Alice takes out 7."""
    return {
        "kind": "withdraw",
        "owner": address_text(ALICE.address),
        "to": address_text(BOB.address),
        "asset": CASH,
        "amount": "7",
        "nonce": 0,
        "valid_until": world.chain.block().timestamp_seconds + 3 * HOUR,
        "max_fee": "0",
    } | changes


def forced(world: World, run: Run, write: Write, source: tuple[str, ...], **changes: Any) -> Answer:
    return run("force", write(withdrawal(world, **changes)), *source, "--json")


def batch(world: World, *, ignores: bool) -> Reason | None:
    """The sequencers' next batch; the reason why it cannot land."""
    catch_up(world)
    draft = Draft(world, world.now)
    draft.credit_all()
    if not ignores:
        draft.act(world.state.forced[0].signed.intent)
        draft.parts[0].mode = Mode.STATIC
    return draft.land()


def balance(world: World) -> int:
    held: int = world.tokens[CASH].read("balanceOf", BOB.address)
    return held


def test_an_ignored_withdrawal_settles_within_its_delay_because_nothing_else_can(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    answer = forced(world, run, write, source)
    assert (answer.code, answer.json["number"], answer.json["kind"]) == (0, "1", "withdraw")
    assert int(answer.json["fee_wei"]) > 0
    assert batch(world, ignores=True) is None
    wait(world, DELAY)
    assert batch(world, ignores=True) == Reason.INBOX_DUE
    (told,) = run("force", "status", *source, "--json").json["requests"]
    assert told["status"] == "due"
    assert run("force", "clear", *source).code == 3
    assert batch(world, ignores=False) is None
    assert balance(world) == 7 * UNIT
    assert batch(world, ignores=True) == Reason.INBOX_DUE
    cleared = run("force", "clear", *source, "--json").json
    assert cleared["earned_wei"] == answer.json["fee_wei"]
    assert batch(world, ignores=True) is None


def test_where_nothing_lands_at_all_anybody_does_it_after_an_hour(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    """The forced request itself opens the escape, and comes along."""
    forced(world, run, write, source)
    wait(world, HOUR - 60)
    early = run("escape", *source)
    assert (early.code, "it opens at" in early.err) == (3, True)
    wait(world, 60)
    answer = run("escape", *source, "--json")
    assert answer.code == 0
    assert len(answer.json["intents"]) == 1
    assert balance(world) == 7 * UNIT
    late = run("escape", *source, "--json")
    assert (late.code, late.json["error"]["code"]) == (3, "inbox_due")
    assert run("force", "clear", *source).code == 0
    assert run("escape", *source).code == 0


def test_people_see_the_queue(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    empty = run("force", "status", *source)
    assert (empty.code, "The next costs 0.0001 ETH" in empty.out) == (0, True)
    shown = run("force", write(withdrawal(world)), *source)
    assert (shown.code, "In the queue" in shown.out) == (0, True)
    forced(world, run, write, source, nonce=1, amount="101")
    queue = run("force", "status", *source, "--json").json
    assert queue["next_fee_wei"] == str(4 * 10**14)
    assert [each["status"] for each in queue["requests"]] == ["not due yet"] * 2
    wait(world, DELAY)
    out = run("force", "status", *source).out
    assert "can be cleared" in out
    assert "due" in out


def test_what_is_signed_already_needs_no_owners_key(
    world: World,
    run: Run,
    write: Write,
    source: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    description = write(withdrawal(world))
    signed = write(run("intent", "sign", description, *source[:2], "--json").json)
    monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", STRANGER.key.to_hex())
    refused = run("force", description, *source, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (3, "signer_unauthorised")
    assert run("force", signed, *source, "--json").code == 0


def test_an_order_goes_behind_the_others(
    world: World, run: Run, write: Write, source: tuple[str, ...]
) -> None:
    now = world.chain.block().timestamp_seconds
    order = {
        "kind": "order",
        "owner": address_text(ALICE.address),
        "legs": [{"instrument_name": "ETH-25DEC26-4000-C", "ratio": 1}],
        "quantity": "1",
        "limit": "10",
        "nonce": 5,
        "valid_until": now + 3 * HOUR,
        "max_fee": "0",
    }
    assert run("force", write(order), *source).code == 0
    alone = run("force", "pass-over", *source, "--json")
    assert (alone.code, alone.json["error"]["code"]) == (3, "inbox_empty")
    forced(world, run, write, source)
    wait(world, DELAY)
    assert run("force", "pass-over", *source).code == 0
    assert batch(world, ignores=True) == Reason.INBOX_DUE
    assert batch(world, ignores=False) is None


def test_nothing_to_clear(world: World, run: Run, source: tuple[str, ...]) -> None:
    answer = run("force", "clear", *source, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (3, "inbox_empty")
