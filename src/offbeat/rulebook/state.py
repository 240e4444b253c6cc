"""Everything that the outcome of a batch depends on, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from offbeat.core import limits
from offbeat.intents import Delegation, Domain
from offbeat.rulebook.forced import ForcedItem
from offbeat.rulebook.layout import InboxItem
from offbeat.rulebook.quorum import Quorum
from offbeat.rulebook.records import Account, owner_of

GENESIS_HEAD = bytes(32)


def symbol_number(symbol: str) -> int:
    """The 40-bit number of a symbol: its ASCII bytes, left-justified."""
    return int.from_bytes(symbol.encode().ljust(5, b"\0"))


def symbol_text(number: int) -> str:
    """The symbol with this 40-bit number."""
    return number.to_bytes(5).rstrip(b"\0").decode()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a deployment fixes: where signatures hold, who certifies, what counts as cash."""

    domain: Domain
    sequencers: Quorum
    reporters: Quorum
    cash_symbol: str = "USDC"


@dataclass(frozen=True, slots=True)
class Pot:
    """One expiry of one underlying: its settlement price, and what its shorts have paid in."""

    price_micros: int
    cash_micros: int = 0
    spot_micros: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """The protocol's state between two batches.

    ``certified_time_seconds`` is the time of the last batch that had a certificate. ``accounts`` by
    account id, ``grants`` by (owner, key), ``pots`` by group (the high 72 bits of an instrument id:
    symbol and expiry), ``inbox`` by item number from 1 (pending items only), ``owed_micros`` by
    (address, symbol number): everything ever made payable. ``forced`` are the open requests in the
    order of their queue.
    """

    rules: Rules
    number: int = 0
    head: bytes = GENESIS_HEAD
    time_seconds: int = 0
    report_time_seconds: int = 0
    certified_time_seconds: int = 0
    underlyings: frozenset[int] = frozenset()
    accounts: Mapping[int, Account] = field(default_factory=dict)
    grants: Mapping[tuple[bytes, bytes], Delegation] = field(default_factory=dict)
    pots: Mapping[int, Pot] = field(default_factory=dict)
    inbox: Mapping[int, InboxItem] = field(default_factory=dict)
    inbox_count: int = 0
    inbox_consumed: int = 0
    owed_micros: Mapping[tuple[bytes, int], int] = field(default_factory=dict)
    forced: tuple[ForcedItem, ...] = ()

    def has_escaped(self, block_time_seconds: int) -> bool:
        """Whether a batch needs no certificate.

        So it is once the next inbox item, or the next forced request, has waited, and no certified
        batch has come, for ``ESCAPE_DELAY_SECONDS``; and then until a certified batch lands.
        """
        if self.certified_time_seconds != self.time_seconds:
            return True
        waiting = [item.enqueued_at_seconds for item in self.forced[:1]]
        if self.inbox_consumed < self.inbox_count:
            waiting.append(self.inbox[self.inbox_consumed + 1].enqueued_at_seconds)
        if not waiting:
            return False
        since_seconds = max(self.certified_time_seconds, min(waiting))
        return since_seconds + limits.ESCAPE_DELAY_SECONDS <= block_time_seconds

    def account(self, account: int) -> Account:
        """The record of an account id; a blank one where nothing has happened yet."""
        known = self.accounts.get(account)
        return known or Account(owner_of(account), account & 0xFFFFFFFF)
