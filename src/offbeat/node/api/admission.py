"""Intents come in: over HTTP one by one or as an array, over a stream as an array."""

from collections import Counter
from collections.abc import Sequence
from time import perf_counter

import structlog
from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput, OffbeatError
from offbeat.intents import Domain, SignedIntent, intent_hash
from offbeat.node.api.bodies import decode, json_response, read_body
from offbeat.node.api.context import Api
from offbeat.node.api.problems import problem_of, problem_response
from offbeat.node.api.showing import intent_view
from offbeat.node.service import Admitted
from offbeat.wire import Admission, signed_from_json

_log = structlog.get_logger("offbeat.api")


async def post_intents(api: Api, request: Request) -> Response:
    """Admit one intent, or each of an array."""
    body = await read_body(request, api.limits)
    if not body.lstrip().startswith(b"["):
        (admission,) = await admit(api, [body])
        if admission.problem is not None:
            return problem_response(admission.problem)
        return json_response(admission.intent, admission.status)
    return json_response(await admit(api, decode(body, list[Raw])))


async def admit(api: Api, texts: Sequence[bytes | Raw]) -> list[Admission]:
    """What becomes of each text, in their order.

    Raises :class:`InvalidInput` with code ``array_length``, and as :meth:`Service.submit`.
    """
    if not 0 < len(texts) <= api.limits.max_array:
        raise InvalidInput("array_length", f"send 1 to {api.limits.max_array} intents at once")
    started = perf_counter()
    domain = api.service.rules.domain
    read: list[SignedIntent | InvalidInput] = []
    for text in texts:
        try:
            read.append(signed_from_json(bytes(text), domain))
        except InvalidInput as error:
            read.append(error)
    signed = [each for each in read if isinstance(each, SignedIntent)]
    answers = iter(await api.service.submit(signed) if signed else ())
    outcomes = [next(answers) if isinstance(each, SignedIntent) else each for each in read]
    api.metrics.ack_seconds.observe(perf_counter() - started)
    api.metrics.count_outcomes(Counter(map(_code, outcomes)))
    _log_outcomes(read, outcomes, domain)
    return list(map(_admission, outcomes))


def _log_outcomes(
    read: Sequence[SignedIntent | InvalidInput],
    outcomes: Sequence[Admitted | OffbeatError],
    domain: Domain,
) -> None:
    """A line for each well-formed intent: who is refused will ask why."""
    log = _log.bind()
    for signed, outcome in zip(read, outcomes, strict=True):
        if isinstance(outcome, Admitted):
            log.debug(
                "intent_admitted", is_new=outcome.is_new, **_trace(outcome.intent.intent_hash)
            )
        elif isinstance(signed, SignedIntent):
            trace = _trace(intent_hash(signed.intent, domain))
            log.info("intent_refused", code=str(outcome.code), **trace)


def _trace(digest: bytes) -> dict[str, str]:
    """The intent's hash, and the trace id that anybody can derive from it."""
    text = digest.hex()
    return {"intent_hash": f"0x{text}", "trace_id": text[:32]}


def _code(outcome: Admitted | OffbeatError) -> str:
    if isinstance(outcome, Admitted):
        return "admitted" if outcome.is_new else "known"
    return str(outcome.code)


def _admission(outcome: Admitted | OffbeatError) -> Admission:
    if isinstance(outcome, Admitted):
        view = intent_view(outcome.intent)
        return Admission(201 if outcome.is_new else 200, intent=view)
    said = problem_of(outcome)
    return Admission(said.status, problem=said)
