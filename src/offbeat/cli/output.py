"""What a command answers, and how it reaches people and programs.

Data goes to stdout: tables, or with ``--json`` one object in which every whole number is a decimal
string. Everything else goes to stderr, and progress only where that is a terminal.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from offbeat.core import (
    ChainError,
    InvalidInput,
    OffbeatError,
    OutcomeUnknown,
    Reason,
    Refused,
    Unavailable,
)
from offbeat.intents import address_text

_PIPE_WIDTH: Final = 132
"""Columns where nobody looks at a terminal: no line of ours is longer."""
_ADDRESS_BYTES: Final = 20


class ExitCode(IntEnum):
    """What the process returns."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    REJECTED = 3
    NETWORK = 4
    UNKNOWN = 5


@dataclass(frozen=True, slots=True)
class Result:
    """A command's answer: ``data`` for programs, ``show`` for people.

    In ``data`` whole numbers are numbers and bytes are bytes; :func:`to_json` writes them out.
    """

    data: Mapping[str, Any]
    show: Callable[[Console], None]
    exit_code: ExitCode = ExitCode.OK


def emit(result: Result, as_json: bool) -> None:
    """Write a result to stdout."""
    if as_json:
        print_json(result.data)
    else:
        result.show(stdout())


def emit_error(error: OffbeatError, as_json: bool) -> None:
    """Tell what went wrong: on stderr, or as the one object on stdout."""
    if as_json:
        details = getattr(error, "divergence", None)
        known = {"code": error.code, "message": error.message, "retryable": error.retryable}
        more = {"divergence": details.as_json()} if details else {}
        print_json({"error": known | more})
    else:
        stderr().print(f"[bold red]{error.code}[/]: ", end="")
        stderr().print(error.message, markup=False, highlight=False)


def print_json(data: Mapping[str, Any]) -> None:
    """One object on one line of stdout."""
    print(json.dumps(to_json(data), ensure_ascii=False))  # noqa: T201


def exit_code(error: OffbeatError) -> ExitCode:
    """The exit code that an error calls for."""
    match error:
        case InvalidInput():
            return ExitCode.USAGE
        case Refused():
            return ExitCode.REJECTED
        case Unavailable():
            return ExitCode.NETWORK
        case OutcomeUnknown():
            return ExitCode.UNKNOWN
        case ChainError() if error.code in set(Reason):
            return ExitCode.REJECTED
        case _:
            return ExitCode.FAILURE


def to_json(value: Any) -> Any:
    """``value`` with whole numbers as decimal strings and bytes as 0x-hexadecimal.

    Twenty bytes are an address and get their checksum.
    """
    match value:
        case bool() | None:
            return value
        case str():
            return str(value)
        case int():
            return f"{value:d}"
        case bytes():
            return address_text(value) if len(value) == _ADDRESS_BYTES else f"0x{value.hex()}"
        case Mapping():
            return {key: to_json(each) for key, each in value.items()}
        case _:
            return [to_json(each) for each in value]


def stdout() -> Console:
    """Where tables go; plain where it is no terminal, or with ``NO_COLOR``."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def stderr() -> Console:
    """Where everything goes that is not an answer."""
    return Console(stderr=True, highlight=False)


@contextmanager
def progress(message: str) -> Iterator[Callable[[str], None]]:
    """A line on stderr while something takes long, if anybody is there to see it.

    Gives a function that changes the line.
    """
    console = stderr()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(message) as status:
        yield lambda text: status.update(f"{message} {text}")


def table(title: str, *columns: str, numbers: int = 0) -> Table:
    """A table of ours; its last ``numbers`` columns are aligned to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for position, column in enumerate(columns):
        is_number = position >= len(columns) - numbers
        made.add_column(column, justify="right" if is_number else "left", overflow="fold")
    return made


def facts(title: str, rows: Mapping[str, str]) -> Table:
    """A table of names and values."""
    made = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows.items():
        made.add_row(name, value)
    return made
