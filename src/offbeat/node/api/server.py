"""The HTTP server that an API runs on."""

from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from offbeat.node.api.settings import ApiLimits

PING_SECONDS: Final = 20.0
"""A stream's client is asked for a sign of life this often, and has as long to give one."""
_KEEP_ALIVE_SECONDS: Final = 75
_GRACE_SECONDS: Final = 10
_BACKLOG: Final = 2_048


def server_config(app: ASGIApp, limits: ApiLimits, **options: Any) -> uvicorn.Config:
    """How to serve an API; ``options`` are more of uvicorn's.

    Behind a proxy, name it in ``forwarded_allow_ips``: its header then says who a client is.
    """
    settings: dict[str, Any] = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "websockets-sansio",
        "lifespan": "off",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "backlog": _BACKLOG,
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
        "ws_max_size": limits.max_body_bytes,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "ws_per_message_deflate": False,
    }
    return uvicorn.Config(app, **(settings | options))
