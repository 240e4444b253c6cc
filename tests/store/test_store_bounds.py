"""Entries have bounds, and the largest that fit are kept."""

from typing import Any

import pytest
from store_tables import Run

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, TransactionStatus
from offbeat.core.store_port import (
    MAX_BODY_BYTES,
    MAX_INTEGER,
    MAX_REASON_CHARS,
    MAX_SIGNED_BYTES,
    BatchCertified,
    BatchMoved,
    IntentMoved,
    IntentRelayed,
    Store,
    TransactionMoved,
    TransactionSigned,
)

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
