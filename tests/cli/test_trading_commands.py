"""trade, intent watch, cancel and withdraw, against relays over real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Run, Write
from people import ALICE
from scripted_relay import Fault, Ledger, ScriptedRelay, serving, unused_url

TRADE = ("trade", "covered-call", "ETH-25DEC26-4000-C", "--quantity", "2", "--limit", "3310")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def relay(ledger: Ledger) -> Iterator[ScriptedRelay]:
    made = ScriptedRelay(ledger)
    with serving(made):
        yield made


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Run) -> None:
    """Alice's key in the environment, and no settings but those that a test writes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", ALICE.key.to_hex())
    monkeypatch.delenv("OFFBEAT_RELAYS", raising=False)


def test_a_covered_call_is_traded_to_finality(run: Run, relay: ScriptedRelay) -> None:
    answer = run(*TRADE, "--relay", relay.url, "--yes", "--json")
    assert answer.code == 0
    assert (answer.json["status"], answer.json["filled_micros"]) == ("final", "2000000")


def test_waiting_may_stop_at_settled(run: Run, relay: ScriptedRelay) -> None:
    answer = run(*TRADE, "--relay", relay.url, "--yes", "--until", "settled", "--json")
    assert (answer.code, answer.json["status"]) == (0, "settled")


def test_a_dry_run_shows_margin_and_typed_data_and_sends_nothing(
    run: Run, relay: ScriptedRelay, ledger: Ledger
) -> None:
    answer = run(*TRADE, "--relay", relay.url, "--dry-run", "--json")
    assert answer.code == 0
    assert answer.json["typed_data"]["message"]["limit"] == "3310000000"
    assert answer.json["margin"]["after"]["scan_passes"] is True
    assert ledger.submissions == []


def test_with_nobody_to_ask_it_takes_a_yes(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    assert run(*TRADE, "--relay", relay.url).code == 2
    assert ledger.submissions == []


def test_raw_legs_and_the_other_side(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    legs = ("trade", "legs", "ETH-25DEC26-4000-C=-1", "ETH=1")
    answer = run(
        *legs,
        "--quantity",
        "1",
        "--limit",
        "-3300",
        "--side",
        "sell",
        "--yes",
        "--relay",
        relay.url,
    )
    assert answer.code == 0
    (signed,) = ledger.submissions
    assert [leg.ratio for leg in signed.intent.legs] == [-1, 1]
    assert signed.intent.limit_micros == -3_300_000_000


def test_a_refusal_exits_with_3(run: Run, relay: ScriptedRelay) -> None:
    relay.faults.append(Fault(422, code="unhealthy"))
    answer = run(*TRADE, "--relay", relay.url, "--yes", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (3, "unhealthy")


def test_a_bad_end_exits_with_3(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    ledger.script = ("ordered", "expired")
    assert run(*TRADE, "--relay", relay.url, "--yes").code == 3


def test_nobody_there_exits_with_4(run: Run) -> None:
    assert run(*TRADE, "--relay", unused_url(), "--yes").code == 4


def test_no_relay_named_is_usage(run: Run) -> None:
    assert run(*TRADE, "--yes").code == 2


def test_flags_then_environment_then_project_then_user(
    run: Run,
    relay: ScriptedRelay,
    ledger: Ledger,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "user" / "offbeat").mkdir(parents=True)
    (tmp_path / "user/offbeat/offbeat.toml").write_text(
        f'[client]\nrelays = ["{relay.url}"]\nmax_fee = "9"\naccount = 3\nlane = 0\n'
    )
    write('[client]\nmax_fee = "8"\naccount = 2\n', "offbeat.toml")
    monkeypatch.setenv("OFFBEAT_ACCOUNT", "1")
    assert run(*TRADE, "--yes", "--max-fee", "0.5").code == 0
    assert run(*TRADE, "--yes").code == 0
    first, second = (signed.intent for signed in ledger.submissions)
    assert (first.account, first.max_fee_micros) == (1, 500_000)
    assert second.max_fee_micros == 8_000_000


def test_watch_follows_to_the_end(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    run(*TRADE, "--relay", relay.url, "--yes", "--until", "settled")
    (name,) = {ledger.hash_of(signed) for signed in ledger.submissions}
    answer = run("intent", "watch", name, "--relay", relay.url, "--json")
    assert (answer.code, answer.json["status"]) == (0, "final")


def test_cancel_tells_what_became_of_the_order(
    run: Run, relay: ScriptedRelay, ledger: Ledger
) -> None:
    ledger.script = ("ordered", "settled", "cancelled")
    run(*TRADE, "--relay", relay.url, "--yes", "--until", "settled")
    name = ledger.hash_of(ledger.submissions[0])
    answer = run("cancel", name, "--relay", relay.url, "--json")
    assert (answer.code, answer.json["status"], answer.json["intent_hash"]) == (
        0, "cancelled", name
    )  # fmt: skip
    assert ledger.submissions[1].intent.nonce == ledger.submissions[0].intent.nonce


def test_a_cancel_that_came_too_late_exits_with_3(
    run: Run, relay: ScriptedRelay, ledger: Ledger
) -> None:
    run(*TRADE, "--relay", relay.url, "--yes", "--until", "settled")
    name = ledger.hash_of(ledger.submissions[0])
    answer = run("cancel", name, "--relay", relay.url, "--json")
    assert (answer.code, answer.json["status"]) == (3, "final")


def test_cancel_all_leaves_every_number_behind(
    run: Run, relay: ScriptedRelay, ledger: Ledger
) -> None:
    ledger.record["lanes"] = [{"floor": "7", "bitmap": "0x0"}]
    assert run("cancel", "--all", "--relay", relay.url).code == 0
    (signed,) = ledger.submissions
    assert signed.intent.nonce == 7 + 255 + 256


def test_cancel_needs_one_or_all(run: Run, relay: ScriptedRelay) -> None:
    assert run("cancel", "--relay", relay.url).code == 2


def test_withdraw_goes_to_the_owner_in_cash(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    assert run("withdraw", "12.5", "--relay", relay.url).code == 0
    (signed,) = ledger.submissions
    assert (signed.intent.to, signed.intent.asset) == (ALICE.address, "USDC")
    assert signed.intent.amount_micros == 12_500_000
