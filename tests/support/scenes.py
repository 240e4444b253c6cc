"""Small scenarios on the demo's prices, put together intent by intent."""

from dataclasses import replace
from typing import Any

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg, Strategy, covered_call
from offbeat.intents import Cancel, Intent, Order, Withdraw
from offbeat.sim.cast import CASH_ASSET, Cast
from offbeat.sim.demo_prices import (
    EXPIRIES_SECONDS,
    SPOT,
    START_SECONDS,
    STRIKES_MICROS,
    SYMBOL,
    prices_at,
)
from offbeat.sim.scenario import QUOTE, Role, Round, Scenario, Settlement, Submission

SPOT_MICROS = 3_000_000_000
SETTLES_AT_MICROS = 2_990_000_000
PRICES = prices_at(START_SECONDS, SPOT_MICROS)
ROUND_SECONDS = 60
FAR_SECONDS = EXPIRIES_SECONDS[0] + 3_600
CALL = Instrument(SYMBOL, Kind.CALL, EXPIRIES_SECONDS[1], STRIKES_MICROS[2])
BUY, SELL = (Leg(CALL, +1),), (Leg(CALL, -1),)
PRICE_MICROS = 100 * limits.QUOTE_SCALE
FEE_MICROS = 2 * limits.QUOTE_SCALE


class Scene:
    """Collects submissions, round by round; prices stand still until an expiry."""

    def __init__(self) -> None:
        self.cast = Cast("a scene", FEE_MICROS)
        self._rounds: list[list[Submission]] = [[]]
        self._settles_in: int | None = None

    def order(
        self,
        name: str,
        legs: tuple[Leg, ...] = BUY,
        limit_micros: int = PRICE_MICROS,
        **changes: Any,
    ) -> Order:
        """One contract, for as long as it takes."""
        quantity_micros = limits.QUANTITY_SCALE
        order = self.cast.order(name, legs, quantity_micros, limit_micros, FAR_SECONDS)
        return replace(order, **changes)

    def cancel(self, name: str, **changes: Any) -> Cancel:
        return Cancel(**(self.cast.envelope(name, FAR_SECONDS) | changes))

    def withdrawal(self, name: str, amount_micros: int) -> Withdraw:
        envelope = self.cast.envelope(name, FAR_SECONDS)
        to = self.cast.address(name)
        return Withdraw(**envelope, to=to, asset=CASH_ASSET, amount_micros=amount_micros)

    def send(
        self,
        name: str,
        intent: Intent,
        label: str = Strategy.SINGLE,
        copies: int = 1,
        expected: Reason | None = None,
        signer: str | None = None,
    ) -> None:
        self.cast.join(name, Role.MAKER if label == QUOTE else Role.TAKER)
        self._rounds[-1].append(
            Submission(
                intent=intent,
                sender=name,
                signer_key=self.cast.key(signer or name),
                label=label,
                source=name,
                copies=copies,
                expected=expected,
            )
        )

    def quote(self, name: str, legs: tuple[Leg, ...], limit_micros: int, contracts: int) -> None:
        quantity_micros = contracts * limits.QUANTITY_SCALE
        order = self.order(name, legs, limit_micros, quantity_micros=quantity_micros)
        self.send(name, order, label=QUOTE)

    def next_round(self, *, settles: bool = False) -> None:
        """What follows arrives later; ``settles`` after the first expiry, under its price."""
        if settles:
            self._settles_in = len(self._rounds)
        self._rounds.append([])

    def build(self) -> Scenario:
        rounds = [self._round(number) for number in range(len(self._rounds))]
        return Scenario("a scene", self.cast.participants(rounds), tuple(rounds))

    def _round(self, number: int) -> Round:
        opens, prices, settlements = START_SECONDS + ROUND_SECONDS * number, PRICES, ()
        if self._settles_in is not None and number >= self._settles_in:
            opens = EXPIRIES_SECONDS[0] + ROUND_SECONDS * number
            prices = prices_at(opens, SETTLES_AT_MICROS)
        if number == self._settles_in:
            settlements = (Settlement(SYMBOL, EXPIRIES_SECONDS[0], SETTLES_AT_MICROS),)
        submissions = tuple(self._rounds[number])
        closes = opens + ROUND_SECONDS - 10
        return Round(opens, closes, prices.report, submissions, settlements)


def trade() -> Scene:
    """A buyer who sends thrice, a seller of more, and a thief who is refused."""
    scene = Scene()
    scene.quote("maker", SELL, -PRICE_MICROS, contracts=3)
    scene.send("buyer", scene.order("buyer", limit_micros=PRICE_MICROS + 1_000_000), copies=3)
    stolen = scene.order("victim")
    scene.send("victim", stolen, expected=Reason.SIGNER_UNAUTHORISED, signer="thief")
    return scene


def expiry() -> Scene:
    """A covered call, sold to a maker who also sells the spot, ends in the money."""
    scene = Scene()
    legs = covered_call(SYMBOL, EXPIRIES_SECONDS[0], STRIKES_MICROS[1])
    call = next(leg.instrument for leg in legs if leg.instrument != SPOT)
    call_micros = PRICES.marks_micros[call]
    scene.quote("spot-maker", (Leg(SPOT, -1),), -SPOT_MICROS, contracts=2)
    scene.quote("call-maker", (Leg(call, +1),), call_micros, contracts=2)
    order = scene.order("writer", legs, SPOT_MICROS - call_micros + 1_000_000)
    scene.send("writer", order, label=Strategy.COVERED_CALL)
    scene.next_round(settles=True)
    return scene
