"""The store port: what a relay must never forget.

The truth is a journal of *entries*, in one order for everybody. What the journal says of each
intent, batch and transaction so far is kept beside it as a :class:`Stored` row. Saying the same
thing twice in a row is saying it once, so whoever is unsure whether an append has happened repeats
it. A move that names the place of the change it has ``seen`` is refused where somebody has made
another change since.

Hashes are 32 bytes, addresses 20, an account is its id in 24 bytes (owner ‖ index). The bodies
(a signed intent, a submission, a raw transaction) mean nothing to a store. Constructors raise
:class:`~offbeat.core.InvalidInput` with code ``entry_invalid``.
"""

from collections.abc import Sequence
from typing import Final, NewType, Protocol, overload

from msgspec import Struct

from offbeat.core.errors import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, Status, TransactionStatus

MAX_SIGNED_BYTES: Final = 16_384
"""A signed intent: the intent standard's longest text."""
MAX_BODY_BYTES: Final = 131_072
"""A submission or a raw transaction: what nodes take as one transaction."""
MAX_REASON_CHARS: Final = 64
MAX_ENTRIES: Final = 1_024
"""Entries in one append: a full batch with all its intents fits."""
MAX_PAGE: Final = 256
MAX_WAIT_SECONDS: Final = 60.0

MAX_INTEGER: Final = 2**63 - 1
"""Times, numbers, nonces and amounts go from 0 to here, what was paid as far below 0 too."""

Cursor = NewType("Cursor", int)
"""A place in the journal. Larger is later; nothing else about it means anything."""
START: Final = Cursor(0)
"""Before the first entry."""


class IntentRelayed(Struct, frozen=True, array_like=True, tag=1):
    """An intent was admitted; ``signed`` is whatever its relay needs to act on it."""

    intent_hash: bytes
    account: bytes
    signed: bytes

    def __post_init__(self) -> None:
        _check_length("intent_hash", self.intent_hash, 32)
        _check_length("account", self.account, 24)
        _check_body("signed", self.signed, MAX_SIGNED_BYTES)


class IntentMoved(Struct, frozen=True, array_like=True, tag=2):
    """An intent is in ``status`` now, and why; ``None`` leaves a detail as it was.

    An intent that is refused or ends unfilled needs a reason. ``filled_micros``, ``paid_micros``
    (negative where more was received) and ``fee_micros`` count all batches on the present chain,
    ``batch_hash`` is the latest batch that carries it.
    """

    intent_hash: bytes
    status: IntentStatus
    reason: str = ""
    filled_micros: int | None = None
    batch_hash: bytes | None = None
    seen: Cursor | None = None
    paid_micros: int | None = None
    fee_micros: int | None = None

    def __post_init__(self) -> None:
        _check_length("intent_hash", self.intent_hash, 32)
        _check_reason(self.reason, needed=self.status > IntentStatus.FINAL)
        _check_integer("filled_micros", self.filled_micros)
        _check_length("batch_hash", self.batch_hash, 32)
        _check_integer("paid_micros", self.paid_micros and abs(self.paid_micros))
        _check_integer("fee_micros", self.fee_micros)


class BatchCertified(Struct, frozen=True, array_like=True, tag=3):
    """A batch can land from now on; ``submission`` is what lands it.

    Its number is free: no other batch with it stands, which is every one that is not ``VOID``.
    """

    batch_hash: bytes
    number: int
    submission: bytes

    def __post_init__(self) -> None:
        _check_length("batch_hash", self.batch_hash, 32)
        _check_integer("number", self.number)
        _check_body("submission", self.submission, MAX_BODY_BYTES)


class BatchMoved(Struct, frozen=True, array_like=True, tag=4):
    """A batch is in ``status`` now; ``transaction_hash`` is the transaction that it landed in."""

    batch_hash: bytes
    status: BatchStatus
    reason: str = ""
    transaction_hash: bytes | None = None
    seen: Cursor | None = None

    def __post_init__(self) -> None:
        _check_length("batch_hash", self.batch_hash, 32)
        _check_reason(self.reason, needed=self.status is BatchStatus.VOID)
        _check_length("transaction_hash", self.transaction_hash, 32)


