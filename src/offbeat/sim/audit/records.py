"""The auditor's own record of an account: what it holds, what it has spent, and its commitment."""

from dataclasses import dataclass, field

from offbeat.core import limits
from offbeat.sim.audit.payload import Instrument, Lane, Partial, Section
from offbeat.sim.audit.reader import keccak256

_NUMBER_MASK = (1 << limits.LANE_SHIFT) - 1


@dataclass(slots=True)
class Record:
    """One account; ``positions`` are signed micros by instrument, none zero."""

    account: int
    cash_micros: int = 0
    lanes: list[Lane] = field(default_factory=list)
    partials: list[Partial] = field(default_factory=list)
    positions: dict[Instrument, int] = field(default_factory=dict)

    @classmethod
    def of_witness(cls, section: Section) -> "Record":
        """The record that a batch says the account had before it."""
        positions = {each: quantity for each, quantity in section.positions.items() if quantity}
        return cls(
            section.account,
            section.cash_micros,
            list(section.lanes),
            list(section.partials),
            positions,
        )

    def add(self, instrument: Instrument, quantity_micros: int) -> None:
        """Change a position, and forget it when it is zero."""
        quantity = self.positions.pop(instrument, 0) + quantity_micros
        if quantity:
            self.positions[instrument] = quantity

    def remember(self, order: Partial, *, is_complete: bool, now_seconds: int) -> None:
        """Note a fill: a complete order is forgotten, one that goes on keeps or gets its place.

        Where all places are taken, the first order that has expired gives up its own.
        """
        if is_complete:
            self.forget(order.nonce)
        elif known := self.partial(order.nonce):
            self.partials[self.partials.index(known)] = order
        else:
            if len(self.partials) == limits.MAX_PARTIALS:
                over = [e.nonce for e in self.partials if e.valid_until_seconds < now_seconds]
                self.forget(next(iter(over), None))
            self.partials.append(order)

    def forget(self, nonce: int | None) -> bool:
        """Drop the partly filled order with this nonce; the last one takes its place."""
        order = None if nonce is None else self.partial(nonce)
        if order is None:
            return False
        self.partials[self.partials.index(order)] = self.partials[-1]
        self.partials.pop()
        return True

    def partial(self, nonce: int) -> Partial | None:
        """The partly filled order that spent this nonce."""
        return next((each for each in self.partials if each.nonce == nonce), None)

    def spend(self, nonce: int) -> bool:
        """Mark a nonce as spent; False if it was, or if no such lane can be."""
        index, number = nonce >> limits.LANE_SHIFT, nonce & _NUMBER_MASK
        if index >= limits.MAX_LANES or index > len(self.lanes):
            return False
        if index == len(self.lanes):
            self.lanes.append(Lane())
        lane = self.lanes[index]
        spent = {lane.floor + bit for bit in range(limits.LANE_WINDOW) if lane.bitmap >> bit & 1}
        if number < lane.floor or number in spent:
            return False
        floor = max(lane.floor, number - limits.LANE_WINDOW + 1)
        bits = (1 << each - floor for each in spent | {number} if each >= floor)
        self.lanes[index] = Lane(floor, sum(bits))
        first = index << limits.LANE_SHIFT | floor
        left_behind = range(index << limits.LANE_SHIFT, first)
        self.partials = [each for each in self.partials if each.nonce not in left_behind]
        return True

    def commitment(self) -> bytes:
        """keccak256 of the record's words."""
        counts = len(self.lanes) << 16 | len(self.positions) << 8 | len(self.partials)
        words = [self.account << 64 | counts, self.cash_micros % 2**256]
        holdings = sorted(self.positions.items())
        words += [instrument.id << 128 | quantity % 2**128 for instrument, quantity in holdings]
        for lane in self.lanes:
            words += [lane.floor, lane.bitmap]
        for each in self.partials:
            terms = each.nonce << 192 | each.filled_micros << 128 | each.valid_until_seconds << 64
            words += [terms, int.from_bytes(each.intent_hash)]
        return keccak256(b"".join(word.to_bytes(32) for word in words))
