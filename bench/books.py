"""Synthetic order books: the same book for the same arguments, on every machine."""

import random
from math import erf, log, sqrt
from typing import Final

from offbeat.clearing import AuctionOrder
from offbeat.core import limits
from offbeat.instruments import Instrument, Kind

FORWARD: Final = 2_000.0
STRIKES: Final = 25
FIRST_EXPIRY_SECONDS: Final = 1_798_185_600
WEEK_SECONDS: Final = 604_800
TICK_MICROS: Final = 10_000

# Legs as (steps up the strikes, kind, ratio); C and P stand for call and put, E for either.
STRUCTURES: Final = (
    (35, ((0, "E", 1),)),
    (20, ((0, "E", 1), (1, "E", -1))),
    (5, ((0, "C", 1), (0, "P", 1))),
    (5, ((0, "P", 1), (1, "C", 1))),
    (10, ((0, "P", -1), (1, "C", 1))),
    (8, ((0, "E", 1), (1, "E", -2), (2, "E", 1))),
    (7, ((0, "P", 1), (1, "P", -1), (2, "C", -1), (3, "C", 1))),
    (5, ((0, "E", 1), (1, "E", -2))),
    (5, ((0, "E", 2), (1, "E", -3))),
)


def synthetic_book(
    orders: int, instruments: int = 500, *, seed: int = 1, indivisible: float = 0.0
) -> list[AuctionOrder]:
    """Singles, spreads, straddles, risk reversals, butterflies, condors and ratio spreads.

    ``instruments`` is a multiple of 50: calls and puts at 25 strikes for each expiry. Limits
    scatter around Black's value of the legs, a little to the passive side, so that about a third of
    the orders trade. Half of the quantities are whole contracts. A share ``indivisible`` of the
    orders is fill-or-kill.
    """
    rng = random.Random(seed)
    expiries = instruments // (2 * STRIKES)
    listed = [_chain(week) for week in range(expiries)]
    weights = [weight for weight, _ in STRUCTURES]
    return [
        _order(rng, rng.choice(listed), rng.choices(STRUCTURES, weights)[0][1], indivisible, number)
        for number in range(orders)
    ]


def _order(
    rng: random.Random,
    chain: dict[tuple[int, Kind], tuple[Instrument, float]],
    structure: tuple[tuple[int, str, int], ...],
    indivisible: float,
    number: int,
) -> AuctionOrder:
    side = rng.choice((1, -1))
    either = rng.choice((Kind.CALL, Kind.PUT))
    width = rng.randint(1, 3)
    lowest = min(max(round(rng.gauss(8, 4)), 0), STRIKES - 1 - 3 * width)
    kinds = {"C": Kind.CALL, "P": Kind.PUT, "E": either}
    legs = [
        (*chain[lowest + steps * width, kinds[kind]], ratio * side)
        for steps, kind, ratio in structure
    ]
    value = sum(ratio * price for _, price, ratio in legs)
    gross = sum(abs(ratio) * price for _, price, ratio in legs)
    limit = value + rng.gauss(0, 0.01 * gross + 0.3) - 0.004 * gross
    lots = max(1, round(rng.lognormvariate(8, 1.2)))
    if rng.random() < 0.5:
        lots = max(1, lots // 1_000) * 1_000
    quantity = min(lots * limits.LOT_MICROS, limits.MAX_QUANTITY_MICROS)
    return AuctionOrder(
        legs=tuple(sorted((instrument.id, ratio) for instrument, _, ratio in legs)),
        quantity_micros=quantity,
        min_fill_micros=quantity if rng.random() < indivisible else 0,
        limit_micros=round(limit * limits.QUOTE_SCALE / TICK_MICROS) * TICK_MICROS,
        key=number.to_bytes(8, "big"),
    )


def _chain(week: int) -> dict[tuple[int, Kind], tuple[Instrument, float]]:
    """Instruments and values of one expiry, by strike number and kind."""
    expiry_seconds = FIRST_EXPIRY_SECONDS + week * WEEK_SECONDS
    years = (week + 1) * WEEK_SECONDS / 31_536_000
    chain = {}
    for number in range(STRIKES):
        strike = 1_200 + 100 * number
        deviation = (0.6 + 0.3 * log(strike / FORWARD) ** 2) * sqrt(years)
        call = _black_call(strike, deviation)
        for kind, value in ((Kind.CALL, call), (Kind.PUT, call - FORWARD + strike)):
            terms = Instrument("ETH", kind, expiry_seconds, strike * limits.QUOTE_SCALE)
            chain[number, kind] = (terms, value)
    return chain


def _black_call(strike: float, deviation: float) -> float:
    upper = log(FORWARD / strike) / deviation + deviation / 2
    return FORWARD * _normal(upper) - strike * _normal(upper - deviation)


def _normal(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2
