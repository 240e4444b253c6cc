"""Rows and scales as the scan reads them, and strategies for whole accounts."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin import Holding

EXPIRIES_SECONDS = (1_774_598_400, 1_798_185_600, 1_829_635_200)


@dataclass(frozen=True, slots=True)
class Row:
    mark_micros: int
    risk: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    tick_micros: int
    short_min_ticks: int


LISTED = tuple(
    sorted(
        [
            *(Instrument.spot(symbol) for symbol in ("BTC", "ETH")),
            *(
                Instrument(symbol, kind, expiry_seconds, strike * 500_000_000)
                for symbol in ("BTC", "ETH")
                for kind in (Kind.CALL, Kind.PUT)
                for expiry_seconds in EXPIRIES_SECONDS
                for strike in range(1, 5)
            ),
        ]
    )
)
RISKS = st.lists(
    st.integers(-limits.MAX_RISK_TICKS - 1, limits.MAX_RISK_TICKS),
    min_size=limits.SCENARIOS,
    max_size=limits.SCENARIOS,
).map(tuple)


@st.composite
def holdings(draw: st.DrawFn, max_lots: int = 10**6) -> list[Holding]:
    """Distinct instruments with whole lots; spot is never short."""
    instruments = draw(st.lists(st.sampled_from(LISTED), unique=True, max_size=12))
    held = []
    for instrument in instruments:
        lowest = 0 if instrument.kind is Kind.SPOT else -max_lots
        lots = draw(st.integers(lowest, max_lots))
        held.append((instrument, lots * limits.LOT_MICROS))
    return held


@st.composite
def reports(
    draw: st.DrawFn, max_mark_micros: int = 10**12
) -> tuple[dict[int, Row], dict[str, Scale]]:
    """A row for every listed instrument and a scale for every underlying."""
    marks = st.integers(0, max_mark_micros)
    rows = {item.id: Row(draw(marks), draw(RISKS)) for item in LISTED}
    scales = {
        symbol: Scale(draw(st.integers(1, 10**6)), draw(st.integers(0, 2**15)))
        for symbol in ("BTC", "ETH")
    }
    return rows, scales


@pytest.fixture(scope="session")
def listed() -> tuple[Instrument, ...]:
    """Every instrument that the strategies draw from, ascending."""
    return LISTED


@pytest.fixture(scope="session")
def all_holdings() -> st.SearchStrategy[list[Holding]]:
    """A strategy for the positions of one account."""
    return holdings()


@pytest.fixture(scope="session")
def all_reports() -> st.SearchStrategy[tuple[dict[int, Row], dict[str, Scale]]]:
    """A strategy for rows by id and scales by symbol, as the scan takes them."""
    return reports()


@pytest.fixture(scope="session")
def make_row() -> Callable[..., Row]:
    """A row of equal risk in every scenario but those given by number, as ``s11=40``."""

    def make(mark_micros: int = 0, risk: int = 0, **others: int) -> Row:
        lanes = [others.get(f"s{scenario}", risk) for scenario in range(limits.SCENARIOS)]
        return Row(mark_micros, tuple(lanes))

    return make


@pytest.fixture(scope="session")
def make_scale() -> Callable[..., Scale]:
    """The scale of an underlying, one micro a tick and no floor unless told."""

    def make(tick_micros: int = 1, short_min_ticks: int = 0) -> Scale:
        return Scale(tick_micros, short_min_ticks)

    return make
