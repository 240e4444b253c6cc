"""A batch as plain values, named as ``docs/protocol.md`` names them."""

from dataclasses import dataclass, field
from typing import Any

STATIC, SCAN, REDUCE, HOLD, LIQUIDATE = range(5)
ORDER, CANCEL, WITHDRAW, TRANSFER, DELEGATE, CREDIT = range(1, 7)
SPOT, CALL, PUT = range(3)


@dataclass(frozen=True, slots=True, order=True)
class Instrument:
    """The terms that an instrument's ``id`` packs; ``kind`` is 0 spot, 1 call, 2 put."""

    id: int
    symbol: str
    expiry_seconds: int
    strike_micros: int
    kind: int

    @property
    def group(self) -> int:
        """Symbol and expiry, which settle together."""
        return self.id >> 56

    @property
    def is_option(self) -> bool:
        """Whether it expires."""
        return self.kind != SPOT

    def payoff_micros(self, price_micros: int) -> int:
        """What one contract pays at this settlement price."""
        rise = price_micros - self.strike_micros
        return (0, max(rise, 0), max(-rise, 0))[self.kind]


@dataclass(frozen=True, slots=True)
class Underlying:
    """Scales of one underlying in the report; ``word`` is what the reporters hash."""

    symbol: str
    spot_micros: int
    tick_micros: int
    short_min_ticks: int
    word: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Something owed to an account: an inbox item (its two words in ``words``) or a transfer.

    Where the insurance fund sends it, it is a cover.
    """

    account: int
    symbol: str
    amount_micros: int
    enqueued_seconds: int = 0
    words: tuple[int, int] = (0, 0)
    is_cover: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One instrument of the batch; ``losses`` in ticks per contract, none without a report."""

    instrument: Instrument
    mark_micros: int
    price_nanos: int
    losses: tuple[int, ...]
    risk_word: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A nonce window: numbers below ``floor`` are spent, and those whose bit is set."""

    floor: int = 0
    bitmap: int = 0


@dataclass(frozen=True, slots=True)
class Partial:
    """An order filled in part."""

    nonce: int
    filled_micros: int
    valid_until_seconds: int
    intent_hash: bytes


@dataclass(frozen=True, slots=True)
class Action:
    """One action. ``message`` is the EIP-712 message of ``type``, as it was signed.

    A credit is not signed: it has no type, and ``credit`` is its index. ``legs`` pair a row with a
    ratio. ``r`` and ``vs`` are the signature as EIP-2098 packs it.
    """

    kind: int
    type: str = ""
    message: dict[str, Any] = field(default_factory=dict)
    legs: tuple[tuple[Row, int], ...] = ()
    fill_micros: int = 0
    fee_micros: int = 0
    credit: int = 0
    r: int = 0
    vs: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """One account: its record before the batch, and what it does.

    ``positions`` are signed micros by instrument, those that it opens included with zero.
    """

    account: int
    owner: bytes
    mode: int
    cash_micros: int
    lanes: tuple[Lane, ...]
    partials: tuple[Partial, ...]
    positions: dict[Instrument, int]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A payload, read. ``settling`` holds the instruments that become cash in it."""

    hash: bytes
    parent: bytes
    number: int
    time_seconds: int
    not_after_seconds: int
    report_seconds: int
    underlyings: dict[str, Underlying]
    credits: tuple[Credit, ...]
    rows: dict[Instrument, Row]
    settling: frozenset[Instrument]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """The arguments of a ``settle`` call; the proof's nodes, and its flags in the order of use."""

    payload: bytes
    certificate: bytes
    attestation: bytes
    proof: tuple[bytes, ...]
    proof_flags: tuple[bool, ...]
