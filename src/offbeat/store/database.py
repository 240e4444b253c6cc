"""SQLite and PostgreSQL behind one pair of engines: one connection writes, some read."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event, exc

from offbeat.core import InvalidInput, Unavailable
from offbeat.store.migrations import migrate

READERS: Final = 4
"""Connections for reading, and as many threads."""
OPEN_SECONDS: Final = 10.0
"""How long opening waits while others open the same new file."""

_SQLITE_WRITER: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: to the disk, not to its cache
    "PRAGMA cache_size = -65536",
    # What a killed writer left unsynchronised becomes durable before anybody can rely on it.
    "PRAGMA wal_checkpoint(PASSIVE)",
)
_SQLITE_READER: Final = ("PRAGMA query_only = ON",)
_POSTGRESQL: Final = ("SET plan_cache_mode = force_custom_plan",)  # no plan of an empty table
_POSTGRESQL_WRITER: Final = (
    *_POSTGRESQL,
    "SET synchronous_commit = on",
    # Who has waited for the head's lock must see what the one before has committed.
    "SET default_transaction_isolation = 'read committed'",
    # A writer that hangs with the head's lock must not stop the others.
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '5s'",
)
_POSTGRESQL_READER: Final = (
    *_POSTGRESQL,
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '5s'",
)
_POSTGRESQL_NETWORK: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 5,
    "tcp_user_timeout": 10_000,
}


@dataclass(frozen=True, slots=True)
class Database:
    """Where a journal lives. ``writer`` takes the write lock as a transaction begins."""

    writer: sa.Engine
    reader: sa.Engine

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, durable when the block ends; raises :class:`Unavailable`."""
        with _translated(self.writer), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection whose every statement sees one moment; raises :class:`Unavailable`."""
        with _translated(self.reader), self.reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection; the next use would connect again."""
        self.writer.dispose()
        self.reader.dispose()


def open_database(url: str) -> Database:
    """Connect to ``sqlite:///path`` or ``postgresql://…`` and bring the schema up to date.

    Raises ``InvalidInput`` with code ``store_url`` (no store can be there), ``store_driver``
    (PostgreSQL's is not installed) or ``store_schema``, and :class:`Unavailable`.
    """
    database = _connect(url)
    with ExitStack() as stack:
        stack.callback(database.close)
        try:
            _bring_up_to_date(database)
        except exc.DatabaseError as error:
            raise InvalidInput("store_url", f"no store can be there: {error.orig}") from error
        stack.pop_all()
    return database


def _bring_up_to_date(database: Database) -> None:
    """Migrate; whoever opens a new SQLite file beside others has his turn after them.

    SQLite's own patience does not cover every lock that a new write-ahead log takes.
    """
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            with database.writing() as connection:
                migrate(connection)
            return
        except Unavailable as error:
            cause = getattr(error.__cause__, "orig", error.__cause__)
            is_busy = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _connect(url: str) -> Database:
    try:
        place = sa.make_url(url)
    except exc.ArgumentError as error:
        raise InvalidInput("store_url", "not a database URL") from error
    if place.drivername == "sqlite" and place.database not in (None, "", ":memory:"):
        return _sqlite(place)
    if place.drivername == "postgresql":
        if find_spec("psycopg") is None:
            raise InvalidInput("store_driver", "PostgreSQL needs offbeat[postgres]")
        return _postgresql(place.set(drivername="postgresql+psycopg"))
    raise InvalidInput("store_url", "a store is at sqlite:///path or postgresql://…")


def _sqlite(place: sa.URL) -> Database:
    database = _engines(place)
    _prepare(database.writer, _SQLITE_WRITER)
    _prepare(database.reader, _SQLITE_READER)
    # Lock at once: a transaction that has read first may find its snapshot outdated.
    event.listen(database.writer, "begin", lambda each: each.exec_driver_sql("BEGIN IMMEDIATE"))
    return database


def _postgresql(place: sa.URL) -> Database:
    database = _engines(place, connect_args=_POSTGRESQL_NETWORK, pool_pre_ping=True)
    _prepare(database.writer, _POSTGRESQL_WRITER)
    _prepare(database.reader, _POSTGRESQL_READER)
    return database


def _engines(place: sa.URL, **options: Any) -> Database:
    return Database(
        writer=sa.create_engine(place, pool_size=1, max_overflow=0, **options),
        reader=sa.create_engine(
            place, pool_size=READERS, max_overflow=0, isolation_level="AUTOCOMMIT", **options
        ),
    )


def _prepare(engine: sa.Engine, statements: tuple[str, ...]) -> None:
    """Run ``statements`` on each new connection, for as long as it lives."""

    def on_connect(connection: Any, _record: Any) -> None:
        if engine.dialect.name == "sqlite":
            connection.isolation_level = None  # the driver begins nothing by itself
        with closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()

    event.listen(engine, "connect", on_connect)


@contextmanager
def _translated(engine: sa.Engine) -> Iterator[None]:
    """Turn what a driver says of an absent, full or busy database into :class:`Unavailable`."""
    driver = engine.dialect.loaded_dbapi
    try:
        yield
    except (
        exc.OperationalError,
        exc.InternalError,
        exc.InterfaceError,
        driver.OperationalError,
        driver.InternalError,
        driver.InterfaceError,
    ) as error:
        cause = getattr(error, "orig", error)
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise  # a statement that is wrong, which this driver calls operational too
        raise Unavailable("store_unavailable", str(cause).partition("\n")[0]) from error
