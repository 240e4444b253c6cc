"""A batch that is final and that the timeline has forgotten, against one that is still ahead."""

from dataclasses import replace

import pytest
from journal_entries import hash_of
from people import ALICE

from offbeat.core.lifecycle import BatchStatus, IntentStatus
from offbeat.core.ports import Block
from offbeat.core.store_port import Cursor, IntentMoved, StoredBatch, StoredIntent
from offbeat.intents import SignedIntent, Withdraw
from offbeat.reconciliation import OpenIntent, Reconciler, Step, Timeline
from offbeat.rulebook import Rules, State

NOW = 1_800_000_000
NUMBER = 7
PLACES = {"recorded": Cursor(1), "recorded_seconds": NOW, "changed_seconds": NOW}


@pytest.fixture
def lapsed() -> OpenIntent:
    """Money to go out until a second ago, that a batch has carried."""
    row = StoredIntent(
        intent_hash=hash_of("intent"),
        account=ALICE.account().to_bytes(24),
        signed=b"text",
        status=IntentStatus.ORDERED,
        batch_hash=hash_of("batch"),
        changed=Cursor(3),
        **PLACES,
    )
    intent = Withdraw(
        owner=ALICE.address,
        account=0,
        to=ALICE.address,
        asset="USDC",
        amount_micros=10**6,
        nonce=0,
        valid_until_seconds=NOW - 1,
        max_fee_micros=0,
    )
    return OpenIntent(row, SignedIntent(intent, bytes(65)))


def reconciler(rules: Rules, number: int, status: BatchStatus) -> Reconciler:
    """Somebody says that a batch has landed, of which our timeline knows nothing (any more)."""
    timeline = Timeline(rules)
    timeline.extend([Block(100, hash_of("block"), hash_of("parent"), NOW, 1)], [])
    final = Step(timeline.steps[-1].block, replace(State(rules), number=NUMBER))
    batch = StoredBatch(
        batch_hash=hash_of("batch"),
        number=number,
        submission=b"call",
        status=status,
        changed=Cursor(2),
        **PLACES,
    )
    return Reconciler(timeline, final, {batch.batch_hash: batch}, {}, NOW)


def test_a_batch_that_is_final_here_too_holds_nothing_up(rules: Rules, lapsed: OpenIntent) -> None:
    past = reconciler(rules, NUMBER, BatchStatus.FINAL)
    assert past.done() == [hash_of("batch")]
    (move,) = past.intent_moves([lapsed])
    assert isinstance(move, IntentMoved)
    assert (move.status, move.reason) == (IntentStatus.EXPIRED, "expired")


@pytest.mark.parametrize(
    ("number", "status"), [(NUMBER + 1, BatchStatus.FINAL), (NUMBER, BatchStatus.SETTLED)]
)
def test_a_batch_that_others_have_seen_land_is_waited_for(
    rules: Rules, lapsed: OpenIntent, number: int, status: BatchStatus
) -> None:
    ahead = reconciler(rules, number, status)
    assert ahead.done() == []
    assert list(ahead.intent_moves([lapsed])) == []
