"""The standard strategies: built by name, and recognised from their legs.

Builders return the legs of one unit, ready to be signed (ascending by id); times are unix
seconds, strikes micro quote. Each builds the side that its name stands for in textbooks, and
``reverse`` turns it into the counterparty's. Beside the codes of :class:`Instrument`, builders
raise :class:`InvalidInput` with code ``strategy_strikes`` for strikes that do not ascend strictly,
because a swapped pair is another strategy.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from math import gcd

from offbeat.core import InvalidInput
from offbeat.instruments.terms import Instrument, Kind, Leg, check_legs

Legs = tuple[Leg, ...]
"""Legs of one strategy as they are signed: see :func:`check_legs`."""


class Strategy(StrEnum):
    """The name of a structure, whichever side of it one takes."""

    SPOT = "spot"
    SINGLE = "single"
    COVERED_CALL = "covered_call"
    VERTICAL = "vertical"
    STRADDLE = "straddle"
    STRANGLE = "strangle"
    RISK_REVERSAL = "risk_reversal"
    BUTTERFLY = "butterfly"
    CONDOR = "condor"
    IRON_BUTTERFLY = "iron_butterfly"
    IRON_CONDOR = "iron_condor"
    CALENDAR = "calendar"
    CUSTOM = "custom"


def covered_call(underlying: str, expiry_seconds: int, strike_micros: int) -> Legs:
    """Buy spot and sell a call on it."""
    call = Instrument(underlying, Kind.CALL, expiry_seconds, strike_micros)
    return Leg(Instrument.spot(underlying), +1), Leg(call, -1)


def cash_secured_put(underlying: str, expiry_seconds: int, strike_micros: int) -> Legs:
    """Sell a put and keep the strike in cash, which is no leg: ``recognise`` calls it single."""
    return _options(underlying, expiry_seconds, (Kind.PUT, strike_micros, -1))


def vertical(
    underlying: str, expiry_seconds: int, kind: Kind, bought_micros: int, sold_micros: int
) -> Legs:
    """Buy one strike and sell another, in either order.

    Buying the lower is a bull spread, buying the higher a bear spread, of calls or of puts.
    """
    _ascending(sorted((bought_micros, sold_micros)), 2)
    return _options(underlying, expiry_seconds, (kind, bought_micros, +1), (kind, sold_micros, -1))


def straddle(underlying: str, expiry_seconds: int, strike_micros: int) -> Legs:
    """Buy a call and a put of one strike."""
    return _options(
        underlying, expiry_seconds, (Kind.CALL, strike_micros, +1), (Kind.PUT, strike_micros, +1)
    )


def strangle(underlying: str, expiry_seconds: int, put_micros: int, call_micros: int) -> Legs:
    """Buy a put and a call of a higher strike."""
    _ascending((put_micros, call_micros), 2)
    return _options(
        underlying, expiry_seconds, (Kind.PUT, put_micros, +1), (Kind.CALL, call_micros, +1)
    )


def risk_reversal(underlying: str, expiry_seconds: int, put_micros: int, call_micros: int) -> Legs:
    """Sell a put and buy a call of a higher strike."""
    _ascending((put_micros, call_micros), 2)
    return _options(
        underlying, expiry_seconds, (Kind.PUT, put_micros, -1), (Kind.CALL, call_micros, +1)
    )


def butterfly(
    underlying: str, expiry_seconds: int, kind: Kind, strikes_micros: tuple[int, int, int]
) -> Legs:
    """Buy both wings and sell the middle twice; the wings may differ in width."""
    low, middle, high = _ascending(strikes_micros, 3)
    return _options(
        underlying, expiry_seconds, (kind, low, +1), (kind, middle, -2), (kind, high, +1)
    )


def condor(
    underlying: str, expiry_seconds: int, kind: Kind, strikes_micros: tuple[int, int, int, int]
) -> Legs:
    """Buy the outer strikes and sell the inner ones, all of one kind."""
    low, low_middle, high_middle, high = _ascending(strikes_micros, 4)
    return _options(
        underlying,
        expiry_seconds,
        (kind, low, +1),
        (kind, low_middle, -1),
        (kind, high_middle, -1),
        (kind, high, +1),
    )


def iron_butterfly(
    underlying: str, expiry_seconds: int, strikes_micros: tuple[int, int, int]
) -> Legs:
    """Sell a straddle and buy a strangle around it: a credit."""
    low, middle, high = _ascending(strikes_micros, 3)
    return _options(
        underlying,
        expiry_seconds,
        (Kind.PUT, low, +1),
        (Kind.PUT, middle, -1),
        (Kind.CALL, middle, -1),
        (Kind.CALL, high, +1),
    )


def iron_condor(
    underlying: str, expiry_seconds: int, strikes_micros: tuple[int, int, int, int]
) -> Legs:
    """Sell a strangle and buy a wider one around it: a credit."""
    low_put, high_put, low_call, high_call = _ascending(strikes_micros, 4)
    return _options(
        underlying,
        expiry_seconds,
        (Kind.PUT, low_put, +1),
        (Kind.PUT, high_put, -1),
        (Kind.CALL, low_call, -1),
        (Kind.CALL, high_call, +1),
    )


def calendar(
    underlying: str, near_seconds: int, far_seconds: int, kind: Kind, strike_micros: int
) -> Legs:
    """Sell the near expiry and buy the far one at the same strike.

    Raises :class:`InvalidInput` with code ``strategy_expiries`` unless the far one is later.
    """
    if near_seconds >= far_seconds:
        raise InvalidInput("strategy_expiries", "the far expiry is not later than the near one")
    return (
        Leg(Instrument(underlying, kind, near_seconds, strike_micros), -1),
        Leg(Instrument(underlying, kind, far_seconds, strike_micros), +1),
    )


def reverse(legs: Sequence[Leg]) -> Legs:
    """The other side of the trade: what was bought is sold and the reverse."""
    return tuple(Leg(leg.instrument, -leg.ratio) for leg in legs)


def recognise(legs: Sequence[Leg]) -> Strategy:
    """The name of a structure, from its legs alone.

    Both sides, and any whole multiple, of what a builder returns have the builder's name; other
    combinations are ``CUSTOM``. Raises :class:`InvalidInput` as ``check_legs``.
    """
    check_legs(legs)
    return _NAMES.get(_shape(legs), Strategy.CUSTOM)


def _options(underlying: str, expiry_seconds: int, *terms: tuple[Kind, int, int]) -> Legs:
    """Legs from (kind, strike, ratio), sorted for signing."""
    legs = [
        Leg(Instrument(underlying, kind, expiry_seconds, strike_micros), ratio)
        for kind, strike_micros, ratio in terms
    ]
    return tuple(sorted(legs, key=lambda leg: leg.instrument))


def _ascending(strikes_micros: Sequence[int], count: int) -> Sequence[int]:
    is_ascending = all(low < high for low, high in pairwise(strikes_micros))
    if len(strikes_micros) != count or not is_ascending:
        raise InvalidInput("strategy_strikes", f"give {count} strictly ascending strikes")
    return strikes_micros


_Shape = tuple[tuple[Kind, int, int, int], ...]


def _shape(legs: Sequence[Leg]) -> _Shape:
    """The legs without their scale: (kind, rank of expiry, rank of strike, reduced ratio) each.

    The first ratio is made positive, so that both sides of a trade have one shape.
    """
    instruments = [leg.instrument for leg in legs]
    expiries = sorted({instrument.expiry_seconds for instrument in instruments})
    strikes = sorted({instrument.strike_micros for instrument in instruments})
    unit = gcd(*(leg.ratio for leg in legs))
    if legs[0].ratio < 0:
        unit = -unit
    return tuple(
        (
            leg.instrument.kind,
            expiries.index(leg.instrument.expiry_seconds),
            strikes.index(leg.instrument.strike_micros),
            leg.ratio // unit,
        )
        for leg in legs
    )


def _names() -> dict[_Shape, Strategy]:
    """Every shape that a builder can return, taken from the builders themselves."""
    series = ("ANY", 1)
    examples = [
        (Strategy.SPOT, (Leg(Instrument.spot("ANY"), 1),)),
        (Strategy.COVERED_CALL, covered_call(*series, 1)),
        (Strategy.STRADDLE, straddle(*series, 1)),
        (Strategy.STRANGLE, strangle(*series, 1, 2)),
        (Strategy.RISK_REVERSAL, risk_reversal(*series, 1, 2)),
        (Strategy.IRON_BUTTERFLY, iron_butterfly(*series, (1, 2, 3))),
        (Strategy.IRON_CONDOR, iron_condor(*series, (1, 2, 3, 4))),
    ]
    for kind in (Kind.CALL, Kind.PUT):
        examples += [
            (Strategy.SINGLE, _options(*series, (kind, 1, 1))),
            (Strategy.VERTICAL, vertical(*series, kind, 1, 2)),
            (Strategy.BUTTERFLY, butterfly(*series, kind, (1, 2, 3))),
            (Strategy.CONDOR, condor(*series, kind, (1, 2, 3, 4))),
            (Strategy.CALENDAR, calendar("ANY", 1, 2, kind, 1)),
        ]
    return {_shape(legs): name for name, legs in examples}


_NAMES = _names()
