"""``offbeat devnet up`` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ENTRY = "import sys; from offbeat.cli import main; sys.exit(main())"
_PORTS = ("--port=0", "--chain-port=0", "--reporter-port=0")


@contextmanager
def devnet(folder: Path, *options: str, **environment: str) -> Iterator[dict[str, Any]]:
    """A running network's devnet.json; stopped as Ctrl-C would."""
    environ = os.environ | environment
    command = [sys.executable, "-P", "-c", _ENTRY, "devnet", "up", f"--dir={folder}", *_PORTS]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        try:
            ready = any('"ready"' in line for line in process.stdout)
            assert ready, "ended before it was ready"
            yield json.loads((folder / "devnet.json").read_text())
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait() == 0
