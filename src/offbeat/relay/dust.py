"""What rounding leaves between the two sides of a batch, and who must go where nobody bears it.

A trader never pays more than limit times fill, rounded down: up to a micro less than the other side
receives. Fees bear that, where there are any.
"""

from collections.abc import Iterator, Mapping, Sequence

from offbeat.core import limits
from offbeat.intents import Order
from offbeat.relay.pending import Pending
from offbeat.relay.projection import Fill


def dust_bearers(chosen: Sequence[Fill], prices_nanos: Mapping[int, int]) -> list[Pending]:
    """None if the batch's pool is not negative; else the orders that leave the most dust.

    As many as would make up for what is missing, did the others stay as they are.
    """
    pool_micros = sum(fill.fee_micros + fill.pay_micros(prices_nanos) for fill in chosen)
    missing = -pool_micros * limits.PRICE_SCALE
    bearers = []
    for surplus, fill in sorted(_surpluses(chosen, prices_nanos), key=lambda each: each[0]):
        if missing <= 0:
            break
        bearers.append(fill.pending)
        missing += surplus
    return bearers


def _surpluses(
    chosen: Sequence[Fill], prices_nanos: Mapping[int, int]
) -> Iterator[tuple[int, Fill]]:
    """What each order leaves to the pool beyond its exact price, in 1e-15 of the quote."""
    for fill in chosen:
        if isinstance(fill.pending.signed.intent, Order):
            exact = fill.net_price_nanos(prices_nanos) * fill.fill_micros
            left_micros = fill.pay_micros(prices_nanos) + fill.fee_micros
            yield left_micros * limits.PRICE_SCALE - exact, fill
