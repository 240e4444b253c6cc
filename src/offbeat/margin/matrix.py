"""The scan test of many accounts at once, exactly.

Results are in nanos, 1e-9 of the quote currency: a lot times a micro. They are refused where an
account's magnitude reaches 2**62 (4.6 billion of the quote currency); the scalar
:func:`~offbeat.margin.scan_test` has no such bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument
from offbeat.margin.scan import RiskRow, RiskScale
from offbeat.margin.sheet import Floats, Ints, Sheet

_MAX_NANOS: Final = 2.0**62
_LOTS_PER_CONTRACT: Final = limits.QUANTITY_SCALE // limits.LOT_MICROS


@dataclass(frozen=True, slots=True, eq=False)
class Portfolios:
    """Positions and cash of many accounts, laid out once and scanned under many reports."""

    cash_nanos: Ints
    _sheets: tuple[Sheet, ...]

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
        _require_range(cash_micros.astype(np.float64) * _LOTS_PER_CONTRACT)
        lots = quantity_micros // limits.LOT_MICROS
        sheets, first = [], 0
        for _, group in groupby(instruments, key=lambda instrument: instrument.underlying):
            listed = tuple(group)
            chosen = (column >= first) & (column < first + len(listed))
            if chosen.any():
                sheets.append(
                    Sheet.of(
                        listed,
                        account[chosen],
                        column[chosen] - first,
                        lots[chosen],
                        n_accounts=len(cash_micros),
                    )
                )
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
    for sheet in portfolios._sheets:
        if sheet.underlying not in scales:
            raise InvalidInput("underlying_missing", f"the report lacks {sheet.underlying}")
    tables = [sheet.table(rows) for sheet in portfolios._sheets]
    if not _fits_for_sure(portfolios, rows, scales):
        _check_range(portfolios, tables, scales)
    equity_nanos = portfolios.cash_nanos.copy()
    risk_nanos = np.zeros_like(equity_nanos)
    for sheet, table in zip(portfolios._sheets, tables, strict=True):
        scale = scales[sheet.underlying]
        risk_ticks, value_nanos = sheet.sums(table)
        np.maximum(risk_ticks, sheet.short_option_lots * scale.short_min_ticks, out=risk_ticks)
        risk_ticks *= scale.tick_micros
        risk_nanos[sheet.accounts] += risk_ticks
        equity_nanos[sheet.accounts] += value_nanos
    return PortfolioScan(equity_nanos, risk_nanos)


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


def _fits_for_sure(
    portfolios: Portfolios, rows: Mapping[int, RiskRow], scales: Mapping[str, RiskScale]
) -> bool:
    """Whether 64 bits hold even an account with the most lots, all of the worst and dearest."""
    risk_nanos, equity_nanos = 0, int(np.abs(portfolios.cash_nanos).max(initial=0))
    for sheet in portfolios._sheets:
        scale = scales[sheet.underlying]
        most_ticks = max(limits.MAX_RISK_TICKS + 1, scale.short_min_ticks)
        risk_nanos += sheet.most_lots * most_ticks * scale.tick_micros
        dearest_micros = max(rows[instrument.id].mark_micros for instrument in sheet.instruments)
        equity_nanos += sheet.most_lots * dearest_micros
    return max(risk_nanos, equity_nanos) < _MAX_NANOS


def _check_range(
    portfolios: Portfolios, tables: Sequence[Floats], scales: Mapping[str, RiskScale]
) -> None:
    """Estimate each account; float64 errs by far less than what lies between 2**62 and 2**63."""
    equity_nanos = portfolios.cash_nanos.astype(np.float64)
    risk_nanos = np.zeros_like(equity_nanos)
    for sheet, table in zip(portfolios._sheets, tables, strict=True):
        scale = scales[sheet.underlying]
        _require_range(np.array([scale.tick_micros], np.float64))
        worst_ticks, value_nanos = sheet.estimates(table)
        floor_ticks = sheet.short_option_lots * float(scale.short_min_ticks)
        risk_nanos[sheet.accounts] += np.maximum(worst_ticks, floor_ticks) * scale.tick_micros
        equity_nanos[sheet.accounts] += value_nanos
    _require_range(risk_nanos)
    _require_range(equity_nanos)


def _require_range(nanos: Floats) -> None:
    if (np.abs(nanos) >= _MAX_NANOS).any():
        raise InvalidInput("scan_range", "an account is too large for 64 bits: scan it alone")
