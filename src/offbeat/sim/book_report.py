"""The oracle report that a real book stands for."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from offbeat.core import InvalidInput, ceil_div
from offbeat.instruments import Instrument
from offbeat.oracle import Report
from offbeat.sim.book_surface import book_spot_micros, book_surface
from offbeat.sim.deribit_csv import BookRow, read_order_book
from offbeat.sim.market_report import market_report


def load_report(folder: Path, options: Iterable[Instrument]) -> Report:
    """The report on ``options`` under ``order_book.csv`` in ``folder``.

    Raises :class:`InvalidInput` as ``read_order_book`` and :func:`report_of_book`.
    """
    return report_of_book(read_order_book(folder / "order_book.csv").rows, options)


def report_of_book(rows: Sequence[BookRow], options: Iterable[Instrument]) -> Report:
    """The report on ``options`` as of the book's last line.

    Raises :class:`InvalidInput` with code ``book_empty`` or ``book_underlyings`` (more than one),
    or as ``market_report``.
    """
    time_seconds = book_time_seconds(rows)
    underlyings = {row.instrument.underlying for row in rows}
    if len(underlyings) > 1:
        raise InvalidInput("book_underlyings", "the book is of more than one underlying")
    surface = book_surface(rows, time_seconds)
    return market_report(surface, underlyings.pop(), book_spot_micros(rows), options)


def book_time_seconds(rows: Sequence[BookRow]) -> int:
    """When the whole book had been read; raises ``InvalidInput("book_empty")``."""
    if not rows:
        raise InvalidInput("book_empty", "the book has no usable line")
    return ceil_div(max(row.timestamp_millis for row in rows), 1_000)
