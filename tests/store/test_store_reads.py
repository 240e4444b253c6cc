"""What can be read: pages that are bounded, in order and complete."""

from typing import Any

import pytest
from journal_entries import ACCOUNT, certified, hash_of, relayed, signed
from store_tables import Run

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, TransactionStatus
from offbeat.core.store_port import (
    MAX_INTEGER,
    MAX_PAGE,
    START,
    BatchMoved,
    Cursor,
    IntentMoved,
    Recorded,
    Store,
    StoredIntent,
    TransactionMoved,
)


def test_the_journal_is_what_was_appended(store: Store, run: Run) -> None:
    first = [relayed("a"), certified("b"), signed("t", 1)]
    second = [
        IntentMoved(hash_of("a"), IntentStatus.CLEARED, "why", 5, hash_of("b"), Cursor(1)),
        BatchMoved(hash_of("b"), BatchStatus.SETTLED, "", hash_of("t"), Cursor(2)),
        TransactionMoved(hash_of("t"), TransactionStatus.MINED, "batch_late", 9, Cursor(3)),
    ]
    run(store.append(first, 7))
    run(store.append(second, 8))
    assert run(store.journal()) == (
        *(Recorded(Cursor(place), 7, entry) for place, entry in enumerate(first, 1)),
        *(Recorded(Cursor(place), 8, entry) for place, entry in enumerate(second, 4)),
    )
    assert run(store.head()) == 6


def test_pages_of_the_journal_follow_one_another(store: Store, run: Run) -> None:
    run(store.append([relayed(str(n)) for n in range(10)], 7))
    seen, after = [], START
    while page := run(store.journal(after=after, limit=4)):
        assert len(page) <= 4
        seen += page
        after = page[-1].cursor
    assert [line.cursor for line in seen] == list(range(1, 11))
    assert [line.entry for line in seen] == [relayed(str(n)) for n in range(10)]
    assert after == run(store.head())


def test_a_reader_at_the_end_sees_what_comes_next(store: Store, run: Run) -> None:
    run(store.append([relayed("a")], 7))
    assert run(store.journal(after=Cursor(1))) == ()
    run(store.append([relayed("b")], 8))
    assert run(store.journal(after=Cursor(1))) == (Recorded(Cursor(2), 8, relayed("b")),)


@pytest.mark.parametrize("cursor", [-1, 2, MAX_INTEGER, 2**200])
def test_a_place_that_the_journal_has_not_reached_is_refused(
    store: Store, run: Run, cursor: int
) -> None:
    run(store.append([relayed("a")], 7))
    with pytest.raises(InvalidInput) as caught:
        run(store.journal(after=Cursor(cursor)))
    assert caught.value.code == "cursor_unknown"


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
@pytest.mark.parametrize(
    "read",
    [
        lambda store, limit: store.journal(limit=limit),
        lambda store, limit: store.open_intents(limit=limit),
        lambda store, limit: store.open_batches(limit=limit),
        lambda store, limit: store.open_transactions(limit=limit),
        lambda store, limit: store.batches(1, limit=limit),
    ],
)
def test_every_page_is_bounded(store: Store, run: Run, read: Any, limit: int) -> None:
    assert run(read(store, 1)) == run(read(store, MAX_PAGE)) == ()
    with pytest.raises(InvalidInput) as caught:
        run(read(store, limit))
    assert caught.value.code == "page_invalid"


def test_open_intents_come_by_account_and_then_as_recorded(store: Store, run: Run) -> None:
    low, high = bytes(24), bytes([255]) * 24
    placed = [("a", high), ("b", low), ("c", high), ("d", low), ("e", ACCOUNT)]
    run(store.append([relayed(word, account) for word, account in placed], 7))
    run(store.append([IntentMoved(hash_of("d"), IntentStatus.EXPIRED, "expired")], 8))

    def words(rows: tuple[StoredIntent, ...]) -> list[str]:
        return [row.signed.decode().removeprefix("signed ") for row in rows]

    assert words(run(store.open_intents())) == ["b", "e", "a", "c"]
    assert words(run(store.open_intents(account=high))) == ["a", "c"]
    assert words(run(store.open_intents(account=bytes(23) + b"1"))) == []
    first = run(store.open_intents(limit=3))
    assert words(first) == ["b", "e", "a"]
    assert words(run(store.open_intents(after=first[-1]))) == ["c"]
    assert words(run(store.open_intents(account=high, after=first[-1]))) == ["c"]


@pytest.mark.parametrize("status", IntentStatus)
def test_an_intent_is_listed_until_it_is_closed(
    store: Store, run: Run, status: IntentStatus
) -> None:
    way = {
        IntentStatus.FINAL: [IntentStatus.SETTLED],
        IntentStatus.CANCELLED: [IntentStatus.CANCEL_PENDING],
    }.get(status, [])
    moves = [IntentMoved(hash_of("a"), each, "why") for each in [*way, status]]
    rows = run(store.append([relayed("a"), *moves], 7))
    assert run(store.open_intents()) == (rows[-1:] if status.is_open else ())
    assert run(store.open_intents(account=ACCOUNT)) == run(store.open_intents())


def test_batches_of_one_number_are_all_found(store: Store, run: Run) -> None:
    void = BatchMoved(hash_of("b"), BatchStatus.VOID, "batch_late")
    run(store.append([certified("a", 1), certified("b", 2), void, certified("c", 2)], 7))
    found = run(store.batches(2))
    assert [row.batch_hash for row in found] == [hash_of("b"), hash_of("c")]
    assert run(store.batches(2, limit=1)) == found[:1]
    assert run(store.batches(3)) == run(store.batches(-1)) == run(store.batches(2**70)) == ()


def test_open_batches_and_transactions_can_be_picked_up_again(store: Store, run: Run) -> None:
    run(store.append([certified(word, number) for number, word in enumerate("abc")], 7))
    run(store.append([signed(word, nonce) for nonce, word in enumerate("tuv")], 7))
    run(store.append([BatchMoved(hash_of("a"), BatchStatus.VOID, "batch_late")], 8))
    run(store.append([TransactionMoved(hash_of("u"), TransactionStatus.LOST)], 8))
    batches = run(store.open_batches())
    assert [row.batch_hash for row in batches] == [hash_of("b"), hash_of("c")]
    assert run(store.open_batches(after=batches[0])) == batches[1:]
    transactions = run(store.open_transactions())
    assert [row.raw for row in transactions] == [b"raw t", b"raw v"]
    assert run(store.open_transactions(limit=1)) == transactions[:1]
    assert run(store.transaction(hash_of("u"))).status is TransactionStatus.LOST
    assert run(store.transaction(hash_of("x"))) is None
    assert run(store.batch(hash_of("x"))) is None
