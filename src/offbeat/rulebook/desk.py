"""An account on the table: what its actions change, before the record is written again."""

from dataclasses import dataclass, field

from offbeat.core import Reason, limits
from offbeat.intents import Lane, spend, split_nonce
from offbeat.rulebook.records import Partial
from offbeat.rulebook.refusal import Refusal, require
from offbeat.rulebook.work import Work


@dataclass(slots=True)
class Desk:
    """An account while its actions are applied.

    ``before`` and ``after`` are quantities by row in ascending order: without the actions, and as
    they are now. ``gave_away`` tells whether any option moved, or spot left. In a liquidation the
    orders are nobody's: no signature, no nonce, and they only reduce.
    """

    time_seconds: int
    account: int
    owner: bytes
    index: int
    cash_micros: int
    lanes: tuple[Lane, ...]
    partials: list[Partial]
    before: dict[int, int]
    is_liquidation: bool = False
    cash_before_micros: int = 0
    after: dict[int, int] = field(default_factory=dict)
    gave_away: bool = False
    covered_micros: int = 0

    def begin(self) -> None:
        """What stands now is what the actions find."""
        self.cash_before_micros = self.cash_micros
        self.after = dict(self.before)

    def move(self, work: Work, row: int, delta: int, *, reduce_only: bool = False) -> None:
        """Change what the account holds of a row, which must be among its entries."""
        require(row in self.after, Reason.ENTRY_MISSING)
        held = self.after[row]
        quantity = held + delta
        shrinks = min(0, held) <= quantity <= max(0, held)
        require(shrinks or not (reduce_only or self.is_liquidation), Reason.REDUCE_ONLY)
        self.after[row] = quantity
        self.gave_away |= delta < 0 or not work.rows[row].is_spot

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

    def partial(self, nonce: int) -> Partial | None:
        """The partly filled order with this nonce."""
        return next((partial for partial in self.partials if partial.nonce == nonce), None)

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
