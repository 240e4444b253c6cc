"""The order book as arrays: validated, in canonical order, in whole lots and whole nanos."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from offbeat.clearing.orders import (
    MAX_INSTRUMENTS,
    MAX_NET_PRICE_NANOS,
    MAX_ORDERS,
    AuctionOrder,
)
from offbeat.core import InvalidInput, limits

Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

MICRO_NANOS: Final = 1_000
_SAFE: Final = 2**61
"""Two magnitudes below this add up inside an int64."""


@dataclass(frozen=True, slots=True)
class Legs:
    """A sparse integer matrix, one row per order: ``start`` (rows + 1), ``index``, ``ratio``."""

    start: Integers
    index: Integers
    ratio: Integers

    @property
    def lengths(self) -> Integers:
        """Number of legs of each order."""
        return np.diff(self.start)

    @property
    def weights(self) -> Integers:
        """Sum of the magnitudes of each order's ratios."""
        return np.add.reduceat(np.abs(self.ratio), self.start[:-1])

    @property
    def coarseness(self) -> Integers:
        """Greatest magnitude of each order's ratios."""
        return np.maximum.reduceat(np.abs(self.ratio), self.start[:-1])

    def net(self, prices: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Net price of each order: the sum of ratio times price over its legs."""
        return np.add.reduceat(self.ratio * prices[self.index], self.start[:-1])

    def flow(self, fills: Integers, instruments: int) -> Integers:
        """Net quantity of each instrument; exact, as 2**32 lots × 1,000 × 2**14 orders < 2**63."""
        total = np.zeros(instruments, np.int64)
        np.add.at(total, self.index, self.ratio * np.repeat(fills, self.lengths))
        return total

    def take(self, rows: Integers) -> "Legs":
        """The legs of the given orders only."""
        lengths = self.lengths[rows]
        start = np.concatenate(([0], np.cumsum(lengths)))
        where = np.repeat(self.start[rows] - start[:-1], lengths) + np.arange(start[-1])
        return Legs(start, self.index[where], self.ratio[where])

    def transposed(self, columns: int) -> "Legs":
        """The same matrix by column: for each instrument the orders and their ratios."""
        order = np.argsort(self.index, kind="stable")
        rows = np.repeat(np.arange(len(self.start) - 1), self.lengths)
        start = np.concatenate(([0], np.cumsum(np.bincount(self.index, minlength=columns))))
        return Legs(start, rows[order], self.ratio[order])


@dataclass(frozen=True, slots=True)
class Book:
    """Orders as arrays. Quantities are whole lots, limits are nanos, at most the greatest price.

    ``places[k]`` is the position in the caller's sequence of the book's order ``k``. Everything
    after this point depends on the book alone, so permuting the input changes nothing.
    """

    places: Integers
    instruments: tuple[int, ...]
    legs: Legs
    quantity: Integers
    min_fill: Integers
    limit: Integers

    @classmethod
    def of(cls, orders: Sequence[AuctionOrder]) -> "Book":
        """Check a non-empty sequence of orders and lay it out.

        Raises :class:`InvalidInput` with ``too_many_orders``, ``too_many_instruments``,
        ``legs_invalid``, ``quantity_invalid``, ``min_fill_invalid`` or ``limit_invalid``.
        """
        if len(orders) > MAX_ORDERS:
            raise InvalidInput("too_many_orders", f"an auction takes {MAX_ORDERS} orders at most")
        places = sorted(range(len(orders)), key=[_canonical(order) for order in orders].__getitem__)
        ranked = [orders[place] for place in places]
        instruments, legs = _lay_out(ranked)
        bound = limits.MAX_LIMIT_MICROS
        if not all(-bound <= order.limit_micros <= bound for order in ranked):
            raise InvalidInput("limit_invalid", "a limit is out of range")
        quantity = _whole_lots([order.quantity_micros for order in ranked], 1, "quantity_invalid")
        min_fill = _whole_lots([order.min_fill_micros for order in ranked], 0, "min_fill_invalid")
        if (min_fill > quantity).any():
            raise InvalidInput("min_fill_invalid", "a minimum fill exceeds its quantity")
        cap = MAX_NET_PRICE_NANOS
        nanos = [max(-cap, min(cap, order.limit_micros * MICRO_NANOS)) for order in ranked]
        # A limit below every price must not be raised into reach.
        unreachable = [order.limit_micros * MICRO_NANOS < -cap for order in ranked]
        quantity[unreachable] = 0
        return cls(
            places=np.array(places),
            instruments=instruments,
            legs=legs,
            quantity=quantity,
            min_fill=min_fill,
            limit=np.array(nanos, np.int64),
        )

    def margins(self, prices: Integers) -> Integers:
        """Limit less net price of each order in nanos, exact (beyond ±2**61 it is cut to that)."""
        span = int(np.abs(prices).max()) * limits.MAX_LEGS * limits.MAX_RATIO
        wide: type = np.int64 if span < _SAFE else object
        exact = self.limit.astype(wide) - self.legs.net(prices.astype(wide))
        return np.asarray(np.clip(exact, -_SAFE, _SAFE), np.int64)

    def flow(self, fills: Integers) -> Integers:
        """Net lots of each instrument; all zero when the fills balance."""
        return self.legs.flow(fills, len(self.instruments))

    def touching(self, instruments: Mask) -> Mask:
        """Orders with a leg in any of ``instruments``."""
        return np.asarray(
            np.logical_or.reduceat(instruments[self.legs.index], self.legs.start[:-1]), np.bool_
        )

    def reach(self) -> Integers:
        """Lots of each order that can matter: one more than the other side could ever fill.

        One more, so that an order which takes all of the other side is still only partly filled,
        and its limit sets the price, as it would with its full quantity.
        """
        flow = self.legs.ratio * np.repeat(self.quantity, self.legs.lengths)
        bought, sold = (np.zeros(len(self.instruments), np.int64) for _ in range(2))
        np.add.at(bought, self.legs.index, np.maximum(flow, 0))
        np.add.at(sold, self.legs.index, np.maximum(-flow, 0))
        other = np.where(self.legs.ratio > 0, sold[self.legs.index], bought[self.legs.index])
        most = np.minimum.reduceat(other // np.abs(self.legs.ratio), self.legs.start[:-1])
        return np.asarray(np.minimum(self.quantity, most + 1), np.int64)


_canonical = attrgetter("key", "legs", "limit_micros", "quantity_micros", "min_fill_micros")


def _lay_out(orders: Sequence[AuctionOrder]) -> tuple[tuple[int, ...], Legs]:
    lengths = np.array([len(order.legs) for order in orders])
    flat = [leg for order in orders for leg in order.legs]
    instruments = tuple(sorted({instrument for instrument, _ in flat}))
    if len(instruments) > MAX_INSTRUMENTS:
        raise InvalidInput("too_many_instruments", f"{MAX_INSTRUMENTS} instruments at most")
    if lengths.min() < 1 or lengths.max() > limits.MAX_LEGS:
        raise InvalidInput("legs_invalid", f"an order has 1 to {limits.MAX_LEGS} legs")
    if not all(0 < abs(ratio) <= limits.MAX_RATIO for _, ratio in flat):
        raise InvalidInput("legs_invalid", f"a ratio is 1 to {limits.MAX_RATIO}, of either sign")
    number = {instrument: k for k, instrument in enumerate(instruments)}
    start = np.concatenate(([0], np.cumsum(lengths)))
    index = np.array([number[instrument] for instrument, _ in flat])
    ascends = np.diff(index) > 0
    ascends[start[1:-1] - 1] = True
    if not ascends.all():
        raise InvalidInput("legs_invalid", "legs ascend strictly by instrument id")
    return instruments, Legs(start, index, np.array([ratio for _, ratio in flat]))


def _whole_lots(micros: list[int], least: int, code: str) -> Integers:
    if not (least <= min(micros) and max(micros) <= limits.MAX_QUANTITY_MICROS):
        raise InvalidInput(code, "a quantity is out of range")
    lots, dust = np.divmod(np.array(micros, np.int64), limits.LOT_MICROS)
    if dust.any():
        raise InvalidInput(code, f"quantities are multiples of {limits.LOT_MICROS} micros")
    return lots
