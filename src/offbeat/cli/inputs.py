"""Files, deployments and nodes that arguments name."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from cyclopts import Parameter

from offbeat import chain
from offbeat.core import InvalidInput, OffbeatError
from offbeat.core.ports import Chain
from offbeat.intents import Domain, parse_address

if TYPE_CHECKING:
    from offbeat.chain import Deployment

MAX_INPUT_BYTES: Final = 64 * 2**20
STDIN: Final = "-"

InputFile = Annotated[
    str, Parameter(help="JSON file, or - for standard input.", allow_leading_hyphen=True)
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Place:
    """Where a signature is to hold: a deployment, or a chain and a contract."""

    deployment: Annotated[
        Path | None,
        Parameter(help="File that says where Offbeat stands.", env_var="OFFBEAT_DEPLOYMENT"),
    ] = None
    chain_id: Annotated[int | None, Parameter(help="Chain, without a deployment file.")] = None
    contract: Annotated[
        str | None, Parameter(help="Settlement contract, without a deployment file.")
    ] = None

    def domain(self) -> Domain | None:
        """The EIP-712 domain, None where nothing was said."""
        if self.chain_id is not None and self.contract is not None:
            return Domain(self.chain_id, parse_address(self.contract))
        if self.chain_id is not None or self.contract is not None:
            raise InvalidInput("place_incomplete", "--chain-id and --contract belong together")
        return read_deployment(self.deployment).domain if self.deployment else None


ANYWHERE: Final = Place()
"""Nothing said: what is read must say it itself."""


def read_text(file: str) -> str:
    """A file's text, or standard input's.

    Raises :class:`InvalidInput` with code ``file_unreadable``, or ``usage`` for an option.
    """
    if file.startswith("-") and file != STDIN:
        raise InvalidInput("usage", f"unknown option: {file}")
    try:
        if file == STDIN:
            raw = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(MAX_INPUT_BYTES + 1)
        if len(raw) > MAX_INPUT_BYTES:
            raise InvalidInput("file_unreadable", f"over {MAX_INPUT_BYTES} bytes")
        return raw.decode()
    except OSError as error:
        why = error.strerror or str(error)
        raise InvalidInput("file_unreadable", f"{file}: {why.lower()}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput("file_unreadable", f"{file} is not UTF-8 text") from error


def read_json(file: str) -> dict[str, Any]:
    """The JSON object in a file; raises ``InvalidInput("json_invalid")``."""
    try:
        found = json.loads(read_text(file), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidInput("json_invalid", f"{file} is nested too deeply") from error
    except JSONDecodeError as error:
        raise InvalidInput("json_invalid", f"{file} is not JSON: {error}") from error
    except ValueError as error:
        raise InvalidInput("json_invalid", f"{file} holds a number that is none") from error
    if not isinstance(found, dict):
        raise InvalidInput("json_invalid", f"{file} must hold one JSON object")
    return found


def _refuse_constant(name: str) -> None:
    """Python's reader would take NaN and Infinity, which are no JSON."""
    raise ValueError(name)


def read_deployment(file: Path) -> "Deployment":
    """The deployment in a file."""
    return chain.Deployment.from_json(read_json(str(file)))


@contextmanager
def open_chain(url: str) -> Iterator[Chain]:
    """The node behind a URL. Errors that leave this keep the URL's path and user to themselves:
    they may hold a key."""
    try:
        yield chain.RpcChain(url)
    except OffbeatError as error:
        parts = urlsplit(url)
        secrets = (url, parts.path.lstrip("/"), parts.query, parts.username, parts.password)
        for secret in secrets:
            if secret:
                error.message = error.message.replace(secret, "…")
        raise
