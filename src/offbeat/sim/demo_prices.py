"""The demo's invented market: a list of options, a smile, and spot as it moves.

All of it is made up and needs no file: an SVI smile whose total variance is proportional to time,
so that no two expiries cross, and forwards that rise with a constant carry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.oracle import YEAR_SECONDS, Report, Surface, SurfaceSlice, SviSlice
from offbeat.sim.market_report import market_report

SYMBOL: Final = "ETH"
SPOT: Final = Instrument.spot(SYMBOL)
START_SECONDS: Final = 1_768_492_800
"""Thursday 2026-01-15, 16:00 UTC."""
EXPIRIES_SECONDS: Final = (1_768_550_400, 1_769_760_000, 1_774_598_400)
"""08:00 UTC on 2026-01-16, 2026-01-30 and 2026-03-27: the first is the next morning."""
STRIKES_MICROS: Final = tuple(strike * 10**6 for strike in (2_700, 2_850, 3_000, 3_150, 3_300))

_CARRY_BPS: Final = 400
_VARIANCE_PER_YEAR: Final = 0.55**2
_SKEW: Final = -0.3
_SMILE_WIDTH: Final = 0.25
_FLAT_SHARE: Final = 0.6
"""The part of the variance at the money that does not belong to the smile's curve."""
_SPREAD_BPS_OF_SPOT: Final = 2
_SPREAD_BPS_OF_MARK: Final = 100


def listed_expiries(time_seconds: int) -> tuple[int, ...]:
    """The expiries that lie ahead, ascending."""
    return tuple(each for each in EXPIRIES_SECONDS if each > time_seconds)


def listed_options(time_seconds: int) -> tuple[Instrument, ...]:
    """Every option that has not expired, ascending by id."""
    return tuple(
        Instrument(SYMBOL, kind, expiry_seconds, strike_micros)
        for expiry_seconds in listed_expiries(time_seconds)
        for strike_micros in STRIKES_MICROS
        for kind in (Kind.CALL, Kind.PUT)
    )


@dataclass(frozen=True, slots=True)
class Prices:
    """What everybody in the demo knows at one moment: the report, and its marks by instrument."""

    report: Report
    marks_micros: Mapping[Instrument, int]

    @property
    def time_seconds(self) -> int:
        """The report's moment."""
        return self.report.timestamp_seconds

    def fair_micros(self, legs: Sequence[Leg]) -> int:
        """The net mark of one unit of a strategy."""
        return sum(leg.ratio * self.marks_micros[leg.instrument] for leg in legs)

    def half_spread_micros(self, legs: Sequence[Leg]) -> int:
        """How far from its mark one unit is quoted, all legs together."""
        floor_micros = self.marks_micros[SPOT] * _SPREAD_BPS_OF_SPOT // limits.BPS
        return sum(
            abs(leg.ratio)
            * (floor_micros + _premium_micros(self, leg) * _SPREAD_BPS_OF_MARK // limits.BPS)
            for leg in legs
        )


def prices_at(time_seconds: int, spot_micros: int) -> Prices:
    """The demo's prices at one moment and one spot."""
    surface = Surface(
        time_seconds,
        tuple(
            smile_slice(expiry, time_seconds, spot_micros)
            for expiry in listed_expiries(time_seconds)
        ),
    )
    report = market_report(surface, SYMBOL, spot_micros, listed_options(time_seconds))
    marks = {Instrument.from_id(row.instrument_id): row.mark_micros for row in report.rows}
    return Prices(report, marks)


def _premium_micros(prices: Prices, leg: Leg) -> int:
    """What an option's spread is in proportion to; spot has a flat one."""
    return 0 if leg.instrument == SPOT else prices.marks_micros[leg.instrument]


def smile_slice(expiry_seconds: int, time_seconds: int, spot_micros: int) -> SurfaceSlice:
    """One expiry of the invented smile, as seen at a moment and a spot."""
    seconds = expiry_seconds - time_seconds
    carry_micros = spot_micros * _CARRY_BPS * seconds // (limits.BPS * YEAR_SECONDS)
    variance = _VARIANCE_PER_YEAR * seconds / YEAR_SECONDS
    smile = SviSlice(
        a=_FLAT_SHARE * variance,
        b=(1 - _FLAT_SHARE) * variance / _SMILE_WIDTH,
        rho=_SKEW,
        m=0.0,
        sigma=_SMILE_WIDTH,
    )
    return SurfaceSlice(expiry_seconds, spot_micros + carry_micros, smile)
