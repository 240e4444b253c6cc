"""The queue of forced requests, as the auditor follows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from offbeat.core import limits
from offbeat.sim.audit.payload import ORDER, Batch


@dataclass(frozen=True, slots=True)
class Request:
    """A forced intent; of an order the ``legs`` (instrument id, ratio) and the limit."""

    number: int
    intent_hash: bytes
    enqueued_seconds: int
    legs: tuple[tuple[int, int], ...]
    limit_micros: int

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """From the event of its queueing."""
        is_order = said["kind"] == ORDER
        return cls(
            number=said["number"],
            intent_hash=said["digest"],
            enqueued_seconds=said["enqueued_at"],
            legs=tuple((leg >> 16, _signed(leg, 16)) for leg in said["legs"]) if is_order else (),
            limit_micros=_signed(said["third"] >> 128, 128),
        )

    def is_due(self, batch: Batch) -> bool:
        """Whether the batch has to do it, if it is the first."""
        return self.enqueued_seconds + limits.INBOX_DELAY_SECONDS <= batch.time_seconds

    def may_wait(self, batch: Batch) -> bool:
        """Whether the batch's prices are no better than its limit, or not all its legs have one."""
        prices = {each.id: row.price_nanos for each, row in batch.rows.items()}
        if not self.legs:
            return False
        if any(instrument not in prices for instrument, _ in self.legs):
            return True
        net = sum(ratio * prices[instrument] for instrument, ratio in self.legs)
        return net >= 1_000 * self.limit_micros - limits.LIMIT_TOLERANCE_NANOS


def _signed(value: int, bits: int) -> int:
    """The low bits as two's complement."""
    low = value % (1 << bits)
    return low - (1 << bits) if low >> bits - 1 else low
