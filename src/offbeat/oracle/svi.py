"""Raw SVI: one expiry's smile in five numbers, fitted so that it cannot be arbitraged.

Gatheral's raw form of total variance over log-moneyness k = ln(K/F):

    w(k) = a + b (ρ (k − m) + √((k − m)² + σ²))

Given m and σ it is linear in the rest, which makes the quasi-explicit fit of De Marco and Martini
(Zeliade 2009) a grid of small bounded problems; the best of them start a fit of all five numbers
to the volatilities themselves. Two guards hold on the whole guarded range: Durrleman's density
g(k) ≥ 0 (no butterfly; Gatheral and Jacquier 2014, eq. 2.1), and w no lower than that of earlier
expiries where these are listed (no calendar). The same input gives the same slice: all starts are
fixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares, lsq_linear

from offbeat.core import InvalidInput

Floats = NDArray[np.float64]

GUARDED_MONEYNESS: Final = 2.0
"""No butterfly for |ln(K/F)| up to this: strikes from a seventh to seven times the forward."""
MIN_OBSERVATIONS: Final = 5

# Lee's moment formula: no wing of total variance is steeper than 2.
_STEEPEST_WING: Final = 2.0
_START_CENTRES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
_START_WIDTHS: Final = (0.03, 0.1, 0.3, 1.0)
_POLISHED_STARTS: Final = 3
_REWEIGHTINGS: Final = 4
_FIRST_MARK_PULL: Final = 0.1
_LEAST_REACH: Final = 1e-3
_PENALTY: Final = 100.0
_GRID_STEPS: Final = np.sinh(np.linspace(-7.0, 7.0, 141))
_MARGIN: Final = 1e-3
"""What the guards ask for beyond zero at grid points, so that nothing falls short between them."""
_FIRST_LIFT: Final = 1e-10


class Observation(NamedTuple):
    """One volatility to fit: where it stands (ln(K/F)), its value and how far it may be off.

    ``is_quoted`` tells what the market asks and bids from what a model says.
    """

    log_moneyness: float
    volatility: float
    uncertainty: float
    is_quoted: bool


class Floor(NamedTuple):
    """Total variances that a slice must not fall below, each at its ln(K/F)."""

    log_moneyness: Floats
    total_variance: Floats


NO_FLOOR: Final = Floor(np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True)
class SviSlice:
    """Total variance of one expiry in Gatheral's raw parameters."""

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def total_variance(self, log_moneyness: ArrayLike) -> Floats:
        """w(k) = σ²·T at each ln(K/F)."""
        k = np.asarray(log_moneyness, dtype=np.float64) - self.m
        variance: Floats = self.a + self.b * (self.rho * k + np.hypot(k, self.sigma))
        return variance

    def volatility(self, log_moneyness: ArrayLike, years: float) -> Floats:
        """Volatility per year at each ln(K/F), 1.0 is 100 %."""
        volatility: Floats = np.sqrt(self.total_variance(log_moneyness) / years)
        return volatility

    def density(self, log_moneyness: ArrayLike) -> Floats:
        """Durrleman's g(k), whose sign is that of the implied density."""
        k = np.asarray(log_moneyness, dtype=np.float64)
        w = self.total_variance(k)
        root = np.hypot(k - self.m, self.sigma)
        slope = self.b * (self.rho + (k - self.m) / root)
        curvature = self.b * self.sigma**2 / root**3
        g: Floats = (1 - k * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + curvature / 2
        return g

    def grid(self, least: float = -GUARDED_MONEYNESS, most: float = GUARDED_MONEYNESS) -> Floats:
        """Values of ln(K/F) to check: dense at the slice's centre, wide in its wings."""
        return np.clip(self.m + self.sigma * _GRID_STEPS, least, most)

    def floor(self, least: float, most: float) -> Floor:
        """What later expiries must not fall below between two values of ln(K/F)."""
        k = self.grid(least, most)
        return Floor(k, self.total_variance(k))


def fit_slice(
    observations: Sequence[Observation], years: float, floor: Floor = NO_FLOOR
) -> SviSlice:
    """The slice nearest to the observations that passes the guards.

    Every observation pulls by its deviation in units of its uncertainty. A quote's pull fades when
    the deviation grows (its cost is asinh²); a model's vanishes (r²/(1 + r²)), so that no number
    of wild marks bends the smile away from quotes. Raises :class:`InvalidInput` with code
    ``observations_few``.
    """
    if len(observations) < MIN_OBSERVATIONS:
        raise InvalidInput("observations_few", f"a smile needs {MIN_OBSERVATIONS} observations")
    k, volatility, uncertainty, quoted = np.array(observations, dtype=np.float64).T

    def residuals(shape: Floats) -> Floats:
        smile = _from_shape(shape)
        r = (smile.volatility(k, years) - volatility) / uncertainty
        costs = np.where(quoted, np.arcsinh(r), r / np.hypot(1, r))
        return np.concatenate([costs, _PENALTY * np.minimum(_slack(smile, floor), 0.0)])

    def cost(shape: Floats) -> float:
        return float(np.sum(residuals(shape) ** 2))

    left, reach = float(k.min()), float(np.ptp(k)) + _LEAST_REACH
    weight = 1 / (2 * years * volatility * uncertainty)
    starts = [
        _quasi_explicit(
            k,
            years * volatility**2,
            weight,
            quoted,
            m=left + centre * reach,
            sigma=width * reach,
        )
        for centre, width in product(_START_CENTRES, _START_WIDTHS)
    ]
    bounds = (
        [1e-12, 0.0, 0.0, left - reach, 1e-3 * reach],
        [np.inf, _STEEPEST_WING, _STEEPEST_WING, left + 2 * reach, 4 * reach],
    )
    polished = [
        least_squares(residuals, np.clip(start, *bounds), bounds=bounds, x_scale="jac").x
        for start in sorted(starts, key=cost)[:_POLISHED_STARTS]
    ]
    return _lift(_from_shape(min(polished, key=cost)), floor)


# A shape is (least total variance, left slope, right slope, m, σ): its bounds are those of an
# admissible slice, independently of one another.


def _from_shape(shape: Floats) -> SviSlice:
    least, left, right, m, sigma = (float(value) for value in shape)
    b = (left + right) / 2
    rho = (right - left) / (left + right) if b > 0 else 0.0
    # The minimum of the hyperbola lies b·σ·√(1 − ρ²) above its asymptotes' crossing.
    return SviSlice(least - sigma * sqrt(left * right), b, rho, m, sigma)


def _quasi_explicit(
    k: Floats, total_variance: Floats, weight: Floats, quoted: Floats, *, m: float, sigma: float
) -> Floats:
    """The shape nearest to the total variances with this m and σ, by reweighted least squares."""
    y = k - m
    root = np.hypot(y, sigma)
    columns = np.stack([np.ones_like(y), (root - y) / 2, (root + y) / 2], axis=1)
    pull = weight * np.where(quoted, 1.0, _FIRST_MARK_PULL)
    for _ in range(_REWEIGHTINGS):
        # These bounds keep a, not the least variance, from falling below zero: enough for a start.
        fit = lsq_linear(
            columns * pull[:, None],
            total_variance * pull,
            bounds=([0, 0, 0], [np.inf, _STEEPEST_WING, _STEEPEST_WING]),
            method="bvls",
        ).x
        r = weight * (columns @ fit - total_variance)
        pull = weight / np.where(quoted, np.hypot(1, r), 1 + r**2)
    a, left, right = fit
    return np.array([a + sigma * np.sqrt(left * right), left, right, m, sigma])


def _slack(smile: SviSlice, floor: Floor) -> Floats:
    """What the guards leave at each of their points; nothing may be negative."""
    above = smile.total_variance(floor.log_moneyness) / floor.total_variance - 1
    return np.concatenate([smile.density(smile.grid()), above]) - _MARGIN


def _lift(smile: SviSlice, floor: Floor) -> SviSlice:
    """Raise the whole slice by as little as the guards ask for, to within a factor of two.

    Enough always exists: with slopes of at most 2, g tends to 1 − slope²/16 + w''/2 > 0.
    """
    lift, lifted = _FIRST_LIFT, smile
    while _slack(lifted, floor).min() < 0:
        lifted = SviSlice(smile.a + lift, smile.b, smile.rho, smile.m, smile.sigma)
        lift *= 2
    return lifted
