"""From an empty database to the latest schema, however often and by however many at once."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from journal_entries import relayed
from store_tables import Run, dump_views

from offbeat.core import InvalidInput, Unavailable
from offbeat.store import database as database_module
from offbeat.store import open_store
from offbeat.store.database import open_database
from offbeat.store.migrations import LATEST
from offbeat.store.tables import METADATA


def test_migrations_make_the_tables_that_the_store_uses(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.writing() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
        indexes = {
            index["name"]: index["dialect_options"][f"{connection.dialect.name}_where"]
            for table in METADATA.sorted_tables
            for index in sa.inspect(connection).get_indexes(table.name)
            if index.get("dialect_options", {}).get(f"{connection.dialect.name}_where") is not None
        }
    assert {name: str(where).strip("()") for name, where in indexes.items()} == {
        "ix_intents_open": "status < 5",
        "ix_batches_open": "status < 2",
        "ix_transactions_open": "status < 2",
    }
    database.close()


def test_the_latest_schema_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "offbeat.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [LATEST]


def test_opening_again_changes_nothing(empty_url: str, run: Run) -> None:
    async def append(word: str) -> int:
        async with open_store(empty_url) as store:
            await store.append([relayed(word)], 7)
            return await store.head()

    assert run(append("a")) == 1
    database = open_database(empty_url)
    before = dump_views(database)
    database.close()
    assert run(append("a")) == 1
    database = open_database(empty_url)
    assert dump_views(database) == before
    database.close()
    assert run(append("b")) == 2


def test_several_may_open_an_empty_database_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(open_database, [empty_url] * 4):
            assert set(dump_views(database)) == {"intents", "batches", "transactions"}
            database.close()


def test_a_later_version_is_left_alone(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(InvalidInput) as caught:
        open_database(empty_url)
    assert caught.value.code == "store_schema"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.db",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://localhost/offbeat",
        "postgresql+asyncpg://localhost/offbeat",
    ],
)
def test_a_store_has_one_of_two_kinds_of_url(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_database(url)
    assert caught.value.code == "store_url"


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see " * 100)
    with pytest.raises(InvalidInput) as caught:
        open_database(f"sqlite:///{path}")
    assert caught.value.code == "store_url"
    assert path.read_text() == "nothing to see " * 100


def test_a_directory_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/disk/store.db"
    with pytest.raises(Unavailable):
        open_database(url)
    (tmp_path / "disk").mkdir()
    open_database(url).close()


def test_postgresql_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        database_module, "find_spec", lambda name: None if name == "psycopg" else find_spec(name)
    )
    with pytest.raises(InvalidInput) as caught:
        open_database("postgresql://localhost/offbeat")
    assert caught.value.code == "store_driver"
