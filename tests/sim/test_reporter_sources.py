"""A recorded book and the invented market, as reporters see them."""

import asyncio
from pathlib import Path

from offbeat.oracle import report_of, wrong_rows
from offbeat.sim import FolderSource, InventedSource
from offbeat.sim.live_market import live_spot_micros

NOW = 1_800_000_000


def test_a_recorded_book_loses_its_expiries_one_by_one(data_dir: Path) -> None:
    source = FolderSource(data_dir / "eth_options_2023-11-20")
    (early,) = asyncio.run(source.views(0))
    first = early.expiries[0].expiry_seconds
    (late,) = asyncio.run(source.views(first))
    assert late.expiries == early.expiries[1:]
    assert early.symbol == "ETH"
    assert wrong_rows(report_of([early], first - 1)) == ()


def test_every_seed_sees_nearly_the_same() -> None:
    views = [asyncio.run(InventedSource(seed).views(NOW))[0] for seed in range(5)]
    assert len({view.spot_micros for view in views}) > 1
    truth = live_spot_micros(NOW)
    assert all(abs(view.spot_micros - truth) * 2_000 <= truth for view in views)
    assert views[0] == asyncio.run(InventedSource(0).views(NOW))[0]
