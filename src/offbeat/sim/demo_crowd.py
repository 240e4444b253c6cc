"""The demo's traders: each has one strategy, and signs it in ever new strikes, sizes and prices."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from offbeat.core import limits
from offbeat.instruments import (
    Kind,
    Leg,
    Strategy,
    butterfly,
    calendar,
    cash_secured_put,
    condor,
    covered_call,
    iron_butterfly,
    iron_condor,
    reverse,
    risk_reversal,
    straddle,
    strangle,
    vertical,
)
from offbeat.intents import Order
from offbeat.sim.cast import Cast
from offbeat.sim.demo_prices import SPOT, STRIKES_MICROS, SYMBOL, Prices, listed_expiries
from offbeat.sim.scenario import Role, Submission

WRITERS: Final = (Strategy.COVERED_CALL, Strategy.SINGLE)
"""Only ever taken from the side that the strategy is named for: a call or a put is sold."""
CROWD: Final = (
    *WRITERS,
    Strategy.VERTICAL,
    Strategy.STRADDLE,
    Strategy.STRANGLE,
    Strategy.RISK_REVERSAL,
    Strategy.BUTTERFLY,
    Strategy.CONDOR,
    Strategy.IRON_BUTTERFLY,
    Strategy.IRON_CONDOR,
    Strategy.CALENDAR,
)

_TWINS: Final = 2
_MIN_LOTS, _MAX_LOTS = 250, 5_000
_EAGERNESS_PERCENT: Final = (60, 105, 120, 150)
"""What a trader adds to the fair price, in parts of the spread that makers ask for the legs: below
100 the order waits for somebody better than a maker."""
_COPIES: Final = (1, 1, 1, 2, 10)
_COLLAR_BPS: Final = 100


def crowd_submissions(
    cast: Cast, rng: Random, prices: Prices, number: int, valid_until_seconds: int
) -> Iterator[Submission]:
    """One order of each strategy, in round ``number``; twins take turns."""
    for strategy in CROWD:
        sender = cast.join(f"{strategy}-{number % _TWINS + 1}", Role.TAKER)
        legs = draw_legs(strategy, rng, listed_expiries(prices.time_seconds))
        if strategy not in WRITERS and rng.random() < 0.5:
            legs = reverse(legs)
        limit_micros = eager_limit_micros(prices, legs, rng.choice(_EAGERNESS_PERCENT))
        quantity_micros = rng.randint(_MIN_LOTS, _MAX_LOTS) * limits.LOT_MICROS
        order = cast.order(sender, legs, quantity_micros, limit_micros, valid_until_seconds)
        yield Submission(
            intent=_with_condition(order, rng, prices),
            sender=sender,
            signer_key=cast.key(sender),
            label=strategy,
            source=f"{sender} #{number + 1}",
            copies=rng.choice(_COPIES),
        )


def eager_limit_micros(prices: Prices, legs: tuple[Leg, ...], percent: int) -> int:
    """The fair net price of a strategy plus a part of the makers' half spread."""
    return prices.fair_micros(legs) + prices.half_spread_micros(legs) * percent // 100


def draw_legs(strategy: Strategy, rng: Random, expiries: Sequence[int]) -> tuple[Leg, ...]:
    """A strategy of the crowd with random terms, from the side that it is named for."""
    expiry, kind = rng.choice(expiries), rng.choice((Kind.CALL, Kind.PUT))
    low, low_middle, high_middle, high = sorted(rng.sample(STRIKES_MICROS, 4))
    match strategy:
        case Strategy.COVERED_CALL:
            return covered_call(SYMBOL, expiry, high)
        case Strategy.SINGLE:
            return cash_secured_put(SYMBOL, expiry, low)
        case Strategy.VERTICAL:
            return vertical(SYMBOL, expiry, kind, low_middle, high)
        case Strategy.STRADDLE:
            return straddle(SYMBOL, expiry, high_middle)
        case Strategy.STRANGLE:
            return strangle(SYMBOL, expiry, low, high_middle)
        case Strategy.RISK_REVERSAL:
            return risk_reversal(SYMBOL, expiry, low_middle, high)
        case Strategy.BUTTERFLY:
            return butterfly(SYMBOL, expiry, kind, (low, low_middle, high))
        case Strategy.CONDOR:
            return condor(SYMBOL, expiry, kind, (low, low_middle, high_middle, high))
        case Strategy.IRON_BUTTERFLY:
            return iron_butterfly(SYMBOL, expiry, (low, high_middle, high))
        case Strategy.IRON_CONDOR:
            return iron_condor(SYMBOL, expiry, (low, low_middle, high_middle, high))
        case Strategy.CALENDAR:
            near, far = sorted(rng.sample(expiries, 2))
            return calendar(SYMBOL, near, far, kind, high_middle)
        case _:
            raise AssertionError(f"nobody in the crowd trades {strategy}")


def _with_condition(order: Order, rng: Random, prices: Prices) -> Order:
    """Some orders fill all or nothing, some only while spot is near where it is."""
    spot_micros = prices.marks_micros[SPOT]
    collar_micros = spot_micros * _COLLAR_BPS // limits.BPS
    match rng.randrange(6):
        case 0:
            return replace(order, min_fill_micros=order.quantity_micros)
        case 1:
            return replace(
                order,
                spot_min_micros=spot_micros - collar_micros,
                spot_max_micros=spot_micros + collar_micros,
            )
        case _:
            return order
