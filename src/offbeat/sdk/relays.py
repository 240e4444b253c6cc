"""Several relays as one: whichever is alive answers, and every one gets what is sent."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from itertools import cycle
from typing import Final, TypeVar

from offbeat.core import InvalidInput, OffbeatError
from offbeat.intents import SignedIntent
from offbeat.sdk.answers import Answer, Request, read
from offbeat.sdk.arrays import ArrayOutcome, array_outcome, array_request
from offbeat.sdk.following import UNKNOWN_INTENT, Story, StreamReader
from offbeat.sdk.pushing import Accepted, Outcome, Pause, Rejected, conclude, push
from offbeat.sdk.results import IntentState
from offbeat.sdk.transport import Relay
from offbeat.wire import IntentView

T = TypeVar("T")

_LINGER_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 15.0
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 3.0


class Relays:
    """Relays by their base URLs. Raises :class:`InvalidInput`, codes ``relay_url`` and
    ``relays_missing``."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._relays = deque(Relay(url) for url in dict.fromkeys(url.rstrip("/") for url in urls))
        if not self._relays:
            raise InvalidInput("relays_missing", "give the URL of at least one relay")
        self._pushes: dict[asyncio.Task[Outcome], _Effort] = {}
        self._arrays: set[asyncio.Task[Answer]] = set()

    async def close(self) -> None:
        """Let what is on the wire have a moment, but no further attempt; then end everything."""
        for effort in self._pushes.values():
            effort.give_up()
        if sending := {*self._pushes, *self._arrays}:
            _, late = await asyncio.wait(sending, timeout=_LINGER_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for relay in self._relays:
            await relay.close()

    async def ask(self, request: Request, kind: type[T]) -> T:
        """The answer of the first relay that has one; the one that had it is asked first again.

        Raises the error of a relay that understood and refused, or of the last that did not.
        """
        last: OffbeatError | None = None
        for relay in tuple(self._relays):
            try:
                answer = read(await relay.ask(request), kind)
            except OffbeatError as error:
                # Another relay may know what this one has not heard of yet.
                if not error.retryable and error.code != UNKNOWN_INTENT:
                    raise
                last = error if last is None or last.retryable else last
                continue
            with suppress(ValueError):
                self._relays.remove(relay)
                self._relays.appendleft(relay)
            return answer
        assert last is not None, "there is at least one relay"
        raise last

    async def send(
        self, intent_hash: str, signed: SignedIntent, body: bytes, timeout_seconds: float
    ) -> IntentView:
        """Push to every relay at once; the first acknowledgement wins and the others go on.

        Raises as :func:`~offbeat.sdk.pushing.conclude` says, once every relay has had its chance.
        """
        effort = _Effort(timeout_seconds)
        tasks = [
            asyncio.create_task(_drive(relay, intent_hash, body, effort)) for relay in self._relays
        ]
        for task in tasks:
            self._pushes[task] = effort
            task.add_done_callback(self._pushes.pop)
        outcomes: list[Outcome] = []
        try:
            for done in asyncio.as_completed(tasks):
                outcome = await done
                if isinstance(outcome, Accepted):
                    return outcome.view
                if isinstance(outcome, Rejected):
                    effort.give_up()
                outcomes.append(outcome)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        raise conclude(intent_hash, signed, outcomes)

    async def send_array(self, bodies: Mapping[str, bytes], timeout_seconds: float) -> ArrayOutcome:
        """Bring intents, by their hashes, to every relay at once, each in one request.

        Returns as soon as each is with some relay, or all relays have answered; what is still on
        its way then goes on.
        """
        names, request = list(bodies), array_request(list(bodies.values()))
        waiting = {asyncio.create_task(relay.ask(request)) for relay in self._relays}
        for task in waiting:
            self._arrays.add(task)
            task.add_done_callback(self._arrays.discard)
        accepted: dict[str, IntentView] = {}
        doubtful = False
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while waiting and len(accepted) < len(names):
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for each in done:
                        outcome = array_outcome(each.result(), names)
                        accepted |= outcome.accepted
                        doubtful = doubtful or outcome.may_have_others
        return ArrayOutcome(accepted, doubtful or bool(waiting))

    async def watch(self, intent_hash: str) -> AsyncGenerator[IntentState, None]:
        """Every state of an intent until it is closed, from whichever relay has it.

        Where a stream breaks, the relay is asked instead, and then the next one is followed.
        Raises :class:`InvalidInput` with code ``intent_unknown`` where every relay answers, and
        none has ever heard of it.
        """
        story = Story(intent_hash)
        readers = {relay: StreamReader(intent_hash) for relay in self._relays}
        pause_seconds, strangers = _FIRST_PAUSE_SECONDS, 0
        for relay, reader in cycle(readers.items()):
            heard = False
            try:
                async with aclosing(_views(relay, reader)) as views:
                    async for view in views:
                        state = story.tell(view, relay.url)
                        if state is not None:
                            heard = True
                            yield state
                            if state.is_closed:
                                return
                strangers = 0
            except OffbeatError as error:
                strangers = strangers + 1 if error.code == UNKNOWN_INTENT else 0
                if strangers >= len(readers) and story.latest is None:
                    raise
            if heard:
                pause_seconds = _FIRST_PAUSE_SECONDS
            await asyncio.sleep(_jittered(pause_seconds))
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)


class _Effort:
    """How long one call may go on: until its time is over, or a relay has refused for good."""

    def __init__(self, timeout_seconds: float) -> None:
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._deadline = self._clock() + timeout_seconds
        self._over = asyncio.Event()

    def give_up(self) -> None:
        self._over.set()

    async def pause(self, seconds: float) -> bool:
        """Wait; whether there is time for more. Does not wait for what it cannot use."""
        if self._over.is_set() or self._clock() + seconds >= self._deadline:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return not self._over.is_set()


async def _drive(relay: Relay, intent_hash: str, body: bytes, effort: _Effort) -> Outcome:
    """Do what a push asks for, until it is over."""
    steps = push(intent_hash, body)
    step = next(steps)
    while True:
        try:
            if isinstance(step, Pause):
                step = steps.send(await effort.pause(_jittered(step.seconds)))
            else:
                step = steps.send(await relay.ask(step))
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome


async def _views(relay: Relay, reader: StreamReader) -> AsyncGenerator[IntentView, None]:
    """What a relay's streams say as long as they get any further; then what it says when asked."""
    look = Request("GET", f"/v1/intents/{reader.intent_hash}")
    while True:
        before = reader.after
        with suppress(OffbeatError):
            async with relay.stream() as stream:
                await stream.say(reader.subscribe())
                while True:
                    try:
                        async with asyncio.timeout(_QUIET_SECONDS):
                            message = await stream.hear()
                    except TimeoutError:
                        yield read(await relay.ask(look), IntentView)
                        continue
                    views, request = reader.hear(message)
                    for view in views:
                        yield view
                    if request is not None:
                        await stream.say(request)
        if reader.after in (None, before):
            break
    yield read(await relay.ask(look), IntentView)


def _jittered(seconds: float) -> float:
    """Longer, never shorter: many clients that lost one relay must not come back as one."""
    return seconds * (1 + random.random() / 4)
