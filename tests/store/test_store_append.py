"""What appending promises: durable rows, one row for one intent, all of a call or nothing."""

import asyncio
from typing import Any

import pytest
from journal_entries import ACCOUNT, certified, hash_of, relayed, signed
from store_tables import Run, refusal

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, TransactionStatus
from offbeat.core.store_port import (
    MAX_ENTRIES,
    MAX_INTEGER,
    START,
    BatchMoved,
    Cursor,
    IntentMoved,
    IntentRelayed,
    Store,
    StoredIntent,
    TransactionMoved,
)
from offbeat.store import open_store


def test_what_is_appended_can_be_read(store: Store, run: Run) -> None:
    (row,) = run(store.append([relayed("a")], 7))
    assert row == StoredIntent(
        recorded=Cursor(1),
        recorded_seconds=7,
        changed=Cursor(1),
        changed_seconds=7,
        intent_hash=hash_of("a"),
        account=ACCOUNT,
        signed=b"signed a",
    )
    assert run(store.intent(hash_of("a"))) == row
    assert run(store.intent(hash_of("b"))) is None


def test_what_is_appended_is_there_when_the_store_is_opened_again(store_url: str, run: Run) -> None:
    async def append() -> StoredIntent:
        async with open_store(store_url) as store:
            (row,) = await store.append([relayed("a")], 7)
            return row

    async def read() -> StoredIntent | None:
        async with open_store(store_url) as store:
            return await store.intent(hash_of("a"))

    assert run(append()) == run(read())


def test_the_same_intent_again_changes_nothing(store: Store, run: Run) -> None:
    (first,) = run(store.append([relayed("a")], 7))
    (again,) = run(store.append([relayed("a")], 8))
    assert again == first
    assert run(store.head()) == 1


def test_the_same_intent_again_shows_how_far_it_has_come(store: Store, run: Run) -> None:
    run(store.append([relayed("a"), IntentMoved(hash_of("a"), IntentStatus.ORDERED)], 7))
    (again,) = run(store.append([relayed("a")], 8))
    assert again.status is IntentStatus.ORDERED
    assert (again.recorded, again.recorded_seconds) == (1, 7)
    assert (again.changed, again.changed_seconds) == (2, 7)


def test_the_first_signature_of_an_intent_stays(store: Store, run: Run) -> None:
    run(store.append([relayed("a")], 7))
    (again,) = run(store.append([IntentRelayed(hash_of("a"), ACCOUNT, b"another")], 8))
    assert again.signed == b"signed a"


def test_an_intent_twice_in_one_call_and_in_one_group_is_one(store: Store, run: Run) -> None:
    async def scenario() -> set[Cursor]:
        calls = (store.append([relayed("a"), relayed("a")], 7) for _ in range(20))
        rows = await asyncio.gather(*calls)
        return {row.recorded for pair in rows for row in pair}

    assert run(scenario()) == {1}
    assert run(store.head()) == 1


def test_details_stay_until_they_are_told_anew(store: Store, run: Run) -> None:
    batch = hash_of("batch")
    rows = run(
        store.append(
            [
                relayed("a"),
                IntentMoved(hash_of("a"), IntentStatus.ORDERED, "unhealthy"),
                IntentMoved(hash_of("a"), IntentStatus.CLEARED, batch_hash=batch),
                IntentMoved(hash_of("a"), IntentStatus.SETTLED, filled_micros=5_000),
                IntentMoved(hash_of("a"), IntentStatus.FINAL),
            ],
            7,
        )
    )
    assert [row.reason for row in rows] == ["", "unhealthy", "", "", ""]
    assert [row.batch_hash for row in rows] == [None, None, batch, batch, batch]
    assert [row.filled_micros for row in rows] == [0, 0, 0, 5_000, 5_000]
    assert run(store.intent(hash_of("a"))) == rows[-1]


def test_what_was_paid_may_be_negative(store: Store, run: Run) -> None:
    settled = IntentMoved(
        hash_of("a"),
        IntentStatus.SETTLED,
        filled_micros=5_000,
        paid_micros=-MAX_INTEGER,
        fee_micros=7,
    )
    _, row = run(store.append([relayed("a"), settled], 7))
    assert (row.paid_micros, row.fee_micros) == (-MAX_INTEGER, 7)
    assert run(store.intent(hash_of("a"))) == row
    with pytest.raises(InvalidInput):
        IntentMoved(hash_of("a"), IntentStatus.SETTLED, paid_micros=-MAX_INTEGER - 1)
    with pytest.raises(InvalidInput):
        IntentMoved(hash_of("a"), IntentStatus.SETTLED, fee_micros=-1)


