"""What relays answer, decoded and judged: no network here."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from offbeat.core import (
    ChainError,
    InvalidInput,
    OffbeatError,
    OutcomeUnknown,
    Reason,
    Refused,
    Unavailable,
)
from offbeat.wire import Problem

T = TypeVar("T")

_BUSY: Final = (408, 425, 429, 503)
_REFUSALS: Final = (401, 403, 409, 422)
_CHAIN: Final = 502
_UNKNOWN_OUTCOME: Final = 504
_MAX_PAUSE_SECONDS: Final = 60.0
_REASONS: Final = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to a relay, whichever; ``path`` includes the query."""

    method: str
    path: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; ``retry_after`` is the header's text."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the relay did what it was asked."""
        return 200 <= self.status < 300

    @property
    def pause_seconds(self) -> float | None:
        """How long the relay asks to be left alone; None where it does not say in seconds."""
        text = self.retry_after or ""
        return min(float(text), _MAX_PAUSE_SECONDS) if text.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: ``may_have_arrived`` unless the request certainly never reached the relay."""

    may_have_arrived: bool
    message: str


Answer = Reply | Silence


def decode(body: bytes, kind: type[T]) -> T:
    """The struct in a body; raises :class:`Unavailable` with code ``answer_invalid``."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        message = f"a relay's answer is not as it should be: {error}"
        raise Unavailable("answer_invalid", message) from error


def whole(text: str) -> int:
    """A whole number in an answer; raises :class:`Unavailable` with code ``answer_invalid``."""
    digits = text.removeprefix("-")
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 78:
        raise Unavailable("answer_invalid", "a relay's answer has text for a number")
    return int(text)


def error_of(answer: Answer) -> OffbeatError:
    """The error that an answer without success stands for."""
    if isinstance(answer, Silence):
        return Unavailable("relay_unreachable", answer.message)
    try:
        return error_from(decode(answer.body, Problem))
    except Unavailable:
        error = Unavailable("relay_failed", f"a relay answered with status {answer.status}")
        error.retryable = answer.ok or answer.status >= 500 or answer.status in _BUSY
        return error


def error_from(problem: Problem) -> OffbeatError:
    """A problem as an error of our tree, with its code and whether a repeat may help."""
    is_busy = problem.status in _BUSY or problem.retryable
    if problem.code in _REASONS or problem.status in _REFUSALS:
        kind: type[OffbeatError] = Refused
    elif problem.status == _UNKNOWN_OUTCOME:
        kind = OutcomeUnknown
    elif is_busy:
        kind = Unavailable
    elif problem.status == _CHAIN:
        kind = ChainError
    else:
        kind = InvalidInput if problem.status < 500 else OffbeatError
    error = kind(problem.code, problem.detail or problem.title)
    error.retryable = is_busy
    return error


def read(answer: Answer, kind: type[T]) -> T:
    """The struct in an answer with success; raises the error that another stands for."""
    if isinstance(answer, Silence) or not answer.ok:
        raise error_of(answer)
    return decode(answer.body, kind)


def encode(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)
