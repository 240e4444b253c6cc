"""``offbeat margin``: the two tests of an account's health, for any positions."""

from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.console import Console

from offbeat.cli.amounts import micros_text, parse_micros
from offbeat.cli.inputs import InputFile, read_json
from offbeat.cli.output import Result, facts, stderr, table
from offbeat.core import InvalidInput, Reason, ceil_div, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin import Holding, ScanResult, StaticResult, UnderlyingRisk, scan_test, static_test
from offbeat.oracle import SPAN_SCENARIOS, Report
from offbeat.wire import report_from_json

_PICOS_PER_MICRO: Final = 10**6


def margin(
    file: InputFile,
    *,
    report: Annotated[
        Path | None, Parameter(help="Oracle report (JSON), for the scan test.")
    ] = None,
    market: Annotated[
        Path | None, Parameter(help="Folder with an order_book.csv to make a report from.")
    ] = None,
) -> Result:
    """What positions need as collateral.

    FILE holds {"cash": "1000", "positions": [{"instrument_name": "ETH-25DEC26-4000-C",
    "quantity": "-2"}]}. The static test needs no prices; the scan test needs a report, or a market
    to make one from.
    """
    positions, cash_micros = _portfolio(read_json(file))
    static = static_test(positions, cash_micros)
    known = _report(report, market, positions)
    scan = None if known is None else _scan(known, positions, cash_micros)
    data = {
        "cash_micros": cash_micros,
        "static": _static_data(static),
        "scan": scan and _scan_data(scan),
        "healthy": static.passes or bool(scan and scan.passes(limits.INITIAL_MARGIN_BPS)),
    }

    def show(console: Console) -> None:
        console.print(facts("Static test", _static_facts(static)))
        if scan is None:
            stderr().print("No report, so no scan test: give --report or --market.")
            return
        console.print(facts("Scan test", _scan_facts(scan)))
        for risk in scan.underlyings:
            console.print(_scenarios(risk))

    return Result(data, show)


def _portfolio(fields: dict[str, Any]) -> tuple[list[Holding], int]:
    """Positions and cash, as an account can hold them.

    Raises :class:`InvalidInput` with code ``portfolio_malformed`` or ``position_bounds``.
    """
    listed = fields.get("positions", [])
    known = {"cash", "positions"}
    if not fields.keys() <= known or not isinstance(listed, list):
        raise InvalidInput("portfolio_malformed", "a portfolio has cash and positions, no more")
    positions: dict[Instrument, int] = {}
    for number, each in enumerate(listed):
        name = f"positions[{number}]"
        if not isinstance(each, dict) or each.keys() != {"instrument_name", "quantity"}:
            raise InvalidInput("portfolio_malformed", f"{name} needs instrument_name, quantity")
        instrument = Instrument.parse(each["instrument_name"])
        if instrument in positions:
            raise InvalidInput("portfolio_malformed", f"{instrument.name} is listed twice")
        quantity = parse_micros(each["quantity"], f"{name}.quantity")
        if abs(quantity) > limits.MAX_QUANTITY_MICROS:
            raise InvalidInput(Reason.POSITION_BOUNDS, f"{name}: no account can hold so many")
        positions[instrument] = quantity
    return list(positions.items()), parse_micros(fields.get("cash", "0"), "cash")


def _report(file: Path | None, market: Path | None, positions: list[Holding]) -> Report | None:
    if file is not None and market is not None:
        raise InvalidInput("report_ambiguous", "give --report or --market, not both")
    if file is not None:
        return report_from_json(read_json(str(file)))
    return None if market is None else _market_report(market, positions)


def _market_report(folder: Path, positions: list[Holding]) -> Report:
    """A report on what is held, from a folder's order book."""
    # The surface's fit needs SciPy, which takes longer to import than all the rest.
    from offbeat.sim import load_report

    return load_report(folder, [held for held, _ in positions if held.kind is not Kind.SPOT])


def _scan(report: Report, positions: list[Holding], cash_micros: int) -> ScanResult:
    rows = {row.instrument_id: row for row in report.rows}
    scales = {each.symbol: each for each in report.underlyings}
    return scan_test(positions, cash_micros, rows, scales)


def _static_data(static: StaticResult) -> dict[str, Any]:
    deficit = static.deficit_picos
    return {
        "passes": static.passes,
        "worst_picos": static.worst_picos,
        "excess_micros": None if deficit is None else -ceil_div(deficit, _PICOS_PER_MICRO),
    }


def _scan_data(scan: ScanResult) -> dict[str, Any]:
    return {
        "equity_picos": scan.equity_picos,
        "risk_picos": scan.risk_picos,
        "initial": _level(scan, limits.INITIAL_MARGIN_BPS),
        "maintenance": _level(scan, limits.MAINTENANCE_MARGIN_BPS),
        "underlyings": [
            {
                "symbol": each.underlying,
                "risk_picos": each.risk_picos,
                "worst_scenario": each.worst_scenario,
                "short_floor_picos": each.short_floor_picos,
                "losses_picos": each.losses_picos,
            }
            for each in scan.underlyings
        ],
    }


def _level(scan: ScanResult, margin_bps: int) -> dict[str, Any]:
    """A margin level: what it requires, rounded up, and what is left, rounded down."""
    scale = _PICOS_PER_MICRO * limits.BPS
    return {
        "passes": scan.passes(margin_bps),
        "requirement_micros": ceil_div(scan.risk_picos * margin_bps, scale),
        "excess_micros": -ceil_div(scan.deficit(margin_bps), scale),
    }


def _static_facts(static: StaticResult) -> dict[str, str]:
    if static.worst_picos is None:
        return {"passes": "no", "worst": "unbounded: a short call is not covered by spot"}
    data = _static_data(static)
    return {
        "passes": _yes(static.passes),
        "worst settlements": _money(static.worst_picos),
        "excess cash": micros_text(data["excess_micros"]),
    }


def _scan_facts(scan: ScanResult) -> dict[str, str]:
    shown = {"equity": _money(scan.equity_picos), "risk": _money(scan.risk_picos)}
    data = _scan_data(scan)
    for name in ("initial", "maintenance"):
        level = data[name]
        shown |= {
            f"{name} margin": micros_text(level["requirement_micros"]),
            f"excess over {name}": micros_text(level["excess_micros"]),
        }
    return {"passes": _yes(data["initial"]["passes"])} | shown


def _scenarios(risk: UnderlyingRisk) -> Any:
    listing = table(risk.underlying, "scenario", "price", "volatility", "", "loss", numbers=1)
    for number, (scenario, loss) in enumerate(zip(SPAN_SCENARIOS, risk.losses_picos, strict=True)):
        extreme = ", extreme" if scenario.is_extreme else ""
        listing.add_row(
            str(number),
            f"{scenario.price_thirds:+d}/3{extreme}",
            ("down", "same", "up")[scenario.volatility_sign + 1],
            "worst" if number == risk.worst_scenario else "",
            _money(loss),
            style="bold" if number == risk.worst_scenario else "",
        )
    if risk.worst_scenario is None:
        listing.add_row("", "", "", "minimum for shorts", _money(risk.short_floor_picos))
    return listing


def _money(picos: int) -> str:
    """Picos as a decimal number, rounded down to whole micros."""
    return micros_text(picos // _PICOS_PER_MICRO)


def _yes(passes: bool) -> str:
    return "yes" if passes else "no"
