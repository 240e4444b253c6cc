"""What a run amounts to, as plain values: the shape of the commands' JSON, field by field."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from offbeat.instruments import Strategy
from offbeat.sim.audit import Verdict
from offbeat.sim.csv_table import RowFault
from offbeat.sim.ledger import Expired, Fate
from offbeat.sim.tape import Refusal


@dataclass(frozen=True, slots=True)
class Counts:
    """Intents: ``sent`` with repeats, ``distinct`` without; the fates add up to the latter."""

    sent: int
    distinct: int
    duplicates_refused: int
    fates: Mapping[Fate, int]
    refused_by_reason: Mapping[str, int]
    by_session_key: int


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg by its Deribit name; a positive ratio buys."""

    instrument: str
    ratio: int


@dataclass(frozen=True, slots=True)
class Structure:
    """One agreed trade from its taker's side; a negative premium is received.

    ``agreed_premium_micros`` is quantity times signed limit, ``executed_premium_micros`` what the
    filled part really paid, without fees. The counterparty of the source, where there is one, may
    have traded with somebody better.
    """

    source: str
    strategy: Strategy
    legs: tuple[Leg, ...]
    quantity_micros: int
    filled_micros: int
    agreed_premium_micros: int
    executed_premium_micros: int
    counterparty_filled_micros: int | None
    batches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Premium:
    """What a structure's taker traded and paid in one batch."""

    source: str
    fill_micros: int
    premium_micros: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One settlement transaction. ``intents`` are those executed, ``orders`` the orders of them."""

    number: int
    time_seconds: int
    transaction: bytes
    considered: int
    intents: int
    orders: int
    accounts: int
    instruments: int
    credits: int
    payload_bytes: int
    gas: int
    gas_per_order: int | None
    fees_micros: int
    structures: tuple[Premium, ...]


@dataclass(frozen=True, slots=True)
class StrategyFills:
    """The takers' orders of one strategy: how many there were, and how many traded at all."""

    strategy: Strategy
    orders: int
    filled_orders: int
    filled_micros: int
    premium_micros: int


@dataclass(frozen=True, slots=True)
class AloneGas:
    """A structure settled in a batch of its own, on a snapshot of the same chain and state."""

    source: str
    strategy: Strategy
    intents: int
    gas: int
    gas_per_intent: int


@dataclass(frozen=True, slots=True)
class Gas:
    """Gas of all batches, by what they were for; per intent, of those that trade.

    ``saving_bps`` is how much less an intent costs in the batches than alone.
    """

    total: int
    deposits: int
    expiries: int
    trading: int
    per_intent: int
    per_order: int
    alone: tuple[AloneGas, ...]
    alone_per_intent: int
    saving_bps: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything about a run; ``ok`` when nothing unexpected happened and the audit is clean."""

    market: str
    ok: bool
    intents: Counts
    actions: Mapping[str, int]
    strategies: tuple[StrategyFills, ...]
    structures: tuple[Structure, ...]
    not_replayed: tuple[Refusal, ...]
    faults: tuple[RowFault, ...]
    batches: tuple[Batch, ...]
    expiries: tuple[Expired, ...]
    gas: Gas
    fees_micros: int
    unexpected: tuple[str, ...]
    audit: Verdict

    def to_json(self) -> dict[str, Any]:
        """Its fields as a JSON object; numbers are numbers and hashes bytes."""
        return asdict(self) | {"audit": self.audit.to_json()}
