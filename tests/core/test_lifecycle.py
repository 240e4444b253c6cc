"""The legal moves, against a table written by hand."""

from itertools import product

import pytest

from offbeat.core.lifecycle import BatchStatus, IntentStatus, Status, TransactionStatus

# A row for each state, a column for each that may follow: "x" a move, "=" the same state again.
INTENT = """
                RELAYED ORDERED CLEARED SETTLED CANCEL_PENDING FINAL REJECTED CANCELLED EXPIRED
RELAYED         =       x       x       x       x              .     x        .         x
ORDERED         .       =       x       x       x              .     x        .         x
CLEARED         .       x       =       x       x              .     .        .         .
SETTLED         .       x       x       =       .              x     .        .         .
CANCEL_PENDING  .       x       x       x       =              .     x        x         x
FINAL           .       .       .       .       .              .     .        .         .
REJECTED        .       .       .       .       .              .     .        .         .
CANCELLED       .       .       .       .       .              .     .        .         .
EXPIRED         .       .       .       .       .              .     .        .         .
"""
BATCH = """
                CERTIFIED SETTLED FINAL VOID
CERTIFIED       =         x       .     x
SETTLED         x         =       x     x
FINAL           .         .       .     .
VOID            x         x       .     .
"""
TRANSACTION = """
                PENDING MINED FINAL LOST
PENDING         =       x     .     x
MINED           x       =     x     x
FINAL           .       .     .     .
LOST            x       x     .     .
"""
TABLES = {IntentStatus: INTENT, BatchStatus: BATCH, TransactionStatus: TRANSACTION}


def legal_moves(kind: type[Status]) -> set[tuple[str, str]]:
    """Pairs of names that a table marks."""
    header, *rows = (line.split() for line in TABLES[kind].strip().splitlines())
    return {
        (row[0], to)
        for row in rows
        for to, mark in zip(header, row[1:], strict=True)
        if mark != "."
    }


@pytest.mark.parametrize("kind", TABLES)
def test_every_move_is_in_the_table_or_illegal(kind: type[Status]) -> None:
    legal = legal_moves(kind)
    assert {name for pair in legal for name in pair} == set(kind.__members__)
    for before, after in product(kind, kind):
        assert before.may_become(after) == ((before.name, after.name) in legal)


@pytest.mark.parametrize("kind", TABLES)
def test_open_states_come_before_the_closed(kind: type[Status]) -> None:
    assert [status.is_open for status in kind] == sorted(
        (status.is_open for status in kind), reverse=True
    )
    assert not kind["FINAL"].is_open


def test_nothing_follows_a_closed_intent() -> None:
    closed = [status for status in IntentStatus if not status.is_open]
    assert not any(was.may_become(after) for was, after in product(closed, IntentStatus))


def test_only_what_was_being_cancelled_is_cancelled() -> None:
    before = [status for status in IntentStatus if status.may_become(IntentStatus.CANCELLED)]
    assert before == [IntentStatus.CANCEL_PENDING]
