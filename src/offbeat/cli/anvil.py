"""Foundry's node as the chain of a development network."""

import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from offbeat.core import ChainError, InvalidInput

_INSTALLED_BY_NPM: Final = "node_modules/@foundry-rs/anvil-*/bin/anvil"
_LISTENS: Final = "Listening on "


def find_anvil() -> str:
    """The binary on the path, or the one that npm has installed where we stand.

    Raises ``InvalidInput("anvil_missing")``.
    """
    # Not npm's launcher: the node must be our own child, so that it ends when we end it.
    found = shutil.which("anvil") or next(map(str, Path.cwd().glob(_INSTALLED_BY_NPM)), None)
    if found is None:
        raise InvalidInput(
            "anvil_missing",
            "there is no anvil on the path or in ./node_modules: "
            "`npm install @foundry-rs/anvil` or https://getfoundry.sh brings it",
        )
    return found


@contextmanager
def anvil(binary: str, port: int) -> Iterator[str]:
    """A real node that mines each second, and at once what it is sent; its URL.

    Raises ``ChainError("anvil_failed")`` where it does not come up.
    """
    command = [
        binary, f"--port={port}", "--hardfork=prague", "--accounts=0", "--block-time=1",
        "--mixed-mining", "--enable-tx-gas-limit", "--gas-limit=36000000",
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C ends the relays first, while their chain is there
    ) as process:
        try:
            assert process.stdout is not None, "a pipe was asked for"
            said = deque[str](maxlen=3)
            for line in process.stdout:
                said.append(line.strip())
                if line.startswith(_LISTENS):
                    break
            else:
                why = " ".join(filter(None, said)) or "it said nothing"
                raise ChainError("anvil_failed", f"anvil did not start on port {port}: {why}")
            # A full pipe would stop the node.
            threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            yield f"http://{said[-1].split()[-1]}"
        finally:
            process.terminate()
