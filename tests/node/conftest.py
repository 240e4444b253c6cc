"""An API on a made-up relay; and real relays, on a chain in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_desk import Desk, open_desk
from relay_house import House


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def built_house() -> House:
    return House()


@pytest.fixture
def house(built_house: House) -> Iterator[House]:
    with built_house.visit():
        yield built_house


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a relay may have its store."""
    return f"sqlite:///{tmp_path}/store.db"
