"""What the journal says of each thing: the rows after an entry, from the rows before it.

Pure, so that an append and a rebuild cannot come to different rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from msgspec.structs import asdict, replace

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import (
    BatchCertified,
    BatchMoved,
    Cursor,
    Entry,
    IntentMoved,
    IntentRelayed,
    Stored,
    StoredBatch,
    StoredIntent,
    StoredTransaction,
    TransactionMoved,
    TransactionSigned,
)

Key = TypeVar("Key")
Value = TypeVar("Value")

Subject = tuple[type[Stored], bytes]
"""What an entry is about: the kind of its row, and a hash."""

_NAMES: Final[Mapping[type[Stored], str]] = {
    StoredIntent: "intent",
    StoredBatch: "batch",
    StoredTransaction: "transaction",
}


def subject_of(entry: Entry) -> Subject:
    """What an entry is about."""
    match entry:
        case IntentRelayed(intent_hash=key) | IntentMoved(intent_hash=key):
            return StoredIntent, key
        case BatchCertified(batch_hash=key) | BatchMoved(batch_hash=key):
            return StoredBatch, key
        case TransactionSigned(transaction_hash=key) | TransactionMoved(transaction_hash=key):
            return StoredTransaction, key


@dataclass(slots=True)
class Shelf(Generic[Key, Value]):
    """Values as they were found, and a draft of later ones, kept or dropped as a whole."""

    found: dict[Key, Value] = field(default_factory=dict)
    changed: dict[Key, Value] = field(default_factory=dict)
    _draft: dict[Key, Value] = field(default_factory=dict)

    def get(self, key: Key) -> Value | None:
        """The latest value."""
        for values in (self._draft, self.changed, self.found):
            if key in values:
                return values[key]
        return None

    def put(self, key: Key, value: Value) -> None:
        """Draft a value."""
        self._draft[key] = value

    def close(self, *, keep: bool) -> None:
        """End the draft."""
        if keep:
            self.changed.update(self._draft)
        self._draft.clear()


@dataclass(slots=True)
class Shelves:
    """What some entries build on.

    ``next_nonces`` are by submitter, ``standing`` are the hashes of the batches with a number that
    are not void.
    """

    rows: Shelf[Subject, Stored] = field(default_factory=Shelf)
    next_nonces: Shelf[bytes, int] = field(default_factory=Shelf)
    standing: Shelf[int, frozenset[bytes]] = field(default_factory=Shelf)

    def close(self, *, keep: bool) -> None:
        """End every draft."""
        self.rows.close(keep=keep)
        self.next_nonces.close(keep=keep)
        self.standing.close(keep=keep)


def fold(shelves: Shelves, entry: Entry, cursor: Cursor, time_seconds: int) -> Stored:
    """The row of what ``entry`` is about, right after it; drafted if the entry changes it.

    What says nothing new leaves ``changed`` before ``cursor``. Raises ``InvalidInput`` as
    :meth:`~offbeat.core.store_port.Store.append` does.
    """
    subject = subject_of(entry)
    known = shelves.rows.get(subject)
    if isinstance(entry, IntentMoved | BatchMoved | TransactionMoved):
        row = _move(subject, known, entry, cursor, time_seconds)
    elif known is None:
        if isinstance(entry, TransactionSigned):
            _take_nonce(shelves, entry)
        elif isinstance(entry, BatchCertified):
            _check_number(shelves, entry)
        kind, _ = subject
        row = kind(
            recorded=cursor,
            recorded_seconds=time_seconds,
            changed=cursor,
            changed_seconds=time_seconds,
            **asdict(entry),
        )
    else:
        row = known
    if row is not known:
        shelves.rows.put(subject, row)
        if isinstance(row, StoredBatch):
            _stand(shelves, row)
    return row


def _move(
    subject: Subject,
    known: Stored | None,
    move: IntentMoved | BatchMoved | TransactionMoved,
    cursor: Cursor,
    time_seconds: int,
) -> Stored:
    kind, key = subject
    if known is None:
        raise InvalidInput(f"{_NAMES[kind]}_unknown", f"the journal has no 0x{key.hex()}")
    said = {name: value for name, value in asdict(move).items() if value is not None}
    seen = said.pop("seen", known.changed)
    moved = replace(known, **said)
    if moved == known:
        return known
    if seen != known.changed:
        raise InvalidInput("move_outdated", f"0x{key.hex()} has changed since it was seen")
    if not known.status.may_become(move.status):
        was, becomes = known.status.name, move.status.name
        raise InvalidInput("move_illegal", f"0x{key.hex()} is {was} and cannot become {becomes}")
    return replace(moved, changed=cursor, changed_seconds=time_seconds)


def _check_number(shelves: Shelves, certified: BatchCertified) -> None:
    """Of two relays that build the same batch at once, the second is told here."""
    for rival in shelves.standing.get(certified.number) or ():
        raise InvalidInput("number_taken", f"batch {certified.number} is 0x{rival.hex()}")


def _stand(shelves: Shelves, batch: StoredBatch) -> None:
    others = (shelves.standing.get(batch.number) or frozenset()) - {batch.batch_hash}
    is_void = batch.status is BatchStatus.VOID
    shelves.standing.put(batch.number, others if is_void else others | {batch.batch_hash})


def _take_nonce(shelves: Shelves, signed: TransactionSigned) -> None:
    """A new nonce is not below the next one; it may lie above, where others use the key too."""
    if signed.replaces is not None:
        replaced = shelves.rows.get((StoredTransaction, signed.replaces))
        if not isinstance(replaced, StoredTransaction) or (
            (replaced.submitter, replaced.nonce) != (signed.submitter, signed.nonce)
        ):
            raise InvalidInput("nonce_taken", "the replaced transaction has not this nonce")
        return
    next_nonce = shelves.next_nonces.get(signed.submitter) or 0
    if signed.nonce < next_nonce:
        raise InvalidInput("nonce_taken", f"the next nonce is {next_nonce}")
    shelves.next_nonces.put(signed.submitter, signed.nonce + 1)
