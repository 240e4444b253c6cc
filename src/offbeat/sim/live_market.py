"""An invented market at today's date, for development networks: what its reporters say and when.

Everything follows from the time alone, so that reporters who do not talk to each other agree.
"""

import functools
import math
from typing import Final

from offbeat.instruments import Instrument, Kind
from offbeat.oracle import Report, Surface
from offbeat.sim.demo_prices import SYMBOL, smile_slice
from offbeat.sim.market_report import market_report

REPORT_SECONDS: Final = 5
"""Reports come at multiples of this."""
STRIKES_MICROS: Final = tuple(strike * 10**6 for strike in range(2_400, 3_601, 200))
_SPOT_MICROS: Final = 3_000 * 10**6
_SWINGS: Final = ((0.004, 1_800), (0.001, 240))
"""Waves of spot: relative size, and period in seconds."""
_DAY_SECONDS: Final = 86_400
_EXPIRY_OF_DAY_SECONDS: Final = 8 * 3_600
_EXPIRY_DAYS: Final = (1, 7, 30)
_CENT_MICROS: Final = 10_000


def live_expiries(time_seconds: int) -> tuple[int, ...]:
    """08:00 UTC of the next morning but one at the most, of that in a week and in a month."""
    day = (time_seconds - _EXPIRY_OF_DAY_SECONDS) // _DAY_SECONDS
    return tuple((day + days) * _DAY_SECONDS + _EXPIRY_OF_DAY_SECONDS for days in _EXPIRY_DAYS)


def live_spot_micros(time_seconds: int) -> int:
    """Spot in whole cents."""
    swing = sum(size * math.sin(2 * math.pi * time_seconds / period) for size, period in _SWINGS)
    return round(_SPOT_MICROS * (1 + swing) / _CENT_MICROS) * _CENT_MICROS


@functools.lru_cache(maxsize=4)
def live_report(time_seconds: int) -> Report:
    """The latest report at a moment."""
    time_seconds -= time_seconds % REPORT_SECONDS
    spot_micros = live_spot_micros(time_seconds)
    expiries = live_expiries(time_seconds)
    surface = Surface(
        time_seconds, tuple(smile_slice(each, time_seconds, spot_micros) for each in expiries)
    )
    options = [
        Instrument(SYMBOL, kind, expiry, strike)
        for expiry in expiries
        for strike in STRIKES_MICROS
        for kind in (Kind.CALL, Kind.PUT)
    ]
    return market_report(surface, SYMBOL, spot_micros, options)
