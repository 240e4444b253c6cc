"""The depth of a real book, as the resting orders of market makers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from offbeat.core import limits
from offbeat.instruments import Instrument, Leg
from offbeat.sim.deribit_csv import BookRow, coin_to_micros

INSTRUMENTS_PER_MAKER: Final = limits.MAX_PARTIALS // 2
"""With strict price priority one level on each side of an instrument is filled in part, so this
many instruments always leave a maker room to remember those."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One level of a book: ``leg`` buys or sells ``quantity_micros`` at ``limit_micros``.

    The limit has an order's sign: positive is paid by a bid, negative received by an offer.
    """

    leg: Leg
    limit_micros: int
    quantity_micros: int


def quotes_of(row: BookRow) -> Iterator[Quote]:
    """Every level of an option's book, at the index of the moment it was seen."""
    for side, levels in ((+1, row.bids), (-1, row.asks)):
        for level in levels:
            price_micros = coin_to_micros(level.price_coin_nanos, row.index_micros)
            yield Quote(Leg(row.instrument, side), side * price_micros, level.amount_micros)


def assign_makers(rows: Iterable[BookRow]) -> Iterator[tuple[str, Sequence[BookRow]]]:
    """The quoted options shared out to makers by expiry and strike, each with a stable name."""
    quoted = sorted((row for row in rows if row.bids or row.asks), key=_instrument)
    for expiry, group in groupby(quoted, key=lambda row: row.instrument.name.rsplit("-", 2)[0]):
        options = list(group)
        for start in range(0, len(options), INSTRUMENTS_PER_MAKER):
            desk = start // INSTRUMENTS_PER_MAKER + 1
            yield f"maker-{expiry}-{desk}", options[start : start + INSTRUMENTS_PER_MAKER]


def _instrument(row: BookRow) -> Instrument:
    return row.instrument
