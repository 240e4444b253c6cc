"""From a volatility surface to the oracle report that a scenario settles under."""

from collections.abc import Iterable

from offbeat.instruments import Instrument
from offbeat.oracle import Report, Surface, option_rows, risk_parameters, spot_row


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
