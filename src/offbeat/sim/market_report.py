"""From a volatility surface to the oracle report that a scenario settles under."""

from collections.abc import Iterable
from typing import Final

from offbeat.core import ceil_div, limits
from offbeat.instruments import Instrument
from offbeat.oracle import Report, RiskParameters, Surface, option_rows, spot_row

PRICE_SCAN_BPS: Final = 1_500
VOLATILITY_SCAN_BPS: Final = 3_000
SHORT_MINIMUM_BPS: Final = 50
"""The least risk of a short option, in parts of spot."""

_TICK_STEP_MICROS: Final = limits.QUOTE_SCALE // 100
_LOSS_ROOM: Final = 2
"""How many times a whole price scan the largest risk must be able to hold."""


def risk_parameters(spot_micros: int) -> RiskParameters:
    """Scan ranges and scales for an underlying, its tick in whole cents."""
    room_micros = ceil_div(spot_micros * PRICE_SCAN_BPS * _LOSS_ROOM, limits.BPS)
    steps = ceil_div(room_micros, limits.MAX_RISK_TICKS * _TICK_STEP_MICROS)
    tick_micros = steps * _TICK_STEP_MICROS
    return RiskParameters(
        price_scan_bps=PRICE_SCAN_BPS,
        volatility_scan_bps=VOLATILITY_SCAN_BPS,
        tick_micros=tick_micros,
        short_min_ticks=ceil_div(spot_micros * SHORT_MINIMUM_BPS, limits.BPS * tick_micros),
    )


def market_report(
    surface: Surface, symbol: str, spot_micros: int, options: Iterable[Instrument]
) -> Report:
    """Marks and risk arrays of ``options`` and of their underlying's spot.

    The report is of the surface's time. Raises :class:`InvalidInput` as ``Surface.point`` and
    ``option_rows``.
    """
    parameters = risk_parameters(spot_micros)
    points = [surface.point(option) for option in sorted(options)]
    return Report(
        surface.time_seconds,
        (parameters.underlying_report(symbol, spot_micros),),
        (
            spot_row(symbol, spot_micros, parameters),
            *option_rows(points, surface.time_seconds, parameters),
        ),
    )
