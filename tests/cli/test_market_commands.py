"""``offbeat simulate`` and ``offbeat replay``, from the command line to the last figure."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import Answer, Run
from rich.console import Console
from scenes import Scene, expiry, trade

from offbeat.cli import live, market
from offbeat.cli.market_view import show_summary
from offbeat.core import ChainError, Reason
from offbeat.instruments import Instrument, Leg, recognise
from offbeat.sim import Fate, Scenario, conclude, run_scenario, summarise
from offbeat.sim.audit import CHECKS, Check, Verdict, audit
from offbeat.sim.demo_crowd import CROWD

ENTRY = "import sys; from offbeat.cli import main; sys.exit(main())"
PILLARS = {
    "fills_net_to_zero",
    "cash_nets_to_zero",
    "holdings_net_to_zero",
    "accounts_healthy",
    "commitments_equal",
    "settled_once",
}


def _headless(*arguments: str) -> Answer:
    """A command in a process of its own, without a terminal."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ENTRY, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ) | {"NO_COLOR": "1"},
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def simulate() -> Answer:
    return _headless("simulate", "--json")


@pytest.fixture(scope="session")
def replay(data_dir: Path) -> Answer:
    """The whole of a real market takes a minute, so everybody looks at one run."""
    folder = data_dir / "eth_options_2023-11-20"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} in OFFBEAT_DATA")
    return _headless("replay", str(folder), "--json")


@pytest.fixture(params=["simulate", "replay"])
def answer(request: pytest.FixtureRequest) -> Answer:
    """Either command: what is tested holds for both."""
    found: Answer = request.getfixturevalue(request.param)
    return found


