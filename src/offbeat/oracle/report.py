"""The oracle report: what reporters sign, and the words in which the chain reads it.

A report has a word for each underlying and two for each instrument's row::

    underlying   symbol (40 bits) | spot (64) | tick (64) | short minimum (32) | 0 (56)
    row          instrument id (128) | mark (64) | 0 (64)
    risk         scenario 15 (16 bits) | … | scenario 0 (16), each plus 32,768

Reporters sign the hash of the underlyings' words and the Merkle root of the rows, so a batch brings
only the rows that it touches, with one proof for all of them. What the rows were computed from has
leaves in the same tree, after theirs, so that anybody can hold the signers to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument
from offbeat.intents import keccak256
from offbeat.oracle.inputs import ExpiryInputs
from offbeat.oracle.tree import MerkleTree, Multiproof

ROW_TAG: Final = keccak256(b"Offbeat report row")
"""Ends every row's leaf, whose 96 bytes no pair of nodes can imitate."""

_RISK_BIAS: Final = limits.MAX_RISK_TICKS + 1
_SYMBOL_SHIFT: Final = 88
"""Where the symbol starts in an instrument's id."""
_GROUP_SHIFT: Final = 56
"""Where symbol and expiry start there."""
_EXPIRY_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class UnderlyingReport:
    """An underlying's spot price, and the scale of its rows.

    ``tick_micros`` is the loss per contract that one tick of risk stands for, ``short_min_ticks``
    the least risk of one short option. Raises :class:`InvalidInput` with code
    ``instrument_symbol``, ``spot_micros``, ``tick_micros`` or ``short_min_ticks``.
    """

    symbol: str
    spot_micros: int
    tick_micros: int
    short_min_ticks: int

    def __post_init__(self) -> None:
        Instrument.spot(self.symbol)
        _check_uint("spot_micros", self.spot_micros, 64)
        _check_uint("tick_micros", self.tick_micros, 64)
        _check_uint("short_min_ticks", self.short_min_ticks, 32)

    @property
    def word(self) -> bytes:
        """The 32 bytes that the chain reads."""
        symbol = Instrument.spot(self.symbol).id >> _SYMBOL_SHIFT
        packed = symbol << 64 | self.spot_micros
        packed = (packed << 64 | self.tick_micros) << 32 | self.short_min_ticks
        return (packed << 56).to_bytes(32)


