"""A process that runs a real reporter on a market of its own: ``percent`` of the invented one."""

import sys
from collections.abc import Sequence

from reporting import scaled

from offbeat import sim
from offbeat.cli import main
from offbeat.oracle import MarketView


class _Lies(sim.InventedSource):
    async def views(self, time_seconds: int) -> Sequence[MarketView]:
        """The truth, scaled."""
        return [scaled(view, PERCENT) for view in await super().views(time_seconds)]


if __name__ == "__main__":
    PERCENT = int(sys.argv[1])
    sim.InventedSource = _Lies  # type: ignore[misc]
    sys.exit(main(sys.argv[2:]))
