"""Rows from published numbers: a mark and sixteen scenario losses for every instrument.

Scenarios are those of CME SPAN, in its order: the price by none, one, two and three thirds of its
scan range, each with volatility up and down, then two extreme moves of which a part is charged.
Both ranges are relative, so spot moves in proportion with the forward.

Everything is computed in whole numbers, and the same way on the chain, so whoever computes a row
again gets the same row. An option's value is Black-76 in :mod:`offbeat.oracle.fixed_point`,
rounded to a micro, half to even; from there on the arithmetic is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final, NamedTuple

from offbeat.core import InvalidInput, limits, trunc_div
from offbeat.instruments import Instrument, Kind
from offbeat.oracle.black76 import YEAR_SECONDS
from offbeat.oracle.fixed_point import FRACTION_BITS, ln_ratio, normal_cdf
from offbeat.oracle.inputs import check_scan
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
        check_scan(
            self.price_scan_bps,
            self.volatility_scan_bps,
            self.extreme_multiple,
            self.extreme_weight_bps,
        )
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


def option_row(
    option: Instrument, forward_micros: int, deviation: int, parameters: RiskParameters
) -> Row:
    """The row of an option with a forward and σ√T (``deviation``, in 64 fractional bits).

    Raises :class:`InvalidInput` with code ``option_point`` (spot, or a forward that is not
    positive) or ``risk_overflow``.
    """
    if option.kind is Kind.SPOT or forward_micros <= 0:
        raise InvalidInput("option_point", "an option needs a forward and a volatility")
    mark = value_micros(option, forward_micros, 1, deviation)
    losses = []
    for scenario in SPAN_SCENARIOS:
        shift, unit = parameters.price_shift(scenario)
        sway_bps = limits.BPS + scenario.volatility_sign * parameters.volatility_scan_bps
        moved = deviation * sway_bps // limits.BPS
        value = value_micros(option, forward_micros * (unit + shift), unit, moved)
        losses.append(((mark - value) * parameters.weight_bps(scenario), limits.BPS))
    return _row(option, mark, losses, parameters)


def option_rows(
    points: Sequence[OptionPoint], time_seconds: int, parameters: RiskParameters
) -> tuple[Row, ...]:
    """The rows of options of one underlying, in the order of ``points``.

    Raises :class:`InvalidInput` with code ``option_point`` (also for a volatility that is not
    positive), ``option_expired`` (at or before ``time_seconds``) or ``risk_overflow``.
    """
    rows = []
    for option, forward_micros, volatility_micros in points:
        if option.kind is Kind.SPOT or volatility_micros <= 0:
            raise InvalidInput("option_point", "an option needs a forward and a volatility")
        if option.expiry_seconds <= time_seconds:
            raise InvalidInput("option_expired", f"{option} has expired")
        variance = volatility_micros**2 * (option.expiry_seconds - time_seconds)
        fixed = (variance << 2 * FRACTION_BITS) // (VOLATILITY_SCALE**2 * YEAR_SECONDS)
        rows.append(option_row(option, forward_micros, isqrt(fixed), parameters))
    return tuple(rows)


def value_micros(option: Instrument, forward: int, unit: int, deviation: int) -> int:
    """Black-76 with the forward ``forward / unit`` micros, rounded to a micro, half to even.

    ``deviation`` is σ√T in 64 fractional bits; without any the value is the intrinsic one.
    """
    strike = option.strike_micros * unit
    gain = forward - strike
    if deviation > 0:
        drift = trunc_div(ln_ratio(forward, strike) << FRACTION_BITS, deviation)
        d_plus = drift + (deviation >> 1)
        value = forward * normal_cdf(d_plus) - strike * normal_cdf(d_plus - deviation)
    else:
        value = max(0, gain) << FRACTION_BITS
    if option.kind is Kind.PUT:
        value -= gain << FRACTION_BITS
        gain = -gain
    # Rounding must not push a far option below what it is worth at once.
    value = max(value, 0, gain << FRACTION_BITS)
    return _round_half_even(value, unit << FRACTION_BITS)


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
