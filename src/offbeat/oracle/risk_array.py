"""Rows from published numbers: a mark and sixteen scenario losses for every instrument.

Scenarios are those of CME SPAN, in its order: the price by none, one, two and three thirds of its
scan range, each with volatility up and down, then two extreme moves of which a part is charged.
Both ranges are relative, so spot moves in proportion with the forward.

Inputs are whole numbers and so are the results. Each option value is Black-76 rounded to a micro,
half to even; from there on the arithmetic is exact. Float64 errs by less than 1e-4 micro on the
way, so whoever computes a row again gets the same one, or one that differs by one micro in a mark
or one tick in a loss where a value lay within that of a half.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.oracle.black76 import YEAR_SECONDS, Floats, price
from offbeat.oracle.report import Row, UnderlyingReport

VOLATILITY_SCALE: Final = 10**6
"""Units of a published volatility in 100 % per year."""


class Scenario(NamedTuple):
    """A move of the price, in thirds of its scan range, and of the volatility, up or down."""

    price_thirds: int
    volatility_sign: int
    is_extreme: bool = False


SPAN_SCENARIOS: Final = (
    Scenario(0, +1),
    Scenario(0, -1),
    Scenario(+1, +1),
    Scenario(+1, -1),
    Scenario(-1, +1),
    Scenario(-1, -1),
    Scenario(+2, +1),
    Scenario(+2, -1),
    Scenario(-2, +1),
    Scenario(-2, -1),
    Scenario(+3, +1),
    Scenario(+3, -1),
    Scenario(-3, +1),
    Scenario(-3, -1),
    Scenario(+3, 0, is_extreme=True),
    Scenario(-3, 0, is_extreme=True),
)
"""The sixteen scenarios in CME's order; an extreme one moves a multiple of the whole range."""


@dataclass(frozen=True, slots=True)
class RiskParameters:
    """How far an underlying's scenarios move, and in which units their losses are published.

    Ranges are relative to the forward and to the volatility. An extreme scenario moves the price by
    ``extreme_multiple`` ranges and charges ``extreme_weight_bps`` of the loss. Raises
    :class:`InvalidInput` with code ``scan_range`` where a price or a volatility could reach zero,
    ``extreme_weight``, or ``tick_micros`` (zero).
    """

    price_scan_bps: int
    volatility_scan_bps: int
    tick_micros: int
    short_min_ticks: int
    extreme_multiple: int = 3
    extreme_weight_bps: int = 3_300

    def __post_init__(self) -> None:
        reach_bps = self.price_scan_bps * self.extreme_multiple
        is_price_safe = self.price_scan_bps > 0 and 0 < reach_bps < limits.BPS
        if not (is_price_safe and 0 <= self.volatility_scan_bps < limits.BPS):
            raise InvalidInput("scan_range", "a price or a volatility could reach zero")
        if not 0 <= self.extreme_weight_bps <= limits.BPS:
            raise InvalidInput("extreme_weight", "a weight is at most 10,000 basis points")
        if self.tick_micros <= 0:
            raise InvalidInput("tick_micros", "a tick is at least one micro")

    def underlying_report(self, symbol: str, spot_micros: int) -> UnderlyingReport:
        """The underlying's entry in a report with these parameters."""
        return UnderlyingReport(symbol, spot_micros, self.tick_micros, self.short_min_ticks)

    def price_shift(self, scenario: Scenario) -> tuple[int, int]:
        """The relative move of the price as an exact fraction."""
        multiple = self.extreme_multiple if scenario.is_extreme else 1
        return scenario.price_thirds * self.price_scan_bps * multiple, 3 * limits.BPS

    def weight_bps(self, scenario: Scenario) -> int:
        """The part of a scenario's loss that is charged."""
        return self.extreme_weight_bps if scenario.is_extreme else limits.BPS


class OptionPoint(NamedTuple):
    """An option with the forward of its expiry and its volatility, in millionths, as published."""

    option: Instrument
    forward_micros: int
    volatility_micros: int


