"""What one account's actions work on, and what its batch moves beyond the accounts."""

from collections import Counter
from dataclasses import dataclass, field

from offbeat.sim.audit.books import Books, Grant, Ledger
from offbeat.sim.audit.payload import Batch, Credit, Instrument
from offbeat.sim.audit.records import Record
from offbeat.sim.audit.signatures import Domain
from offbeat.sim.audit.verdict import Findings


@dataclass(slots=True)
class Flows:
    """Everything that a batch moves, gathered action by action.

    ``credits`` are inbox items and transfers on offer, ``claimed`` the indices taken; ``fills``
    are micros by instrument, ``pool_micros`` all pays and fees, ``owed`` the withdrawals,
    ``granted`` the grants (owner, key, grant) in order, ``done`` the hashes of intents of which
    nothing is left to do.
    """

    credits: list[Credit] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)
    fills: Counter[Instrument] = field(default_factory=Counter)
    pool_micros: int = 0
    owed: Ledger = field(default_factory=Counter)
    granted: list[tuple[bytes, bytes, Grant]] = field(default_factory=list)
    done: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Desk:
    """One account on the table; ``gave_away`` once an action moves an option, or spot leaves.

    In a liquidation nobody signed the orders; ``covered_micros`` came from the insurance fund.
    """

    books: Books
    findings: Findings
    domain: Domain
    batch: Batch
    flows: Flows
    record: Record
    gave_away: bool = False
    is_liquidation: bool = False
    covered_micros: int = 0

    def move(self, instrument: Instrument, delta_micros: int) -> None:
        """Change what the account holds by an action."""
        self.record.add(instrument, delta_micros)
        self.gave_away |= delta_micros < 0 or instrument.is_option

    def charge(self, amount_micros: int) -> None:
        """Move cash from the account into the batch's pool."""
        self.record.cash_micros -= amount_micros
        self.flows.pool_micros += amount_micros

    def charge_fee(self, fee_micros: int, most_micros: int) -> None:
        """Charge a fee, which the signed maximum bounds."""
        fault = f"{fee_micros} where {most_micros} is the most"
        self.expect("fees_within_maximum", fee_micros <= most_micros, fault)
        self.charge(fee_micros)

    def expect(self, check: str, holds: bool, fault: str) -> bool:
        """As :meth:`Findings.expect`."""
        return self.findings.expect(check, holds, fault)
