"""What is listed: 512 options on one underlying, their rows in a report, their clearing prices."""

from collections.abc import Iterable
from typing import Final

from offbeat.instruments import Instrument, Kind
from offbeat.oracle import OptionPoint, Report, RiskParameters, option_rows

DAY_SECONDS: Final = 86_400
GENESIS_SECONDS: Final = 1_700_006_400
"""Around 08:00 UTC, when options expire."""
EXPIRIES_SECONDS: Final = tuple(GENESIS_SECONDS + 7 * DAY_SECONDS * n for n in range(1, 17))
STRIKES_MICROS: Final = tuple(strike * 10**6 for strike in range(1_300, 2_900, 100))
NEAR_STRIKES_MICROS: Final = STRIKES_MICROS[7:9]
SPOT_MICROS: Final = 2_046_310_000
VOLATILITY_MICROS: Final = 610_000
PARAMETERS: Final = RiskParameters(
    price_scan_bps=1_500, volatility_scan_bps=2_500, tick_micros=100_000, short_min_ticks=100
)
UNDERLYING: Final = PARAMETERS.underlying_report("ETH", SPOT_MICROS)
SPOT: Final = Instrument.spot("ETH")


def list_options(expiry_seconds: int, strikes_micros: Iterable[int]) -> tuple[Instrument, ...]:
    """The calls and puts of one expiry at these strikes, in ascending order."""
    return tuple(
        Instrument("ETH", kind, expiry_seconds, strike)
        for strike in strikes_micros
        for kind in (Kind.CALL, Kind.PUT)
    )


LISTED: Final = tuple(
    option for expiry in EXPIRIES_SECONDS for option in list_options(expiry, STRIKES_MICROS)
)
"""All 512 options."""

NEAR_OPTIONS: Final = tuple(
    list_options(expiry, NEAR_STRIKES_MICROS) for expiry in EXPIRIES_SECONDS[:8]
)
"""What the traders hold: two strikes of each of eight expiries."""


def make_report(
    time_seconds: int, options: Iterable[Instrument] = LISTED, spot_micros: int = SPOT_MICROS
) -> Report:
    """The report of these options, in ascending order."""
    points = [OptionPoint(each, spot_micros, VOLATILITY_MICROS) for each in options]
    rows = option_rows(points, time_seconds, PARAMETERS)
    return Report(time_seconds, (PARAMETERS.underlying_report("ETH", spot_micros),), rows)


PRICES_NANOS: Final = {
    row.instrument_id: row.mark_micros * 1_000 for row in make_report(GENESIS_SECONDS).rows
}
"""Clearing prices: the marks of the first moment."""
