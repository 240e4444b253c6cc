"""What happens on chain, as values: in batches and outside of them.

An act knows its place, and acts in the order of their places are the whole history of a
deployment: whoever follows them has its state.
"""

from dataclasses import dataclass, field

from offbeat.intents import Delegation
from offbeat.rulebook import ForcedItem, InboxItem, Submission


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an act stands in the chain: its block, its log's index there, its transaction."""

    block_number: int
    log_index: int
    transaction_hash: bytes = field(compare=False)


@dataclass(frozen=True, slots=True)
class UnderlyingRegistered:
    """The vault admitted an underlying."""

    place: Place
    symbol: str


@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit entered the inbox as item ``number``, counted from 1."""

    place: Place
    number: int
    item: InboxItem


@dataclass(frozen=True, slots=True)
class Granted:
    """A key's grant was set outside of batches; ``delegation`` is the grant that resulted."""

    place: Place
    owner: bytes
    key: bytes
    delegation: Delegation


@dataclass(frozen=True, slots=True)
class SettlementPricePosted:
    """The price at which a group (symbol and expiry) settles was fixed."""

    place: Place
    group: int
    price_micros: int


@dataclass(frozen=True, slots=True)
class Forced:
    """A signed intent entered the queue of forced requests."""

    place: Place
    item: ForcedItem


@dataclass(frozen=True, slots=True)
class ForcedCleared:
    """The first of that queue, ``number``, left it: done, lapsed, or impossible."""

    place: Place
    number: int


@dataclass(frozen=True, slots=True)
class ForcedPassedOver:
    """The first of that queue, ``number``, went behind the others."""

    place: Place
    number: int


@dataclass(frozen=True, slots=True)
class BatchLanded:
    """A batch was settled: what was submitted, by whom, and what the contract said of it.

    ``number``, ``payload_hash`` and ``fees_micros`` are the contract's own words.
    """

    place: Place
    number: int
    payload_hash: bytes
    submission: Submission
    block_time_seconds: int
    lander: bytes
    fees_micros: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class Owed:
    """A batch made an amount of a symbol (its 40-bit number) payable; fees are not among these."""

    place: Place
    account: bytes
    symbol: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Paid:
    """The vault paid out what was payable of a symbol (its 40-bit number)."""

    place: Place
    account: bytes
    symbol: int
    amount_micros: int


Act = (
    UnderlyingRegistered
    | Deposited
    | Granted
    | SettlementPricePosted
    | Forced
    | ForcedCleared
    | ForcedPassedOver
    | BatchLanded
    | Owed
    | Paid
)
"""Anything that happens on chain and concerns an account."""
