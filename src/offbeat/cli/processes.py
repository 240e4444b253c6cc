"""Commands of Offbeat's in processes of their own, which may be killed and started again."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from offbeat.core import Unavailable

START_SECONDS: Final = 60
"""How long a process may take to come up."""
STOP_SECONDS: Final = 15
_RUN: Final = "import sys; from offbeat.cli import main; sys.exit(main())"
_LISTENS: Final = "listening on"
_POLL_SECONDS: Final = 0.1


class ServerProcess:
    """A command that serves HTTP; it is up once ``GET {path}`` succeeds where it says it listens.

    What it says on standard error goes to the file ``log``.
    """

    def __init__(self, arguments: Sequence[str], path: str, log: Path) -> None:
        self._arguments = tuple(arguments)
        self._path = path
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it; its URL, once it is up.

        Raises :class:`~offbeat.core.Unavailable` with code ``node_unavailable``.
        """
        with self._log.open("ab") as log:
            begins = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing is imported from where we happen to stand
                "-c",
                _RUN,
                *self._arguments,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        return await self._up(self._process, begins)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def _up(self, process: asyncio.subprocess.Process, begins: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() < deadline and process.returncode is None:
                lines = self._log.read_bytes()[begins:].decode().splitlines()
                url = next((each.split()[-1] for each in lines if _LISTENS in each), None)
                if url is not None:
                    try:
                        if (await client.get(f"{url}{self._path}")).is_success:
                            return url
                    except httpx.HTTPError:
                        pass
                await asyncio.sleep(_POLL_SECONDS)
        raise Unavailable("node_unavailable", f"a process did not come up: see {self._log}")
