"""The auditor's books: everything it knows of Offbeat's state, gathered from the chain alone."""

from collections import Counter, deque
from dataclasses import dataclass, field

from offbeat.core import limits
from offbeat.sim.audit.forced import Request
from offbeat.sim.audit.payload import Credit, Instrument
from offbeat.sim.audit.reader import read_instrument
from offbeat.sim.audit.records import Record

Ledger = Counter[tuple[bytes, str]]
"""Micros by recipient and symbol."""


@dataclass(slots=True)
class Pot:
    """Through which one expiry's positions are exchanged; ``options`` are those it took over."""

    price_micros: int
    cash_micros: int = 0
    spot_micros: int = 0
    options: Counter[Instrument] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Asset:
    """A registered token; ``unit`` of its smallest units are one micro."""

    token: bytes
    unit: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A delegated key's scope bits and the last second of it."""

    scope: int = 0
    expires_seconds: int = 0

    def followed_by(self, wanted: "Grant", now_seconds: int) -> "Grant | None":
        """The grant after the owner asks for another; None where that must be refused.

        While it is live it may only be widened; ``expires_seconds`` 0 ends it after a delay.
        """
        if not wanted.expires_seconds:
            end = now_seconds + limits.DELEGATION_END_DELAY_SECONDS
            return Grant(self.scope, min(self.expires_seconds, end))
        live = self.expires_seconds >= now_seconds
        wider = wanted.scope | self.scope == wanted.scope
        longer = wanted.expires_seconds >= self.expires_seconds
        lives = wanted.expires_seconds > now_seconds
        return wanted if lives and (not live or (wider and longer)) else None


@dataclass(slots=True)
class IntentHistory:
    """Every intent that ever settled, whatever the records still remember.

    ``filled_micros`` has every intent hash, with 0 for what is no order; nonces are by account.
    """

    filled_micros: Counter[bytes] = field(default_factory=Counter)
    hash_by_nonce: dict[tuple[int, int], bytes] = field(default_factory=dict)
    cancelled: set[tuple[int, int]] = field(default_factory=set)

    def claim(self, account: int, nonce: int, intent_hash: bytes) -> bool:
        """Whether this intent is the first and only one to use the nonce."""
        return self.hash_by_nonce.setdefault((account, nonce), intent_hash) == intent_hash


@dataclass(slots=True)
class Books:
    """State as the auditor computes it.

    ``inbox`` holds the deposits that wait, ``forced`` the requests in their queue, ``owed`` what
    the vault owes to whom; ``deposited`` and ``paid`` are totals by symbol. ``head``, ``number``
    and the times are the last batch's.
    """

    cash_symbol: str
    assets: dict[str, Asset] = field(default_factory=dict)
    records: dict[int, Record] = field(default_factory=dict)
    history: IntentHistory = field(default_factory=IntentHistory)
    grants: dict[tuple[bytes, bytes], Grant] = field(default_factory=dict)
    pots: dict[int, Pot] = field(default_factory=dict)
    inbox: deque[Credit] = field(default_factory=deque)
    inbox_count: int = 0
    forced: deque[Request] = field(default_factory=deque)
    owed: Ledger = field(default_factory=Counter)
    deposited: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    surplus_units: dict[str, int] = field(default_factory=dict)
    head: bytes = bytes(32)
    number: int = 0
    time_seconds: int = 0
    report_seconds: int = 0
    certified_seconds: int = 0

    def record(self, account: int) -> Record:
        """An account's record, blank before it was ever touched."""
        return self.records.setdefault(account, Record(account))

    def liabilities_micros(self, symbol: str) -> int:
        """What the vault must hold of cash, or of an underlying's spot, for whomever."""
        waiting = sum(item.amount_micros for item in self.inbox if item.symbol == symbol)
        owed = sum(micros for (_, asset), micros in self.owed.items() if asset == symbol)
        return self._in_accounts(symbol) + self._in_pots(symbol) + owed + waiting

    def _in_accounts(self, symbol: str) -> int:
        if symbol == self.cash_symbol:
            return sum(record.cash_micros for record in self.records.values())
        spot = spot_of(symbol)
        return sum(record.positions.get(spot, 0) for record in self.records.values())

    def _in_pots(self, symbol: str) -> int:
        if symbol == self.cash_symbol:
            return sum(pot.cash_micros for pot in self.pots.values())
        number = symbol_number(symbol)
        return sum(pot.spot_micros for group, pot in self.pots.items() if group >> 32 == number)


def spot_of(symbol: str) -> Instrument:
    """The spot instrument of an underlying."""
    return read_instrument(symbol_number(symbol) << 88)


def symbol_number(symbol: str) -> int:
    """A symbol's five bytes as the contracts store them."""
    return int.from_bytes(symbol.encode().ljust(5, b"\0"))
