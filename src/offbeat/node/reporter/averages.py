"""Settlement prices: spot as it was agreed on, averaged over the half hour before an expiry."""

from collections import deque
from typing import Final

from offbeat.oracle import MarketView

WINDOW_SECONDS: Final = 1_800
MAX_GAP_SECONDS: Final = 120
"""How long an agreed price may stand for the time after it."""
KEPT_SECONDS: Final = 2 * WINDOW_SECONDS
"""How long after an expiry reporters go on offering its price."""


class Averages:
    """Agreed spot prices of the last hour by underlying, and what they average to."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[int, int]]] = {}
        self._expiries: dict[str, set[int]] = {}

    def add(self, time_seconds: int, views: tuple[MarketView, ...]) -> None:
        """Take in what a report has agreed on; later than everything before."""
        oldest = time_seconds - WINDOW_SECONDS - KEPT_SECONDS
        for view in views:
            samples = self._samples.setdefault(view.symbol, deque())
            samples.append((time_seconds, view.spot_micros))
            while samples[0][0] < oldest:
                samples.popleft()
            listed = self._expiries.setdefault(view.symbol, set())
            listed.update(each.expiry_seconds for each in view.expiries)
            listed.difference_update([at for at in listed if at < time_seconds - KEPT_SECONDS])

    def settling(self, symbol: str, time_seconds: int) -> tuple[tuple[int, int], ...]:
        """Prices of expiries that have passed lately and of whose window nothing is missing."""
        due = sorted(at for at in self._expiries.get(symbol, ()) if at <= time_seconds)
        prices = ((at, self.average_micros(symbol, at)) for at in due)
        return tuple((at, price) for at, price in prices if price is not None)

    def average_micros(self, symbol: str, expiry_seconds: int) -> int | None:
        """Spot averaged over time, rounded down; None where a gap is too long.

        Each agreed price stands until the next. The window begins with the price that stood then.
        """
        start = expiry_seconds - WINDOW_SECONDS
        total, covered_to, standing = 0, start, None
        samples = self._samples.get(symbol, ())
        for at, price in (*samples, (expiry_seconds, 0)):
            end = min(at, expiry_seconds)
            if standing is not None and end > covered_to:
                since, value = standing
                if end - since > MAX_GAP_SECONDS:
                    return None
                total += value * (end - covered_to)
                covered_to = end
            elif standing is None and end > start:
                return None
            if at >= expiry_seconds:
                break
            standing = (at, price)
        return total // WINDOW_SECONDS
