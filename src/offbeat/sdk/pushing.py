"""How one intent is brought to relays: each step decided here, none taken.

A push is a generator: it yields a request, or a pause, and is sent what came of it. Whoever drives
several of them at once has what it takes to answer the caller: :func:`conclude`. A push repeats
nothing blindly: where an answer was lost it looks for the intent first, and then sends the same
bytes again, which is the same intent to every relay.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Final

from offbeat.core import OffbeatError, OutcomeUnknown, Unavailable
from offbeat.intents import SignedIntent
from offbeat.sdk.answers import Answer, Reply, Request, Silence, decode, error_of
from offbeat.wire import IntentView, Problem

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait at least so long. The driver answers whether there is time for another attempt."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """The relay has made the intent durable."""

    view: IntentView


@dataclass(frozen=True, slots=True)
class Rejected:
    """The relay will never take the intent."""

    error: OffbeatError


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer that settles it; ``may_have_arrived`` unless the relay surely does not have it."""

    error: OffbeatError
    may_have_arrived: bool


Outcome = Accepted | Rejected | Unreached
Push = Generator[Request | Pause, Answer | bool, Outcome]


class SendUnknown(OutcomeUnknown):
    """It may or may not be with a relay. ``intent_hash`` (0x-hexadecimal) is what to look for, with
    ``client.intent``; sending ``signed`` again is safe, signing anew is not."""

    def __init__(self, intent_hash: str, signed: SignedIntent, cause: str) -> None:
        super().__init__(
            "send_unknown",
            f"{intent_hash} may have arrived ({cause}): look it up at GET /v1/intents/{intent_hash}"
            ", or send the same signed intent again; another one could trade twice",
        )
        self.intent_hash = intent_hash
        self.signed = signed


def push(intent_hash: str, body: bytes) -> Push:
    """Bring ``body``, the intent of that hash (0x-hexadecimal), to one relay."""
    post = Request("POST", "/v1/intents", body)
    look = Request("GET", f"/v1/intents/{intent_hash}")
    pause_seconds, has_time = _FIRST_PAUSE_SECONDS, True
    must_look = in_flight = False
    while True:
        looks = must_look
        answer = yield look if looks else post
        assert not isinstance(answer, bool), "a request is answered by an answer"
        view = _accepted(answer, intent_hash)
        if view is not None:
            return Accepted(view)
        problem, error = _problem(answer), error_of(answer)
        if looks and problem is not None and problem.status == 404:
            must_look = False
            if has_time:
                continue
        elif not looks:
            if problem is not None and problem.status < 500 and not error.retryable:
                return Rejected(error)
            if problem is None and not error.retryable:
                # Something that is no relay has answered, and will again.
                return Unreached(error, in_flight)
            must_look, unsure = _doubt(answer, problem)
            in_flight = in_flight or unsure
        if has_time:
            asked = answer.pause_seconds if isinstance(answer, Reply) else None
            has_time = bool((yield Pause(max(pause_seconds, asked or 0.0))))
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
            if has_time or must_look:
                continue
        return Unreached(error, in_flight or must_look)


def conclude(intent_hash: str, signed: SignedIntent, outcomes: Iterable[Outcome]) -> OffbeatError:
    """The error that a call ends with which no relay has accepted."""
    rejected = [each.error for each in outcomes if isinstance(each, Rejected)]
    unreached = [each for each in outcomes if isinstance(each, Unreached)]
    doubtful = [each.error for each in unreached if each.may_have_arrived]
    if doubtful:
        return SendUnknown(intent_hash, signed, doubtful[0].message)
    if rejected:
        return rejected[0]
    errors = [each.error for each in unreached]
    if len(errors) == 1:
        return errors[0]
    reasons = "; ".join(dict.fromkeys(error.message for error in errors))
    return Unavailable("relays_unavailable", f"no relay took it: {reasons}")


def _accepted(answer: Answer, intent_hash: str) -> IntentView | None:
    """The view in an answer of success, if it is of this intent."""
    if isinstance(answer, Silence) or not answer.ok:
        return None
    try:
        view = decode(answer.body, IntentView)
    except Unavailable:
        return None
    return view if view.intent_hash == intent_hash else None


def _problem(answer: Answer) -> Problem | None:
    """What a relay itself says against the request; None for silence, gateways and nonsense."""
    if isinstance(answer, Silence) or answer.ok:
        return None
    try:
        return decode(answer.body, Problem)
    except Unavailable:
        return None


def _doubt(answer: Answer, problem: Problem | None) -> tuple[bool, bool]:
    """After a send that did not settle it: look first? and can it still be on its way, so that
    even finding nothing proves nothing?"""
    if isinstance(answer, Silence):
        return answer.may_have_arrived, answer.may_have_arrived
    if problem is None:
        # A gateway has answered: 429 is its own, anything else may stand for the relay's silence.
        return answer.status != 429, answer.status != 429
    return problem.status >= 500, problem.status == 504
