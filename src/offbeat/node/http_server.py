"""HTTP servers inside a process that has more to do than to serve."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from offbeat.core import InvalidInput


class HttpServer(uvicorn.Server):
    """Leaves signals alone: uvicorn would end the process by the signal itself, uncleaned."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is caught."""
        yield


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens; port 0 is any free one. Raises ``InvalidInput("address_in_use")``."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=1_024)
    except OSError as error:
        raise InvalidInput("address_in_use", f"cannot listen on {host}:{port}: {error}") from error
    with listening:
        yield listening


def url_of(listening: socket.socket) -> str:
    """Where to find what is served on the socket."""
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
