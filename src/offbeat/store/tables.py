"""The tables, and how a view's row reads as what the journal has said.

Columns are named like the fields that they hold. Bodies stand in the journal alone: ``recorded``
leads from a view's row to the entry that brought its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from offbeat.core.lifecycle import BatchStatus, IntentStatus, Status, TransactionStatus
from offbeat.core.store_port import Entry, Stored, StoredBatch, StoredIntent, StoredTransaction

METADATA: Final = sa.MetaData()
_CURSOR: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite keeps a table in the order of its key only where the type is exactly INTEGER."""


def _column(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, **{"nullable": False, **options})


def _view(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        _column("recorded", _CURSOR, primary_key=True, autoincrement=False),
        _column("changed", sa.BigInteger),
        _column("changed_seconds", sa.BigInteger),
        _column("status", sa.SmallInteger),
        _column("reason", sa.Text),
        *columns,
    )


HEAD: Final = sa.Table(
    "journal_head",
    METADATA,
    _column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    _column("cursor", sa.BigInteger),
)
"""One row: the place of the latest entry. Whoever writes holds its lock until the commit."""

JOURNAL: Final = sa.Table(
    "journal",
    METADATA,
    _column("cursor", _CURSOR, primary_key=True, autoincrement=False),
    _column("time_seconds", sa.BigInteger),
    _column("entry", sa.LargeBinary),
)

INTENTS: Final = _view(
    "intents",
    _column("intent_hash", sa.LargeBinary, unique=True),
    _column("account", sa.LargeBinary),
    _column("filled_micros", sa.BigInteger),
    _column("paid_micros", sa.BigInteger),
    _column("fee_micros", sa.BigInteger),
    _column("batch_hash", sa.LargeBinary, nullable=True),
)
BATCHES: Final = _view(
    "batches",
    _column("batch_hash", sa.LargeBinary, unique=True),
    _column("number", sa.BigInteger),
    _column("transaction_hash", sa.LargeBinary, nullable=True),
)
TRANSACTIONS: Final = _view(
    "transactions",
    _column("transaction_hash", sa.LargeBinary, unique=True),
    _column("submitter", sa.LargeBinary),
    _column("nonce", sa.BigInteger),
    _column("block_number", sa.BigInteger, nullable=True),
)


def _open_index(table: sa.Table, closed: Status, *columns: str) -> None:
    """An index over a view's open rows alone: it stays small however long the journal grows."""
    is_open = table.c.status < sa.literal(closed.value, literal_execute=True)
    sa.Index(
        f"ix_{table.name}_open",
        *(table.c[column] for column in columns),
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


sa.Index("ix_batches_number", BATCHES.c.number)
sa.Index("ix_transactions_nonce", TRANSACTIONS.c.submitter, TRANSACTIONS.c.nonce)
_open_index(INTENTS, IntentStatus.FINAL, "account", "recorded")
_open_index(BATCHES, BatchStatus.FINAL, "recorded")
_open_index(TRANSACTIONS, TransactionStatus.FINAL, "recorded")


@dataclass(frozen=True, slots=True)
class View:
    """A derived table, its key, and the kind of row that it holds."""

    table: sa.Table
    key: sa.Column[Any]
    kind: type[Stored]
    statuses: type[Status]

    @property
    def is_open(self) -> sa.ColumnElement[bool]:
        """The condition of the partial index: a literal, or no planner would see that it is."""
        closed = sa.literal(self.statuses["FINAL"].value, sa.SmallInteger, literal_execute=True)
        return self.table.c.status < closed

    def values(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows as the table's columns."""
        return list(map(attrgetter(*self.table.c.keys()), rows))

    def select(self) -> sa.Select[Any]:
        """Rows with the entries that brought them, for :meth:`read`."""
        return sa.select(self.table, JOURNAL.c.time_seconds, JOURNAL.c.entry).join(
            JOURNAL, JOURNAL.c.cursor == self.table.c.recorded
        )

    def read(self, row: sa.Row[Any]) -> Any:
        """A selected row as its kind."""
        found = row._asdict()
        first = msgspec.structs.asdict(decode(found.pop("entry")))
        first["recorded_seconds"] = found.pop("time_seconds")
        found["status"] = self.statuses(found["status"])
        return self.kind(**{**first, **found})


VIEWS: Final = {
    view.kind: view
    for view in (
        View(INTENTS, INTENTS.c.intent_hash, StoredIntent, IntentStatus),
        View(BATCHES, BATCHES.c.batch_hash, StoredBatch, BatchStatus),
        View(TRANSACTIONS, TRANSACTIONS.c.transaction_hash, StoredTransaction, TransactionStatus),
    )
}

encode: Final = msgspec.msgpack.Encoder().encode
"""An entry as the journal keeps it: MessagePack, an array that starts with the entry's tag.

New fields go to the end, with a default; tags are never used again.
"""
decode: Final = msgspec.msgpack.Decoder(Entry).decode
