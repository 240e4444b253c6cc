"""The account record: a small value that lives off the contract's storage, which keeps its hash.

A record is hashed as a row of 32-byte words: a header (owner, index and the three counts), cash,
one for each position, two for each lane, two for each partly filled order.
``commitment = keccak256(words)``.
"""

from dataclasses import dataclass
from functools import cached_property

from offbeat.core import limits, to_unsigned
from offbeat.instruments import Instrument
from offbeat.intents import Lane, keccak256
from offbeat.margin import static_test

WORD_BITS = 256


def account_id(owner: bytes, index: int) -> int:
    """The 192-bit id of an owner's account: 20 bytes of owner, then 4 of index."""
    return int.from_bytes(owner) << 32 | index


def owner_of(account: int) -> bytes:
    """The 20-byte owner in an account id."""
    return (account >> 32).to_bytes(20)


def is_insurance(owner: bytes) -> bool:
    """Whether this owner's accounts are the insurance fund."""
    return int.from_bytes(owner) == limits.INSURANCE_OWNER


@dataclass(frozen=True, slots=True)
class Position:
    """``quantity_micros`` (never zero) of the instrument with this 128-bit id."""

    instrument_id: int
    quantity_micros: int

    @property
    def word(self) -> int:
        """Id in the high, quantity as two's complement in the low 128 bits."""
        return self.instrument_id << 128 | to_unsigned(self.quantity_micros, 128)


@dataclass(frozen=True, slots=True)
class Partial:
    """An order that has been filled in part: known by its nonce, bound to its hash."""

    nonce: int
    filled_micros: int
    valid_until_seconds: int
    intent_hash: bytes

    @property
    def words(self) -> tuple[int, int]:
        """Nonce, filled and validity in one word, the intent's hash in the other."""
        packed = self.nonce << 192 | self.filled_micros << 128 | self.valid_until_seconds << 64
        return packed, int.from_bytes(self.intent_hash)


@dataclass(frozen=True)
class Account:
    """One account's whole state. ``positions`` ascend by instrument id."""

    owner: bytes
    index: int
    cash_micros: int = 0
    lanes: tuple[Lane, ...] = ()
    partials: tuple[Partial, ...] = ()
    positions: tuple[Position, ...] = ()

    @property
    def id(self) -> int:
        """The 192-bit account id."""
        return account_id(self.owner, self.index)

    @property
    def words(self) -> tuple[int, ...]:
        """The record as 256-bit words, in the order in which it is hashed."""
        header = (
            self.id << 64 | len(self.lanes) << 16 | len(self.positions) << 8 | len(self.partials)
        )
        positions = (position.word for position in self.positions)
        lanes = (word for lane in self.lanes for word in (lane.floor, lane.bitmap))
        partials = (word for partial in self.partials for word in partial.words)
        return header, to_unsigned(self.cash_micros, WORD_BITS), *positions, *lanes, *partials

    @cached_property
    def commitment(self) -> bytes:
        """What the contract stores for this record."""
        return keccak256(b"".join(word.to_bytes(32) for word in self.words))

    @cached_property
    def survives_expiry(self) -> bool:
        """Whether it passes the static test, so that nobody may ever liquidate it."""
        held = ((Instrument.from_id(p.instrument_id), p.quantity_micros) for p in self.positions)
        return static_test(held, self.cash_micros).passes

    def quantity_of(self, instrument_id: int) -> int:
        """Micros held of an instrument, 0 where there is no position."""
        return next(
            (p.quantity_micros for p in self.positions if p.instrument_id == instrument_id), 0
        )


assert limits.LANE_WINDOW == WORD_BITS, "a lane's bitmap is one word"
