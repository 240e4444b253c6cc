"""Several processes open one new file at the same moment."""

import sqlite3
import threading
from pathlib import Path

from offbeat.store.database import open_database


def test_opening_waits_for_whoever_holds_the_new_file(tmp_path: Path) -> None:
    """However short the driver itself waits."""
    path = tmp_path / "store.db"
    with sqlite3.connect(path, isolation_level=None, check_same_thread=False) as other:
        other.execute("CREATE TABLE foreign_table (id INTEGER)")
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.2, other.execute, ["COMMIT"])
        release.start()
        database = open_database(f"sqlite:///{path}?timeout=0.02")
        release.join()
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    database.close()
    other.close()
