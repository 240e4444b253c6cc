"""``offbeat margin``: both tests of health, for any positions."""

from pathlib import Path
from typing import Any

import pytest
from commands import Run, Write
from small_market import NOW, OPTIONS, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument
from offbeat.margin import scan_test, static_test
from offbeat.wire import report_to_json

UNIT = 1_000_000
CALL, PUT = OPTIONS["ETH"][2:4]
REPORT = report_at(NOW - 3_600)
SHORT_CALL = {"cash": "5000", "positions": [{"instrument_name": CALL.name, "quantity": "-2"}]}


def held(*positions: tuple[Instrument, str], cash: str = "0") -> dict[str, Any]:
    return {
        "cash": cash,
        "positions": [{"instrument_name": each.name, "quantity": q} for each, q in positions],
    }


def test_without_a_report_there_is_the_static_test(run: Run, write: Write) -> None:
    portfolio = held((CALL, "-2"), (Instrument.spot("ETH"), "2"), (PUT, "-1"), cash="5000")
    answer = run("margin", write(portfolio), "--json")
    expected = static_test(
        [(CALL, -2 * UNIT), (Instrument.spot("ETH"), 2 * UNIT), (PUT, -UNIT)], 5_000 * UNIT
    )
    assert answer.code == 0
    assert answer.json == {
        "cash_micros": str(5_000 * UNIT),
        "static": {
            "passes": True,
            "worst_picos": str(expected.worst_picos),
            "excess_micros": str(2_000 * UNIT),
        },
        "scan": None,
        "healthy": True,
    }
    people = run("margin", write(portfolio))
    assert "2,000" in people.out
    assert "--report" in people.err


def test_a_loss_without_bound_is_said_to_be_one(run: Run, write: Write) -> None:
    answer = run("margin", write(SHORT_CALL), "--json")
    assert answer.code == 0
    assert answer.json["static"] == {"passes": False, "worst_picos": None, "excess_micros": None}
    assert answer.json["healthy"] is False
    assert "unbounded" in run("margin", write(SHORT_CALL)).out


def test_a_report_adds_the_scan(run: Run, write: Write) -> None:
    report = write(report_to_json(REPORT))
    answer = run("margin", write(SHORT_CALL), "--report", report, "--json").json
    rows = {row.instrument_id: row for row in REPORT.rows}
    scales = {each.symbol: each for each in REPORT.underlyings}
    scan = scan_test([(CALL, -2 * UNIT)], 5_000 * UNIT, rows, scales)
    (risk,) = scan.underlyings
    assert answer["scan"]["equity_picos"] == str(scan.equity_picos)
    assert answer["scan"]["underlyings"][0]["losses_picos"] == list(map(str, risk.losses_picos))
    assert answer["scan"]["underlyings"][0]["worst_scenario"] == str(risk.worst_scenario)
    for level, bps in (("initial", 12_000), ("maintenance", 10_000)):
        found = answer["scan"][level]
        assert found["passes"] is scan.passes(bps)
        assert int(found["requirement_micros"]) * 10**10 >= scan.risk_picos * bps
        assert int(found["excess_micros"]) * 10**10 <= -scan.deficit(bps)
    assert answer["healthy"] is True


def test_the_worst_scenario_is_pointed_out(run: Run, write: Write) -> None:
    report = write(report_to_json(REPORT))
    answer = run("margin", write(SHORT_CALL), "--report", report)
    (worst,) = (line for line in answer.out.splitlines() if "│ worst │" in line)
    assert "+3/3, extreme" in worst


def test_a_minimum_for_shorts_may_be_more_than_any_scenario(run: Run, write: Write) -> None:
    raw = report_to_json(REPORT)
    for each in raw["underlyings"]:
        each["short_min_ticks"] = "30000"
    answer = run("margin", write(SHORT_CALL), "--report", write(raw))
    (minimum,) = (line for line in answer.out.splitlines() if "minimum for shorts" in line)
    assert "60,000" in minimum
    assert "│ worst │" not in answer.out


def test_a_market_makes_its_own_report(run: Run, write: Write, data_dir: Path) -> None:
    names = ("ETH-29DEC23-2000-C", "ETH-29DEC23-2400-C", "ETH")
    portfolio = held(*((Instrument.parse(name), "1") for name in names))
    market = data_dir / "eth_options_2023-11-20"
    answer = run("margin", write(portfolio), "--market", market, "--json")
    assert answer.code == 0
    assert int(answer.json["scan"]["equity_picos"]) > 2_000 * 10**12
    assert answer.json["scan"]["underlyings"][0]["symbol"] == "ETH"


@pytest.mark.parametrize(
    ("portfolio", "code"),
    [
        ({"positions": {}}, "portfolio_malformed"),
        ({"positions": [5]}, "portfolio_malformed"),
        ({"positions": [{"instrument_name": CALL.name}]}, "portfolio_malformed"),
        ({"equity": "5"}, "portfolio_malformed"),
        (held((CALL, "1"), (CALL, "2")), "portfolio_malformed"),
        (held((CALL, "1e5")), "number_invalid"),
        ({"cash": 1.5}, "number_invalid"),
        ({"positions": [{"instrument_name": "nonsense", "quantity": "1"}]}, "instrument_symbol"),
        (held((Instrument.spot("ETH"), "-1")), "spot_negative"),
    ],
)
def test_a_bad_portfolio_is_a_usage_error(
    run: Run, write: Write, portfolio: object, code: str
) -> None:
    answer = run("margin", write(portfolio), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"cash": NaN}', "json_invalid"),
        ('{"cash": -Infinity}', "json_invalid"),
        ('{"cash": ' + "9" * 5_000 + "}", "json_invalid"),
        ("[" * 100_000, "json_invalid"),
        ('{"cash": 1e999}', "number_invalid"),
        ('{"cash": "NaN"}', "number_invalid"),
        ('{"cash": "1e5"}', "number_invalid"),
    ],
)
def test_what_only_looks_like_a_number_is_none(
    run: Run, tmp_path: Path, text: str, code: str
) -> None:
    (tmp_path / "portfolio.json").write_text(text)
    answer = run("margin", str(tmp_path / "portfolio.json"), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, code)


def test_what_no_account_can_hold_is_refused(run: Run, write: Write) -> None:
    option = Instrument.parse("ETH-25DEC26-4000-C")
    most = limits.MAX_QUANTITY_MICROS
    for micros, code in ((most, None), (-most, None), (most + 1, "position_bounds")):
        answer = run("margin", write(held((option, f"{micros / 10**6:.6f}"))), "--json")
        assert (answer.json.get("error") or {"code": None})["code"] == code


def test_an_empty_portfolio_is_healthy(run: Run, write: Write) -> None:
    report = write(report_to_json(REPORT))
    assert run("margin", write({}), "--report", report, "--json").json["healthy"] is True


def test_what_the_report_does_not_know_is_named(run: Run, write: Write) -> None:
    report = write(report_to_json(REPORT))
    unknown = Instrument.parse("ETH-25DEC26-4000-C")
    answer = run("margin", write(held((unknown, "1"))), "--report", report, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "row_missing")


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--report", "/nonexistent"), "file_unreadable"),
        (("--market", "/nonexistent"), "csv_unreadable"),
        (("--report", "a", "--market", "b"), "report_ambiguous"),
    ],
)
def test_a_source_of_prices_must_be_there(
    run: Run, write: Write, flags: tuple[str, ...], code: str
) -> None:
    answer = run("margin", write({}), *flags, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, code)
