"""The scan test of many accounts at once, as one sparse matrix product per underlying.

Exact although it multiplies float64. Quantities are whole lots below 2**32 and risks 16-bit, so
with at most 64 positions in an underlying every partial sum is a whole number below 2**53, which
float64 holds exactly in whatever order it is added. Marks are too long for that; they are cut into
15-bit limbs that ride along as further columns and are joined again in int64.

Results are in nanos, 1e-9 of the quote currency: a lot times a micro. They are refused where an
account's magnitude reaches 2**62 (4.6 billion of the quote currency); the scalar
:func:`~offbeat.margin.scan_test` has no such bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin.scan import RiskRow, RiskScale

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_MAX_LOTS: Final = limits.MAX_QUANTITY_MICROS // limits.LOT_MICROS
_MAX_HELD: Final = 64
_LIMB_BITS: Final = 15
_MAX_NANOS: Final = 2.0**62
_LOTS_PER_CONTRACT: Final = limits.QUANTITY_SCALE // limits.LOT_MICROS

# The module's claim of exactness; a risk's magnitude is at most MAX_RISK_TICKS + 1.
assert _MAX_HELD >= limits.MAX_POSITIONS + 1, "an account can hold more than is provided for"
assert _MAX_HELD * _MAX_LOTS * (limits.MAX_RISK_TICKS + 1) < 2**53, "a lane could be rounded"
assert 2**_LIMB_BITS <= limits.MAX_RISK_TICKS + 1, "a limb could be rounded"


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The positions of all accounts that hold anything in one underlying."""

    underlying: str
    instruments: tuple[Instrument, ...]
    accounts: Ints
    lots: Any
    """csr_array, float64: a row for each of ``accounts``, a column for each instrument."""
    short_option_lots: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Portfolios:
    """Positions and cash of many accounts, laid out once and scanned under many reports."""

    cash_nanos: Ints
    _sheets: tuple[_Sheet, ...]

    @classmethod
    def build(
        cls,
        instruments: Sequence[Instrument],
        cash_micros: Ints,
        account: Ints,
        column: Ints,
        quantity_micros: Ints,
    ) -> "Portfolios":
        """Lay out positions given as three parallel arrays, in strictly ascending order.

        Position ``i`` is ``quantity_micros[i]`` of ``instruments[column[i]]`` in account
        ``account[i]``, whose cash is ``cash_micros[account[i]]``. The order is by account, then
        column. Raises :class:`InvalidInput` with code ``instruments_unsorted``,
        ``positions_index`` (not an index), ``positions_unsorted``, ``positions_quantity`` (not
        whole lots, or beyond the bound), ``positions_count`` or ``scan_range`` (cash).
        """
        ids = [instrument.id for instrument in instruments]
        if ids != sorted(set(ids)):
            raise InvalidInput("instruments_unsorted", "instruments do not ascend strictly by id")
        _check_positions(len(ids), len(cash_micros), account, column, quantity_micros)
        _check_range(cash_micros.astype(np.float64) * _LOTS_PER_CONTRACT)
        lots = quantity_micros // limits.LOT_MICROS
        sheets, first = [], 0
        for symbol, group in groupby(instruments, key=lambda instrument: instrument.underlying):
            listed = tuple(group)
            chosen = (column >= first) & (column < first + len(listed))
            if chosen.any():
                sheet = _sheet(
                    symbol, listed, account[chosen], column[chosen] - first, lots[chosen]
                )
                sheets.append(sheet)
            first += len(listed)
        return cls(cash_micros * _LOTS_PER_CONTRACT, tuple(sheets))


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioScan:
    """Equity and risk of each account, exactly, in nanos (1e-9 of the quote currency)."""

    equity_nanos: Ints
    risk_nanos: Ints

    def required_nanos(self, margin_bps: int) -> Ints:
        """The least whole equity that passes at a margin level, up to twice the risk.

        Raises :class:`InvalidInput` with code ``margin_bps``.
        """
        if not 0 < margin_bps <= 2 * limits.BPS:
            raise InvalidInput("margin_bps", "a margin level is above zero and at most 20,000")
        # Split before multiplying: risk * margin_bps could leave 64 bits.
        whole, rest = np.divmod(self.risk_nanos, limits.BPS)
        required: Ints = whole * margin_bps + -(-(rest * margin_bps) // limits.BPS)
        return required

    def passes(self, margin_bps: int) -> NDArray[np.bool_]:
        """The verdict of ``ScanResult.passes`` for each account."""
        return self.equity_nanos >= self.required_nanos(margin_bps)


def scan_portfolios(
    portfolios: Portfolios, rows: Mapping[int, RiskRow], scales: Mapping[str, RiskScale]
) -> PortfolioScan:
    """The scan test of every account; the same numbers as ``scan_test`` gives one by one.

    ``rows`` are by instrument id, ``scales`` by symbol. Every instrument of an underlying that is
    held needs its row. Raises :class:`InvalidInput` with code ``row_missing``,
    ``underlying_missing`` or ``scan_range``.
    """
    equity_nanos = portfolios.cash_nanos.copy()
    equity_estimate = equity_nanos.astype(np.float64)
    risk_nanos = np.zeros_like(equity_nanos)
    risk_estimate = np.zeros_like(equity_estimate)
    for sheet in portfolios._sheets:
        scale = scales.get(sheet.underlying)
        if scale is None:
            raise InvalidInput("underlying_missing", f"the report lacks {sheet.underlying}")
        sums = sheet.lots @ _table(sheet.instruments, rows)
        worst_ticks = sums[:, : limits.SCENARIOS].max(axis=1)
        mark_limbs = sums[:, limits.SCENARIOS :]
        floor_estimate = sheet.short_option_lots * float(scale.short_min_ticks)
        risk_estimate[sheet.accounts] += np.maximum(worst_ticks, floor_estimate) * scale.tick_micros
        _check_range(risk_estimate, scale.tick_micros)
        floor_ticks = sheet.short_option_lots * scale.short_min_ticks
        risk_ticks = np.maximum(worst_ticks.astype(np.int64), floor_ticks)
        risk_nanos[sheet.accounts] += risk_ticks * scale.tick_micros
        weights = 1 << _LIMB_BITS * np.arange(mark_limbs.shape[1])
        equity_estimate[sheet.accounts] += mark_limbs @ weights.astype(np.float64)
        # May wrap on the way: sums in two's complement are right once the whole is in range.
        equity_nanos[sheet.accounts] += mark_limbs.astype(np.int64) @ weights
    _check_range(equity_estimate)
    return PortfolioScan(equity_nanos, risk_nanos)


def _sheet(
    underlying: str, instruments: tuple[Instrument, ...], account: Ints, column: Ints, lots: Ints
) -> _Sheet:
    accounts, starts = np.unique(account, return_index=True)
    row_bounds = np.append(starts, account.size)
    if np.diff(row_bounds).max() > _MAX_HELD:
        raise InvalidInput("positions_count", f"over {_MAX_HELD} in {underlying}")
    matrix = csr_array(
        # 32-bit indices: the product is bound by what it reads.
        (lots.astype(np.float64), column.astype(np.int32), row_bounds.astype(np.int32)),
        shape=(accounts.size, len(instruments)),
    )
    is_option = np.array([item.kind is not Kind.SPOT for item in instruments])
    short_lots = np.where(is_option[column], np.maximum(-lots, 0), 0)
    return _Sheet(underlying, instruments, accounts, matrix, np.add.reduceat(short_lots, starts))


def _table(instruments: Sequence[Instrument], rows: Mapping[int, RiskRow]) -> Floats:
    """A row per instrument: sixteen risks, then the limbs of the mark from low to high."""
    missing = [instrument.id for instrument in instruments if instrument.id not in rows]
    if missing:
        raise InvalidInput("row_missing", f"the report has no row for id {missing[0]}")
    held = [rows[instrument.id] for instrument in instruments]
    limbs = -(-max(row.mark_micros for row in held).bit_length() // _LIMB_BITS)
    mask = (1 << _LIMB_BITS) - 1
    return np.array(
        [
            [*row.risk, *(row.mark_micros >> _LIMB_BITS * limb & mask for limb in range(limbs))]
            for row in held
        ],
        dtype=np.float64,
    )


def _check_positions(
    n_columns: int, n_accounts: int, account: Ints, column: Ints, quantity_micros: Ints
) -> None:
    if not len(account) == len(column) == len(quantity_micros):
        raise InvalidInput("positions_index", "the three arrays differ in length")
    if len(account) == 0:
        return
    for name, index, bound in (("account", account, n_accounts), ("column", column, n_columns)):
        if index.min() < 0 or index.max() >= bound:
            raise InvalidInput("positions_index", f"{name} is not an index below {bound}")
    account_steps, column_steps = np.diff(account), np.diff(column)
    if ((account_steps < 0) | ((account_steps == 0) & (column_steps <= 0))).any():
        raise InvalidInput("positions_unsorted", "positions do not ascend by account, column")
    bound = limits.MAX_QUANTITY_MICROS
    if ((quantity_micros < -bound) | (quantity_micros > bound)).any():
        raise InvalidInput("positions_quantity", "a quantity is beyond its bound")
    if (quantity_micros % limits.LOT_MICROS).any():
        raise InvalidInput("positions_quantity", "a quantity is not whole lots")


def _check_range(estimate_nanos: Floats, factor: int = 0) -> None:
    # A float64 estimate errs by far less than what lies between 2**62 and the end of int64.
    if factor >= _MAX_NANOS or (np.abs(estimate_nanos) >= _MAX_NANOS).any():
        raise InvalidInput("scan_range", "an account is too large for 64 bits: scan it alone")
