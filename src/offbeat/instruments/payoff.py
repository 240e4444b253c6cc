"""What legs are worth when their options expire: exact piecewise-linear functions of one price.

Everything is per unit of the strategy, in micro quote, against a settlement price in micro quote.
Strikes and ratios are integers, so values at integer prices are exact and extrema stand at zero,
at a strike or at infinity. A net premium has the sign of an order's limit: positive was paid,
negative was received; a spot leg counts in it at what it cost.

Legs that expire at different times have no payoff in one price. Three things are still defined:

``value_at_near_expiry``
    the value at the first expiry, with the caller pricing the options that live on;
``near_expiry_bounds``
    the limits of that value at every price, if the later forwards equal the first settlement
    price: a textbook's limits of a calendar;
``settlement_bounds``
    the limits of all settlements together when everything is held to the end, assuming nothing.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from offbeat.core import InvalidInput, ceil_div, floor_div
from offbeat.instruments.terms import Instrument, Kind, Leg, check_legs


@dataclass(frozen=True, slots=True)
class Payoff:
    """A continuous piecewise-linear function of the settlement price, from zero to infinity.

    ``prices_micros`` ascend strictly from 0 and ``values_micros`` are the values there; beyond
    the last price the value grows by ``slope_above`` contracts times the price.
    """

    prices_micros: tuple[int, ...]
    values_micros: tuple[int, ...]
    slope_above: int

    def value_micros(self, price_micros: int) -> int:
        """The value at a settlement price; :class:`InvalidInput` ``price_negative`` below 0."""
        _check_price(price_micros)
        knot = bisect_right(self.prices_micros, price_micros) - 1
        distance_micros = price_micros - self.prices_micros[knot]
        return self.values_micros[knot] + self._slopes()[knot] * distance_micros

    @property
    def least_micros(self) -> int | None:
        """The smallest value at any price, None if it has no lower bound."""
        return min(self.values_micros) if self.slope_above >= 0 else None

    @property
    def most_micros(self) -> int | None:
        """The largest value at any price, None if it has no upper bound."""
        return max(self.values_micros) if self.slope_above <= 0 else None

    def max_profit_micros(self, net_premium_micros: int) -> int | None:
        """The best outcome after the premium; None is unbounded, negative is a sure loss."""
        return None if self.most_micros is None else self.most_micros - net_premium_micros

    def max_loss_micros(self, net_premium_micros: int) -> int | None:
        """The worst outcome as a loss; None is unbounded, negative is a sure profit."""
        return None if self.least_micros is None else net_premium_micros - self.least_micros

    def break_evens_micros(self, net_premium_micros: int) -> tuple[int, ...]:
        """The prices that part loss from no loss, ascending.

        A zero of the profit may fall between two prices; it is rounded to the side that does not
        lose. So these are exactly the prices that lose nothing next to a price (one micro lower
        or higher) that loses. Where the profit touches zero without loss beside, there is none.
        """
        profits = [value - net_premium_micros for value in self.values_micros]
        found = set()
        for knot, (start, profit, slope) in enumerate(
            zip(self.prices_micros, profits, self._slopes(), strict=True)
        ):
            is_last = knot + 1 == len(profits)
            end_loses = slope < 0 if is_last else profits[knot + 1] < 0
            if profit < 0 and slope > 0 and not end_loses:
                found.add(start + ceil_div(-profit, slope))
            elif profit >= 0 and end_loses:
                found.add(start + floor_div(profit, -slope))
        return tuple(sorted(found))

    def _slopes(self) -> list[int]:
        """The slope to the right of every price; exact, because ratios are whole."""
        points = list(zip(self.prices_micros, self.values_micros, strict=True))
        rises = [(y1 - y0) // (x1 - x0) for (x0, y0), (x1, y1) in pairwise(points)]
        return [*rises, self.slope_above]


def intrinsic_micros(instrument: Instrument, price_micros: int) -> int:
    """What one contract pays at its expiry, or is worth as spot, at a settlement price.

    Raises :class:`InvalidInput` with code ``price_negative``.
    """
    _check_price(price_micros)
    if instrument.kind is Kind.CALL:
        return max(price_micros - instrument.strike_micros, 0)
    if instrument.kind is Kind.PUT:
        return max(instrument.strike_micros - price_micros, 0)
    return price_micros


def payoff_at_expiry(legs: Sequence[Leg]) -> Payoff:
    """The payoff of legs whose options all expire together; spot is valued at the same price.

    Raises :class:`InvalidInput` with code ``legs_expiries`` if they do not, or as ``check_legs``.
    """
    check_legs(legs)
    if len(_expiries(legs)) > 1:
        raise InvalidInput("legs_expiries", "options of several expiries have no single payoff")
    return _trace(legs, _settled_micros)


def value_at_near_expiry(
    legs: Sequence[Leg],
    price_micros: int,
    far_value_micros: Callable[[Instrument, int], int],
) -> int:
    """The value when the first options expire at ``price_micros``.

    ``far_value_micros(instrument, price_micros)`` prices one contract of an option that lives on;
    it is not asked about others. Raises :class:`InvalidInput` as ``check_legs`` or with code
    ``price_negative``.
    """
    check_legs(legs)
    near_seconds = min(_expiries(legs), default=0)
    return sum(
        leg.ratio * far_value_micros(leg.instrument, price_micros)
        if leg.instrument.expiry_seconds > near_seconds
        else _settled_micros(leg, price_micros)
        for leg in legs
    )


def near_expiry_bounds(legs: Sequence[Leg]) -> tuple[Payoff, Payoff]:
    """A lower and an upper bound of what legs are worth when the first options expire.

    An undiscounted European option is worth at least its intrinsic value; a call at most the
    forward, a put at most the strike (Merton 1973). The bounds take the settlement price as the
    forward of the later expiries, so a market in backwardation can fall below them. For one expiry
    both are the payoff. Raises :class:`InvalidInput` as ``check_legs``.
    """
    check_legs(legs)
    near_seconds = min(_expiries(legs), default=0)

    def bound(sign: int) -> Payoff:
        def worth_micros(leg: Leg, price_micros: int) -> int:
            lives_on = leg.instrument.expiry_seconds > near_seconds
            if lives_on and leg.ratio * sign > 0:
                return leg.ratio * _ceiling_micros(leg.instrument, price_micros)
            return _settled_micros(leg, price_micros)

        return _trace(legs, worth_micros)

    return bound(-1), bound(+1)


def settlement_bounds(legs: Sequence[Leg]) -> tuple[int | None, int | None]:
    """The least and the most that all settlements can pay together, None where unbounded.

    Every expiry may settle at any price whatever the others did, and spot is held to the last:
    the bounds need no model. Subtract the net premium for the worst and the best outcome. Raises
    :class:`InvalidInput` as ``check_legs``.
    """
    check_legs(legs)
    last_seconds = max(_expiries(legs), default=0)
    groups = defaultdict(list)
    for leg in legs:
        groups[leg.instrument.expiry_seconds or last_seconds].append(leg)
    payoffs = [_trace(group, _settled_micros) for group in groups.values()]
    return (
        _sum_or_none([payoff.least_micros for payoff in payoffs]),
        _sum_or_none([payoff.most_micros for payoff in payoffs]),
    )


def _trace(legs: Sequence[Leg], worth_micros: Callable[[Leg, int], int]) -> Payoff:
    """Sum up legs whose worth is linear between zero, the strikes and infinity."""
    prices = sorted({0, *(leg.instrument.strike_micros for leg in legs)})
    values = [sum(worth_micros(leg, price) for leg in legs) for price in prices]
    # Above every strike a put is constant, at any bound, and the rest moves with the price.
    slope_above = sum(leg.ratio for leg in legs if leg.instrument.kind is not Kind.PUT)
    return Payoff(tuple(prices), tuple(values), slope_above)


def _settled_micros(leg: Leg, price_micros: int) -> int:
    return leg.ratio * intrinsic_micros(leg.instrument, price_micros)


def _ceiling_micros(option: Instrument, price_micros: int) -> int:
    return price_micros if option.kind is Kind.CALL else option.strike_micros


def _expiries(legs: Sequence[Leg]) -> set[int]:
    """When the options among the legs expire."""
    return {leg.instrument.expiry_seconds for leg in legs if leg.instrument.kind is not Kind.SPOT}


def _sum_or_none(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _check_price(price_micros: int) -> None:
    if price_micros < 0:
        raise InvalidInput("price_negative", "a settlement price is not below zero")
