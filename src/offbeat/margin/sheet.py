"""All positions in one underlying as a sparse matrix, and its product with a report's rows.

Exact although it multiplies float64. Quantities are whole lots below 2**32 and risks 16-bit, so
with at most 64 positions in an underlying every partial sum is a whole number below 2**53, which
float64 holds exactly in whatever order it is added. Marks are too long for that; they are cut into
limbs that ride along as further columns and are joined again in int64. A limb has 15 bits, or more
where nobody holds so much.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin.scan import RiskRow

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_EXACT: Final = 2**53
_MAX_HELD: Final = 64
_MAX_LOTS: Final = _MAX_HELD * limits.MAX_QUANTITY_MICROS // limits.LOT_MICROS
_BLOCK: Final = 4_096
"""Accounts in one product: what it writes is still in the cache when the worst lane is picked."""

# The claim of exactness; a risk's magnitude is at most MAX_RISK_TICKS + 1.
assert _MAX_HELD >= limits.MAX_POSITIONS + 1, "an account can hold more than is provided for"
assert _MAX_LOTS * (limits.MAX_RISK_TICKS + 1) < _EXACT, "a lane could be rounded"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The positions of all accounts that hold anything in one underlying.

    ``blocks`` are csr_arrays of lots in float64: in all a row for each of ``accounts``, a column
    for each instrument. ``most_lots`` is the most, long and short together, of any account.
    """

    instruments: tuple[Instrument, ...]
    accounts: Ints | slice
    blocks: tuple[Any, ...]
    short_option_lots: Ints
    most_lots: int

    @classmethod
    def of(
        cls,
        instruments: tuple[Instrument, ...],
        account: Ints,
        column: Ints,
        lots: Ints,
        *,
        n_accounts: int,
    ) -> "Sheet":
        """Lay out positions by account, then column; ``positions_count`` for over 64 in one."""
        accounts, starts = np.unique(account, return_index=True)
        row_bounds = np.append(starts, account.size)
        if np.diff(row_bounds).max() > _MAX_HELD:
            raise InvalidInput(
                "positions_count", f"over {_MAX_HELD} in {instruments[0].underlying}"
            )
        matrix = csr_array(
            # 32-bit indices: the product is bound by what it reads.
            (lots.astype(np.float64), column.astype(np.int32), row_bounds.astype(np.int32)),
            shape=(accounts.size, len(instruments)),
        )
        is_option = np.array([item.kind is not Kind.SPOT for item in instruments])
        short_lots = np.where(is_option[column], np.maximum(-lots, 0), 0)
        return cls(
            instruments,
            # A whole array is updated several times faster than chosen places.
            slice(None) if accounts.size == n_accounts else accounts,
            tuple(matrix[start : start + _BLOCK] for start in range(0, accounts.size, _BLOCK)),
            np.add.reduceat(short_lots, starts),
            int(np.add.reduceat(np.abs(lots), starts).max()),
        )

    @property
    def underlying(self) -> str:
        """The symbol."""
        return self.instruments[0].underlying

    @property
    def limb_bits(self) -> int:
        """Of a mark: as many as keep the sums of whoever holds the most below 2**53."""
        return (_EXACT // (self.most_lots + 1)).bit_length() - 1

    def table(self, rows: Mapping[int, RiskRow]) -> Floats:
        """A row per instrument: sixteen risks, then the limbs of the mark from low to high.

        Raises :class:`InvalidInput` with code ``row_missing``.
        """
        missing = [instrument.id for instrument in self.instruments if instrument.id not in rows]
        if missing:
            raise InvalidInput("row_missing", f"the report has no row for id {missing[0]}")
        held = [rows[instrument.id] for instrument in self.instruments]
        bits = self.limb_bits
        starts = range(0, max(row.mark_micros for row in held).bit_length(), bits)
        mask = (1 << bits) - 1
        return np.array(
            [[*row.risk, *(row.mark_micros >> start & mask for start in starts)] for row in held],
            dtype=np.float64,
        )

    def sums(self, table: Floats) -> tuple[Ints, Ints]:
        """The worst lane of each account in ticks, and its value at the marks in nanos.

        The value may wrap on the way: it is right where the true one is within 64 bits.
        """
        count = len(self.short_option_lots)
        worst_ticks, value_nanos = np.empty(count, np.int64), np.zeros(count, np.int64)
        start = 0
        for block in self.blocks:
            columns = (block @ table).T
            part = slice(start, start := start + block.shape[0])
            worst = np.maximum(columns[0], columns[1])
            for lane in columns[2 : limits.SCENARIOS]:
                np.maximum(worst, lane, out=worst)
            worst_ticks[part] = worst
            value = value_nanos[part]
            for limb in columns[: limits.SCENARIOS - 1 : -1]:
                value <<= self.limb_bits
                value += limb.astype(np.int64)
        return worst_ticks, value_nanos

    def estimates(self, table: Floats) -> tuple[Floats, Floats]:
        """The same numbers in float64, about right but in any range."""
        sums = np.concatenate([block @ table for block in self.blocks])
        lanes, limbs = sums[:, : limits.SCENARIOS], sums[:, limits.SCENARIOS :]
        weights = 2.0 ** (self.limb_bits * np.arange(limbs.shape[1]))
        return lanes.max(axis=1), limbs @ weights
