"""A store of each kind, on a database of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from postgres_process import Postgres, find_postgres, postgres_process
from store_tables import Run, wipe

from offbeat.core.store_port import Store
from offbeat.store import open_store
from offbeat.store.database import open_database


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole run."""
    if find_postgres() is None:
        pytest.skip("no PostgreSQL (on Debian: apt-get install postgresql)")
    with postgres_process() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_store_url(postgres: Postgres) -> str:
    """A store made once: a new database takes longer than most tests."""
    url = postgres.new_database()
    open_database(url).close()
    return url


@pytest.fixture
def postgres_url(postgres_store_url: str) -> str:
    """A store in PostgreSQL without any entry."""
    database = open_database(postgres_store_url)
    wipe(database)
    database.close()
    return postgres_store_url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Where SQLite may make a store."""
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A store of either kind without any entry: the test runs on both."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """A database of either kind with nothing in it."""
    if request.param == "sqlite":
        return sqlite_url
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def run() -> Iterator[Run]:
    """Wait for a coroutine, on one loop for the whole test."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def store(store_url: str, run: Run) -> Iterator[Store]:
    """An open store."""
    stack = AsyncExitStack()
    yield run(stack.enter_async_context(open_store(store_url)))
    run(stack.aclose())
