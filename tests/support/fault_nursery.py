"""Processes that start in milliseconds: forked from one that has imported everything.

The parent speaks to the nursery in lines of JSON: ``{"run": "module:function", "args": [...],
"environment": {...}, "log": path}`` is answered with ``{"born": pid}``, and each death is told as
``{"dead": pid, "status": code}``, with the code as :mod:`subprocess` gives it.
"""

import asyncio
import importlib
import json
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PRELOADED = (
    "highspy",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
    "offbeat.cli",
    "offbeat.cli.node",
    "offbeat.chain.rpc_server",
    "offbeat.clearing",
    "fault_children",
)
HERE = Path(__file__).resolve().parent


@dataclass
class Child:
    """A process; ``status`` is known once it is dead."""

    pid: int
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    status: int | None = None

    def send(self, which: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal, unless the process is gone."""
        if not self.dead.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, which)

    async def end(self, which: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; the status."""
        self.send(which)
        await self.dead.wait()
        assert self.status is not None
        return self.status


class Nursery:
    """Made by :func:`nursery`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._births: asyncio.Queue[int] = asyncio.Queue()
        self._children: dict[int, Child] = {}
        self._asking = asyncio.Lock()

    async def start(
        self,
        run: str,
        args: Sequence[Any] = (),
        *,
        environment: dict[str, str] | None = None,
        log: Path = Path(os.devnull),
    ) -> Child:
        """A new process that runs ``module:function`` and then ends."""
        order = {"run": run, "args": args, "environment": environment or {}, "log": str(log)}
        assert self._process.stdin is not None
        async with self._asking:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            pid = await self._births.get()
        return self._children[pid]

    async def listen(self) -> None:
        """Hear of births and deaths."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            match json.loads(line):
                case {"born": pid}:
                    self._children[pid] = Child(pid)
                    self._births.put_nowait(pid)
                case {"dead": pid, "status": status}:
                    child = self._children.pop(pid)
                    child.status = status
                    child.dead.set()


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """A nursery; all its children end with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    made = Nursery(process)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening


# In the nursery's own process -------------------------------------------------------------


def main() -> None:
    """Fork on demand until nobody asks any more."""
    sys.path.insert(0, str(HERE))
    for module in PRELOADED:
        with suppress(ImportError):
            importlib.import_module(module)
    wakes, wake = os.pipe()
    for end in (wakes, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # it ends with its parent, and its children with it
    children: set[int] = set()
    unread = b""
    while True:
        readable, _, _ = select.select([0, wakes], [], [])
        if wakes in readable:
            os.read(wakes, 4_096)
            _bury(children)
        if 0 in readable:
            read = os.read(0, 65_536)
            if not read:
                break
            *lines, unread = (unread + read).split(b"\n")
            for line in lines:
                pid = _fork(json.loads(line))
                children.add(pid)
                _say({"born": pid})
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    while children:
        _bury(children)


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for theirs, ours in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(theirs, ours)
        os.environ.update(order["environment"])
        module, _, function = order["run"].partition(":")
        status = getattr(importlib.import_module(module), function)(*order["args"]) or 0
    except BaseException:  # a child must never come back into the parent's loop
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _bury(children: set[int]) -> None:
    for pid in list(children):
        dead, status = os.waitpid(pid, os.WNOHANG)
        if dead:
            children.remove(pid)
            _say({"dead": pid, "status": os.waitstatus_to_exitcode(status)})


def _say(what: dict[str, int]) -> None:
    with suppress(BrokenPipeError):
        os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
