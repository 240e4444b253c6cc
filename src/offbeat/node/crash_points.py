"""Named places at which a test may kill the process, as a power cut would.

A place is passed before and after everything that makes something durable or sends it away.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "OFFBEAT_CRASH_AT"
"""The environment variable: a place's name, and after a colon how often it is passed before."""

_place, _, _passes = os.environ.get(VARIABLE, "").partition(":")
_left = int(_passes or 0)


def crash_point(place: str) -> None:
    """Nothing, unless the environment names this place: then the process ends here."""
    global _left  # noqa: PLW0603  the process's own countdown
    if place != _place:
        return
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    _left -= 1