def _numbers(value: Any) -> list[Any]:
    """Everything in a JSON value that is a number and not a string."""
    if isinstance(value, dict):
        return [number for each in value.values() for number in _numbers(each)]
    if isinstance(value, list):
        return [number for each in value for number in _numbers(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


# Both, from one run each ------------------------------------------------------------------


def test_it_succeeds_and_prints_one_object_whose_numbers_are_strings(answer: Answer) -> None:
    assert answer.code == 0
    assert answer.json["ok"] is True
    assert answer.json["unexpected"] == []
    assert _numbers(answer.json) == []


def test_progress_is_a_plain_line_for_each_batch(answer: Answer) -> None:
    assert "\x1b" not in answer.err
    first, *lines = answer.err.splitlines()
    assert first.endswith("deploying contracts, depositing collateral")
    assert len(lines) == len(answer.json["batches"])
    assert all(line.startswith(f"batch {n}, ") for n, line in enumerate(lines, 1))


def test_the_auditor_has_examined_everything_and_objects_to_nothing(answer: Answer) -> None:
    found = answer.json["audit"]
    assert found["ok"] is True
    assert found["checks"].keys() == CHECKS.keys()
    assert all(int(found["checks"][name]["examined"]) > 0 for name in PILLARS)
    assert int(found["batches"]) == len(answer.json["batches"])


def test_batches_report_orders_fills_gas_and_fees_that_add_up(answer: Answer) -> None:
    data = answer.json
    batches = data["batches"]
    assert sum(int(each["gas"]) for each in batches) == int(data["gas"]["total"])
    assert sum(int(each["fees_micros"]) for each in batches) == int(data["fees_micros"])
    for each in batches:
        if each["gas_per_order"] is not None:
            assert int(each["gas_per_order"]) == int(each["gas"]) // int(each["orders"])
    parts = sum(int(data["gas"][name]) for name in ("deposits", "expiries", "trading"))
    assert parts == int(data["gas"]["total"])


def test_structures_add_up_over_their_batches(answer: Answer) -> None:
    data = answer.json
    filled: dict[str, list[int]] = {}
    for batch in data["batches"]:
        for part in batch["structures"]:
            sums = filled.setdefault(part["source"], [0, 0])
            sums[0] += int(part["fill_micros"])
            sums[1] += int(part["premium_micros"])
    for each in data["structures"]:
        legs = tuple(
            Leg(Instrument.parse(leg["instrument"]), int(leg["ratio"])) for leg in each["legs"]
        )
        assert recognise(legs) == each["strategy"]
        known = [int(each["filled_micros"]), int(each["executed_premium_micros"])]
        assert filled.get(each["source"], [0, 0]) == known


def test_nobody_pays_more_than_was_agreed(answer: Answer) -> None:
    for each in answer.json["structures"]:
        filled, whole = int(each["filled_micros"]), int(each["quantity_micros"])
        if filled == whole:
            assert int(each["executed_premium_micros"]) <= int(each["agreed_premium_micros"])


def test_settling_alone_costs_more(answer: Answer) -> None:
    gas = answer.json["gas"]
    assert int(gas["per_intent"]) < int(gas["alone_per_intent"])
    sums = [sum(int(each[name]) for each in gas["alone"]) for name in ("gas", "intents")]
    assert int(gas["alone_per_intent"]) == sums[0] // sums[1]


# The simulation ---------------------------------------------------------------------------------


def test_the_simulation_trades_every_strategy_and_refuses_repeats(simulate: Answer) -> None:
    strategies = {each["strategy"]: each for each in simulate.json["strategies"]}
    assert strategies.keys() == set(CROWD)
    assert all(int(each["filled_orders"]) > 0 for each in strategies.values())
    assert {each["strategy"] for each in simulate.json["gas"]["alone"]} == set(CROWD)
    counts = simulate.json["intents"]
    assert int(counts["sent"]) - int(counts["distinct"]) == int(counts["duplicates_refused"]) > 100
    assert sum(map(int, counts["fates"].values())) == int(counts["distinct"])


def test_the_simulation_refuses_each_bad_intent_for_its_reason(simulate: Answer) -> None:
    assert simulate.json["intents"]["refused_by_reason"] == {
        Reason.EXPIRED: "1",
        Reason.NOT_YET_VALID: "1",
        Reason.NONCE_LANE: "1",
        Reason.NONCE_SPENT: "1",
        Reason.MARKET_CONDITION: "1",
        Reason.LEG_EXPIRED: "1",
        Reason.REDUCE_ONLY: "1",
        Reason.SPOT_NEGATIVE: "1",
        Reason.CASH_NEGATIVE: "2",
        Reason.UNHEALTHY: "1",
        Reason.SIGNER_UNAUTHORISED: "2",
    }


def test_the_simulation_cancels_withdraws_pays_and_trades_by_session_key(simulate: Answer) -> None:
    assert simulate.json["actions"] == {
        "delegate": "1",
        "cancel": "2",
        "withdraw": "1",
        "transfer": "1",
    }
    assert int(simulate.json["intents"]["by_session_key"]) > 0
    assert int(simulate.json["intents"]["fates"][Fate.CANCELLED]) > 0
    assert int(simulate.json["audit"]["checks"]["payments_made"]["examined"]) > 0


def test_the_simulation_crosses_an_expiry_that_spot_helps_to_pay(simulate: Answer) -> None:
    (expired,) = simulate.json["expiries"]
    assert int(expired["accounts"]) > 10
    assert int(expired["spot_in_micros"]) > 0 < int(expired["cash_in_micros"])
    for asset in ("cash", "spot"):
        came, went, left = (int(expired[f"{asset}_{way}_micros"]) for way in ("in", "out", "left"))
        assert came == went + left
        assert left <= int(expired["accounts"])


# The replay -------------------------------------------------------------------------------


def test_the_replay_settles_the_real_tape(replay: Answer) -> None:
    structures = replay.json["structures"]
    assert len(structures) == 460
    blocks = [each for each in structures if len(each["legs"]) > 1]
    assert len(blocks) == 6
    assert all(each["filled_micros"] == each["quantity_micros"] for each in blocks)
    assert replay.json["intents"]["fates"][Fate.REFUSED] == "0"


def test_what_the_taker_misses_its_counterparty_sold_for_more(replay: Answer) -> None:
    """Of the two sides of a trade at least one is filled whole, at the agreed price or better."""
    for each in replay.json["structures"]:
        sides = int(each["filled_micros"]), int(each["counterparty_filled_micros"])
        assert max(sides) == int(each["quantity_micros"])


def test_the_replay_lists_what_it_refuses(replay: Answer) -> None:
    refused = replay.json["not_replayed"]
    assert [each["code"] for each in refused] == ["block_incomplete"] * 6
    assert all(each["source"].startswith("BLOCK-") and each["trade_ids"] for each in refused)
    assert replay.json["faults"] == []


# Exit codes and what people see, on a small market -----------------------------------------


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scene], None]:
    """Let the demo be another market."""

    def stage(chosen: Scene) -> None:
        monkeypatch.setattr(market, "build_demo", chosen.build)

    return stage


