"""Markets for a reporter beside a venue's API: a folder of a venue's files, and an invention."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from offbeat.core import limits
from offbeat.oracle import MarketView, Surface
from offbeat.sim.book_report import book_time_seconds
from offbeat.sim.book_surface import book_spot_micros, book_surface
from offbeat.sim.demo_prices import SYMBOL, smile_slice
from offbeat.sim.deribit_csv import read_order_book
from offbeat.sim.live_market import STRIKES_MICROS, live_expiries, live_spot_micros

_JITTER_BPS: Final = 5


class FolderSource:
    """``order_book.csv`` as it stood when it was read; expiries go by as they come.

    Raises :class:`~offbeat.core.InvalidInput` as ``read_order_book``.
    """

    def __init__(self, folder: Path) -> None:
        rows = read_order_book(folder / "order_book.csv").rows
        surface = book_surface(rows, book_time_seconds(rows))
        strikes: dict[int, set[int]] = {}
        for row in rows:
            terms = row.instrument
            strikes.setdefault(terms.expiry_seconds, set()).add(terms.strike_micros)
        symbol = rows[0].instrument.underlying
        self._view = MarketView.of_surface(surface, symbol, book_spot_micros(rows), strikes)

    async def views(self, time_seconds: int) -> Sequence[MarketView]:
        """See :class:`~offbeat.node.MarketSource`."""
        ahead = (each for each in self._view.expiries if each.expiry_seconds > time_seconds)
        return [replace(self._view, expiries=tuple(ahead))]


class InventedSource:
    """The development network's market, seen with small errors of one's own, drawn by ``seed``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def views(self, time_seconds: int) -> Sequence[MarketView]:
        """See :class:`~offbeat.node.MarketSource`."""
        jitter = Random(f"{self._seed} {time_seconds}").randint(-_JITTER_BPS, _JITTER_BPS)
        spot_micros = live_spot_micros(time_seconds) * (limits.BPS + jitter) // limits.BPS
        slices = tuple(
            smile_slice(expiry, time_seconds, spot_micros) for expiry in live_expiries(time_seconds)
        )
        strikes = {each.expiry_seconds: STRIKES_MICROS for each in slices}
        surface = Surface(time_seconds, slices)
        return [MarketView.of_surface(surface, SYMBOL, spot_micros, strikes)]
