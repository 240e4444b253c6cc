"""What the processes of a network under faults run; see :mod:`fault_nursery`."""

import importlib
import json
import resource
import socket
import time
from pathlib import Path

import uvicorn

from offbeat.chain import EmbeddedChain, rpc_app
from offbeat.cli import main
from offbeat.node import crash_points

PAST_SECONDS = 3_600
"""The embedded chain begins so long ago: founding takes more blocks than seconds."""


def relay(config: str, max_file_bytes: int | None = None) -> int:
    """``offbeat node run``; no file of it may grow beyond ``max_file_bytes``."""
    importlib.reload(crash_points)  # the environment was another when it was imported
    if max_file_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, hard))
    return main(["node", "run", f"--config={config}"])


def embedded_chain(port: int, deployment_file: str) -> None:
    """The embedded chain behind JSON-RPC, with everything founded on it."""
    from fault_founding import found

    chain = EmbeddedChain(genesis_seconds=int(time.time()) - PAST_SECONDS)
    deployment = found(chain)
    Path(deployment_file).write_text(json.dumps(deployment.to_json()))
    with socket.create_server(("127.0.0.1", port)) as listening:
        server = uvicorn.Server(uvicorn.Config(rpc_app(chain), log_level="error", ws="none"))
        server.run(sockets=[listening])
