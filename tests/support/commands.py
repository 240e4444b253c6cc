"""What a command leaves behind, and what runs one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Run = Callable[..., Answer]
"""Runs a command of these arguments."""
Write = Callable[..., str]
"""Puts a JSON value, or text, into a file, which may be given a name; its path."""
