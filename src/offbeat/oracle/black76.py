"""Black (1976): options on a forward, vectorised, with implied volatility and greeks.

All functions broadcast over arrays and take plain numbers: forward and strike in the quote
currency, volatility per year (1.0 is 100 %), time in years, a continuous rate per year. ``sign`` is
+1 for a call and −1 for a put. With s = σ√T, d± = ln(F/K)/s ± s/2 and the discount D = e^(−rT),

    value = D · sign · (F·N(sign·d+) − K·N(sign·d−))

At expiry, or without volatility, that is the discounted intrinsic value.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

YEAR_SECONDS: Final = 365 * 86_400
"""The year in which volatilities are quoted, as Deribit's."""

_LARGEST_DEVIATION: Final = 80.0
"""σ√T at which every option is worth its bound in float64."""
_MAX_ITERATIONS: Final = 50
_LAST_STEP: Final = 1e-11
"""Newton's method squares its error, so a step this small, relatively, was the last one needed."""


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of one long option to its inputs; delta and gamma are to the forward.

    ``vega`` is per 1.0 of volatility, ``theta`` the change in value per year that passes while the
    forward stands still.
    """

    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def price(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
) -> Floats:
    """The value of one option, discounted at ``rate``."""
    sign, forward, strike, volatility, years, rate = _floats(
        sign, forward, strike, volatility, years, rate
    )
    value: Floats = np.exp(-rate * years) * _undiscounted(
        sign, forward, strike, volatility * np.sqrt(years)
    )
    return value


def greeks(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
) -> Greeks:
    """The greeks of one option; volatility and time must be positive."""
    sign, forward, strike, volatility, years, rate = _floats(
        sign, forward, strike, volatility, years, rate
    )
    root: Floats = np.sqrt(years)
    d_plus = np.log(forward / strike) / (volatility * root) + volatility * root / 2
    discount = np.exp(-rate * years)
    density = discount * np.exp(-(d_plus**2) / 2) / np.sqrt(2 * np.pi)
    return Greeks(
        delta=discount * sign * ndtr(sign * d_plus),
        gamma=density / (forward * volatility * root),
        vega=density * forward * root,
        theta=rate * price(sign, forward, strike, volatility, years, rate=rate)
        - density * forward * volatility / (2 * root),
    )


def implied_volatility(
    value: ArrayLike,
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
) -> Floats:
    """The volatility at which ``price`` gives ``value``; nan where none does.

    None does for a value at or below the discounted intrinsic value, at or above the discounted
    forward (call) or strike (put), or at expiry. Solved by Newton's method on the logarithm of the
    out-of-the-money value, which is concave and increasing in σ√T, inside a shrinking bracket.
    """
    value, sign, forward, strike, years, rate = np.broadcast_arrays(
        *_floats(value, sign, forward, strike, years, rate)
    )
    undiscounted = value * np.exp(rate * years)
    # Parity turns an option in the money into the one out of the money at the same strike.
    away = np.where(forward < strike, 1.0, -1.0)
    target = undiscounted - np.maximum(sign * (forward - strike), 0.0)
    bound = np.minimum(forward, strike)
    solvable = (target > 0) & (target < bound) & (years > 0)
    deviation = _solve_deviation(np.where(solvable, target, bound / 2), away, forward, strike)
    return np.where(solvable, deviation / np.sqrt(np.where(solvable, years, 1.0)), np.nan)


def _floats(*values: ArrayLike) -> list[Floats]:
    return [np.asarray(value, dtype=np.float64) for value in values]


def _undiscounted(sign: Floats, forward: Floats, strike: Floats, deviation: Floats) -> Floats:
    """The forward value of an option whose log-price deviates by ``deviation`` (σ√T)."""
    intrinsic = np.maximum(sign * (forward - strike), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        d_plus = np.log(forward / strike) / deviation + deviation / 2
    value = sign * (forward * ndtr(sign * d_plus) - strike * ndtr(sign * (d_plus - deviation)))
    # Rounding must not push a far option below what it is worth at once.
    return np.where(deviation > 0, np.maximum(value, intrinsic), intrinsic)


def _solve_deviation(target: Floats, sign: Floats, forward: Floats, strike: Floats) -> Floats:
    """σ√T of an option out of the money with undiscounted value ``target``."""
    low, high = np.zeros_like(target), np.full_like(target, _LARGEST_DEVIATION)
    # Manaster and Koehler's point of inflection; at the money, where it is zero, the tangent's.
    deviation: Floats = np.maximum(
        np.sqrt(2 * np.abs(np.log(forward / strike))),
        np.sqrt(2 * np.pi) * target / np.sqrt(forward * strike),
    )
    for _ in range(_MAX_ITERATIONS):
        value = _undiscounted(sign, forward, strike, deviation)
        low = np.where(value < target, deviation, low)
        high = np.where(value >= target, deviation, high)
        d_plus = np.log(forward / strike) / deviation + deviation / 2
        slope = forward * np.exp(-(d_plus**2) / 2) / np.sqrt(2 * np.pi)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = deviation + np.log(target / value) * value / slope
        # A step from above may fall below zero; one from below may only fall short.
        stays = (newton > 0) & (newton <= high)
        following = np.where(stays, np.maximum(newton, low), (low + high) / 2)
        step = np.abs(following - deviation)
        deviation = following
        if (step <= _LAST_STEP * deviation).all():
            break
    return deviation
