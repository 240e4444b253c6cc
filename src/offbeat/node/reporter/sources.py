"""Where a reporter sees markets: one call for each underlying, and the time it is asked for."""

from collections.abc import Sequence
from typing import Protocol

from offbeat.oracle import MarketView


class MarketSource(Protocol):
    """A venue, a folder or an invention."""

    async def views(self, time_seconds: int) -> Sequence[MarketView]:
        """Every underlying as seen now, which is ``time_seconds`` or shortly after.

        Raises :class:`~offbeat.core.Unavailable` where nothing can be seen, or
        :class:`~offbeat.core.InvalidInput` where what is seen makes no sense.
        """