class TransactionSigned(Struct, frozen=True, array_like=True, tag=5):
    """A transaction was signed and may be sent from now on.

    Its nonce is a new one of its submitter, unless it replaces an earlier transaction.
    ``batch_hash`` is ``None`` where it lands no batch.
    """

    transaction_hash: bytes
    submitter: bytes
    nonce: int
    raw: bytes
    batch_hash: bytes | None = None
    replaces: bytes | None = None

    def __post_init__(self) -> None:
        _check_length("transaction_hash", self.transaction_hash, 32)
        _check_length("submitter", self.submitter, 20)
        _check_integer("nonce", self.nonce)
        _check_body("raw", self.raw, MAX_BODY_BYTES)
        _check_length("batch_hash", self.batch_hash, 32)
        _check_length("replaces", self.replaces, 32)


class TransactionMoved(Struct, frozen=True, array_like=True, tag=6):
    """A transaction is in ``status`` now; a mined one with a reason was reverted for it."""

    transaction_hash: bytes
    status: TransactionStatus
    reason: str = ""
    block_number: int | None = None
    seen: Cursor | None = None

    def __post_init__(self) -> None:
        _check_length("transaction_hash", self.transaction_hash, 32)
        _check_reason(self.reason, needed=False)
        _check_integer("block_number", self.block_number)


IntentEntry = IntentRelayed | IntentMoved
BatchEntry = BatchCertified | BatchMoved
TransactionEntry = TransactionSigned | TransactionMoved
Entry = IntentEntry | BatchEntry | TransactionEntry
"""Anything that the journal can say."""


class Stored(Struct, frozen=True, kw_only=True):
    """What the journal has said of one thing: first at ``recorded``, last at ``changed``."""

    recorded: Cursor
    recorded_seconds: int
    changed: Cursor
    changed_seconds: int
    status: Status
    reason: str = ""


class StoredIntent(Stored, frozen=True, kw_only=True):
    """An intent and how far it has come; see the entries for the fields."""

    intent_hash: bytes
    account: bytes
    signed: bytes
    status: IntentStatus = IntentStatus.RELAYED
    filled_micros: int = 0
    paid_micros: int = 0
    fee_micros: int = 0
    batch_hash: bytes | None = None


class StoredBatch(Stored, frozen=True, kw_only=True):
    """A certified batch and how far it has come; see the entries for the fields."""

    batch_hash: bytes
    number: int
    submission: bytes
    status: BatchStatus = BatchStatus.CERTIFIED
    transaction_hash: bytes | None = None


class StoredTransaction(Stored, frozen=True, kw_only=True):
    """A signed transaction and how far it has come; see the entries for the fields."""

    transaction_hash: bytes
    submitter: bytes
    nonce: int
    raw: bytes
    batch_hash: bytes | None = None
    replaces: bytes | None = None
    status: TransactionStatus = TransactionStatus.PENDING
    block_number: int | None = None


class Recorded(Struct, frozen=True):
    """An entry in its place of the journal, with the time that its writer gave."""

    cursor: Cursor
    time_seconds: int
    entry: Entry


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


def _check_length(name: str, value: bytes | None, length: int) -> None:
    if value is not None and len(value) != length:
        raise InvalidInput("entry_invalid", f"{name} must be {length} bytes")


def _check_body(name: str, value: bytes, most: int) -> None:
    if not 0 < len(value) <= most:
        raise InvalidInput("entry_invalid", f"{name} must be 1 to {most} bytes")


def _check_reason(reason: str, *, needed: bool) -> None:
    if not needed <= len(reason) <= MAX_REASON_CHARS or not reason.isprintable():
        raise InvalidInput(
            "entry_invalid", f"reason must be {needed:d} to {MAX_REASON_CHARS} printable characters"
        )


def _check_integer(name: str, value: int | None) -> None:
    if value is not None and not 0 <= value <= MAX_INTEGER:
        raise InvalidInput("entry_invalid", f"{name} must be 0 to {MAX_INTEGER}")