def test_a_move_that_says_nothing_new_is_not_journalled(store: Store, run: Run) -> None:
    move = IntentMoved(hash_of("a"), IntentStatus.REJECTED, "nonce_spent")
    (_, first) = run(store.append([relayed("a"), move], 7))
    (again,) = run(store.append([move], 8))
    assert again == first
    assert run(store.head()) == 2


def test_a_refused_entry_refuses_its_whole_call(store: Store, run: Run) -> None:
    entries = [relayed("a"), IntentMoved(hash_of("nobody"), IntentStatus.ORDERED)]
    assert refusal(run, store.append(entries, 7)) == "intent_unknown"
    assert run(store.head()) == START
    assert run(store.intent(hash_of("a"))) is None
    assert run(store.open_intents()) == ()


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (IntentMoved(hash_of("batch"), IntentStatus.ORDERED), "intent_unknown"),
        (BatchMoved(hash_of("intent"), BatchStatus.SETTLED), "batch_unknown"),
        (TransactionMoved(hash_of("batch"), TransactionStatus.MINED), "transaction_unknown"),
    ],
)
def test_a_hash_means_one_kind_of_thing(store: Store, run: Run, entry: Any, code: str) -> None:
    run(store.append([relayed("intent"), certified("batch")], 7))
    assert refusal(run, store.append([entry], 8)) == code


def test_a_settled_intent_goes_back_with_a_reorganisation_and_a_final_one_never(
    store: Store, run: Run
) -> None:
    settled = [relayed("a"), IntentMoved(hash_of("a"), IntentStatus.SETTLED, filled_micros=1_000)]
    run(store.append(settled, 7))
    back = IntentMoved(hash_of("a"), IntentStatus.CLEARED, filled_micros=0)
    assert run(store.append([back], 8))[0].filled_micros == 0
    final = [settled[1], IntentMoved(hash_of("a"), IntentStatus.FINAL)]
    run(store.append(final, 9))
    assert refusal(run, store.append([back], 10)) == "move_illegal"
    assert run(store.intent(hash_of("a"))).status is IntentStatus.FINAL


def test_a_move_upon_an_outdated_view_is_refused(store: Store, run: Run) -> None:
    (row,) = run(store.append([relayed("a")], 7))
    ordered = IntentMoved(hash_of("a"), IntentStatus.ORDERED, seen=row.changed)
    expired = IntentMoved(hash_of("a"), IntentStatus.EXPIRED, "expired", seen=row.changed)
    (moved,) = run(store.append([ordered], 8))
    assert refusal(run, store.append([expired], 8)) == "move_outdated"
    assert run(store.append([ordered], 9)) == (moved,), "a repetition is none the worse"


def test_a_batch_and_its_intents_move_together(store: Store, run: Run) -> None:
    batch = hash_of("batch")
    rows = run(
        store.append(
            [
                relayed("a"),
                certified("batch", 3),
                IntentMoved(hash_of("a"), IntentStatus.CLEARED, batch_hash=batch),
                BatchMoved(batch, BatchStatus.SETTLED, transaction_hash=hash_of("t")),
                BatchMoved(batch, BatchStatus.VOID, "batch_late"),
                BatchMoved(batch, BatchStatus.SETTLED),
                BatchMoved(batch, BatchStatus.FINAL),
            ],
            7,
        )
    )
    stored = run(store.batch(batch))
    assert stored == rows[-1]
    assert (stored.number, stored.submission) == (3, b"submission of batch")
    assert (stored.status, stored.transaction_hash) == (BatchStatus.FINAL, hash_of("t"))


def test_the_same_transaction_again_changes_nothing(store: Store, run: Run) -> None:
    (first,) = run(store.append([signed("t", 4)], 7))
    assert run(store.append([signed("t", 4)], 8)) == (first,)


def test_nothing_is_appended_by_nothing(store: Store, run: Run) -> None:
    assert run(store.append([], 7)) == ()
    assert run(store.head()) == START


def test_a_call_is_bounded(store: Store, run: Run) -> None:
    entries = [relayed(str(n)) for n in range(MAX_ENTRIES + 1)]
    assert refusal(run, store.append(entries, 7)) == "append_invalid"
    assert len(run(store.append(entries[1:], 7))) == MAX_ENTRIES


@pytest.mark.parametrize("time_seconds", [-1, MAX_INTEGER + 1])
def test_a_time_is_a_time(store: Store, run: Run, time_seconds: int) -> None:
    assert refusal(run, store.append([relayed("a")], time_seconds)) == "append_invalid"
