"""An ASGI app on a free port of this machine, in a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from offbeat.chain import EmbeddedChain, rpc_app


@contextmanager
def http_server(app: Any) -> Iterator[str]:
    """The app's URL while it runs."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        started = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, listening, started))
        thread.start()
        started.wait()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def rpc_server(chain: EmbeddedChain, **options: Any) -> Iterator[str]:
    """The embedded chain's URL."""
    with http_server(rpc_app(chain, **options)) as url:
        yield url


def _serve(server: uvicorn.Server, listening: socket.socket, started: threading.Event) -> None:
    # The socket listens already: whoever connects early waits until the app is there.
    started.set()
    server.run(sockets=[listening])
