"""The trader's page: files that ``make web`` has built, served from the wheel as they are.

The page may load nothing but these files, run no inline script or style, and be framed by nobody;
it may talk to this relay and to others that its user names. Files under ``/assets/`` have names
that change with their content, so browsers keep them for good.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_LOOPBACK: Final = " ".join(
    f"{scheme}://{host}:*" for scheme in ("http", "ws") for host in ("127.0.0.1", "localhost")
)
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        f"connect-src 'self' https: wss: {_LOOPBACK}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_INDEX: Final = "index.html"
_ALWAYS_ASK: Final = "no-cache"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the page, plain and compressed."""

    content: bytes
    compressed: bytes
    headers: dict[str, str]

    def answer(self, request: Request) -> Response:
        """The file, unless the browser has it."""
        if self.headers["etag"] in _etags(request):
            return Response(status_code=304, headers=self.headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.compressed, headers=self.headers | {"content-encoding": "gzip"})
        return Response(self.content, headers=self.headers)


def page_routes() -> list[Route]:
    """``/`` and every file that it needs; empty where the page was not built."""
    return [_route(path, file) for path, file in _page().items()]


def _route(path: str, file: _File) -> Route:
    async def get_file(request: Request) -> Response:
        return file.answer(request)

    return Route(path, get_file)


@cache
def _page() -> dict[str, _File]:
    """Every file of the page by its path; read once."""
    return {
        "/" if path == _INDEX else f"/{path}": _file(path, found.read_bytes())
        for path, found in _walk(files("offbeat.node").joinpath("page"))
    }


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        if each.is_dir():
            yield from _walk(each, f"{prefix}{each.name}/")
        elif each.name.rpartition(".")[2] in _TYPES:
            yield prefix + each.name, each


def _file(path: str, content: bytes) -> _File:
    headers = _HEADERS | {
        "cache-control": _FOR_GOOD if path.startswith("assets/") else _ALWAYS_ASK,
        "content-type": _TYPES[path.rpartition(".")[2]],
        "etag": f'W/"{sha256(content).hexdigest()[:32]}"',
    }
    return _File(content, gzip.compress(content, mtime=0), headers)


def _etags(request: Request) -> list[str]:
    return [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