@dataclass(frozen=True, slots=True)
class Row:
    """One instrument's mark and its losses in the sixteen scenarios, per long contract.

    Raises :class:`InvalidInput` with code ``instrument_id``, ``mark_micros`` or ``risk_ticks``.
    """

    instrument_id: int
    mark_micros: int
    risk: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_uint("instrument_id", self.instrument_id, 128)
        _check_uint("mark_micros", self.mark_micros, 63)
        if len(self.risk) != limits.SCENARIOS or not all(
            type(loss) is int and -_RISK_BIAS <= loss < _RISK_BIAS for loss in self.risk
        ):
            raise InvalidInput("risk_ticks", f"not {limits.SCENARIOS} whole numbers of 16 bits")

    @property
    def word(self) -> bytes:
        """The 32 bytes with the instrument and its mark."""
        return (self.instrument_id << 128 | self.mark_micros << 64).to_bytes(32)

    @property
    def risk_word(self) -> bytes:
        """The 32 bytes with the sixteen losses."""
        return b"".join((loss + _RISK_BIAS).to_bytes(2) for loss in reversed(self.risk))

    @property
    def leaf(self) -> bytes:
        """The row's leaf in the report's tree."""
        return keccak256(self.word + self.risk_word + ROW_TAG)

    @classmethod
    def from_words(cls, word: bytes, risk_word: bytes) -> "Row":
        """The row of its two words.

        Raises :class:`InvalidInput` with code ``row_word`` for a wrong length or anything in the
        word's low 64 bits, or as the constructor.
        """
        if len(word) != 32 or len(risk_word) != 32 or any(word[24:]):
            raise InvalidInput("row_word", "not the two words of a row")
        lanes = [int.from_bytes(risk_word[at : at + 2]) for at in range(30, -1, -2)]
        risk = tuple(lane - _RISK_BIAS for lane in lanes)
        return cls(int.from_bytes(word[:16]), int.from_bytes(word[16:24]), risk)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that reporters state about one moment.

    ``underlyings`` ascend strictly by symbol, ``rows`` by instrument id and ``inputs`` by group;
    every row's underlying is among them, and so are its expiry's inputs, unless there are none at
    all: nobody can defend such a report against a challenge. Raises :class:`InvalidInput` with code
    ``report_time``, ``underlyings_count``, ``underlyings_unsorted``, ``rows_missing``,
    ``rows_unsorted``, ``row_underlying``, ``inputs_unsorted``, ``inputs_underlying`` or
    ``row_inputs``.
    """

    timestamp_seconds: int
    underlyings: tuple[UnderlyingReport, ...]
    rows: tuple[Row, ...]
    inputs: tuple[ExpiryInputs, ...] = ()

    def __post_init__(self) -> None:
        _check_uint("report_time", self.timestamp_seconds, 64)
        symbols = [Instrument.spot(each.symbol).id >> _SYMBOL_SHIFT for each in self.underlyings]
        ids = [row.instrument_id for row in self.rows]
        if len(symbols) > limits.MAX_UNDERLYINGS:
            raise InvalidInput("underlyings_count", f"over {limits.MAX_UNDERLYINGS} underlyings")
        if symbols != sorted(set(symbols)):
            raise InvalidInput("underlyings_unsorted", "symbols do not ascend strictly")
        if not ids:
            raise InvalidInput("rows_missing", "a report has at least one row")
        if ids != sorted(set(ids)):
            raise InvalidInput("rows_unsorted", "rows do not ascend strictly by instrument id")
        if not {row_id >> _SYMBOL_SHIFT for row_id in ids} <= set(symbols):
            raise InvalidInput("row_underlying", "a row's underlying is not in the report")
        groups = [inputs.group for inputs in self.inputs]
        if groups != sorted(set(groups)):
            raise InvalidInput("inputs_unsorted", "inputs do not ascend strictly by group")
        if not {group >> _EXPIRY_BITS for group in groups} <= set(symbols):
            raise InvalidInput("inputs_underlying", "an underlying of inputs is not in the report")
        if groups and not {row_id >> _GROUP_SHIFT for row_id in ids} <= set(groups):
            raise InvalidInput("row_inputs", "a row's inputs are not in the report")

    @property
    def underlyings_hash(self) -> bytes:
        """What is signed of the underlyings: the hash of their words, joined."""
        return keccak256(b"".join(underlying.word for underlying in self.underlyings))

    @property
    def rows_root(self) -> bytes:
        """What is signed of the rows and their inputs: the root of their tree."""
        return self.tree().root

    def tree(self) -> MerkleTree:
        """The Merkle tree of the leaves of the rows and then of the inputs, in their order."""
        leaves = [row.leaf for row in self.rows]
        return MerkleTree.build(leaves + [inputs.leaf for inputs in self.inputs])

    def prove(self, instrument_ids: Sequence[int]) -> Multiproof:
        """A proof of the rows of some instruments, in strictly ascending order.

        Raises :class:`InvalidInput` with code ``row_missing``, or as :meth:`MerkleTree.prove`.
        """
        index_of = {row.instrument_id: index for index, row in enumerate(self.rows)}
        if not index_of.keys() >= set(instrument_ids):
            raise InvalidInput("row_missing", "the report has no row for an instrument")
        return self.tree().prove([index_of[row_id] for row_id in instrument_ids])

    def prove_inputs(self, instrument_id: int) -> tuple[Row, ExpiryInputs, Multiproof]:
        """A row, its inputs, and a proof of both leaves, in this order.

        Raises :class:`InvalidInput` with code ``row_missing`` or ``inputs_missing``.
        """
        ids = [row.instrument_id for row in self.rows]
        groups = [inputs.group for inputs in self.inputs]
        if instrument_id not in ids:
            raise InvalidInput("row_missing", "the report has no row for this instrument")
        if instrument_id >> _GROUP_SHIFT not in groups:
            raise InvalidInput("inputs_missing", "the report has no inputs for this instrument")
        at, inputs_at = ids.index(instrument_id), groups.index(instrument_id >> _GROUP_SHIFT)
        return self.rows[at], self.inputs[inputs_at], self.tree().prove([at, len(ids) + inputs_at])


def _check_uint(name: str, value: int, bits: int) -> None:
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise InvalidInput(name, f"{name} is not a whole number of {bits} bits")
