"""What a relay owes the queue of forced requests: it does them, and clears what is over.

A request comes to the relay's door like any other intent. Once it is due it comes first in every
batch, whether or not the door let it in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import structlog

from offbeat.chain import ForcedQueue
from offbeat.core import ChainError, InvalidInput, OffbeatError, Reason, Unavailable
from offbeat.intents import Order, SignedIntent
from offbeat.node.report_feed import Attested
from offbeat.relay import Built, Pending
from offbeat.rulebook import ForcedItem, State, clearance, left_to_do, may_pass

_RACES: Final = frozenset({*Reason, "witness_mismatch"})
"""What the queue answers where somebody else was faster, or its clock is behind ours."""
_log = structlog.get_logger("offbeat.node")

Submit = Callable[[Sequence[SignedIntent]], Awaitable[Sequence[object]]]


def due_item(state: State, time_seconds: int) -> ForcedItem | None:
    """The request that a batch of this time must do."""
    first = state.forced[0] if state.forced else None
    return first if first is not None and first.due_at_seconds <= time_seconds else None


def selections(
    state: State, time_seconds: int, waiting: Sequence[Pending]
) -> Iterator[list[Pending]]:
    """What to build a batch from, in turn, until one does not ignore the request that is due.

    All that waits, the request before anything else; then it alone with what is no order, so that
    no other order moves a price past its limit.
    """
    item = due_item(state, time_seconds)
    if item is None:
        yield list(waiting)
        return
    first = Pending(item.signed, item.digest)
    others = [each for each in waiting if each.intent_hash != item.digest]
    yield [first, *others]
    yield [first, *(each for each in others if not isinstance(each.signed.intent, Order))]


def ignores_due(state: State, built: Built) -> bool:
    """Whether a batch would be refused for the request that is due."""
    item = due_item(state, built.batch.time_seconds)
    if item is None:
        return False
    fill = built.fills.get(item.digest)
    left = left_to_do(item, state.account(item.account))
    is_done = fill is not None and (item.order is None or fill == left)
    return not is_done and not may_pass(item, built.batch.rows)


class ForcedDesk:
    """Brings requests to the relay's door (``submit``), and clears them through ``queue``, which is
    somebody's who pays for that; None leaves it to others."""

    def __init__(self, submit: Submit, queue: ForcedQueue | None) -> None:
        self._submit = submit
        self._queue = queue
        self._known: frozenset[int] = frozenset()
        self._acted_on: State | None = None

    async def step(self, state: State, time_seconds: int, attested: Attested | None) -> None:
        """Look at the queue once; raises as the door and the chain do where they are away."""
        await self._take_in(state)
        if self._queue is not None and state.forced and state is not self._acted_on:
            await asyncio.to_thread(self._tidy, self._queue, state, time_seconds, attested)

    async def _take_in(self, state: State) -> None:
        for item in state.forced:
            if item.number not in self._known:
                (answer,) = await self._submit([item.signed])
                if isinstance(answer, Unavailable):
                    raise answer
                if isinstance(answer, OffbeatError):
                    _log.info("forced_request_refused", number=item.number, code=answer.code)
                self._known |= {item.number}
        self._known &= {item.number for item in state.forced}

    def _tidy(
        self, queue: ForcedQueue, state: State, time_seconds: int, attested: Attested | None
    ) -> None:
        item = state.forced[0]
        try:
            reason = clearance(state, time_seconds)
            if reason is None:
                queue.clear(state)
            elif reason is Reason.REPORT_MISSING and attested is not None:
                reason = clearance(state, time_seconds, attested.report)
                if reason is None:
                    queue.clear(state, attested.report, attested.attestation)
            elif _makes_way(state, item):
                self._acted_on = state
                queue.pass_over()
                reason = None
        except ChainError as error:
            if error.code not in _RACES:
                raise
            _log.info("forced_request_stays", number=item.number, code=error.code)
        except InvalidInput as error:
            _log.warning("forced_request_stays", number=item.number, code=error.code)
        else:
            if reason is None:
                self._acted_on = state
                _log.info("forced_request_moved", number=item.number)


def _makes_way(state: State, item: ForcedItem) -> bool:
    """Whether it makes way for others: an order, for what is none, or as a batch has left it."""
    if item.order is None or len(state.forced) == 1:
        return False
    in_a_hurry = any(each.order is None for each in state.forced)
    return in_a_hurry or state.time_seconds >= item.due_at_seconds
