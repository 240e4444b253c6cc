"""Two underlyings with a few options each, and an oracle report on them at any moment."""

import functools
from typing import Final

from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    OptionPoint,
    Report,
    RiskParameters,
    Row,
    option_rows,
    spot_row,
)

NOW: Final = 1_800_000_000
EXPIRIES: Final = (NOW + 86_400, NOW + 30 * 86_400)
SPOTS_MICROS: Final = {"BTC": 60_000_000_000, "ETH": 3_000_000_000}
STRIKE_PERCENTS: Final = (80, 100, 120)
VOLATILITY: Final = 600_000
PARAMETERS: Final = RiskParameters(
    price_scan_bps=1_500, volatility_scan_bps=3_000, tick_micros=1_000_000, short_min_ticks=10
)

OPTIONS: Final = {
    symbol: tuple(
        Instrument(symbol, kind, expiry, spot * percent // 100)
        for expiry in EXPIRIES
        for percent in STRIKE_PERCENTS
        for kind in (Kind.CALL, Kind.PUT)
    )
    for symbol, spot in SPOTS_MICROS.items()
}
"""Every listed option by symbol, ascending."""


@functools.cache
def report_at(time_seconds: int, spot_percent: int = 100) -> Report:
    """The report of a moment before the first expiry, with every spot scaled by a percentage."""
    rows: list[Row] = []
    spots = {symbol: spot * spot_percent // 100 for symbol, spot in SPOTS_MICROS.items()}
    for symbol, spot_micros in sorted(spots.items()):
        points = [OptionPoint(each, spot_micros, VOLATILITY) for each in OPTIONS[symbol]]
        rows.append(spot_row(symbol, spot_micros, PARAMETERS))
        rows.extend(option_rows(points, time_seconds, PARAMETERS))
    underlyings = (
        PARAMETERS.underlying_report(symbol, spot) for symbol, spot in sorted(spots.items())
    )
    return Report(time_seconds, tuple(underlyings), tuple(rows))


def mark_micros(report: Report, instrument: Instrument) -> int:
    """The report's mark of one contract."""
    return next(row.mark_micros for row in report.rows if row.instrument_id == instrument.id)
