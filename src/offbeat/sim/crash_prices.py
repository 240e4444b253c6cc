"""Spot through an hour in which it falls by 22 %, and a real surface carried along with it.

The path is made up, and the same every time: a slide, a pause, the fall, a bounce that fails. The
smile keeps its shape in log-moneyness and rises as spot falls, as it does in a crash; forwards move
in proportion to spot.
"""

from bisect import bisect_right
from dataclasses import replace
from typing import Final

from offbeat.core import limits
from offbeat.oracle import Surface, SurfaceSlice

HOUR_SECONDS: Final = 3_600
_WAYPOINTS: Final = (
    (0, 0),
    (600, -250),
    (1_200, -700),
    (1_500, -600),
    (2_100, -1_400),
    (2_520, -2_100),
    (2_700, -2_200),
    (3_000, -1_900),
    (HOUR_SECONDS, -2_200),
)
"""Seconds into the hour, and the move of spot by then in basis points; straight in between."""
_VARIANCE_BETA: Final = 5.0
"""By how much total variance rises with the fall: 22 % make volatility half as high again."""


def spot_at(seconds: int, start_micros: int) -> int:
    """Spot so many seconds into the hour, micros."""
    place = min(bisect_right(_WAYPOINTS, (seconds, limits.BPS)), len(_WAYPOINTS) - 1)
    (from_seconds, from_bps), (to_seconds, to_bps) = _WAYPOINTS[place - 1 : place + 1]
    share = min(seconds, to_seconds) - from_seconds
    # In units of a basis point and a second, so that the path is exact.
    scaled = from_bps * (to_seconds - from_seconds) + (to_bps - from_bps) * share
    scale = limits.BPS * (to_seconds - from_seconds)
    return start_micros * (scale + scaled) // scale


def surface_at(calm: Surface, lead_seconds: int, seconds: int, start_micros: int) -> Surface:
    """The surface under the spot of so many seconds into the hour.

    The hour begins ``lead_seconds`` after the moment of ``calm``.
    """
    ratio = spot_at(seconds, start_micros) / start_micros
    stress = 1 + _VARIANCE_BETA * (1 - ratio)
    time_seconds = calm.time_seconds + lead_seconds + seconds
    return Surface(
        time_seconds,
        tuple(_moved(each, calm.time_seconds, time_seconds, ratio, stress) for each in calm.slices),
    )


def _moved(
    calm: SurfaceSlice, from_seconds: int, to_seconds: int, ratio: float, stress: float
) -> SurfaceSlice:
    left = (calm.expiry_seconds - to_seconds) / (calm.expiry_seconds - from_seconds)
    smile = replace(calm.smile, a=calm.smile.a * stress * left, b=calm.smile.b * stress * left)
    return SurfaceSlice(calm.expiry_seconds, round(calm.forward_micros * ratio), smile)
