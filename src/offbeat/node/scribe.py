"""Keeps the journal true: tells it what the chain has made of intents and batches.

Most intents wait in most blocks, so only those are looked at about which anything has changed:
their entries, their batch, their account's final record, or the time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from offbeat.core import InvalidInput
from offbeat.core.store_port import MAX_ENTRIES, Entry, Store
from offbeat.node.book import Book
from offbeat.node.crash_points import crash_point
from offbeat.reconciliation import OpenIntent, Reconciler, Step, Timeline


@dataclass(slots=True)
class Scribe:
    """Writes what one relay sees on the chain; ``finality_depth`` blocks deep it is final."""

    store: Store
    finality_depth: int
    now_seconds: Callable[[], int]
    _suspects: set[bytes] = field(default_factory=set)
    _seen: tuple[Step, Step] | None = None
    """The tip and the final block that were looked at last."""

    async def tell(self, book: Book, timeline: Timeline) -> None:
        """Bring the journal up to date with a chain that is followed to its latest block.

        Every entry shows in the book sooner or later: call again when it has changed. Raises
        :class:`~offbeat.core.Unavailable`; then nothing is forgotten, only not yet told.
        """
        final = timeline.step_at_depth(self.finality_depth)
        await book.fetch(self.store, timeline.landings)
        self._suspects |= book.take_changed()
        self._suspects.update(self._touched(book, timeline, final))
        cancels = {
            account: waiting.cancels.values()
            for account, waiting in book.accounts.items()
            if waiting.cancels
        }
        reconciler = Reconciler(timeline, final, book.batches, cancels, self.now_seconds())
        # Intents follow their batches, so the journal must have spoken of those first.
        batch_moves = [*reconciler.batch_moves()]
        if batch_moves:
            await self._append(batch_moves)
            return
        suspects = [book.intents[each] for each in self._suspects if each in book.intents]
        suspects.sort(key=_recorded)
        if not await self._append([*reconciler.intent_moves(suspects)]):
            return  # They stay suspects until the book has read what the journal knows better.
        self._suspects.clear()
        self._seen = timeline.steps[-1], final
        book.drop_batches(reconciler.done())

    def _touched(self, book: Book, timeline: Timeline, final: Step) -> Iterator[bytes]:
        """Intents about which the chain may have news."""
        tip = timeline.steps[-1]
        if self._seen is not None and tip is self._seen[0] and final is self._seen[1]:
            return
        yield from book.carried
        yield from timeline.fills.keys() & book.intents.keys()
        yield from book.lapsed(final.block.timestamp_seconds)
        before = self._seen[1].state.accounts if self._seen else {}
        after = final.state.accounts
        for account, waiting in book.accounts.items():
            if after.get(account) is not before.get(account):
                yield from waiting.intents

    async def _append(self, moves: Sequence[Entry]) -> bool:
        """Whether the journal took all of them."""
        is_news = True
        for at in range(0, len(moves), MAX_ENTRIES):
            crash_point("scribe.before_append")
            try:
                await self.store.append(moves[at : at + MAX_ENTRIES], self.now_seconds())
            except InvalidInput as error:
                # Somebody else has moved one of these; the book will hear of it.
                if error.code not in ("move_outdated", "move_illegal"):
                    raise
                is_news = False
            crash_point("scribe.after_append")
        return is_news


def _recorded(each: OpenIntent) -> int:
    return each.row.recorded
