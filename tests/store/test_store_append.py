"""What appending promises: durable rows, one row for one intent, all of a call or nothing."""

import asyncio
from typing import Any

import pytest
from journal_entries import ACCOUNT, SUBMITTER, certified, hash_of, relayed, signed
from store_tables import Run

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, TransactionStatus
from offbeat.core.store_port import (
    MAX_BODY_BYTES,
    MAX_ENTRIES,
    MAX_INTEGER,
    MAX_REASON_CHARS,
    MAX_SIGNED_BYTES,
    START,
    BatchCertified,
    BatchMoved,
    Cursor,
    IntentMoved,
    IntentRelayed,
    Store,
    StoredIntent,
    TransactionMoved,
    TransactionSigned,
)
from offbeat.store import open_store


def refusal(run: Run, coroutine: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        run(coroutine)
    return caught.value.code


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


def test_a_refused_call_takes_no_nonce(store: Store, run: Run) -> None:
    entries = [signed("t", 5), BatchMoved(hash_of("nobody"), BatchStatus.SETTLED)]

    async def scenario() -> None:
        refused, kept = await asyncio.gather(
            store.append(entries, 7), store.append([signed("u", 3)], 7), return_exceptions=True
        )
        assert isinstance(refused, InvalidInput)
        assert kept[0].nonce == 3

    run(scenario())
    assert run(store.next_nonce(SUBMITTER)) == 4


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


def test_a_number_is_free_once_all_that_had_it_are_void(store: Store, run: Run) -> None:
    void = BatchMoved(hash_of("a"), BatchStatus.VOID, "batch_late")
    run(store.append([certified("a", 1), certified("z", 2)], 7))
    assert refusal(run, store.append([certified("b", 1)], 8)) == "number_taken"
    assert run(store.append([certified("a", 1)], 8))[0].recorded == 1, "a repetition is none"
    run(store.append([void, certified("b", 1)], 8))
    assert refusal(run, store.append([certified("c", 1)], 9)) == "number_taken"


@pytest.mark.parametrize("status", BatchStatus)
def test_only_a_void_batch_leaves_its_number(store: Store, run: Run, status: BatchStatus) -> None:
    way = [BatchStatus.SETTLED] if status is BatchStatus.FINAL else []
    moves = [BatchMoved(hash_of("a"), each, "why") for each in [*way, status]]
    run(store.append([certified("a", 1), *moves], 7))
    if status is BatchStatus.VOID:
        run(store.append([certified("b", 1)], 8))
    else:
        assert refusal(run, store.append([certified("b", 1)], 8)) == "number_taken"


@pytest.mark.parametrize("status", [BatchStatus.CERTIFIED, BatchStatus.SETTLED])
def test_a_void_batch_comes_back_though_its_number_is_taken(
    store: Store, run: Run, status: BatchStatus
) -> None:
    void, back = BatchMoved(hash_of("a"), BatchStatus.VOID, "x"), BatchMoved(hash_of("a"), status)
    run(store.append([certified("a", 1), void, certified("b", 1), back], 7))
    other_void = BatchMoved(hash_of("b"), BatchStatus.VOID, "x")
    assert refusal(run, store.append([other_void, certified("c", 1)], 8)) == "number_taken"
    run(store.append([other_void, void, certified("c", 1)], 8))


def test_a_refused_call_takes_no_number(store: Store, run: Run) -> None:
    nobody = BatchMoved(hash_of("nobody"), BatchStatus.SETTLED)

    async def scenario() -> None:
        refused, kept, late = await asyncio.gather(
            store.append([certified("a", 1), nobody], 7),
            store.append([certified("b", 1)], 7),
            store.append([certified("c", 1)], 7),
            return_exceptions=True,
        )
        assert (refused.code, late.code) == ("batch_unknown", "number_taken")
        assert kept[0].batch_hash == hash_of("b")

    run(scenario())


def test_nonces_are_new_unless_a_transaction_is_replaced(store: Store, run: Run) -> None:
    assert run(store.next_nonce(SUBMITTER)) is None
    run(store.append([signed("t", 4)], 7))
    assert run(store.next_nonce(SUBMITTER)) == 5
    assert refusal(run, store.append([signed("u", 4)], 7)) == "nonce_taken"
    assert refusal(run, store.append([signed("u", 5), signed("v", 5)], 7)) == "nonce_taken"
    assert refusal(run, store.append([signed("u", 5, replaces="t")], 7)) == "nonce_taken"
    assert refusal(run, store.append([signed("u", 4, replaces="x")], 7)) == "nonce_taken"
    other = bytes(20)
    assert refusal(run, store.append([signed("u", 4, other, replaces="t")], 7)) == "nonce_taken"
    (row,) = run(store.append([signed("u", 4, replaces="t")], 7))
    assert (row.replaces, row.raw) == (hash_of("t"), b"raw u")
    run(store.append([signed("v", 9), signed("o", 0, other)], 7))
    assert run(store.next_nonce(SUBMITTER)) == 10
    assert run(store.next_nonce(other)) == 1


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


H, A = bytes(32), bytes(24)


@pytest.mark.parametrize(
    ("kind", "fitting", "not_fitting"),
    [
        (IntentRelayed, (H, A, bytes(MAX_SIGNED_BYTES)), (H, A, bytes(MAX_SIGNED_BYTES + 1))),
        (IntentRelayed, (H, A, b"1"), (H, A, b"")),
        (IntentRelayed, (H, A, b"1"), (H[1:], A, b"1")),
        (IntentRelayed, (H, A, b"1"), (H, A + b"1", b"1")),
        (IntentMoved, (H, IntentStatus.FINAL, ""), (H, IntentStatus.REJECTED, "")),
        (IntentMoved, (H, IntentStatus.EXPIRED, "x"), (H, IntentStatus.EXPIRED, "")),
        (IntentMoved, (H, IntentStatus.CANCELLED, "x"), (H, IntentStatus.CANCELLED, "")),
        (
            IntentMoved,
            (H, IntentStatus.ORDERED, "x" * MAX_REASON_CHARS),
            (H, IntentStatus.ORDERED, "x" * (MAX_REASON_CHARS + 1)),
        ),
        (IntentMoved, (H, IntentStatus.ORDERED, "x"), (H, IntentStatus.ORDERED, "\0")),
        (IntentMoved, (H, IntentStatus.ORDERED, "", 0), (H, IntentStatus.ORDERED, "", -1)),
        (
            IntentMoved,
            (H, IntentStatus.ORDERED, "", MAX_INTEGER),
            (H, IntentStatus.ORDERED, "", MAX_INTEGER + 1),
        ),
        (IntentMoved, (H, IntentStatus.ORDERED, "", 0, H), (H, IntentStatus.ORDERED, "", 0, A)),
        (BatchCertified, (H, 1, bytes(MAX_BODY_BYTES)), (H, 1, bytes(MAX_BODY_BYTES + 1))),
        (BatchMoved, (H, BatchStatus.VOID, "x"), (H, BatchStatus.VOID, "")),
        (TransactionSigned, (H, bytes(20), 1, b"1"), (H, bytes(21), 1, b"1")),
        (TransactionSigned, (H, bytes(20), 1, b"1"), (H, bytes(20), -1, b"1")),
        (
            TransactionMoved,
            (H, TransactionStatus.MINED, "", MAX_INTEGER),
            (H, TransactionStatus.MINED, "", MAX_INTEGER + 1),
        ),
    ],
)
def test_entries_are_bounded(kind: Any, fitting: Any, not_fitting: Any) -> None:
    kind(*fitting)
    with pytest.raises(InvalidInput) as caught:
        kind(*not_fitting)
    assert caught.value.code == "entry_invalid"


def test_the_largest_entries_are_kept(store: Store, run: Run) -> None:
    run(store.append([IntentRelayed(H, A, bytes(MAX_SIGNED_BYTES))], MAX_INTEGER))
    run(store.append([BatchCertified(H, MAX_INTEGER, bytes(MAX_BODY_BYTES))], 0))
    assert run(store.intent(H)).signed == bytes(MAX_SIGNED_BYTES)
    assert run(store.batch(H)).submission == bytes(MAX_BODY_BYTES)
