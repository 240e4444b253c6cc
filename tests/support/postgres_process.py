"""A real PostgreSQL for tests and measurements: in a temporary directory, on a free port."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any

import psycopg

SETTINGS = {"shared_buffers": "32MB", "max_connections": "64", "listen_addresses": "127.0.0.1"}
MEMORY = Path("/dev/shm")


def find_postgres() -> Path | None:
    """The directory of the newest binaries installed; ``None`` without any."""
    packaged = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(packaged, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass
class Postgres:
    """A server that can be stopped, crashed and started again, and makes fresh databases."""

    binaries: Path
    directory: Path
    port: int
    user: str | None
    _names: Iterator[int] = field(default_factory=count)
    _process: subprocess.Popen[str] | None = None
    _drain: threading.Thread = field(default_factory=threading.Thread)

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._names)}"
        self.execute(self._url("postgres"), f"CREATE DATABASE {name}")
        return self._url(name)

    def execute(self, url: str, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement in a session of its own; the rows that it returns, if any."""
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _url(self, database: str) -> str:
        return f"postgresql://offbeat@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        self._process = subprocess.Popen(
            [
                self.binaries / "postgres",
                f"-D{self.directory / 'data'}",
                f"-p{self.port}",
                f"-cunix_socket_directories={self.directory}",
                *options,
            ],
            stderr=subprocess.PIPE,
            text=True,
            **self.privileges,
        )
        assert self._process.stderr is not None
        log = self._process.stderr
        if not any("ready to accept connections" in line for line in log):
            raise RuntimeError("PostgreSQL did not start")
        # A full pipe would stop the server.
        self._drain = threading.Thread(target=_read_to_the_end, args=(log,), daemon=True)
        self._drain.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every session first, SIGQUIT is a crash."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait()
        self._drain.join()
        self._process = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def privileges(self) -> dict[str, Any]:
        """PostgreSQL refuses to be root."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}


@contextmanager
def postgres_process(*, on_disk: bool = False) -> Iterator[Postgres]:
    """A running server; everything that it was is gone afterwards.

    Where there is room its thousand small files stay in memory, unless it matters that a commit
    reaches a disk.
    """
    binaries = find_postgres()
    assert binaries is not None, "PostgreSQL is not installed"
    in_memory = not on_disk and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30
    place = MEMORY if in_memory else None
    with tempfile.TemporaryDirectory(prefix="offbeat-postgres-", dir=place) as directory:
        server = Postgres(binaries, Path(directory), _free_port(), _unprivileged_user())
        if server.user is not None:
            shutil.chown(directory, server.user)
        subprocess.run(
            [
                binaries / "initdb",
                f"--pgdata={server.directory / 'data'}",
                "--username=offbeat",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            **server.privileges,
        )
        server.start()
        try:
            yield server
        finally:
            if server.is_running:
                server.stop(signal.SIGQUIT)


def _read_to_the_end(log: IO[str]) -> None:
    with log:
        deque(log, 0)


def _unprivileged_user() -> str | None:
    """Whom the server runs as; ``None`` where we are nobody special ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
