"""The scan test: does an account survive each of sixteen scenarios now?

Every instrument's row brings a mark and sixteen scenario losses, as in CME SPAN; nothing is priced
here. Lanes are added up over the positions of one underlying, and the worst one, or the minimum
for short options if that is more, is the underlying's risk. ``packed_scan.vy`` adds up the same
lanes four to a word. Everything is exact: no rounding anywhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin.static import Holding


class RiskRow(Protocol):
    """What the scan reads of an instrument's row in the oracle report."""

    @property
    def mark_micros(self) -> int:
        """The value of one contract."""

    @property
    def risk(self) -> Sequence[int]:
        """``limits.SCENARIOS`` losses of one long contract, in ticks."""


class RiskScale(Protocol):
    """What the scan reads of an underlying's entry in the oracle report."""

    @property
    def tick_micros(self) -> int:
        """The loss per contract that one tick stands for."""

    @property
    def short_min_ticks(self) -> int:
        """The least risk of one short option, in ticks."""


@dataclass(frozen=True, slots=True)
class UnderlyingRisk:
    """The scan of one underlying's positions; picos are 1e-12 of the quote currency.

    ``losses_picos`` are the losses in each scenario (gains are negative), ``short_floor_picos``
    is the least risk that the short options allow.
    """

    underlying: str
    losses_picos: tuple[int, ...]
    short_floor_picos: int

    @property
    def risk_picos(self) -> int:
        """The worst scenario's loss or the floor, whichever is more; never negative."""
        return max(self.short_floor_picos, *self.losses_picos)

    @property
    def worst_scenario(self) -> int | None:
        """The first scenario that sets the risk, None where the floor does."""
        if self.risk_picos == self.short_floor_picos:
            return None
        return self.losses_picos.index(self.risk_picos)


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The scan of one account: equity at the marks, and its risk per underlying by symbol."""

    equity_picos: int
    underlyings: tuple[UnderlyingRisk, ...]

    @property
    def risk_picos(self) -> int:
        """The sum of the underlyings' risks: they do not offset one another."""
        return sum(underlying.risk_picos for underlying in self.underlyings)

    def deficit(self, margin_bps: int) -> int:
        """What is missing at a margin level, in picos times basis points; at most zero passes."""
        return self.risk_picos * margin_bps - self.equity_picos * limits.BPS

    def passes(self, margin_bps: int) -> bool:
        """Whether equity covers the risk at a margin level."""
        return self.deficit(margin_bps) <= 0

    def is_less_risky_than(self, before: "ScanResult") -> bool:
        """Whether an unhealthy account's deficit at initial margin strictly fell."""
        return self.deficit(limits.INITIAL_MARGIN_BPS) < before.deficit(limits.INITIAL_MARGIN_BPS)


def scan_test(
    positions: Iterable[Holding],
    cash_micros: int,
    rows: Mapping[int, RiskRow],
    scales: Mapping[str, RiskScale],
) -> ScanResult:
    """The scan of one account, from its positions in any order.

    ``rows`` are by instrument id and ``scales`` by symbol; they may hold more than is needed.
    Raises :class:`InvalidInput` with code ``row_missing`` or ``underlying_missing``.
    """
    held: dict[str, list[tuple[Instrument, int, RiskRow]]] = defaultdict(list)
    equity_picos = cash_micros * limits.QUANTITY_SCALE
    for instrument, quantity_micros in sorted(positions):
        row = rows.get(instrument.id)
        if row is None:
            raise InvalidInput("row_missing", f"the report has no row for id {instrument.id}")
        equity_picos += quantity_micros * row.mark_micros
        held[instrument.underlying].append((instrument, quantity_micros, row))
    missing = held.keys() - scales.keys()
    if missing:
        raise InvalidInput("underlying_missing", f"the report lacks {', '.join(sorted(missing))}")
    return ScanResult(
        equity_picos, tuple(_scan(symbol, held[symbol], scales[symbol]) for symbol in held)
    )


def _scan(
    symbol: str, held: Sequence[tuple[Instrument, int, RiskRow]], scale: RiskScale
) -> UnderlyingRisk:
    lanes = (
        sum(quantity * row.risk[scenario] for _, quantity, row in held)
        for scenario in range(limits.SCENARIOS)
    )
    short_micros = sum(
        -quantity
        for instrument, quantity, _ in held
        if quantity < 0 and instrument.kind is not Kind.SPOT
    )
    return UnderlyingRisk(
        underlying=symbol,
        losses_picos=tuple(lane * scale.tick_micros for lane in lanes),
        short_floor_picos=short_micros * scale.short_min_ticks * scale.tick_micros,
    )
