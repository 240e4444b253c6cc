"""The batch payload: what is certified, hashed and read in place by the contract.

Everything is 32-byte words. ``docs/protocol.md`` draws the layout; this module owns it in Python:
the values, how they are packed, and a reader that unpacks them in the contract's own order, so
that a malformed payload is refused for the same reason on both sides.
"""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Final

from offbeat.core import to_unsigned

WORD: Final = 32
HEADER_BYTES: Final = 3 * WORD
ACTION_BYTES: Final = 6 * WORD
ENTRIES_PER_WORD: Final = 4
KIND_DEPOSIT: Final = 1


class ActionKind(IntEnum):
    """What an action does; all but a credit are signed."""

    ORDER = 1
    CANCEL = 2
    WITHDRAW = 3
    TRANSFER = 4
    DELEGATE = 5
    CREDIT = 6


class Mode(IntEnum):
    """How an account shows that it ends healthy: the batch names the test that it passes."""

    STATIC = 0
    """Survives expiry at every price; needs no oracle."""
    SCAN = 1
    """Survives every scenario of the report."""
    REDUCE = 2
    """Fails the scan, but strictly less than it began."""
    HOLD = 3
    """Gave nothing away: positions as they were, cash and spot no less."""
    LIQUIDATE = 4
    """Stood below maintenance margin, and was reduced on fair terms: its orders nobody signed."""


class OrderFlag(IntFlag):
    """Bits of an order action's flag byte."""

    REDUCE_ONLY = 1


@dataclass(frozen=True, slots=True)
class Header:
    """The first three words. ``report_time_seconds`` is 0 for a batch without a report."""

    parent: bytes
    number: int
    time_seconds: int
    not_after_seconds: int
    report_time_seconds: int
    n_underlyings: int
    n_rows: int
    n_credits: int
    n_accounts: int
    settling: int

    @property
    def words(self) -> tuple[int, int, int]:
        """Parent hash; number, times and counts; one bit for each row that is being settled."""
        packed = (
            self.number << 208
            | self.time_seconds << 168
            | self.not_after_seconds << 128
            | self.report_time_seconds << 88
            | self.n_underlyings << 80
            | self.n_rows << 72
            | self.n_credits << 64
            | self.n_accounts << 56
        )
        return int.from_bytes(self.parent), packed, self.settling


@dataclass(frozen=True, slots=True)
class BatchRow:
    """An instrument that the batch touches: its mark and clearing price, and its risk word.

    ``risk_word`` holds the sixteen losses as the report packs them; 0 without a report.
    """

    instrument_id: int
    mark_micros: int = 0
    price_nanos: int = 0
    risk_word: int = 0

    @property
    def word(self) -> int:
        """Id (128 bits), mark (64) and signed price (64)."""
        return (
            self.instrument_id << 128 | self.mark_micros << 64 | to_unsigned(self.price_nanos, 64)
        )


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A deposit waiting in the inbox."""

    owner: bytes
    index: int
    symbol: int
    amount_micros: int
    enqueued_at_seconds: int

    @property
    def words(self) -> tuple[int, int]:
        """Owner, index, symbol and kind; amount and time."""
        head = (
            int.from_bytes(self.owner) << 96
            | self.index << 64
            | self.symbol << 24
            | KIND_DEPOSIT << 16
        )
        return head, self.amount_micros << 128 | self.enqueued_at_seconds << 64


@dataclass(frozen=True, slots=True)
class Action:
    """Six words of one action, taken apart only as far as every kind shares.

    ``head`` is kind, two bytes, fill, fee and packed legs; ``terms`` has nonce and maxFee in its
    low half. The signature is ``r`` and EIP-2098 ``vs``.
    """

    head: int
    terms: int = 0
    third: int = 0
    fourth: int = 0
    r: int = 0
    vs: int = 0

    @property
    def words(self) -> tuple[int, ...]:
        """The six words."""
        return self.head, self.terms, self.third, self.fourth, self.r, self.vs

    @property
    def kind(self) -> int:
        """An :class:`ActionKind`, if it is a known one."""
        return self.head >> 248

    @property
    def first_byte(self) -> int:
        """An order's flags; the spot row of a credit or a withdrawal."""
        return self.head >> 240 & 0xFF

    @property
    def second_byte(self) -> int:
        """An order's number of legs; the index of a credit."""
        return self.head >> 232 & 0xFF

    @property
    def fill_micros(self) -> int:
        """How much of an order this batch fills."""
        return self.head >> 168 & _LOW_64

    @property
    def fee_micros(self) -> int:
        """What the action pays."""
        return self.head >> 104 & _LOW_64

    @property
    def nonce(self) -> int:
        """The signed nonce."""
        return self.terms >> 64 & _LOW_64

    @property
    def max_fee_micros(self) -> int:
        """The signed bound of the fee."""
        return self.terms & _LOW_64

    def leg(self, position: int) -> tuple[int, int]:
        """Row and signed ratio of an order's leg."""
        packed = self.head >> (80 - 24 * position)
        ratio = packed & 0xFFFF
        return packed >> 16 & 0xFF, ratio - (1 << 16) if ratio >> 15 else ratio

    @property
    def signature(self) -> bytes:
        """r ‖ vs, 64 bytes (EIP-2098)."""
        return self.r.to_bytes(32) + self.vs.to_bytes(32)


