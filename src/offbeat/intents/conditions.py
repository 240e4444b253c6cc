"""What an order demands of the moment at which it executes.

Each check returns the :class:`Reason` of a refusal, or None. Moments are unix seconds: a batch has
a ``time`` and a ``not_after`` between which it may land, and an order must suit the whole interval.
"""

from offbeat.core import Reason
from offbeat.instruments import Kind
from offbeat.intents.types import Intent, Order


def check_window(intent: Intent, time_seconds: int, not_after_seconds: int) -> Reason | None:
    """``NOT_YET_VALID`` or ``EXPIRED`` unless valid from ``time`` through ``not_after``.

    Only an order has a beginning.
    """
    if isinstance(intent, Order) and time_seconds < intent.valid_from_seconds:
        return Reason.NOT_YET_VALID
    return Reason.EXPIRED if not_after_seconds > intent.valid_until_seconds else None


def check_leg_expiries(order: Order, not_after_seconds: int) -> Reason | None:
    """``LEG_EXPIRED`` unless every option in the legs outlives ``not_after``."""
    expired = any(
        leg.instrument.kind is not Kind.SPOT and leg.instrument.expiry_seconds <= not_after_seconds
        for leg in order.legs
    )
    return Reason.LEG_EXPIRED if expired else None


def has_market_condition(order: Order) -> bool:
    """Whether the order may execute only in a batch with an oracle report."""
    return order.spot_min_micros != 0 or order.spot_max_micros != 0


def check_market(order: Order, spot_micros: int) -> Reason | None:
    """``MARKET_CONDITION`` unless spotMin <= spot <= spotMax; a bound of 0 does not bind."""
    below = spot_micros < order.spot_min_micros
    above = 0 < order.spot_max_micros < spot_micros
    return Reason.MARKET_CONDITION if below or above else None


def fee_bound_micros(order: Order, fill_micros: int) -> int:
    """The most that a fill may pay in fees: its share of ``maxFee``, rounded down.

    The shares of all fills of an order never exceed ``maxFee`` together.
    """
    assert 0 <= fill_micros <= order.quantity_micros, "a fill is part of its order"
    return order.max_fee_micros * fill_micros // order.quantity_micros
