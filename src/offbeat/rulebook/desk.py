"""An account on the table: what its actions change, before the record is written again."""

from collections import defaultdict
from dataclasses import dataclass, field

from offbeat.core import Reason, limits
from offbeat.intents import Lane, spend, split_nonce
from offbeat.rulebook.records import Partial
from offbeat.rulebook.refusal import Refusal, require
from offbeat.rulebook.work import Work


@dataclass(slots=True)
class Desk:
    """An account while its actions are applied.

    ``before`` and ``after`` are quantities by row in ascending order; ``deltas`` are what the
    actions add, ``reducing`` the rows that a reduce-only order touches.
    """

    time_seconds: int
    account: int
    owner: bytes
    index: int
    cash_micros: int
    lanes: tuple[Lane, ...]
    partials: list[Partial]
    before: dict[int, int]
    cash_before_micros: int = 0
    deltas: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    reducing: set[int] = field(default_factory=set)
    after: dict[int, int] = field(default_factory=dict)

    def charge(self, work: Work, amount_micros: int) -> None:
        """Move cash from the account into the batch's pool, which must end at zero or above."""
        self.cash_micros -= amount_micros
        work.pool_micros += amount_micros

    def spend(self, nonce: int) -> None:
        """Spend a nonce; where its window slides, partly filled orders that it leaves end too."""
        lanes = spend(self.lanes, nonce)
        if isinstance(lanes, Reason):
            raise Refusal(lanes)
        self.lanes = lanes
        lane, _ = split_nonce(nonce)
        self.partials = [
            partial
            for partial in self.partials
            if (where := split_nonce(partial.nonce))[0] != lane or where[1] >= lanes[lane].floor
        ]

    def add_partial(self, partial: Partial) -> None:
        """Remember a partly filled order; where there is no room, forget one that has expired."""
        if len(self.partials) == limits.MAX_PARTIALS:
            expired = [
                at
                for at, other in enumerate(self.partials)
                if other.valid_until_seconds < self.time_seconds
            ]
            require(bool(expired), Reason.PARTIALS_FULL)
            self.remove_partial(expired[0])
        self.partials.append(partial)

    def cancel_partial(self, nonce: int) -> bool:
        """Forget a partly filled order, whose nonce is spent already; whether there was one."""
        for at, partial in enumerate(self.partials):
            if partial.nonce == nonce:
                self.remove_partial(at)
                return True
        return False

    def remove_partial(self, at: int) -> None:
        """Remove one; the last takes its place, as in the contract."""
        self.partials[at] = self.partials[-1]
        self.partials.pop()
