"""A CSV file as typed rows, and a named fault for every line that is not one."""

import csv
import io
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from offbeat.core import InvalidInput

MAX_FILE_BYTES: Final = 64 * 2**20
"""Larger files are refused unread."""

Row = TypeVar("Row")
Record = dict[str, str]
"""One line by column name; of columns that share a name, the last."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """A line that was left out: where it ends and which rule it breaks (``code`` is stable)."""

    file: str
    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """The good rows of a file in file order, and a fault for every other line."""

    rows: tuple[Row, ...]
    faults: tuple[RowFault, ...]


def read_table(
    path: Path,
    columns: frozenset[str],
    parse: Callable[[Record], Row],
    identity: Callable[[Row], Hashable],
) -> Table[Row]:
    """Every line of ``path`` through ``parse``, which raises :class:`InvalidInput` to refuse one.

    A line's fault has the code that ``parse`` raised, ``csv_malformed``, ``field_count``, or
    ``row_duplicate`` when an earlier row has the same ``identity``. Raises
    :class:`InvalidInput` with code ``csv_unreadable``, ``csv_size`` or ``csv_header`` (a column
    of ``columns`` is absent) when the file is no such table at all.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    header = _header(reader, columns, path)
    rows: dict[Hashable, Row] = {}
    faults: list[RowFault] = []
    while True:
        try:
            values = next(reader)
            if len(values) != len(header):
                raise InvalidInput("field_count", f"{len(values)} fields, not {len(header)}")
            row = parse(dict(zip(header, values, strict=True)))
            if identity(row) in rows:
                raise InvalidInput("row_duplicate", "an earlier line has the same identity")
            rows[identity(row)] = row
        except StopIteration:
            return Table(tuple(rows.values()), tuple(faults))
        except csv.Error as error:
            faults.append(RowFault(path.name, reader.line_num, "csv_malformed", str(error)))
        except InvalidInput as error:
            faults.append(RowFault(path.name, reader.line_num, error.code, error.message))


def _text(path: Path) -> str:
    """The whole file; undecodable bytes become a character that no field's pattern admits."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInput("csv_size", f"{path.name} exceeds {MAX_FILE_BYTES} bytes")
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput("csv_unreadable", f"{path.name}: {error.strerror}") from error


def _header(reader: Iterator[list[str]], columns: frozenset[str], path: Path) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InvalidInput("csv_header", f"{path.name}: {error}") from error
    if missing := columns.difference(header):
        raise InvalidInput("csv_header", f"{path.name} lacks {', '.join(sorted(missing))}")
    return header
