"""Random histories against a naive model, and the views against the journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_entries import SUBMITTER, certified, hash_of, relayed, signed
from msgspec.structs import asdict
from store_tables import dump_views, wipe

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, TransactionStatus
from offbeat.core.store_port import (
    MAX_PAGE,
    BatchCertified,
    BatchMoved,
    Entry,
    IntentMoved,
    Stored,
    TransactionMoved,
    TransactionSigned,
)
from offbeat.store.commit import Call, Outcome, commit, rebuild
from offbeat.store.database import Database, open_database
from offbeat.store.tables import INTENTS, JOURNAL, TRANSACTIONS, VIEWS, decode

NAMES = {"intent_hash": "intent", "batch_hash": "batch", "transaction_hash": "transaction"}
FIRST_STATUS = {
    "intent": IntentStatus.RELAYED,
    "batch": BatchStatus.CERTIFIED,
    "transaction": TransactionStatus.PENDING,
}
MOVES = (IntentMoved, BatchMoved, TransactionMoved)


class Refused(Exception):
    pass


@dataclass
class Model:
    """A list of what was said; everything else is found by reading all of it again."""

    lines: list[tuple[int, Entry]] = field(default_factory=list)

    def append(self, entries: Sequence[Entry], time_seconds: int) -> list[dict[str, Any]]:
        """What the rows must contain, or the code of the refusal."""
        before, rows = list(self.lines), []
        try:
            for entry in entries:
                if self._is_news(entry):
                    self.lines.append((time_seconds, entry))
                rows.append(self.row(*subject(entry)))
        except Refused:
            self.lines = before
            raise
        return rows

    def row(self, name: str, key: bytes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place, (time_seconds, entry) in enumerate(self.lines, 1):
            if subject(entry) == (name, key):
                if not found:
                    found = {"recorded": place, "recorded_seconds": time_seconds, "reason": ""}
                    found["status"] = FIRST_STATUS[name]
                said = asdict(entry)
                said.pop("seen", None)
                found.update({field: value for field, value in said.items() if value is not None})
                found.update(changed=place, changed_seconds=time_seconds)
        return found

    def next_nonce(self, submitter: bytes) -> int:
        return max((e.nonce + 1 for e in self._signed() if e.submitter == submitter), default=0)

    def _stands(self, number: int) -> bool:
        certified = [entry for _, entry in self.lines if isinstance(entry, BatchCertified)]
        return any(
            self.row("batch", each.batch_hash)["status"] is not BatchStatus.VOID
            for each in certified
            if each.number == number
        )

    def _signed(self) -> list[TransactionSigned]:
        return [entry for _, entry in self.lines if isinstance(entry, TransactionSigned)]

    def _is_news(self, entry: Entry) -> bool:
        name, key = subject(entry)
        row = self.row(name, key)
        if isinstance(entry, MOVES):
            if not row:
                raise Refused(f"{name}_unknown")
            said = {field: value for field, value in asdict(entry).items() if value is not None}
            seen = said.pop("seen", row["changed"])
            if row | said == row:
                return False
            if seen != row["changed"]:
                raise Refused("move_outdated")
            if not row["status"].may_become(entry.status):
                raise Refused("move_illegal")
            return True
        if not row and isinstance(entry, BatchCertified) and self._stands(entry.number):
            raise Refused("number_taken")
        if not row and isinstance(entry, TransactionSigned):
            if entry.replaces is None:
                if entry.nonce < self.next_nonce(entry.submitter):
                    raise Refused("nonce_taken")
            elif not any(
                (e.transaction_hash, e.submitter, e.nonce)
                == (entry.replaces, entry.submitter, entry.nonce)
                for e in self._signed()
            ):
                raise Refused("nonce_taken")
        return not row


def subject(entry: Entry) -> tuple[str, bytes]:
    key = entry.__struct_fields__[0]
    return NAMES[key], getattr(entry, key)


def subject_of_row(row: Stored) -> tuple[str, bytes]:
    name = type(row).__name__.removeprefix("Stored").lower()
    return name, getattr(row, f"{name}_hash")


words = st.sampled_from("abc")
hashes = words.map(hash_of)
seen = st.none() | st.integers(1, 12)
entries = st.one_of(
    words.map(relayed),
    st.builds(certified, words, st.integers(1, 2)),
    st.builds(
        signed, words, st.integers(0, 3), st.sampled_from([SUBMITTER, bytes(20)]), st.none() | words
    ),
    st.builds(
        IntentMoved,
        hashes,
        st.sampled_from(IntentStatus),
        st.sampled_from(["x", "y"]),
        st.none() | st.integers(0, 1),
        st.none() | hashes,
        seen,
        st.none() | st.integers(-1, 1),
    ),
    st.builds(
        BatchMoved, hashes, st.sampled_from(BatchStatus), st.just("x"), st.none() | hashes, seen
    ),
    st.builds(
        TransactionMoved,
        hashes,
        st.sampled_from(TransactionStatus),
        st.just("x"),
        st.none() | st.integers(0, 1),
        seen,
    ),
)
"""Three things of each kind: histories meet."""
calls = st.builds(Call, st.lists(entries, min_size=1, max_size=4), st.integers(0, 9))


def append_to_model(model: Model, call: Call) -> list[dict[str, Any]] | str:
    try:
        return model.append(call.entries, call.time_seconds)
    except Refused as refusal:
        return str(refusal)


def fields_of(outcome: Outcome, expected: list[dict[str, Any]] | str) -> Any:
    """What the model speaks of in an outcome."""
    if isinstance(outcome, InvalidInput):
        return outcome.code
    assert not isinstance(expected, str), f"accepted, but it is {expected}"
    return [
        {name: getattr(row, name) for name in fields}
        for row, fields in zip(outcome, expected, strict=True)
    ]


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    database = open_database(store_url)
    yield database
    database.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.lists(calls, min_size=1, max_size=4), min_size=1, max_size=12))
def test_every_history_reads_as_its_naive_model(
    database: Database, history: list[list[Call]]
) -> None:
    wipe(database)
    model = Model()
    for group in history:
        expected = [append_to_model(model, call) for call in group]
        with database.writing() as connection:
            outcomes = commit(connection, group)
        assert [fields_of(*pair) for pair in zip(outcomes, expected, strict=True)] == expected
    with database.reading() as connection:
        lines = connection.execute(sa.select(JOURNAL).order_by(JOURNAL.c.cursor)).all()
        rows = {view.kind: connection.execute(view.select()).all() for view in VIEWS.values()}
    assert [(line.time_seconds, decode(line.entry)) for line in lines] == model.lines
    assert [line.cursor for line in lines] == list(range(1, len(lines) + 1))
    for kind, found in rows.items():
        for row in map(VIEWS[kind].read, found):
            expected_row = model.row(*subject_of_row(row))
            assert {name: getattr(row, name) for name in expected_row} == expected_row
    before = dump_views(database)
    with database.writing() as connection:
        rebuild(connection)
    assert dump_views(database) == before


def test_damaged_views_are_mended_from_the_journal(database: Database) -> None:
    history = [relayed(str(n)) for n in range(2 * MAX_PAGE)]
    history += [IntentMoved(each.intent_hash, IntentStatus.ORDERED) for each in history]
    history += [certified("a"), signed("t", 3), signed("u", 3, replaces="t")]
    for first in range(0, len(history), MAX_PAGE):
        with database.writing() as connection:
            commit(connection, [Call(history[first : first + MAX_PAGE], first)])
    before = dump_views(database)
    with database.writing() as connection:
        connection.execute(sa.delete(INTENTS).where(INTENTS.c.recorded % 2 == 0))
        connection.execute(sa.update(INTENTS).values(status=7, filled_micros=1))
        connection.execute(sa.delete(TRANSACTIONS))
    assert dump_views(database) != before
    with database.writing() as connection:
        rebuild(connection)
    assert dump_views(database) == before
