"""What is traded in the tests' world, and what reporters say about it."""

from random import Random
from typing import Final

from drafting import Draft
from founding import CASH
from people import ALICE, BOB, CAROL, DAVE, ERIN
from world import World

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import Report, Row, UnderlyingReport
from offbeat.rulebook import Applied

MICROS: Final = limits.QUOTE_SCALE
HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 24 * HOUR_SECONDS
SPOT_MICROS: Final = {"BTC": 40_000 * MICROS, "ETH": 2_000 * MICROS, "SOL": 50 * MICROS}
STRIKES_MICROS: Final = {
    symbol: tuple(spot * percent // 100 for percent in (80, 100, 125))
    for symbol, spot in SPOT_MICROS.items()
}

ACCOUNTS: Final = (
    ALICE.account(),
    ALICE.account(7),
    BOB.account(),
    CAROL.account(),
    DAVE.account(),
    ERIN.account(),
)
DEPOSITS: Final = (
    (ALICE.account(), CASH, 10**12),
    (ALICE.account(7), CASH, 10**11),
    (BOB.account(), CASH, 10**12),
    (CAROL.account(), CASH, 10**10),
    (DAVE.account(), CASH, 10**12),
    (ERIN.account(), CASH, 10**7),
    (ALICE.account(), "ETH", 100 * MICROS),
    (BOB.account(), "ETH", 10 * MICROS),
    (CAROL.account(), "BTC", 5 * MICROS),
    (ERIN.account(), "BTC", 1 * MICROS),
)
"""What everybody starts with: plenty, enough, or (Erin) next to nothing."""


def expiries(start_seconds: int) -> tuple[int, ...]:
    """An expiry that passes soon, one that may, and one that will not."""
    return tuple(start_seconds + after for after in (HOUR_SECONDS, DAY_SECONDS, 90 * DAY_SECONDS))


def universe(symbol: str, start_seconds: int) -> list[Instrument]:
    """Spot and every option of an underlying, ascending."""
    options = [
        Instrument(symbol, kind, expiry, strike)
        for expiry in expiries(start_seconds)
        for strike in STRIKES_MICROS[symbol]
        for kind in (Kind.CALL, Kind.PUT)
    ]
    return sorted([Instrument.spot(symbol), *options])


def report(
    symbols: list[str], start_seconds: int, timestamp_seconds: int, *, seed: int = 0
) -> Report:
    """Everything about some underlyings; ``seed`` 0 gives plain numbers, others strange ones."""
    random = Random(seed)
    underlyings, rows = [], []
    for symbol in sorted(symbols):
        spot = (
            SPOT_MICROS[symbol] * random.randrange(90, 111) // 100 if seed else SPOT_MICROS[symbol]
        )
        tick = random.choice((1, 1_000, 100_000, MICROS)) if seed else MICROS
        short_min = random.choice((0, 1, 40, 5_000)) if seed else 10
        underlyings.append(UnderlyingReport(symbol, spot, tick, short_min))
        rows += [
            _row(each, spot, random if seed else None) for each in universe(symbol, start_seconds)
        ]
    return Report(timestamp_seconds, tuple(underlyings), tuple(rows))


def _row(instrument: Instrument, spot_micros: int, random: Random | None) -> Row:
    mark = spot_micros if instrument.kind is Kind.SPOT else spot_micros // 20
    if random is None:
        down = 1 if instrument.kind is Kind.PUT else -1
        risk = tuple(down * (scenario - 7) * spot_micros // MICROS // 50 for scenario in range(16))
        return Row(instrument.id, mark, risk)
    mark = random.choice((0, 1, mark, mark, 2**63 - 1 if random.random() < 0.01 else mark))
    bound = random.choice((1, 50, 50, 2**15 - 1))
    return Row(
        instrument.id, mark, tuple(random.randrange(-bound - 1, bound + 1) for _ in range(16))
    )


def fund(world: World) -> None:
    """Deposit and credit what everybody starts with."""
    for account, symbol, amount_micros in DEPOSITS:
        world.deposit(account, symbol, amount_micros)
    draft = Draft(world, world.now, symbols={"BTC", "ETH"})
    draft.credit_all()
    assert isinstance(world.land(draft.submission()), Applied)
    world.assert_same()
