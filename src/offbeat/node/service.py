"""What a running relay offers to its API: the seam between the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from offbeat.chain import Deployment
from offbeat.core import OffbeatError
from offbeat.core.ports import Block
from offbeat.core.store_port import Store, StoredBatch, StoredIntent
from offbeat.intents import SignedIntent
from offbeat.oracle import Report
from offbeat.rulebook import Rules, State


@dataclass(frozen=True, slots=True)
class View:
    """The chain as this relay follows it, as one immutable value.

    ``settled`` is the state after ``block``, the latest; ``final`` the state after the latest
    block that no reorganisation is expected to remove, ``final_number``. ``report`` is the latest
    oracle report, None before the first.
    """

    settled: State
    final: State
    block: Block
    final_number: int
    report: Report | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """An acknowledged intent, which is durable; ``is_new`` unless it was known before."""

    intent: StoredIntent
    is_new: bool


class Service(Protocol):
    """A relay at work. Everything here may be called from many tasks at once."""

    deployment: Deployment
    rules: Rules
    store: Store

    @property
    def view(self) -> View:
        """The latest view; raises :class:`~offbeat.core.Unavailable` before the first."""

    async def submit(self, intents: Sequence[SignedIntent]) -> list[Admitted | OffbeatError]:
        """Verify, make durable, acknowledge; for each intent its admission, or why not.

        Raises :class:`~offbeat.core.Unavailable` (``node_halted``, ``store_unavailable``,
        ``node_busy``, …) where none of them could be admitted now.
        """

    async def gas_used(self, batch: StoredBatch) -> int | None:
        """What landing a batch took; None where it has not landed, or the chain cannot say now."""

    def troubles(self) -> tuple[OffbeatError, ...]:
        """Why the relay is not ready for new work; empty where all is well."""
