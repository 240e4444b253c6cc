"""What happened in a run: the journey of every intent, every batch, every expiry."""

from dataclasses import dataclass, field
from enum import StrEnum

from offbeat.core import Reason
from offbeat.instruments import Strategy, recognise
from offbeat.intents import Intent, Order, address_of
from offbeat.sim.scenario import Settlement, Submission
from offbeat.sim.venue import Landed


class Fate(StrEnum):
    """Where an intent's journey ends."""

    FILLED = "filled"
    FILLED_IN_PART = "filled_in_part"
    UNMATCHED = "unmatched"
    """Nobody took the other side while it was valid."""
    EXECUTED = "executed"
    """Settled, for an intent that is no order."""
    CANCELLED = "cancelled"
    """Ended by its owner, perhaps after a part was filled."""
    REFUSED = "refused"


@dataclass(slots=True)
class Journey:
    """One intent from its arrival on. Sums over batches; ``pay_micros`` negative was received.

    ``refusal`` is the stable code of the reason for which it can never execute.
    """

    submission: Submission
    fill_micros: int = 0
    pay_micros: int = 0
    fee_micros: int = 0
    batches: list[int] = field(default_factory=list)
    is_cancelled: bool = False
    refusal: str | None = None

    @property
    def intent(self) -> Intent:
        """What was signed."""
        return self.submission.intent

    @property
    def strategy(self) -> Strategy | None:
        """The name of what an order trades; None for what is no order."""
        return recognise(self.intent.legs) if isinstance(self.intent, Order) else None

    @property
    def by_session_key(self) -> bool:
        """Whether somebody else than the owner signed."""
        return address_of(self.submission.signer_key) != self.intent.owner

    @property
    def fate(self) -> Fate:
        """Where the journey stands, and at the end of a run, where it ends."""
        if self.refusal is not None:
            return Fate.REFUSED
        if self.is_cancelled:
            return Fate.CANCELLED
        if not self.batches:
            return Fate.UNMATCHED
        if not isinstance(self.intent, Order):
            return Fate.EXECUTED
        whole = self.fill_micros == self.intent.quantity_micros
        return Fate.FILLED if whole else Fate.FILLED_IN_PART

    @property
    def surprise(self) -> str | None:
        """What the scenario did not foresee about it, in words."""
        expected = self.submission.expected
        if self.refusal != expected:
            return f"refused as {self.refusal}, expected {expected}"
        if self.fate is Fate.UNMATCHED and not isinstance(self.intent, Order):
            return "neither settled nor refused"
        return None


@dataclass(frozen=True, slots=True)
class Execution:
    """What one batch did with one intent; amounts as in :class:`Journey`."""

    journey: Journey
    fill_micros: int
    pay_micros: int
    fee_micros: int


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch and what it executed; ``considered`` counts the intents that it was built from."""

    landed: Landed
    considered: int
    executions: tuple[Execution, ...]

    @property
    def number(self) -> int:
        """Its place in the chain of batches."""
        return self.landed.built.batch.number

    @property
    def gas(self) -> int:
        """What its transaction used."""
        return self.landed.receipt.gas_used

    @property
    def orders(self) -> int:
        """How many of its executions are orders' fills."""
        return sum(isinstance(each.journey.intent, Order) for each in self.executions)


@dataclass(frozen=True, slots=True)
class Expired:
    """An expiry that was settled: what its accounts paid into the pot and took out of it.

    ``left`` is what rounding left behind. Everything in micros, spot in micros of the underlying.
    """

    settlement: Settlement
    batch: int
    accounts: int
    positions: int
    cash_in_micros: int
    spot_in_micros: int
    cash_out_micros: int
    spot_out_micros: int
    cash_left_micros: int
    spot_left_micros: int

    @property
    def is_dust(self) -> bool:
        """Whether no more is left than rounding explains: a micro of each per account."""
        most_spot_micros = self.accounts
        most_cash_micros = self.accounts * (1 + self.settlement.price_micros // 10**6)
        return (
            0 <= self.cash_left_micros <= most_cash_micros
            and 0 <= self.spot_left_micros <= most_spot_micros
        )


@dataclass(frozen=True, slots=True)
class Alone:
    """One structure settled in a batch of its own with only those orders that fill it."""

    source: str
    strategy: Strategy
    intents: int
    gas: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A certified batch that came too late, and why the contract refused it. Nothing was spent."""

    number: int
    time_seconds: int
    lag_seconds: int
    reason: Reason


@dataclass(slots=True)
class Ledger:
    """Everything that happened; ``journeys`` by intent hash, ``duplicates`` counts repeats.

    ``unexpected`` is what nobody foresaw, in words: empty after a good run.
    """

    journeys: dict[bytes, Journey] = field(default_factory=dict)
    duplicates: int = 0
    batches: list[BatchRecord] = field(default_factory=list)
    expiries: list[Expired] = field(default_factory=list)
    alone: list[Alone] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
