"""The scan of many accounts at once: how long one report takes over all of them."""

import time
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin import Portfolios, PortfolioScan, scan_portfolios

EXPIRY_SECONDS = 1_798_185_600
SYMBOLS = ("AVAX", "BNB", "BTC", "DOGE", "ETH", "SOL", "TRX", "XRP")


@dataclass(frozen=True, slots=True)
class Row:
    mark_micros: int
    risk: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    tick_micros: int
    short_min_ticks: int


@dataclass(frozen=True, slots=True)
class Market:
    portfolios: Portfolios
    rows: MappingProxyType[int, Row]
    scales: MappingProxyType[str, Scale]

    def scan(self) -> PortfolioScan:
        return scan_portfolios(self.portfolios, self.rows, self.scales)


def random_market(
    accounts: int = 100_000, held: int = 32, instruments: int = 500, underlyings: int = 2
) -> Market:
    """Accounts that each hold ``held`` instruments, spread evenly over all underlyings."""
    random = np.random.default_rng(2026)
    listed = tuple(
        Instrument(symbol, Kind.CALL, EXPIRY_SECONDS, (strike + 1) * 10**8)
        for symbol in SYMBOLS[:underlyings]
        for strike in range(instruments // underlyings)
    )
    column = np.concatenate(
        [
            np.sort(random.permuted(np.tile(np.arange(len(listed)), (n, 1)), axis=1)[:, :held])
            for n in _blocks(accounts, 5_000)
        ]
    ).ravel()
    lots = random.integers(1, 10_000, accounts * held) * random.choice([-1, 1], accounts * held)
    portfolios = Portfolios.build(
        listed,
        cash_micros=random.integers(0, 10**12, accounts),
        account=np.repeat(np.arange(accounts), held),
        column=column,
        quantity_micros=lots * limits.LOT_MICROS,
    )
    risks = random.integers(-30_000, 30_000, (len(listed), limits.SCENARIOS)).tolist()
    marks = random.integers(0, 10**11, len(listed)).tolist()
    rows = {
        instrument.id: Row(mark, tuple(risk))
        for instrument, mark, risk in zip(listed, marks, risks, strict=True)
    }
    scales = {symbol: Scale(tick_micros=10_000, short_min_ticks=100) for symbol in SYMBOLS}
    return Market(portfolios, MappingProxyType(rows), MappingProxyType(scales))


def scan_milliseconds(market: Market, repeats: int = 9) -> float:
    """The least time of one scan, verdicts at both margin levels included."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        scan = market.scan()
        scan.passes(limits.INITIAL_MARGIN_BPS)
        scan.passes(limits.MAINTENANCE_MARGIN_BPS)
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def _blocks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


if __name__ == "__main__":
    for count in (1, 2, 8):
        milliseconds = scan_milliseconds(random_market(underlyings=count))
        print(f"100,000 accounts x 32 positions, {count} underlyings: {milliseconds:.1f} ms")
