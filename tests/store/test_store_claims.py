"""What only one can have: a batch's number, a transaction's nonce."""

import asyncio

import pytest
from journal_entries import SUBMITTER, certified, hash_of, signed
from store_tables import Run, refusal

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import (
    BatchMoved,
    Store,
)


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
