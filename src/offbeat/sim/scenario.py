"""A market as plain data: who takes part, what they deposit, and what they send when.

A scenario is what ``replay`` and ``demo`` run. It knows no chain: intents are unsigned, because
what a signature says depends on the contract's address, and the keys come along instead. They are
derived from public seeds and belong to nobody: never put anything of value behind one.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import Intent
from offbeat.oracle import Report
from offbeat.sim.csv_table import RowFault
from offbeat.sim.tape import Refusal

QUOTE: Final = "quote"
"""Label of a market maker's order."""


class Role(StrEnum):
    """What a participant is there for."""

    MAKER = "maker"
    TAKER = "taker"
    COUNTERPARTY = "counterparty"
    FUND = "fund"
    """The insurance fund, whose key nobody has: it sends nothing."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One test identity and its account 0: deposits in cash and, by symbol, in spot (micros)."""

    name: str
    role: Role
    private_key: bytes = field(repr=False)
    address: bytes
    cash_micros: int
    spot_micros: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One intent as it is sent: by whom, signed with which key, how many times over.

    ``label`` names the strategy, or ``QUOTE``, or the kind of intent; ``source`` the trade, block
    or quote that it comes from, which the two sides of a trade share. ``expected`` is the reason
    for which it must be refused, None for an intent that is in order (and may find no match).
    """

    intent: Intent
    sender: str
    signer_key: bytes = field(repr=False)
    label: str
    source: str
    copies: int = 1
    expected: Reason | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The price at which an expiry of ``symbol`` settles (micros)."""

    symbol: str
    expiry_seconds: int
    price_micros: int

    @property
    def name(self) -> str:
        """As in the names of its instruments, ``ETH-16JAN26``."""
        any_strike = Instrument(self.symbol, Kind.CALL, self.expiry_seconds, limits.QUOTE_SCALE)
        return any_strike.name.rsplit("-", 2)[0]


@dataclass(frozen=True, slots=True)
class Round:
    """What arrives before one batch, and the batch's times and oracle report.

    The batch is built for ``opens_seconds`` and must land by ``closes_seconds``. The expiries in
    ``settlements`` turn into cash before it. From being built to being mined it takes
    ``lag_seconds``: where that is more than its life, the contract refuses it.
    """

    opens_seconds: int
    closes_seconds: int
    report: Report
    submissions: tuple[Submission, ...]
    settlements: tuple[Settlement, ...] = ()
    lag_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole market in order of time, and what of its source could not be used."""

    name: str
    participants: tuple[Participant, ...]
    rounds: tuple[Round, ...]
    refusals: tuple[Refusal, ...] = ()
    faults: tuple[RowFault, ...] = ()