@dataclass(frozen=True, slots=True)
class Section:
    """One account in a batch: its record as a witness, its entries and what it does.

    ``entries`` are (row, quantity before) in ascending order of row: every position that it
    holds, and a zero for each that it opens.
    """

    account: int
    mode: int
    cash_micros: int = 0
    lanes: tuple[tuple[int, int], ...] = ()
    partials: tuple[tuple[int, int], ...] = ()
    entries: tuple[tuple[int, int], ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def words(self) -> tuple[int, ...]:
        """The section as it stands in the payload."""
        head = (
            self.account << 64
            | len(self.lanes) << 56
            | len(self.partials) << 48
            | len(self.entries) << 40
            | len(self.actions) << 32
            | self.mode << 24
        )
        packed = [row << 56 | to_unsigned(quantity, 56) for row, quantity in self.entries]
        packed += [0] * (-len(packed) % ENTRIES_PER_WORD)
        return (
            head,
            to_unsigned(self.cash_micros, 256),
            *(word for lane in self.lanes for word in lane),
            *(word for partial in self.partials for word in partial),
            *(
                packed[i] << 192 | packed[i + 1] << 128 | packed[i + 2] << 64 | packed[i + 3]
                for i in range(0, len(packed), ENTRIES_PER_WORD)
            ),
            *(word for action in self.actions for word in action.words),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """One auction and one settlement transaction, before it is packed and certified.

    ``underlyings`` are report words (symbol, spot, tick, short minimum), ascending by symbol.
    """

    number: int
    parent: bytes
    time_seconds: int
    not_after_seconds: int
    report_time_seconds: int = 0
    underlyings: tuple[int, ...] = ()
    rows: tuple[BatchRow, ...] = ()
    settling: int = 0
    credits: tuple[InboxItem, ...] = ()
    sections: tuple[Section, ...] = field(default=())

    @property
    def header(self) -> Header:
        """The three words that everything else hangs from."""
        return Header(
            parent=self.parent,
            number=self.number,
            time_seconds=self.time_seconds,
            not_after_seconds=self.not_after_seconds,
            report_time_seconds=self.report_time_seconds,
            n_underlyings=len(self.underlyings),
            n_rows=len(self.rows),
            n_credits=len(self.credits),
            n_accounts=len(self.sections),
            settling=self.settling,
        )

    def encode(self) -> bytes:
        """The payload, whose keccak256 is the batch's hash."""
        words = [*self.header.words, *self.underlyings]
        for item in self.credits:
            words += item.words
        for row in self.rows:
            words += (row.word, row.risk_word) if self.report_time_seconds else (row.word,)
        for section in self.sections:
            words += section.words
        return b"".join(word.to_bytes(WORD) for word in words)


_LOW_64: Final = (1 << 64) - 1
