"""``offbeat replay --crash``: an hour in which spot falls by 22 %, to the last unit of money."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from commands import Run

from offbeat.core import limits
from offbeat.sim.crash_prices import HOUR_SECONDS, spot_at

DOLLAR = limits.QUOTE_SCALE


@pytest.fixture
def snapshot(data_dir: Path) -> Path:
    """A real book."""
    folder = data_dir / "eth_options_2023-11-20"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} in OFFBEAT_DATA")
    return folder


@pytest.fixture
def crash(run: Run, snapshot: Path) -> dict[str, Any]:
    """The hour with a batch every minute."""
    answer = run("replay", snapshot, "--crash", "--batch-seconds", "60", "--json")
    assert answer.code == 0, answer.err
    (found,) = answer.json["crashes"]
    assert isinstance(found, dict)
    return found


def test_the_hour_adds_up(crash: dict[str, Any]) -> None:
    assert crash["ok"]
    assert crash["unaccounted_picos"] == "0"
    assert all(check["ok"] for check in crash["audit"]["checks"].values())
    assert int(crash["audit"]["checks"]["liquidations_fair"]["examined"]) >= 5


def test_liquidations_run_and_the_bound_holds(crash: dict[str, Any]) -> None:
    """The less margin, the sooner; nobody above the line, nothing dearer than the depth allows."""
    accounts = {each["account"] for each in crash["liquidations"]}
    assert {"writer-105", "writer-110", "writer-120"} <= accounts
    assert not accounts & {"writer-200", "writer-300", "maker-1"}
    for each in crash["liquidations"]:
        assert int(each["equity_bps"]) < limits.MAINTENANCE_MARGIN_BPS
        assert 0 < int(each["closed_bps"]) < limits.BPS


def test_what_comes_too_late_is_refused(crash: dict[str, Any]) -> None:
    assert {each["reason"] for each in crash["missed"]} == {"batch_late"}
    assert crash["conditions_refused"] == "1"


@pytest.mark.parametrize(("seconds", "lag"), [(0, 12), (61, 12), (10, -1), (10, 31)])
def test_times_without_sense(run: Run, snapshot: Path, seconds: int, lag: int) -> None:
    words = (f"--batch-seconds={seconds}", f"--lag-seconds={lag}")
    answer = run("replay", snapshot, "--crash", *words)
    assert answer.code == 2
    assert "crash_times" in answer.err


def test_spot_falls_by_22_percent() -> None:
    path = [spot_at(seconds, 2_000 * DOLLAR) for seconds in range(HOUR_SECONDS + 1)]
    assert path[0] == 2_000 * DOLLAR
    assert path[-1] == min(path) == 1_560 * DOLLAR
    assert max(abs(b - a) for a, b in pairwise(path)) < 2 * DOLLAR
