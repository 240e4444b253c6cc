"""The store port: what a relay must never forget.

The truth is a journal of *entries*, in one order for everybody. What the journal says of each
intent, batch and transaction so far is kept beside it as a :class:`Stored` row. Saying the same
thing twice in a row is saying it once, so whoever is unsure whether an append has happened repeats
it. A move that names the place of the change it has ``seen`` is refused where somebody has made
another change since. The entries and rows themselves are :mod:`offbeat.core.journal`'s.
"""

from collections.abc import Sequence
from typing import Final, Protocol, overload

from offbeat.core.journal import (
    MAX_BODY_BYTES,
    MAX_INTEGER,
    MAX_REASON_CHARS,
    MAX_SIGNED_BYTES,
    START,
    BatchCertified,
    BatchEntry,
    BatchMoved,
    Cursor,
    Entry,
    IntentEntry,
    IntentMoved,
    IntentRelayed,
    Recorded,
    Stored,
    StoredBatch,
    StoredIntent,
    StoredTransaction,
    TransactionEntry,
    TransactionMoved,
    TransactionSigned,
)

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_ENTRIES",
    "MAX_INTEGER",
    "MAX_PAGE",
    "MAX_REASON_CHARS",
    "MAX_SIGNED_BYTES",
    "MAX_WAIT_SECONDS",
    "START",
    "BatchCertified",
    "BatchEntry",
    "BatchMoved",
    "Cursor",
    "Entry",
    "IntentEntry",
    "IntentMoved",
    "IntentRelayed",
    "Recorded",
    "Store",
    "Stored",
    "StoredBatch",
    "StoredIntent",
    "StoredTransaction",
    "TransactionEntry",
    "TransactionMoved",
    "TransactionSigned",
]

MAX_ENTRIES: Final = 1_024
"""Entries in one append: a full batch with all its intents fits."""
MAX_PAGE: Final = 256
MAX_WAIT_SECONDS: Final = 60.0


class Store(Protocol):
    """The durable memory of relays; several processes may share one.

    Every method raises :class:`~offbeat.core.Unavailable` when the store cannot be reached, is
    full or is too busy: nothing is half-written then, and the same call may succeed later. Lists
    come in pages of at most ``limit`` (1 to ``MAX_PAGE``), else ``InvalidInput("page_invalid")``;
    the page after one starts behind its last element.
    """

    @overload
    async def append(
        self, entries: Sequence[IntentEntry], time_seconds: int
    ) -> tuple[StoredIntent, ...]: ...
    @overload
    async def append(
        self, entries: Sequence[BatchEntry], time_seconds: int
    ) -> tuple[StoredBatch, ...]: ...
    @overload
    async def append(
        self, entries: Sequence[TransactionEntry], time_seconds: int
    ) -> tuple[StoredTransaction, ...]: ...
    @overload
    async def append(self, entries: Sequence[Entry], time_seconds: int) -> tuple[Stored, ...]: ...
    async def append(self, entries: Sequence[Entry], time_seconds: int) -> tuple[Stored, ...]:
        """Journal all of these or none; they are durable when this returns.

        Gives each entry's intent, batch or transaction as it stands right after the entry. What
        is known already is not journalled again. Raises ``InvalidInput`` with code
        ``append_invalid`` (too many entries, or no such time), ``intent_unknown``,
        ``batch_unknown``, ``transaction_unknown``, ``move_illegal``, ``move_outdated`` (see
        ``seen``), ``number_taken`` (another batch with this number stands) or ``nonce_taken``
        (the transaction replaces none with this nonce, and the nonce is not new).

        A ``VOID`` batch that a reorganisation brings back needs no free number: the chain decides.
        """

    async def intent(self, intent_hash: bytes) -> StoredIntent | None:
        """One intent by its hash."""

    async def open_intents(
        self,
        *,
        account: bytes | None = None,
        after: StoredIntent | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[StoredIntent, ...]:
        """Open intents of one account or of all, by account and then as they were recorded."""

    async def batch(self, batch_hash: bytes) -> StoredBatch | None:
        """One batch by the hash of its payload."""

    async def batches(self, number: int, *, limit: int = MAX_PAGE) -> tuple[StoredBatch, ...]:
        """Every batch with a number, as they were recorded; at most one of them settles."""

    async def open_batches(
        self, *, after: StoredBatch | None = None, limit: int = MAX_PAGE
    ) -> tuple[StoredBatch, ...]:
        """Open batches, as they were recorded."""

    async def transaction(self, transaction_hash: bytes) -> StoredTransaction | None:
        """One transaction by its hash."""

    async def open_transactions(
        self, *, after: StoredTransaction | None = None, limit: int = MAX_PAGE
    ) -> tuple[StoredTransaction, ...]:
        """Open transactions, as they were recorded."""

    async def next_nonce(self, submitter: bytes) -> int | None:
        """The nonce after the highest that a submitter has signed with; ``None`` if it has not."""

    async def journal(
        self, *, after: Cursor = START, limit: int = MAX_PAGE
    ) -> tuple[Recorded, ...]:
        """The entries that follow a place, in order and without a gap; empty at the end.

        An entry that is committed later always comes later. Raises
        ``InvalidInput("cursor_unknown")`` for a place that this journal has not reached.
        """

    async def head(self) -> Cursor:
        """The place of the latest entry."""

    async def wait(self, after: Cursor, timeout_seconds: float) -> Cursor:
        """The head as soon as it is beyond ``after``, or when the time is over.

        News of this process wake at once, those of others within some 20 ms. Every waiter asks the
        database anew, so let one task of a process follow the journal for all. Raises
        ``InvalidInput`` with code ``cursor_unknown`` like :meth:`journal`, or ``wait_invalid``
        where the time is not 0 to ``MAX_WAIT_SECONDS``.
        """

    async def rebuild(self) -> None:
        """Derive every :class:`Stored` row anew from the journal, while writers wait."""
