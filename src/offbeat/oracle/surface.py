"""A volatility surface from real quotes: one arbitrage-free slice per listed expiry.

Fitting is the reporters' craft and happens in floats. What they publish are integers, forwards in
micros and volatilities in millionths, and from there on everything can be recomputed by anyone
(:mod:`offbeat.oracle.risk_array`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log
from typing import Final

import numpy as np

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument
from offbeat.oracle.black76 import YEAR_SECONDS
from offbeat.oracle.risk_array import VOLATILITY_SCALE, OptionPoint
from offbeat.oracle.svi import NO_FLOOR, Floor, Observation, SviSlice, fit_slice


@dataclass(frozen=True, slots=True)
class QuotedVolatility:
    """What the market says about one option; volatilities per year, 1.0 is 100 %.

    ``bid``, ``ask`` and ``mark`` are None where there is none; ``mark`` is the venue's own model.
    """

    strike_micros: int
    bid: float | None
    ask: float | None
    mark: float | None
    age_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ExpiryQuotes:
    """The quotes of one expiry's calls and puts, under its forward."""

    expiry_seconds: int
    forward_micros: int
    quotes: tuple[QuotedVolatility, ...]


@dataclass(frozen=True, slots=True)
class QuoteFilter:
    """Which quotes count, and for how much.

    A fresh quote with both sides and a spread up to ``max_spread`` counts as its middle, uncertain
    by half the spread but at least ``min_uncertainty``. Any other falls back on the mark, held
    between what sides there are, uncertain by ``mark_uncertainty``. The rest is left out.
    """

    max_age_seconds: int = 900
    max_spread: float = 0.10
    min_uncertainty: float = 0.0025
    mark_uncertainty: float = 0.05


DEFAULT_FILTER: Final = QuoteFilter()


@dataclass(frozen=True, slots=True)
class SurfaceSlice:
    """The smile of one expiry and the forward that it is centred on."""

    expiry_seconds: int
    forward_micros: int
    smile: SviSlice


@dataclass(frozen=True, slots=True)
class Surface:
    """Slices in ascending order of expiry, as they stood at ``time_seconds``."""

    time_seconds: int
    slices: tuple[SurfaceSlice, ...]

    def point(self, option: Instrument) -> OptionPoint:
        """The published forward and volatility of an option of a fitted expiry.

        Raises :class:`InvalidInput` with code ``expiry_unknown``.
        """
        for found in self.slices:
            if found.expiry_seconds == option.expiry_seconds:
                break
        else:
            raise InvalidInput("expiry_unknown", "the surface has no slice for this expiry")
        years = (found.expiry_seconds - self.time_seconds) / YEAR_SECONDS
        k = log(option.strike_micros / found.forward_micros)
        volatility = float(found.smile.volatility(k, years))
        return OptionPoint(option, found.forward_micros, round(volatility * VOLATILITY_SCALE))


def observe(
    expiry: ExpiryQuotes, quote_filter: QuoteFilter = DEFAULT_FILTER
) -> tuple[Observation, ...]:
    """What the quotes of one expiry say, after the filter."""
    observed = (_observe(quote, expiry.forward_micros, quote_filter) for quote in expiry.quotes)
    return tuple(observation for observation in observed if observation is not None)


def fit_surface(
    expiries: Sequence[ExpiryQuotes],
    time_seconds: int,
    quote_filter: QuoteFilter = DEFAULT_FILTER,
) -> Surface:
    """Fit expiry after expiry, none lower in total variance than an earlier one.

    Raises :class:`InvalidInput` with code ``expiries_unsorted`` (they must ascend strictly and lie
    after ``time_seconds``), or as :func:`fit_slice`.
    """
    times = [time_seconds, *(expiry.expiry_seconds for expiry in expiries)]
    if times != sorted(set(times)):
        raise InvalidInput("expiries_unsorted", "expiries do not ascend strictly from now")
    slices = []
    floor = NO_FLOOR
    for expiry in expiries:
        observations = observe(expiry, quote_filter)
        years = (expiry.expiry_seconds - time_seconds) / YEAR_SECONDS
        smile = fit_slice(observations, years, floor)
        slices.append(SurfaceSlice(expiry.expiry_seconds, expiry.forward_micros, smile))
        listed = [observation.log_moneyness for observation in observations]
        below = smile.floor(min(listed), max(listed))
        floor = Floor(*(np.concatenate(pair) for pair in zip(floor, below, strict=True)))
    return Surface(time_seconds, tuple(slices))


def _observe(
    quote: QuotedVolatility, forward_micros: int, quote_filter: QuoteFilter
) -> Observation | None:
    bid, ask = quote.bid, quote.ask
    k = log(quote.strike_micros / forward_micros)
    if quote.age_seconds > quote_filter.max_age_seconds or (bid and ask and bid > ask):
        return None
    if bid and ask and ask - bid <= quote_filter.max_spread:
        uncertainty = max((ask - bid) / 2, quote_filter.min_uncertainty)
        return Observation(k, (bid + ask) / 2, uncertainty, is_quoted=True)
    if not quote.mark:
        return None
    volatility = min(max(quote.mark, bid or 0.0), ask or inf)
    return Observation(k, volatility, quote_filter.mark_uncertainty, is_quoted=False)
