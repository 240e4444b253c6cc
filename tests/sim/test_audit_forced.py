"""The auditor follows the queue of forced requests, and sees a batch that ignores it."""

from dataclasses import replace

import pytest
from forcing import Queue, doing, idle, withdrawal
from people import CAROL
from showcase import Showcase
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import limits
from offbeat.sim.audit import audit
from offbeat.sim.audit.forced import Request
from offbeat.sim.audit.payload import Batch, Row
from offbeat.sim.audit.reader import read_instrument, read_payload

DELAY = limits.INBOX_DELAY_SECONDS


@pytest.fixture(scope="module")
def showcase() -> Showcase:
    return Showcase(World(EmbeddedChain()))


def test_a_queue_that_is_served_is_in_order(showcase: Showcase) -> None:
    world, queue = showcase.world, Queue(showcase.world)
    with world.sandbox():
        queue.force(showcase.order(CAROL, 90, limit_micros=-(10**9)))
        for number in (60, 61):
            queue.force(withdrawal(showcase, number=number))
        world.wait(DELAY)
        assert idle(showcase).land() is None
        assert queue.pass_over() is None
        for _ in range(2):
            assert doing(showcase, world.state.forced[0].signed).land() is None
            assert queue.clear() is None
        verdict = audit(world.chain, world.deployment)
        assert verdict.ok, [fault for check in verdict.checks for fault in check.faults]


def test_a_batch_that_escapes_for_a_forced_request_is_in_order(showcase: Showcase) -> None:
    world, queue = showcase.world, Queue(showcase.world)
    with world.sandbox():
        assert idle(showcase).land() is None
        queue.force(withdrawal(showcase, valid_until_seconds=world.now + 9 * DELAY))
        world.wait(limits.ESCAPE_DELAY_SECONDS)
        draft = doing(showcase, world.state.forced[0].signed)
        world.land(replace(draft.submission(), certificate=b""))
        assert world.state.certified_time_seconds < world.state.time_seconds
        verdict = audit(world.chain, world.deployment)
        assert verdict.ok, [fault for check in verdict.checks for fault in check.faults]


def test_a_batch_that_ignores_a_request_is_not_in_order(
    showcase: Showcase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract would not let one pass, so here a request is due before its time."""
    world, queue = showcase.world, Queue(showcase.world)
    monkeypatch.setattr(Request, "is_due", lambda *_: True)
    with world.sandbox():
        queue.force(withdrawal(showcase))
        assert idle(showcase).land() is None
        verdict = audit(world.chain, world.deployment)
        assert [check.name for check in verdict.checks if not check.ok] == ["inbox_in_order"]


def test_what_is_due_and_may_wait(showcase: Showcase) -> None:
    """Prices a micro better than the limit are no better; of what has no price none is."""
    bought, sold = (leg.instrument.id for leg in showcase.legs)
    batch: Batch = read_payload(idle(showcase).batch().encode())
    request = Request(1, bytes(32), batch.time_seconds - DELAY, ((bought, 1), (sold, -1)), 50)

    def priced(nanos: int) -> Batch:
        rows = {
            read_instrument(each): Row(read_instrument(each), 0, price, (0,) * 16, 0)
            for each, price in ((bought, nanos), (sold, 0))
        }
        return replace(batch, rows=rows)

    assert request.is_due(batch)
    assert not replace(request, enqueued_seconds=request.enqueued_seconds + 1).is_due(batch)
    assert request.may_wait(priced(49_000))
    assert not request.may_wait(priced(48_999))
    assert request.may_wait(replace(batch, rows={}))
    assert not replace(request, legs=()).may_wait(priced(49_000))