def _objecting(*arguments: Any) -> Verdict:
    verdict = audit(*arguments)
    checks = [
        Check(each.name, 1, 1, ("batch 2: [odd] " + "x" * 999,))
        if each.name == "accounts_healthy"
        else each
        for each in verdict.checks
    ]
    return replace(verdict, checks=tuple(checks))


def test_the_summary_is_for_people(run: Run, scene: Callable[[Scene], None]) -> None:
    scene(trade())
    answer = run("simulate")
    assert answer.code == 0
    for words in (
        "3 signed, sent 5 times: 2 duplicates refused",
        "1 filled whole, 1 in part, 0 found no match, 0 cancelled",
        "signer_unauthorised",
        "alone: single",
        f"{len(CHECKS)} of {len(CHECKS)} audit checks passed",
        "✓ no intent settled twice",
    ):
        assert words in answer.out
    assert "\x1b" not in answer.out + answer.err


def test_an_objection_of_the_auditor_fails_the_command(
    run: Run, scene: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(trade())
    monkeypatch.setattr(summarise, "audit", _objecting)
    answer = run("simulate")
    assert answer.code == 1
    assert f"{len(CHECKS) - 1} of {len(CHECKS)} audit checks passed" in answer.out
    assert "✗ every account is healthy" in answer.out
    assert "accounts_healthy: batch 2: [odd]" in answer.out
    assert answer.out.count("x") < 300
    assert run("simulate", "--json").json["ok"] is False


def test_a_surprise_fails_the_command(run: Run, scene: Callable[[Scene], None]) -> None:
    surprising = Scene()
    surprising.send("suspect", surprising.order("suspect"), expected=Reason.UNHEALTHY)
    scene(surprising)
    answer = run("simulate")
    assert answer.code == 1
    assert "unexpected: suspect: refused as None, expected unhealthy" in answer.out


def test_a_refusal_by_the_contract_is_a_failure_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ChainError(Reason.UNHEALTHY, "the contract disagrees")

    monkeypatch.setattr(market, "build_demo", trade().build)
    monkeypatch.setattr(market, "run_scenario", refuse)
    answer = run("simulate", "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == Reason.UNHEALTHY


@pytest.mark.parametrize("content", [None, "", "not,a,book\n"])
def test_a_folder_without_a_market_is_a_usage_error(
    run: Run, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "order_book.csv").write_text(content)
    answer = run("replay", tmp_path, "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == ("csv_unreadable" if content is None else "csv_header")


@pytest.mark.parametrize("width", [80, 100])
def test_a_terminal_gets_a_live_table_that_fits(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    screen, page = io.StringIO(), io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=width, height=24)
    monkeypatch.setattr(live, "stderr", lambda: terminal)
    scenario: Scenario = expiry().build()
    with live.watch(scenario) as on_batch:
        run = run_scenario(scenario, on_batch)
    shown = screen.getvalue()
    assert "depositing collateral" in shown
    assert "4 deposits" in shown
    assert "3 of 3" in shown
    assert "expiry" in shown

    show_summary(Console(file=page, width=width, no_color=True), conclude(run))
    lines = page.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert any("ETH-16JAN26 settled at 2,990.00" in line for line in lines)
