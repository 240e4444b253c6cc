"""The volatility surface and the spot of a real book that was read over some minutes."""

from collections.abc import Sequence
from itertools import groupby
from statistics import median_low

from offbeat.core import limits
from offbeat.oracle import ExpiryQuotes, QuotedVolatility, Surface, fit_surface
from offbeat.sim.deribit_csv import BookRow


def book_spot_micros(rows: Sequence[BookRow]) -> int:
    """The index of the line that was read last."""
    return max(rows, key=lambda row: row.timestamp_millis).index_micros


def book_surface(rows: Sequence[BookRow], time_seconds: int) -> Surface:
    """A slice for every expiry, as of ``time_seconds``; raises as :func:`fit_surface`.

    Spot moves while a book is read line by line, so an expiry's forward is the last spot times
    the median ratio of forward to spot over its lines, each of which saw both at one moment.
    """
    spot_micros = book_spot_micros(rows)
    ordered = sorted(rows, key=_by_instrument)
    expiries = []
    for expiry_seconds, group in groupby(ordered, key=lambda row: row.instrument.expiry_seconds):
        lines = list(group)
        forward_micros = median_low(
            row.forward_micros * spot_micros // row.index_micros for row in lines
        )
        quotes = tuple(_quote(row, time_seconds) for row in lines)
        expiries.append(ExpiryQuotes(expiry_seconds, forward_micros, quotes))
    return fit_surface(expiries, time_seconds)


def _by_instrument(row: BookRow) -> int:
    return row.instrument.id


def _quote(row: BookRow, time_seconds: int) -> QuotedVolatility:
    return QuotedVolatility(
        strike_micros=row.instrument.strike_micros,
        bid=_volatility(row.bid_vol_bps),
        ask=_volatility(row.ask_vol_bps),
        mark=_volatility(row.mark_vol_bps or None),
        age_seconds=max(0, time_seconds - row.timestamp_millis // 1_000),
    )


def _volatility(vol_bps: int | None) -> float | None:
    return None if vol_bps is None else vol_bps / limits.BPS
