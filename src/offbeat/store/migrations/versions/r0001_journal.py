"""The journal, and the views of intents, batches and transactions."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

_CURSOR: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make everything, with the head before the first entry."""
    head = op.create_table(
        "journal_head",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(head, [{"id": 0, "cursor": 0}])
    op.create_table(
        "journal",
        sa.Column("cursor", _CURSOR, primary_key=True, autoincrement=False),
        sa.Column("time_seconds", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    _create_view(
        "intents",
        sa.Column("intent_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("account", sa.LargeBinary, nullable=False),
        sa.Column("filled_micros", sa.BigInteger, nullable=False),
        sa.Column("paid_micros", sa.BigInteger, nullable=False),
        sa.Column("fee_micros", sa.BigInteger, nullable=False),
        sa.Column("batch_hash", sa.LargeBinary),
    )
    _create_open_index("intents", "status < 5", "account", "recorded")
    _create_view(
        "batches",
        sa.Column("batch_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary),
    )
    _create_open_index("batches", "status < 2", "recorded")
    op.create_index("ix_batches_number", "batches", ["number"])
    _create_view(
        "transactions",
        sa.Column("transaction_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("submitter", sa.LargeBinary, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("block_number", sa.BigInteger),
    )
    _create_open_index("transactions", "status < 2", "recorded")
    op.create_index("ix_transactions_nonce", "transactions", ["submitter", "nonce"])


def _create_view(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("recorded", _CURSOR, primary_key=True, autoincrement=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("changed_seconds", sa.BigInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        *columns,
    )


def _create_open_index(table: str, is_open: str, *columns: str) -> None:
    condition = sa.text(is_open)
    op.create_index(
        f"ix_{table}_open",
        table,
        columns,
        sqlite_where=condition,
        postgresql_where=condition,
    )
