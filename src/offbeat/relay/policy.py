"""When to batch: latency against gas.

A batch costs about the same gas before its first order, so orders gain by waiting for each other,
and by waiting for a cheaper block. What nobody may be kept waiting for goes at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median_high


class Cause(StrEnum):
    """Why a batch is built now, or why not."""

    INBOX = "inbox"
    SETTLEMENT = "settlement"
    SIZE = "size"
    AGE = "age"
    LAPSING = "lapsing"
    """Something new lapses soon."""
    RETRY = "retry"
    """Nothing is new but the market or the state, which may suit what waits."""

    IDLE = "idle"
    YOUNG = "young"
    """What is new may still gain by company."""
    DEAR = "dear"
    """Gas may soon cost less."""

    @property
    def builds(self) -> bool:
        """Whether this is a reason to build."""
        return self not in (Cause.IDLE, Cause.YOUNG, Cause.DEAR)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits. *New* is what no attempt to build has considered yet.

    ``lapses_in_seconds`` is the time until the first of the new ends. ``base_fees_wei`` are the
    recent blocks', the latest last. ``is_changed``: state or report differ from the last attempt's.
    """

    n_new: int
    oldest_new_ms: int
    lapses_in_seconds: int | None
    n_waiting: int
    n_inbox: int
    oldest_item_seconds: int
    n_settling: int
    since_attempt_ms: int
    is_changed: bool
    base_fees_wei: Sequence[int]


@dataclass(frozen=True, slots=True)
class Policy:
    """The trade-off, as numbers.

    ``min_orders`` new intents go at once, fewer once the oldest is ``max_age_ms`` old or one lapses
    within ``lapse_margin_seconds``. What waits without a match is tried again after ``retry_ms`` if
    anything has changed. A base fee above ``dear_bps`` of the recent median is waited out for
    ``patience_ms``; above ``max_base_fee_wei`` nothing goes but an inbox that has waited for
    ``inbox_patience_seconds``, because a due inbox would stop every other batch.

    A batch lives for ``life_seconds``, or less where something in it lapses, but not less than
    ``min_life_seconds``.
    """

    min_orders: int = 32
    max_age_ms: int = 1_000
    retry_ms: int = 5_000
    lapse_margin_seconds: int = 60
    dear_bps: int = 15_000
    patience_ms: int = 30_000
    max_base_fee_wei: int = 500 * 10**9
    inbox_patience_seconds: int = 300
    life_seconds: int = 120
    min_life_seconds: int = 36

    def decide(self, backlog: Backlog) -> Cause:
        """Whether to build a batch now, and why."""
        if backlog.n_inbox and backlog.oldest_item_seconds >= self.inbox_patience_seconds:
            return Cause.INBOX
        cause = self._wanted(backlog)
        if cause.builds and self._is_dear(backlog):
            return Cause.DEAR
        return cause

    def _wanted(self, backlog: Backlog) -> Cause:
        lapses = backlog.lapses_in_seconds
        if backlog.n_settling:
            return Cause.SETTLEMENT
        if backlog.n_inbox:
            return Cause.INBOX
        if backlog.n_new >= self.min_orders:
            return Cause.SIZE
        if backlog.n_new and lapses is not None and lapses <= self.lapse_margin_seconds:
            return Cause.LAPSING
        if backlog.n_new and backlog.oldest_new_ms >= self.max_age_ms:
            return Cause.AGE
        is_rested = backlog.since_attempt_ms >= self.retry_ms
        if backlog.n_waiting and backlog.is_changed and is_rested:
            return Cause.RETRY
        return Cause.YOUNG if backlog.n_new else Cause.IDLE

    def _is_dear(self, backlog: Backlog) -> bool:
        if not backlog.base_fees_wei:
            return False
        base_fee_wei = backlog.base_fees_wei[-1]
        if base_fee_wei > self.max_base_fee_wei:
            return True
        usual_wei = median_high(backlog.base_fees_wei)
        is_patient = max(backlog.oldest_new_ms, backlog.since_attempt_ms) < self.patience_ms
        return is_patient and base_fee_wei * 10_000 > usual_wei * self.dear_bps

    def not_after(self, time_seconds: int, lapses_seconds: Sequence[int]) -> int:
        """The last second at which a batch of ``time_seconds`` may land, so that what lapses at
        these moments may stand in it where that is reasonable."""
        earliest = time_seconds + self.min_life_seconds
        usual = time_seconds + self.life_seconds
        return max(earliest, min([usual, *(each for each in lapses_seconds if each >= earliest)]))
