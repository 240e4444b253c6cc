"""A store from behind: its tables; and from in front, without ``await``."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import sqlalchemy as sa

from offbeat.core import InvalidInput
from offbeat.store.database import Database
from offbeat.store.tables import HEAD, METADATA, VIEWS

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Waits for a coroutine; a fixture."""


def refusal(run: Run, coroutine: Coroutine[Any, Any, Any]) -> str:
    """The code that a call is refused with."""
    with pytest.raises(InvalidInput) as caught:
        run(coroutine)
    return caught.value.code


def wipe(database: Database) -> None:
    """Back to a store without any entry."""
    with database.writing() as connection:
        for table in METADATA.sorted_tables:
            if table is not HEAD:
                connection.execute(sa.delete(table))
        connection.execute(sa.update(HEAD).values(cursor=0))


def dump_views(database: Database) -> dict[str, list[Any]]:
    """Every row of every view."""
    with database.reading() as connection:
        return {
            view.table.name: connection.execute(
                sa.select(view.table).order_by(view.table.c.recorded)
            ).all()
            for view in VIEWS.values()
        }
