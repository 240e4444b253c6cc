"""Reports travel as JSON and come back as they were."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_market import NOW, report_at

from offbeat.core import InvalidInput
from offbeat.wire import report_from_json, report_to_json


@given(st.integers(50, 150))
def test_a_report_survives_its_json(percent: int) -> None:
    report = report_at(NOW, percent)
    assert report_from_json(report_to_json(report)) == report


@pytest.mark.parametrize("path", [("timestamp_seconds",), ("rows", 0, "risk_ticks"), ("rows",)])
@pytest.mark.parametrize("damage", [None, "x", {}, 1.5])
def test_a_damaged_report_is_refused(path: tuple[Any, ...], damage: object) -> None:
    raw: Any = report_to_json(report_at(NOW))
    inner = raw
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = damage
    with pytest.raises(InvalidInput) as refusal:
        report_from_json(raw)
    assert refusal.value.code in {"report_malformed", "risk_ticks", "rows_missing"}


def test_whole_numbers_may_come_as_numbers() -> None:
    raw = report_to_json(report_at(NOW))
    raw["timestamp_seconds"] = int(raw["timestamp_seconds"])
    assert report_from_json(raw) == report_at(NOW)
