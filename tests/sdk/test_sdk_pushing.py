"""A push against every script of faults: it sends one thing only, and what it says is true."""

from dataclasses import dataclass, field

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from people import ALICE

from offbeat.core import OutcomeUnknown
from offbeat.intents import Cancel, SignedIntent
from offbeat.sdk.answers import Answer, Reply, Request, Silence
from offbeat.sdk.pushing import Accepted, Outcome, Pause, Rejected, Unreached, conclude, push
from offbeat.wire import IntentView, Problem

HASH = "0x" + "ab" * 32
BODY = b'{"the": "intent"}'
CANCEL = Cancel(owner=ALICE.address, account=0, nonce=0, valid_until_seconds=1, max_fee_micros=0)
SIGNED = SignedIntent(CANCEL, bytes(65))

NEVER_SENT, LOST, GATEWAY, BUSY, HALTED, REFUSED, GARBAGE, WORKS = range(8)
"""What may befall a request. Before LOST, GATEWAY and HALTED the relay may have admitted it."""


@dataclass
class World:
    """A relay that a script of (fault, admitted all the same?) befalls."""

    script: list[tuple[int, bool]]
    has_it: bool = False
    bodies: list[bytes] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        fault, admits = self.script.pop(0) if self.script else (WORKS, False)
        posts = request.method == "POST"
        if fault == NEVER_SENT:
            return Silence(False, "nobody listens")
        if posts:
            assert request.body is not None
            self.bodies.append(request.body)
        if posts and (fault == WORKS or (admits and fault in (LOST, GATEWAY, HALTED, GARBAGE))):
            self.has_it = True
        match fault:
            case 1:
                return Silence(True, "lost")
            case 2:
                return Reply(502, b"<html>")
            case 3:
                return _problem(429, "rate_limited", True)
            case 4:
                return _problem(503, "store_unavailable", True)
            case 5 if posts and not self.has_it:
                return _problem(422, "unhealthy", False)
            case 6:
                return Reply(200, b"{}")
        if self.has_it:
            return Reply(200, _view())
        return _problem(404, "intent_unknown", False)


def _problem(status: int, code: str, retryable: bool) -> Reply:
    said = Problem("about:blank", "", status, code, "planned", retryable)
    return Reply(status, msgspec.json.encode(said))


def _view() -> bytes:
    return msgspec.json.encode(
        IntentView(
            HASH,
            "0x" + "00" * 24,
            "Order",
            "relayed",
            "",
            "0",
            "0",
            "0",
            None,
            "1",
            "1",
            "1",
            {},
            "0x",
        )
    )


def drive(world: World, attempts: int) -> Outcome:
    steps = push(HASH, BODY)
    step = next(steps)
    try:
        while True:
            if isinstance(step, Pause):
                assert step.seconds > 0
                attempts -= 1
                step = steps.send(attempts > 0)
            else:
                step = steps.send(world.answer(step))
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome


faults = st.lists(st.tuples(st.integers(NEVER_SENT, WORKS), st.booleans()), max_size=8)


@given(faults, st.integers(1, 6))
def test_one_relay_hears_one_thing_and_the_answer_is_true(
    script: list[tuple[int, bool]], attempts: int
) -> None:
    world = World(script)
    outcome = drive(world, attempts)
    assert set(world.bodies) <= {BODY}
    match outcome:
        case Accepted():
            assert world.has_it
        case Rejected() | Unreached(may_have_arrived=False):
            assert not world.has_it


@given(st.lists(faults, min_size=1, max_size=3), st.integers(1, 4))
def test_a_call_says_no_only_if_nobody_has_it(
    scripts: list[list[tuple[int, bool]]], attempts: int
) -> None:
    worlds = [World(script) for script in scripts]
    outcomes = [drive(world, attempts) for world in worlds]
    if any(isinstance(outcome, Accepted) for outcome in outcomes):
        return
    error = conclude(HASH, SIGNED, outcomes)
    if not isinstance(error, OutcomeUnknown):
        assert not any(world.has_it for world in worlds)


def test_a_gateways_silence_proves_nothing() -> None:
    outcome = drive(World([(GATEWAY, False), (WORKS, False), (BUSY, False)]), attempts=2)
    assert isinstance(outcome, Unreached)
    assert outcome.may_have_arrived


def test_a_relays_own_refusal_of_new_work_is_certain_after_a_look() -> None:
    outcome = drive(World([(HALTED, False), (WORKS, False)]), attempts=1)
    assert isinstance(outcome, Unreached)
    assert not outcome.may_have_arrived


def test_a_relay_is_left_alone_as_long_as_it_asks() -> None:
    steps = push(HASH, BODY)
    next(steps)
    busy = _problem(429, "rate_limited", True)
    assert steps.send(Reply(429, busy.body, "7")) == Pause(7.0)
