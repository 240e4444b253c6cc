"""Intents of the demo that must be refused, each with the reason that must be given for it.

Their prices are too good to leave lying, so that the auction matches them and nothing but the
rules stands in the way.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Intent, Order, Withdraw, make_nonce
from offbeat.sim.cast import CASH_ASSET, Cast
from offbeat.sim.demo_prices import EXPIRIES_SECONDS, SPOT, STRIKES_MICROS, SYMBOL, Prices
from offbeat.sim.scenario import Role, Submission

_QUANTITY_MICROS: Final = 10 * limits.QUANTITY_SCALE
_FORTUNE_MICROS: Final = 10**9 * limits.QUOTE_SCALE
_FORTNIGHT_SECONDS: Final = 14 * 86_400
_UNUSED_LANE: Final = 5
_CALL: Final = Instrument(SYMBOL, Kind.CALL, EXPIRIES_SECONDS[1], STRIKES_MICROS[2])
_BUY: Final = Leg(_CALL, +1)
_SELL: Final = Leg(_CALL, -1)
_SELL_SPOT: Final = Leg(SPOT, -1)
_EXPIRED: Final = Leg(replace(_CALL, expiry_seconds=EXPIRIES_SECONDS[0] - _FORTNIGHT_SECONDS), +1)


def misfit_submissions(
    cast: Cast, prices: Prices, valid_until_seconds: int
) -> Iterator[Submission]:
    """One intent for each reason; their senders own only what everybody owns at least."""
    now_seconds = prices.time_seconds
    beyond_spot_micros = 2 * prices.marks_micros[SPOT]
    cases: tuple[tuple[Reason, Leg, dict[str, Any]], ...] = (
        (Reason.EXPIRED, _BUY, {"valid_until_seconds": now_seconds}),
        (Reason.NOT_YET_VALID, _BUY, {"valid_from_seconds": valid_until_seconds}),
        (Reason.NONCE_LANE, _BUY, {"nonce": make_nonce(_UNUSED_LANE, 0)}),
        (Reason.MARKET_CONDITION, _BUY, {"spot_min_micros": beyond_spot_micros}),
        (Reason.LEG_EXPIRED, _EXPIRED, {}),
        (Reason.REDUCE_ONLY, _SELL, {"reduce_only": True}),
        (Reason.SPOT_NEGATIVE, _SELL_SPOT, {}),
        (Reason.CASH_NEGATIVE, _BUY, {}),
        (Reason.UNHEALTHY, _SELL, {}),
    )
    for reason, leg, changes in cases:
        order = _generous(cast, _sender(reason), leg, prices, valid_until_seconds)
        yield _misfit(cast, replace(order, **changes), _sender(reason), reason)

    forger, thief = _sender(Reason.SIGNER_UNAUTHORISED), "stranger"
    forged = _generous(cast, forger, _BUY, prices, valid_until_seconds)
    yield _misfit(cast, forged, forger, Reason.SIGNER_UNAUTHORISED, key_of=thief)

    dreamer = cast.join("dreamer", Role.TAKER)
    fortune = Withdraw(
        **cast.envelope(dreamer, valid_until_seconds),
        to=cast.address(dreamer),
        asset=CASH_ASSET,
        amount_micros=_FORTUNE_MICROS,
    )
    yield _misfit(cast, fortune, dreamer, Reason.CASH_NEGATIVE)


def _sender(reason: Reason) -> str:
    return f"misfit-{reason.replace('_', '-')}"


def _generous(cast: Cast, sender: str, leg: Leg, prices: Prices, valid_until_seconds: int) -> Order:
    """Buys at twice what the instrument is worth, or sells at half."""
    cast.join(sender, Role.TAKER)
    fair_micros = prices.marks_micros.get(leg.instrument, prices.marks_micros[_CALL])
    limit_micros = 2 * fair_micros if leg.ratio > 0 else -fair_micros // 2
    return cast.order(sender, (leg,), _QUANTITY_MICROS, limit_micros, valid_until_seconds)


def _misfit(
    cast: Cast, intent: Intent, sender: str, expected: Reason, key_of: str | None = None
) -> Submission:
    return Submission(
        intent=intent,
        sender=sender,
        signer_key=cast.key(key_of or sender),
        label="misfit",
        source=sender,
        expected=expected,
    )
