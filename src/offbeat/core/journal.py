"""What the journal of relays says: its entries, and what they come to for each thing.

Hashes are 32 bytes, addresses 20, an account is its id in 24 bytes (owner ‖ index). The bodies
(a signed intent, a submission, a raw transaction) mean nothing to a store. Constructors raise
:class:`~offbeat.core.InvalidInput` with code ``entry_invalid``. There can be very many of these
values, and none can be part of a cycle, so the garbage collector need not look at them.
"""

from typing import Final, NewType

from msgspec import Struct

from offbeat.core.errors import InvalidInput
from offbeat.core.lifecycle import BatchStatus, IntentStatus, Status, TransactionStatus

MAX_SIGNED_BYTES: Final = 16_384
"""A signed intent: the intent standard's longest text."""
MAX_BODY_BYTES: Final = 131_072
"""A submission or a raw transaction: what nodes take as one transaction."""
MAX_REASON_CHARS: Final = 64

MAX_INTEGER: Final = 2**63 - 1
"""Times, numbers, nonces and amounts go from 0 to here, what was paid as far below 0 too."""

Cursor = NewType("Cursor", int)
"""A place in the journal. Larger is later; nothing else about it means anything."""
START: Final = Cursor(0)
"""Before the first entry."""


class IntentRelayed(Struct, frozen=True, array_like=True, gc=False, tag=1):
    """An intent was admitted; ``signed`` is whatever its relay needs to act on it."""

    intent_hash: bytes
    account: bytes
    signed: bytes

    def __post_init__(self) -> None:
        _check_length("intent_hash", self.intent_hash, 32)
        _check_length("account", self.account, 24)
        _check_body("signed", self.signed, MAX_SIGNED_BYTES)


class IntentMoved(Struct, frozen=True, array_like=True, gc=False, tag=2):
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


class BatchCertified(Struct, frozen=True, array_like=True, gc=False, tag=3):
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


class BatchMoved(Struct, frozen=True, array_like=True, gc=False, tag=4):
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


class TransactionSigned(Struct, frozen=True, array_like=True, gc=False, tag=5):
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


class TransactionMoved(Struct, frozen=True, array_like=True, gc=False, tag=6):
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


class Stored(Struct, frozen=True, kw_only=True, gc=False):
    """What the journal has said of one thing: first at ``recorded``, last at ``changed``."""

    recorded: Cursor
    recorded_seconds: int
    changed: Cursor
    changed_seconds: int
    status: Status
    reason: str = ""


class StoredIntent(Stored, frozen=True, kw_only=True, gc=False):
    """An intent and how far it has come; see the entries for the fields."""

    intent_hash: bytes
    account: bytes
    signed: bytes
    status: IntentStatus = IntentStatus.RELAYED
    filled_micros: int = 0
    paid_micros: int = 0
    fee_micros: int = 0
    batch_hash: bytes | None = None


class StoredBatch(Stored, frozen=True, kw_only=True, gc=False):
    """A certified batch and how far it has come; see the entries for the fields."""

    batch_hash: bytes
    number: int
    submission: bytes
    status: BatchStatus = BatchStatus.CERTIFIED
    transaction_hash: bytes | None = None


class StoredTransaction(Stored, frozen=True, kw_only=True, gc=False):
    """A signed transaction and how far it has come; see the entries for the fields."""

    transaction_hash: bytes
    submitter: bytes
    nonce: int
    raw: bytes
    batch_hash: bytes | None = None
    replaces: bytes | None = None
    status: TransactionStatus = TransactionStatus.PENDING
    block_number: int | None = None


class Recorded(Struct, frozen=True, gc=False):
    """An entry in its place of the journal, with the time that its writer gave."""

    cursor: Cursor
    time_seconds: int
    entry: Entry


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
