"""One transaction: entries to the end of the journal, and the views along with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import (
    MAX_PAGE,
    START,
    BatchCertified,
    Cursor,
    Entry,
    Stored,
    StoredTransaction,
    TransactionSigned,
)
from offbeat.store.fold import Shelves, fold, subject_of
from offbeat.store.tables import BATCHES, HEAD, JOURNAL, TRANSACTIONS, VIEWS, decode, encode

LOCKED_HEAD: Final = sa.select(HEAD.c.cursor).with_for_update()


@dataclass(frozen=True, slots=True)
class Call:
    """One caller's entries: journalled together or not at all."""

    entries: Sequence[Entry]
    time_seconds: int


Outcome = tuple[Stored, ...] | InvalidInput
"""The rows that a call's entries led to, or why it was refused."""


def commit(connection: sa.Connection, calls: Sequence[Call]) -> list[Outcome]:
    """Append every call that is not refused; one refusal leaves the others alone."""
    # Everybody queues here until the one before has committed. So places follow one another
    # without a gap, and nobody reads a later entry before an earlier one.
    head = connection.execute(LOCKED_HEAD).scalar_one()
    shelves = _load(connection, [entry for call in calls for entry in call.entries])
    lines: list[tuple[Cursor, int, bytes]] = []
    outcomes: list[Outcome] = []
    for call in calls:
        try:
            rows, drafted = _draft(shelves, call, Cursor(head + len(lines)))
        except InvalidInput as refusal:
            shelves.close(keep=False)
            outcomes.append(refusal)
        else:
            shelves.close(keep=True)
            lines += drafted
            outcomes.append(rows)
    if lines:
        _insert(connection, JOURNAL, lines)
        _write_views(connection, shelves, head)
        connection.execute(sa.update(HEAD).values(cursor=head + len(lines)))
    return outcomes


def rebuild(connection: sa.Connection) -> None:
    """Derive every view anew from the journal."""
    connection.execute(LOCKED_HEAD)
    for view in VIEWS.values():
        connection.execute(sa.delete(view.table))
    after = START
    while lines := connection.execute(page(after, MAX_PAGE)).all():
        entries = [decode(line.entry) for line in lines]
        shelves = _load(connection, entries)
        for line, entry in zip(lines, entries, strict=True):
            fold(shelves, entry, line.cursor, line.time_seconds)
        shelves.close(keep=True)
        _write_views(connection, shelves, after)
        after = lines[-1].cursor


def page(after: Cursor, limit: int) -> sa.Select[Any]:
    """The journal's next lines."""
    return (
        sa.select(JOURNAL).where(JOURNAL.c.cursor > after).order_by(JOURNAL.c.cursor).limit(limit)
    )


def _draft(
    shelves: Shelves, call: Call, after: Cursor
) -> tuple[tuple[Stored, ...], list[tuple[Cursor, int, bytes]]]:
    """The rows after each entry, and the lines for those that say something new."""
    rows: list[Stored] = []
    lines: list[tuple[Cursor, int, bytes]] = []
    for entry in call.entries:
        place = Cursor(after + len(lines) + 1)
        row = fold(shelves, entry, place, call.time_seconds)
        if row.changed == place:
            lines.append((place, call.time_seconds, encode(entry)))
        rows.append(row)
    return tuple(rows), lines


def _load(connection: sa.Connection, entries: Sequence[Entry]) -> Shelves:
    """What the views hold of everything that the entries are about."""
    signed = [entry for entry in entries if isinstance(entry, TransactionSigned)]
    subjects = {subject_of(entry) for entry in entries}
    subjects |= {(StoredTransaction, each.replaces) for each in signed if each.replaces is not None}
    shelves = Shelves()
    for kind, view in VIEWS.items():
        keys = [key for wanted, key in subjects if wanted is kind]
        if keys:
            for found in connection.execute(
                view.select().where(_among(connection, view.key, keys))
            ):
                shelves.rows.found[kind, getattr(found, view.key.name)] = view.read(found)
    if submitters := list({each.submitter for each in signed}):
        shelves.next_nonces.found |= _next_nonces(connection, submitters)
    if numbers := list({each.number for each in entries if isinstance(each, BatchCertified)}):
        shelves.standing.found |= _standing(connection, numbers)
    return shelves


def _next_nonces(connection: sa.Connection, submitters: list[bytes]) -> dict[bytes, int]:
    statement = (
        sa.select(TRANSACTIONS.c.submitter, sa.func.max(TRANSACTIONS.c.nonce) + 1)
        .where(_among(connection, TRANSACTIONS.c.submitter, submitters))
        .group_by(TRANSACTIONS.c.submitter)
    )
    return dict(connection.execute(statement).all())


def _standing(connection: sa.Connection, numbers: list[int]) -> dict[int, frozenset[bytes]]:
    statement = sa.select(BATCHES.c.number, BATCHES.c.batch_hash).where(
        _among(connection, BATCHES.c.number, numbers), BATCHES.c.status != BatchStatus.VOID
    )
    standing: dict[int, frozenset[bytes]] = {}
    for number, batch_hash in connection.execute(statement):
        standing[number] = standing.get(number, frozenset()) | {batch_hash}
    return standing


def _write_views(connection: sa.Connection, shelves: Shelves, head: Cursor) -> None:
    """Put changed rows in the place of those that were there up to ``head``."""
    for kind, view in VIEWS.items():
        rows = [row for (of, _), row in shelves.rows.changed.items() if of is kind]
        outdated = [row.recorded for row in rows if row.recorded <= head]
        if outdated:
            of_those = _among(connection, view.table.c.recorded, outdated)
            connection.execute(sa.delete(view.table).where(of_those))
        if rows:
            _insert(connection, view.table, view.values(rows))


def _among(
    connection: sa.Connection, column: sa.Column[Any], values: list[Any]
) -> sa.ColumnElement[bool]:
    """Whether a column has one of ``values``; as one array where the database plans that faster."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(values, ARRAY(column.type)))
    return column.in_(values)


def _insert(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows in the order of the table's columns, in each database's fastest way."""
    if connection.dialect.name == "postgresql":
        columns = {column.name: column.type.compile(connection.dialect) for column in table.c}
        copy_in = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(copy_in) as copy:
            copy.set_types([name.lower() for name in columns.values()])
            for row in rows:
                copy.write_row(row)
    else:
        connection.exec_driver_sql(_insert_text(table, connection.dialect), rows)


@lru_cache
def _insert_text(table: sa.Table, dialect: sa.Dialect) -> str:
    return str(sa.insert(table).compile(dialect=dialect))
