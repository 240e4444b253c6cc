"""Several orders that act together, each of them signed: no relay decides anything.

What holds them together is in what the contract checks of each: the nonce that they share, the
window of time, the spot price at the moment of execution.
"""

from dataclasses import replace
from typing import Final

from offbeat.core import InvalidInput, limits
from offbeat.sdk.terms import OrderTerms

MAX_ALTERNATIVES: Final = 8
"""Orders that may share one nonce."""
MAX_SLICES: Final = 128
"""Orders into which one may be sliced: half of a lane's window."""
MIN_SLICE_SECONDS: Final = 61
"""A batch must fit into a slice's window from its own time to its last second."""


def check_alternatives(orders: tuple[OrderTerms, ...]) -> None:
    """Whether orders may share a nonce: 2 to ``MAX_ALTERNATIVES`` of them, each only once.

    Raises :class:`InvalidInput` with code ``alternatives_invalid``.
    """
    if not 2 <= len(orders) <= MAX_ALTERNATIVES or len(set(orders)) < len(orders):
        raise InvalidInput(
            "alternatives_invalid",
            f"2 to {MAX_ALTERNATIVES} orders that differ may be alternatives",
        )


def time_slices(
    terms: OrderTerms, count: int, *, start_seconds: int, every_seconds: int
) -> list[OrderTerms]:
    """``count`` orders that fill ``terms`` bit by bit, the first from ``start_seconds`` on.

    Each may fill for ``every_seconds``, within its own limit, and never later: what it leaves is
    left. The lots are shared as evenly as they can be, earlier ones first, and a ``max_fee`` in
    proportion. Orders that fill whole or not at all have slices that do. Raises
    :class:`InvalidInput` with code ``slices_invalid``.
    """
    n_lots = terms.quantity_micros // limits.LOT_MICROS
    if not 1 <= count <= min(n_lots, MAX_SLICES):
        raise InvalidInput(
            "slices_invalid",
            f"1 to {MAX_SLICES} slices, each of {limits.LOT_MICROS} micros at least",
        )
    if every_seconds < MIN_SLICE_SECONDS or start_seconds < 0:
        raise InvalidInput("slices_invalid", f"a slice takes {MIN_SLICE_SECONDS} seconds or more")
    if terms.min_fill_micros not in (0, terms.quantity_micros):
        raise InvalidInput("slices_invalid", "slices fill whole, or any part: min_fill is neither")
    slices = []
    for number in range(count):
        quantity_micros = (n_lots // count + (number < n_lots % count)) * limits.LOT_MICROS
        share = terms.max_fee_micros
        begins_seconds = start_seconds + number * every_seconds
        slices.append(
            replace(
                terms,
                quantity_micros=quantity_micros,
                min_fill_micros=quantity_micros if terms.min_fill_micros else 0,
                max_fee_micros=None
                if share is None
                else share * quantity_micros // terms.quantity_micros,
                valid_from_seconds=begins_seconds,
                valid_until_seconds=begins_seconds + every_seconds - 1,
                valid_for_seconds=None,
            )
        )
    return slices
