"""Relays that are killed at every write boundary and at any moment, under load."""

import random
from pathlib import Path

import pytest
from fault_campaign import Tally, crash_places, run_round
from fault_network import network
from fault_nursery import nursery
from looped import looped
from postgres_process import Postgres

from offbeat.core.lifecycle import IntentStatus

N_RANDOM = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@looped
async def test_what_was_acknowledged_ends_once_whatever_is_killed(
    store_url: str, tmp_path: Path
) -> None:
    chance, tally, places = random.Random(store_url.partition(":")[0]), Tally(), crash_places()
    async with (
        nursery() as nest,
        network(nest, tmp_path, store_url, on_anvil=False) as net,
    ):
        await run_round(net, places, N_RANDOM, chance, tally)
    assert set(tally.kills) == {*places, "random"}, "a place was not reached"
    assert tally.ends[IntentStatus.FINAL] > 0
    assert tally.ends[IntentStatus.EXPIRED] > 0
