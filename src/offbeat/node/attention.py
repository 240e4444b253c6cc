"""Which waiting intents deserve an attempt to batch: the new ones, and not the hopeless ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from offbeat.core import Reason
from offbeat.core.lifecycle import IntentStatus
from offbeat.node.book import Book
from offbeat.reconciliation import OpenIntent

FIRST_ASIDE_MS: Final = 1_000
LONGEST_ASIDE_MS: Final = 60_000

_OF_THE_MOMENT: Final = frozenset(
    {
        Reason.NOT_YET_VALID,
        Reason.EXPIRED,
        Reason.LEG_EXPIRED,
        Reason.MARKET_CONDITION,
        Reason.REPORT_MISSING,
        Reason.NONCE_SPENT,
    }
)
"""Refusals that cost nothing to find out again, because they need no clearing."""


@dataclass(slots=True)
class Attention:
    """What an attempt to batch should look at. Times are of a clock that never goes back.

    What the rules refuse stands aside, each time twice as long, so that an order which its account
    cannot afford does not cost everybody a round of the auction in every batch.
    """

    _since_ms: dict[bytes, int] = field(default_factory=dict)
    """When what is new was first seen."""
    _known: set[bytes] = field(default_factory=set)
    """What some attempt has considered."""
    _aside: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """Until when, and for how long."""

    def waiting(self, book: Book, now_ms: int) -> list[OpenIntent]:
        """What may stand in a batch now, the earliest first: nothing whose owner cancels it."""
        waiting = [
            each
            for intent_hash, each in book.intents.items()
            if each.row.status in (IntentStatus.RELAYED, IntentStatus.ORDERED)
            and not self._stands_aside(intent_hash, now_ms)
        ]
        hashes = {each.row.intent_hash for each in waiting}
        self._known &= hashes
        self._since_ms = {each: self._since_ms.get(each, now_ms) for each in hashes - self._known}
        if len(self._aside) > 2 * len(book.intents):
            self._aside = {each: v for each, v in self._aside.items() if each in book.intents}
        return waiting

    @property
    def new(self) -> Mapping[bytes, int]:
        """What waits and was never considered, and since when."""
        return self._since_ms

    def considered(
        self, waiting: Iterable[OpenIntent], refused: Mapping[bytes, Reason], now_ms: int
    ) -> None:
        """An attempt has looked at all of these."""
        self._known.update(each.row.intent_hash for each in waiting)
        self._since_ms.clear()
        for intent_hash, reason in refused.items():
            if reason not in _OF_THE_MOMENT:
                _, last_ms = self._aside.get(intent_hash, (0, FIRST_ASIDE_MS // 2))
                for_ms = min(2 * last_ms, LONGEST_ASIDE_MS)
                self._aside[intent_hash] = now_ms + for_ms, for_ms

    def taken(self, hashes: Iterable[bytes]) -> None:
        """These are in a batch; should they come back, they are new again."""
        self._known.difference_update(hashes)

    def _stands_aside(self, intent_hash: bytes, now_ms: int) -> bool:
        until_ms, _ = self._aside.get(intent_hash, (0, 0))
        return now_ms < until_ms