def spot_row(symbol: str, spot_micros: int, parameters: RiskParameters) -> Row:
    """The row of an underlying's spot: its value moves in exact proportion.

    Raises :class:`InvalidInput` with code ``risk_overflow``, or as :class:`Row`.
    """
    losses = []
    for scenario in SPAN_SCENARIOS:
        shift, unit = parameters.price_shift(scenario)
        weight_bps = parameters.weight_bps(scenario)
        losses.append((-spot_micros * shift * weight_bps, unit * limits.BPS))
    instrument = Instrument.spot(symbol)
    return _row(instrument, spot_micros, losses, parameters)


def option_rows(
    points: Sequence[OptionPoint], time_seconds: int, parameters: RiskParameters
) -> tuple[Row, ...]:
    """The rows of options of one underlying, in the order of ``points``.

    Raises :class:`InvalidInput` with code ``option_point`` (spot, or a forward or volatility that
    is not positive), ``option_expired`` (at or before ``time_seconds``) or ``risk_overflow``.
    """
    for point in points:
        if (
            point.option.kind is Kind.SPOT
            or min(point.forward_micros, point.volatility_micros) <= 0
        ):
            raise InvalidInput("option_point", "an option needs a forward and a volatility")
        if point.option.expiry_seconds <= time_seconds:
            raise InvalidInput("option_expired", f"{point.option} has expired")
    marks = _values_micros(points, time_seconds, np.zeros(1), np.zeros(1))
    shifts = [shift / unit for shift, unit in map(parameters.price_shift, SPAN_SCENARIOS)]
    scan = parameters.volatility_scan_bps / limits.BPS
    sways = [scenario.volatility_sign * scan for scenario in SPAN_SCENARIOS]
    scenario_values = _values_micros(points, time_seconds, np.array(shifts), np.array(sways))
    weights_bps = [parameters.weight_bps(scenario) for scenario in SPAN_SCENARIOS]
    rows = []
    for point, (mark,), values in zip(points, marks, scenario_values, strict=True):
        losses = [
            ((mark - value) * weight_bps, limits.BPS)
            for value, weight_bps in zip(values, weights_bps, strict=True)
        ]
        rows.append(_row(point.option, mark, losses, parameters))
    return tuple(rows)


def _values_micros(
    points: Sequence[OptionPoint], time_seconds: int, shifts: Floats, sways: Floats
) -> list[list[int]]:
    """Values after each relative move of the price and of the volatility: a list per point."""
    columns = (
        [+1 if point.option.kind is Kind.CALL else -1 for point in points],
        [point.forward_micros for point in points],
        [point.option.strike_micros for point in points],
        [point.volatility_micros for point in points],
        [point.option.expiry_seconds - time_seconds for point in points],
    )
    sign, forward, strike, volatility, seconds = (
        np.array(column, dtype=np.float64)[:, None] for column in columns
    )
    values = price(
        sign,
        forward * (1 + shifts),
        strike,
        volatility * (1 + sways) / VOLATILITY_SCALE,
        seconds / YEAR_SECONDS,
    )
    rounded: list[list[int]] = np.rint(values).astype(np.int64).tolist()
    return rounded


def _row(
    instrument: Instrument,
    mark_micros: int,
    losses_micros: Sequence[tuple[int, int]],
    parameters: RiskParameters,
) -> Row:
    """A row from losses given as exact fractions of a micro."""
    risk = tuple(
        _round_half_even(numerator, denominator * parameters.tick_micros)
        for numerator, denominator in losses_micros
    )
    if not -limits.MAX_RISK_TICKS - 1 <= min(risk) <= max(risk) <= limits.MAX_RISK_TICKS:
        raise InvalidInput("risk_overflow", f"the tick is too fine for the losses of {instrument}")
    return Row(instrument.id, mark_micros, risk)


def _round_half_even(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(numerator, denominator)
    is_up = 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1)
    return quotient + is_up
