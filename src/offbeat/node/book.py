"""The open intents and batches of a journal, in memory: its own relay's and others' alike.

The journal is the truth. A book follows it entry by entry, and can always be read anew from it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TypeVar

from msgspec.structs import asdict, replace

from offbeat.core.store_port import (
    START,
    BatchCertified,
    BatchMoved,
    IntentMoved,
    IntentRelayed,
    Recorded,
    Store,
    StoredBatch,
    StoredIntent,
)
from offbeat.intents import Cancel, Order, SignedIntent, split_nonce
from offbeat.reconciliation import OpenIntent, covers, ends
from offbeat.rulebook import account_id

Decode = Callable[[bytes, bytes], SignedIntent]
"""The signed intent that stands behind an intent hash and its stored text."""
Row = TypeVar("Row", StoredIntent, StoredBatch)


@dataclass(slots=True)
class Waiting:
    """The open intents of one account, by hash, and its cancellations among them."""

    intents: dict[bytes, OpenIntent] = field(default_factory=dict)
    cancels: dict[bytes, Cancel] = field(default_factory=dict)

    @property
    def n_open(self) -> int:
        """How many there are."""
        return len(self.intents)

    @property
    def highest_lane(self) -> int:
        """The highest nonce lane among them, or -1."""
        lanes = (split_nonce(each.signed.intent.nonce)[0] for each in self.intents.values())
        return max(lanes, default=-1)

    def is_cancelled(self, nonce: int) -> bool:
        """Whether a cancellation among them ends whatever has this nonce."""
        return any(ends(cancel, nonce) for cancel in self.cancels.values())

    def covered_by(self, cancel: Cancel) -> list[OpenIntent]:
        """The open orders that a cancellation ends."""
        return [
            each
            for each in self.intents.values()
            if isinstance(each.signed.intent, Order) and covers(cancel, each.signed.intent)
        ]


class Book:
    """Open intents by hash as they were recorded, ``accounts`` by id, and ``batches`` by hash.

    ``cursor`` is the place of the journal up to which the book has read, ``version`` grows with
    every change. Of the batches it has those that are open and those that an open intent names;
    ``carried`` are the intents that name one.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self.intents: dict[bytes, OpenIntent] = {}
        self.accounts: dict[int, Waiting] = {}
        self.batches: dict[bytes, StoredBatch] = {}
        self.carried: set[bytes] = set()
        self.cursor = START
        self.version = 0
        self._changed: set[bytes] = set()
        self._lapsing: list[tuple[int, bytes]] = []

    @classmethod
    async def load(cls, store: Store, decode: Decode) -> "Book":
        """The book of a journal as it stands; raises :class:`~offbeat.core.Unavailable`."""
        book = cls(decode)
        # What changes while the pages are read is read again from here, entry by entry.
        book.cursor = await store.head()
        found: list[StoredIntent] = []
        while page := await store.open_intents(after=found[-1] if found else None):
            found.extend(page)
        for row in sorted(found, key=lambda each: each.recorded):
            book._put(row, decode(row.intent_hash, row.signed))
        last = None
        while batches := await store.open_batches(after=last):
            last = batches[-1]
            book.batches.update((row.batch_hash, row) for row in batches)
        await book.fetch(store, (row.batch_hash for row in found))
        return book

    async def follow(self, store: Store) -> bool:
        """Read the next entries; whether there were any."""
        page = await store.journal(after=self.cursor)
        for recorded in page:
            if recorded.cursor > self.cursor:
                self._read(recorded)
        await self.fetch(store, (_named_batch(recorded) for recorded in page))
        return bool(page)

    async def fetch(self, store: Store, hashes: Iterable[bytes | None]) -> None:
        """Take up those of these batches that the store knows."""
        for batch_hash in {each for each in hashes if each} - self.batches.keys():
            row = await store.batch(batch_hash)
            if row is not None:
                self.batches[batch_hash] = row

    def account(self, account: int) -> Waiting:
        """What waits for an account."""
        return self.accounts.get(account) or Waiting()

    def add(self, row: StoredIntent, signed: SignedIntent) -> None:
        """Take in what an append has just returned, unless the journal has told as much already.

        What comes right behind the latest entry need not be read again.
        """
        if row.changed > self.cursor and row.intent_hash not in self.intents:
            self._put(row, signed)
        if row.recorded == row.changed == self.cursor + 1:
            self.cursor = row.changed

    def take_changed(self) -> set[bytes]:
        """Intents about which the journal has news since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def lapsed(self, time_seconds: int) -> list[bytes]:
        """Intents that no batch after this time can carry; named until they have ended."""
        late = []
        while self._lapsing and self._lapsing[0][0] < time_seconds:
            entry = heappop(self._lapsing)
            if entry[1] in self.intents:
                late.append(entry)
        for entry in late:
            heappush(self._lapsing, entry)
        return [intent_hash for _, intent_hash in late]

    def drop_batches(self, hashes: Iterable[bytes]) -> None:
        """Forget batches that nobody needs any more."""
        for batch_hash in hashes:
            self.batches.pop(batch_hash, None)

    # Reading the journal ------------------------------------------------------------------

    def _read(self, recorded: Recorded) -> None:
        entry = recorded.entry
        match entry:
            case IntentRelayed():
                if entry.intent_hash not in self.intents:
                    row = StoredIntent(
                        recorded=recorded.cursor,
                        recorded_seconds=recorded.time_seconds,
                        changed=recorded.cursor,
                        changed_seconds=recorded.time_seconds,
                        **asdict(entry),
                    )
                    self._put(row, self._decode(entry.intent_hash, entry.signed))
            case IntentMoved():
                known = self.intents.get(entry.intent_hash)
                if known is not None:
                    self._put(_moved(known.row, recorded, entry), known.signed)
            case BatchCertified():
                if entry.batch_hash not in self.batches:
                    self.batches[entry.batch_hash] = StoredBatch(
                        recorded=recorded.cursor,
                        recorded_seconds=recorded.time_seconds,
                        changed=recorded.cursor,
                        changed_seconds=recorded.time_seconds,
                        **asdict(entry),
                    )
            case BatchMoved():
                batch = self.batches.get(entry.batch_hash)
                if batch is not None:
                    self.batches[entry.batch_hash] = _moved(batch, recorded, entry)
                    self._changed |= self.carried
        self.cursor = recorded.cursor
        self.version += 1

    def _put(self, row: StoredIntent, signed: SignedIntent) -> None:
        intent = signed.intent
        account = account_id(intent.owner, intent.account)
        if not row.status.is_open:
            self._drop(row.intent_hash, account)
            return
        each = OpenIntent(row, signed)
        if row.intent_hash not in self.intents:
            heappush(self._lapsing, (each.lapses_seconds, row.intent_hash))
        self.intents[row.intent_hash] = each
        waiting = self.accounts.setdefault(account, Waiting())
        waiting.intents[row.intent_hash] = each
        self._changed.add(row.intent_hash)
        if row.batch_hash is not None:
            self.carried.add(row.intent_hash)
        if isinstance(intent, Cancel):
            waiting.cancels[row.intent_hash] = intent
            self._changed.update(waiting.intents)
        self.version += 1

    def _drop(self, intent_hash: bytes, account: int) -> None:
        self.intents.pop(intent_hash, None)
        self.carried.discard(intent_hash)
        waiting = self.accounts.get(account)
        if waiting is not None:
            waiting.intents.pop(intent_hash, None)
            if waiting.cancels.pop(intent_hash, None):
                self._changed.update(waiting.intents)
            if not waiting.intents:
                del self.accounts[account]


def _moved(row: Row, recorded: Recorded, move: IntentMoved | BatchMoved) -> Row:
    """The row after an entry, unless it was read after it."""
    if recorded.cursor <= row.changed:
        return row
    said = {name: value for name, value in asdict(move).items() if value is not None}
    said.pop("seen", None)
    said.update(changed=recorded.cursor, changed_seconds=recorded.time_seconds)
    return replace(row, **said)


def _named_batch(recorded: Recorded) -> bytes | None:
    """The batch that an entry speaks of."""
    return getattr(recorded.entry, "batch_hash", None)
