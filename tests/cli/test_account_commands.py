"""``offbeat account``: records from the chain alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from commands import Run
from doctored import doctored
from people import ALICE, BOB, CAROL, ERIN, STRANGER, Person
from scripted_relay import Ledger, ScriptedRelay, serving, unused_url
from story import UNIT
from world import World

from offbeat import chain
from offbeat.core import ChainError, OutcomeUnknown, Unavailable
from offbeat.core.ports import Log
from offbeat.intents import address_text


@pytest.fixture
def source(node: World, deployment_file: str) -> tuple[str, ...]:
    return ("--deployment", deployment_file, "--rpc", "http://node")


def name(person: Person, index: int = 0) -> str:
    return f"{address_text(person.address)}/{index}"


def strings(value: Any) -> Iterator[Any]:
    """Everything that a JSON value holds at the bottom."""
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for each in inner:
            yield from strings(each)
    else:
        yield value


def test_a_record_is_rebuilt_and_verified(run: Run, source: tuple[str, ...], told: World) -> None:
    answer = run("account", "show", name(ALICE), *source, "--json")
    record = told.state.accounts[ALICE.account()]
    assert answer.code == 0
    assert answer.json["verified"] is True
    assert answer.json["commitment"] == f"0x{record.commitment.hex()}"
    assert answer.json["cash_micros"] == str(record.cash_micros)
    assert [each["instrument_name"] for each in answer.json["positions"]] == ["ETH"]
    assert answer.json["head"] == f"0x{told.state.head.hex()}"
    assert not any(type(each) is int for each in strings(answer.json))


def test_people_see_the_same(run: Run, source: tuple[str, ...], told: World) -> None:
    answer = run("account", "show", name(ALICE), *source)
    record = told.state.accounts[ALICE.account()]
    assert answer.out.count(f"0x{record.commitment.hex()}") == 2
    assert "Positions" in answer.out
    assert answer.err == ""


def test_an_owner_alone_means_the_first_account(run: Run, source: tuple[str, ...]) -> None:
    with_index = run("account", "show", name(BOB), *source, "--json")
    assert run("account", "show", name(BOB)[:-2], *source, "--json").json == with_index.json


def test_what_is_on_its_way_is_shown(run: Run, source: tuple[str, ...]) -> None:
    newcomer = run("account", "show", name(CAROL, 2), *source, "--json").json
    assert newcomer["known"] is False
    assert newcomer["inbox"] == [{"number": "7", "symbol": "ETH", "amount_micros": str(3 * UNIT)}]
    refused = run("account", "show", name(ERIN), *source, "--json").json
    assert refused["claimable_micros"] == {"BTC": str(UNIT // 2)}
    assert "deposit 7" in run("account", "show", name(CAROL, 2), *source).out
    assert "to be claimed" in run("account", "show", name(ERIN), *source).out


def test_an_account_that_nobody_has_touched_is_blank(run: Run, source: tuple[str, ...]) -> None:
    answer = run("account", "show", name(STRANGER), *source)
    assert answer.code == 0
    assert "no batch has touched it" in answer.out


def test_an_earlier_block_has_an_earlier_record(
    run: Run, source: tuple[str, ...], told: World
) -> None:
    batches = told.settlement.events(
        told.chain.logs(told.settlement.address, 0, told.chain.block().number), "BatchSettled"
    )
    block = batches[0].log.block_number
    answer = run("account", "show", name(ALICE), *source, "--block", block, "--json")
    assert answer.code == 0
    assert (answer.json["batches"], answer.json["block_number"]) == ("1", str(block))
    assert answer.json["cash_micros"] == str(10_000 * UNIT)


def test_every_record_is_rebuilt(run: Run, source: tuple[str, ...], told: World) -> None:
    answer = run("account", "rebuild", *source, "--json")
    assert answer.code == 0
    assert answer.json["verified"] is True
    found = {each["account_id"]: each["commitment"] for each in answer.json["accounts"]}
    assert found == {
        f"{account:#050x}": f"0x{record.commitment.hex()}"
        for account, record in told.state.accounts.items()
    }
    people = run("account", "rebuild", *source).out
    assert "equals the chain" in people
    assert all(name(person) in people for person in (ALICE, BOB, CAROL, ERIN))


def test_another_commitment_is_a_failure(
    run: Run, source: tuple[str, ...], told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = told.state.accounts[BOB.account()].commitment

    def call(to: bytes, data: bytes, **named: Any) -> bytes:
        answer = told.chain.call(to, data, **named)
        return b"\x66" * 32 if answer == ours else answer

    liar = doctored(told.chain, call=call)
    monkeypatch.setattr(chain, "RpcChain", lambda _url: liar)
    answer = run("account", "rebuild", *source, "--json")
    assert answer.code == 1
    assert answer.json["verified"] is False
    assert answer.json["divergences"] == [
        {
            "topic": "commitment",
            "subject": f"account {BOB.account():#050x}",
            "ours": f"0x{ours.hex()}",
            "theirs": f"0x{'66' * 32}",
        }
    ]
    people = run("account", "rebuild", *source)
    assert people.code == 1
    assert "differs from the chain" in people.out
    assert run("account", "show", name(BOB), *source).code == 1


def test_a_history_that_breaks_is_an_error_with_both_sides(
    run: Run, source: tuple[str, ...], told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def logs(address: bytes, first_block: int, last_block: int) -> tuple[Log, ...]:
        found = told.chain.logs(address, first_block, last_block)
        return () if address == told.expiry.address else found

    monkeypatch.setattr(chain, "RpcChain", lambda _url: doctored(told.chain, logs=logs))
    answer = run("account", "rebuild", *source, "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == "diverged"
    assert answer.json["error"]["divergence"] == {
        "topic": "batch_refused",
        "subject": "batch 4",
        "ours": "row_unsettled",
        "theirs": "landed",
    }
    assert "batch 4" in run("account", "rebuild", *source).err


@pytest.mark.parametrize(
    "account", ["", "0x12/0", "0x" + "aa" * 20 + "/", "0x" + "aa" * 20 + "/4294967296", "alice"]
)
def test_what_is_no_account_is_a_usage_error(
    run: Run, source: tuple[str, ...], account: str
) -> None:
    answer = run("account", "show", account, *source, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "account_invalid")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("node_unavailable", "nothing at {url}"), 4),
        (OutcomeUnknown("receipt_timeout", "asked {url}"), 5),
        (ChainError("node_refused", "{url} refused"), 1),
        (ChainError("unhealthy", "{url} says so"), 3),
    ],
)
def test_errors_have_their_exit_codes_and_keep_the_urls_secrets(
    run: Run,
    deployment_file: str,
    monkeypatch: pytest.MonkeyPatch,
    error: ChainError,
    code: int,
) -> None:
    url = "https://user:word@node.example/v3/sesame?token=tulip"
    secret_parts = ("user", "word", "v3/sesame", "tulip")

    def block(_number: object = None) -> None:
        message = error.message.format(url=url) + " and /v3/sesame with token=tulip"
        raise type(error)(error.code, message)

    monkeypatch.setattr(chain, "RpcChain", lambda _url: doctored(None, block=block))  # type: ignore[arg-type]
    arguments = ("account", "rebuild", "--deployment", deployment_file, "--rpc", url)
    for answer in (run(*arguments, "--json"), run(*arguments)):
        assert answer.code == code
        assert not any(part in answer.out + answer.err for part in secret_parts)
    assert error.code in answer.err
    assert answer.out == ""


def test_the_node_can_be_named_in_the_environment(
    run: Run, node: World, deployment_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFBEAT_RPC_URL", "http://node")
    monkeypatch.setenv("OFFBEAT_DEPLOYMENT", deployment_file)
    assert run("account", "rebuild").code == 0


def test_a_chain_other_than_the_deployments_is_refused(
    run: Run, source: tuple[str, ...], told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = doctored(told.chain, chain_id=5)
    monkeypatch.setattr(chain, "RpcChain", lambda _url: elsewhere)
    answer = run("account", "rebuild", *source, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "wrong_chain")


def test_a_relay_tells_what_is_final_what_is_open_and_the_next_nonces(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFBEAT_RPC_URL", "http://nowhere")
    relay = ScriptedRelay(Ledger())
    with serving(relay):
        asked = ("account", "show", name(ALICE), "--relay", unused_url(), "--relay", relay.url)
        told, shown = run(*asked, "--json"), run(*asked)
        assert run(*asked, "--block", 1).code == 2
    assert (told.code, shown.code) == (0, 0)
    assert int(told.json["account_id"], 16) == ALICE.account()
    assert told.json.keys() >= {"positions", "lanes", "open_intents", "batch_number"}
    for balance in told.json["balances"]:
        assert balance.keys() == {"asset", "available", "pending_final"}
        assert balance["asset"] in shown.out
    assert "open intents" in shown.out


def test_somebody_must_be_asked(run: Run) -> None:
    answer = run("account", "show", name(ALICE), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "usage")


def test_relays_that_do_not_answer_exit_with_4(run: Run) -> None:
    assert run("account", "show", name(ALICE), "--relay", unused_url()).code == 4
