"""The durable memory of relays: an append-only journal on SQLite or PostgreSQL, and its views.

What :mod:`offbeat.core.store_port` promises, :func:`open_store` keeps.
"""

from offbeat.store.sql_store import open_store

__all__ = ["open_store"]
