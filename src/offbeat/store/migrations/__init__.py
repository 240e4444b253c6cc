"""The schema's history, which ships with the package and is run when a store is opened."""

from typing import Final

import sqlalchemy as sa

from offbeat.core import InvalidInput

LATEST: Final = "0001"
_LOCK: Final = 0x0FFB_EA70
"""PostgreSQL's advisory lock of whoever migrates: two relays may start at once."""


def migrate(connection: sa.Connection) -> None:
    """Bring a database to the latest schema, within the connection's transaction.

    Raises ``InvalidInput("store_schema")`` where a later version of Offbeat has been here.
    """
    if _version(connection) == LATEST:
        return
    # Heavy, and needed once in a database's life.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = Config()
    config.set_main_option("script_location", "offbeat.store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise InvalidInput("store_schema", f"another version's database: {error}") from error


def _version(connection: sa.Connection) -> str | None:
    table = sa.table("alembic_version", sa.column("version_num"))
    if not sa.inspect(connection).has_table(table.name):
        return None
    return connection.scalar(sa.select(table.c.version_num))
