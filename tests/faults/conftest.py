"""Networks of real processes, and what they need."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from anvil_process import find_anvil
from postgres_process import Postgres, find_postgres, postgres_process


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole run."""
    if find_postgres() is None:
        pytest.skip("no PostgreSQL (on Debian: apt-get install postgresql)")
    with postgres_process() as server:
        yield server


@pytest.fixture
def needs_anvil() -> None:
    """Nothing, where there is a real node."""
    if find_anvil() is None:
        pytest.skip("no anvil (`make anvil` installs it where npm is present)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These take minutes: `make crash` runs them, `make test` only says that it does not."""
    if os.environ.get("OFFBEAT_FAULTS") != "1":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="faults take minutes: `make crash`"))
