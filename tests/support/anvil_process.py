"""A real node for tests and measurements: anvil, started on a free port and stopped again."""

import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from offbeat.chain import AnvilChain

REPOSITORY = Path(__file__).resolve().parents[2]


def find_anvil() -> str | None:
    """The binary that `make anvil` installed, or one on the path; ``None`` without either."""
    # Not npm's launcher: the node must be our own child, so that it ends when we end it.
    installed = REPOSITORY.glob("node_modules/@foundry-rs/anvil-*/bin/anvil")
    return next(map(str, installed), None) or shutil.which("anvil")


@contextmanager
def anvil_process(*, genesis_seconds: int = 1_700_000_000) -> Iterator[AnvilChain]:
    """A running node with Prague rules and mainnet's cap on a transaction's gas."""
    command = [
        find_anvil() or "anvil",
        "--port=0",
        "--hardfork=prague",
        "--enable-tx-gas-limit",
        "--gas-limit=36000000",
        "--accounts=0",
        f"--timestamp={genesis_seconds}",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            listening = next(line for line in process.stdout if line.startswith("Listening on "))
            # A full pipe would stop the node.
            threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            chain = AnvilChain(f"http://{listening.split()[-1]}")
            chain.stop_clock()
            yield chain
        finally:
            process.terminate()
