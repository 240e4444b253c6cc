"""A crash as a scenario: writers of puts with little margin, makers who widen and step back.

The options and the surface are those of a real snapshot; who trades, and the hour, are made up. In
the first round the writers sell to holders at the mark. From then on nobody but makers trades,
unless an account must be reduced: then the makers are who takes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from offbeat.core import InvalidInput, Reason, ceil_div, limits
from offbeat.instruments import Instrument, Kind, Leg, recognise
from offbeat.intents import Order
from offbeat.oracle import Report, Surface
from offbeat.sim.book_report import book_time_seconds
from offbeat.sim.book_surface import book_spot_micros, book_surface
from offbeat.sim.cast import Cast, order_need_micros
from offbeat.sim.crash_prices import HOUR_SECONDS, spot_at, surface_at
from offbeat.sim.deribit_csv import read_order_book
from offbeat.sim.market_report import market_report
from offbeat.sim.scenario import QUOTE, Participant, Role, Round, Scenario, Submission

SYMBOL: Final = "ETH"
FUND: Final = "insurance fund"
FUND_MICROS: Final = 250_000 * limits.QUOTE_SCALE
SLACK_SECONDS: Final = 5
"""How much longer a batch may take to land than it usually does."""
LEAD_SECONDS: Final = 60
"""From the last line of the book to the first round."""
REPORT_SECONDS: Final = 5
SAMPLE_SECONDS: Final = 10
CONGESTED: Final = range(2_200, 2_350)
"""Seconds into the hour in which blocks are so full that a batch lands too late."""
CONGESTION_SECONDS: Final = 120
LEVERAGES: Final = (105, 110, 120, 130, 150, 175, 200, 300)
"""What the writers own at first, in percent of the initial margin of what they sell."""
MONEYNESS: Final = (85, 95, 100)
"""Strikes of the puts that are sold, in percent of spot."""
SIZE_MICROS: Final = 100 * limits.QUANTITY_SCALE
MAKERS: Final = 4
MAKER_MICROS: Final = 20_000_000 * limits.QUOTE_SCALE
MAKER_SIZE_MICROS: Final = 25 * limits.QUANTITY_SCALE
MAX_FEE_MICROS: Final = limits.QUOTE_SCALE
CALM_SPREAD_BPS: Final = 100
STRESS_SPREAD_BPS: Final = 4_000
"""The spread of the first maker, of the mark: at first, and more of it as spot falls (per fall)."""
STEP_BACK_BPS: Final = 600
"""With each further fall of this size a maker stops quoting."""
NEAREST_SECONDS: Final = 14 * 86_400
"""The puts are of the first expiry that is at least so far away."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A crash at one interval between batches, and how long landing takes in it.

    ``samples`` are the reports of the hour, one every ``SAMPLE_SECONDS``.
    """

    scenario: Scenario
    samples: tuple[Report, ...]
    batch_seconds: int
    lag_seconds: int


def load_crash(folder: Path, batch_seconds: int, lag_seconds: int) -> Crash:
    """A crash from the snapshot ``order_book.csv`` in ``folder``.

    A batch is built every ``batch_seconds`` (1 to 60) and lands ``lag_seconds`` later (0 to 30).
    Raises :class:`InvalidInput` with code ``crash_times``, or as ``read_order_book``.
    """
    if not (1 <= batch_seconds <= 60 and 0 <= lag_seconds <= 30):
        raise InvalidInput("crash_times", "batches take 1 to 60 seconds, landing 0 to 30")
    rows = read_order_book(folder / "order_book.csv").rows
    surface = book_surface(rows, book_time_seconds(rows))
    market = _Market(folder.name, surface, book_spot_micros(rows), batch_seconds, lag_seconds)
    return Crash(market.scenario(), market.samples(), batch_seconds, lag_seconds)


def _puts(surface: Surface, spot_micros: int) -> tuple[Instrument, ...]:
    """Puts at whole hundreds near the strikes that are sold, ascending by id."""
    first = surface.time_seconds + NEAREST_SECONDS
    expiry = next(each.expiry_seconds for each in surface.slices if each.expiry_seconds >= first)
    step = 50 * limits.QUOTE_SCALE
    strikes = (spot_micros * percent // (100 * step) * step for percent in MONEYNESS)
    return tuple(Instrument(SYMBOL, Kind.PUT, expiry, strike) for strike in strikes)


class _Market:
    """Builds the scenario; everybody's cash is settled once it is known who trades what."""

    def __init__(
        self,
        name: str,
        calm: Surface,
        spot_micros: int,
        batch_seconds: int,
        lag_seconds: int,
    ) -> None:
        self._name = name
        self._calm = calm
        self._spot_micros = spot_micros
        self._batch_seconds = batch_seconds
        self._lag_seconds = lag_seconds
        self._life_seconds = lag_seconds + batch_seconds + SLACK_SECONDS
        self._puts = _puts(calm, spot_micros)
        self._cast = Cast(f"crash/{name}", MAX_FEE_MICROS)
        self._reports: dict[int, Report] = {}
        self._roles: dict[str, Role] = {}
        self._cash_micros: dict[str, int] = {}

    def scenario(self) -> Scenario:
        """Sales at first, then quotes for an hour."""
        times = range(self._batch_seconds, HOUR_SECONDS + 1, self._batch_seconds)
        rounds = [
            self._round(0, [*self._sales(), self._dip_buyer()]),
            *(self._round(seconds, list(self._quotes(seconds))) for seconds in times),
        ]
        return Scenario(f"{self._name}, a crash", tuple(self._participants()), tuple(rounds))

    def samples(self) -> tuple[Report, ...]:
        """The hour's reports, whatever the batches."""
        return tuple(map(self._report, range(0, HOUR_SECONDS + 1, SAMPLE_SECONDS)))

    def _round(self, seconds: int, submissions: Sequence[Submission]) -> Round:
        opens_seconds = self._calm.time_seconds + LEAD_SECONDS + seconds
        lag_seconds = CONGESTION_SECONDS if seconds in CONGESTED else self._lag_seconds
        return Round(
            opens_seconds=opens_seconds,
            closes_seconds=opens_seconds + self._life_seconds,
            report=self._report(seconds),
            submissions=tuple(submissions),
            lag_seconds=lag_seconds if seconds else 0,
        )

    def _report(self, seconds: int) -> Report:
        """The last report by then: reporters sign one every few seconds."""
        at = seconds // REPORT_SECONDS * REPORT_SECONDS
        if at not in self._reports:
            surface = surface_at(self._calm, LEAD_SECONDS, at, self._spot_micros)
            spot_micros = spot_at(at, self._spot_micros)
            self._reports[at] = market_report(surface, SYMBOL, spot_micros, self._puts)
        return self._reports[at]

    def _marks(self, seconds: int) -> dict[int, int]:
        return {row.instrument_id: row.mark_micros for row in self._report(seconds).rows}

    # Who trades ---------------------------------------------------------------------------

    def _sales(self) -> Iterator[Submission]:
        """Each writer sells one put to a holder, at its mark."""
        report, marks = self._report(0), self._marks(0)
        for number, percent in enumerate(LEVERAGES):
            put = self._puts[number % len(self._puts)]
            writer, holder = f"writer-{percent}", f"holder-{number + 1}"
            for name, role, side in ((writer, Role.TAKER, -1), (holder, Role.COUNTERPARTY, 1)):
                self._join(name, role)
                order = self._order(name, put, side, side * marks[put.id], SIZE_MICROS, 0)
                need_micros = order_need_micros(order, [report]) + MAX_FEE_MICROS
                share = percent if side < 0 else 2 * 100
                self._cash_micros[name] = need_micros * share // 100
                label = recognise(order.legs)
                yield self._submission(name, order, label, f"{writer} sells")

    def _dip_buyer(self) -> Submission:
        """Sells a put on the condition that spot is higher than it is, and will ever be again."""
        name = self._join("dip buyer", Role.TAKER)
        self._cash_micros[name] = self._spot_micros
        order = self._order(name, self._puts[0], -1, 0, limits.QUANTITY_SCALE, 0)
        guarded = replace(order, spot_min_micros=self._spot_micros + 1)
        label = recognise(order.legs)
        return self._submission(name, guarded, label, "spot too low", Reason.MARKET_CONDITION)

    def _quotes(self, seconds: int) -> Iterator[Submission]:
        """Both sides of every put, from each maker who has not stepped back yet."""
        spot_micros, marks = spot_at(seconds, self._spot_micros), self._marks(seconds)
        fallen_bps = limits.BPS - spot_micros * limits.BPS // self._spot_micros
        spread_bps = CALM_SPREAD_BPS + STRESS_SPREAD_BPS * fallen_bps // limits.BPS
        for number in range(max(1, MAKERS - fallen_bps // STEP_BACK_BPS)):
            name = self._join(f"maker-{number + 1}", Role.MAKER)
            self._cash_micros[name] = MAKER_MICROS
            for put in self._puts:
                half_micros = ceil_div(marks[put.id] * spread_bps * (number + 1), 2 * limits.BPS)
                for side, word in ((1, "bid"), (-1, "ask")):
                    limit = side * marks[put.id] - half_micros
                    order = self._order(name, put, side, limit, MAKER_SIZE_MICROS, seconds)
                    yield self._submission(name, order, QUOTE, f"{put.name} {word}")

    def _join(self, name: str, role: Role) -> str:
        self._roles[name] = role
        return name

    def _order(
        self, name: str, put: Instrument, side: int, limit: int, quantity: int, seconds: int
    ) -> Order:
        last_seconds = self._calm.time_seconds + LEAD_SECONDS + seconds + self._life_seconds
        return self._cast.order(name, (Leg(put, side),), quantity, limit, last_seconds)

    def _submission(
        self, name: str, order: Order, label: str, source: str, expected: Reason | None = None
    ) -> Submission:
        return Submission(
            intent=order,
            sender=name,
            signer_key=self._cast.key(name),
            label=label,
            source=source,
            expected=expected,
        )

    def _participants(self) -> Iterator[Participant]:
        for name, role in self._roles.items():
            key, address = self._cast.key(name), self._cast.address(name)
            yield Participant(name, role, key, address, self._cash_micros[name])
        fund = limits.INSURANCE_OWNER.to_bytes(20)
        yield Participant(FUND, Role.FUND, bytes(32), fund, FUND_MICROS)
