"""What relays answer to many intents in one request, judged one by one: no network here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from offbeat.core import Unavailable
from offbeat.sdk.answers import Answer, Request, Silence, decode
from offbeat.wire import Admission, IntentView, Problem

MAX_ARRAY: Final = 64
"""Intents in one request; every relay takes so many unless its operator says otherwise."""


@dataclass(frozen=True, slots=True)
class ArrayOutcome:
    """Intents that the relay has made durable, by hash, and whether it may have more of them."""

    accepted: Mapping[str, IntentView]
    may_have_others: bool


def array_request(bodies: Sequence[bytes]) -> Request:
    """Up to :data:`MAX_ARRAY` signed intents as one request."""
    return Request("POST", "/v1/intents", b"[" + b",".join(bodies) + b"]")


def array_outcome(answer: Answer, names: Sequence[str]) -> ArrayOutcome:
    """What an answer says of the intents of these hashes, which stood in that order."""
    if isinstance(answer, Silence):
        return ArrayOutcome({}, answer.may_have_arrived)
    try:
        if not answer.ok:
            return ArrayOutcome({}, decode(answer.body, Problem).status >= 500)
        admissions = decode(answer.body, list[Admission])
    except Unavailable:
        # A gateway has answered, and nobody knows what it stands for.
        return ArrayOutcome({}, True)
    if len(admissions) != len(names):
        return ArrayOutcome({}, True)
    accepted = {
        name: each.intent
        for name, each in zip(names, admissions, strict=True)
        if each.intent is not None and each.intent.intent_hash == name
    }
    others = (each for name, each in zip(names, admissions, strict=True) if name not in accepted)
    doubtful = any(each.problem is None or each.problem.status >= 500 for each in others)
    return ArrayOutcome(accepted, doubtful)
