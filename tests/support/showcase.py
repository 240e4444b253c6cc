"""One batch that has everything in it, on a world that is ready for it."""

from drafting import Claim, Draft
from market import HOUR_SECONDS, MICROS, expiries, fund, report, universe
from people import ALICE, BOB, CAROL, DAVE, DESK, ERIN, ROBOT, Person
from world import World

from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Delegate, Order, Scope, Transfer, Withdraw, make_nonce
from offbeat.rulebook import Applied, Mode

QUANTITY = 4 * MICROS
FILL = 1 * MICROS
PRICE_NANOS = 100 * 10**9
"""Of the leg that is bought; the one that is sold costs half of it."""
LIMIT_MICROS = 50 * MICROS
FEE_MICROS = 400
ETH = Instrument.spot("ETH")


class Showcase:
    """A funded world and what stands ready in it.

    Bob has sold Dave a call that spot covers, it has expired in the money and its price is posted.
    Alice has bought a part of the vertical ``legs`` from Bob, whose ``DESK`` may sign for him. Two
    deposits wait.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.start_seconds = world.now
        fund(world)
        near, middle, _ = expiries(self.start_seconds)
        options = universe("ETH", self.start_seconds)
        self.expired = next(each for each in options if each.expiry_seconds == near)
        calls = [e for e in options if e.expiry_seconds == middle and e.kind is Kind.CALL]
        self.legs = (Leg(calls[0], 1), Leg(calls[1], -1))
        self.valid_until_seconds = self.start_seconds + 2 * HOUR_SECONDS
        self._trade()
        world.wait(HOUR_SECONDS)
        self.group = world.post_price("ETH", near, 2_500 * MICROS)
        self._refresh()
        world.deposit(DAVE.account(), "USDC", 5 * MICROS)
        world.deposit(ALICE.account(), "ETH", 3 * MICROS)

    def order(self, person: Person, number: int, sign: int = 1, **changes: object) -> Order:
        """An order for the vertical: ``sign`` 1 buys it, −1 sells it."""
        terms = {
            "owner": person.address,
            "account": 0,
            "legs": tuple(Leg(leg.instrument, sign * leg.ratio) for leg in self.legs),
            "quantity_micros": QUANTITY,
            "limit_micros": sign * LIMIT_MICROS,
            "nonce": make_nonce(0, number),
            "valid_until_seconds": self.valid_until_seconds,
            "max_fee_micros": 4 * FEE_MICROS,
        }
        return Order(**(terms | changes))  # type: ignore[arg-type]

    def envelope(self, person: Person, number: int) -> dict[str, object]:
        """What every intent but an order has in common."""
        return {
            "owner": person.address,
            "account": 0,
            "nonce": make_nonce(0, number),
            "valid_until_seconds": self.valid_until_seconds,
            "max_fee_micros": FEE_MICROS,
        }

    def empty(self, *, with_report: bool = True) -> Draft:
        """A draft without anybody, at this moment."""
        now = self.world.now
        stated = report(["BTC", "ETH"], self.start_seconds, now) if with_report else None
        return Draft(self.world, now, stated, prices_nanos=self._prices())

    def draft(self) -> Draft:
        """The batch: every kind of action, credit and mode, an order that goes on, an expiry."""
        draft = self.empty()
        draft.settling.add(self.group)
        draft.part(BOB.account())
        draft.act(self.order(BOB, 9, -1), FILL, FEE_MICROS, key=DESK.key)
        draft.part(ALICE.account()).acts.append(Claim(1, "ETH"))
        draft.act(self.order(ALICE, 0), FILL, FEE_MICROS)
        draft.act(Cancel(**self.envelope(ALICE, 8)), fee_micros=FEE_MICROS)
        draft.act(
            Transfer(
                **self.envelope(CAROL, 1),
                to_owner=ERIN.address,
                to_account=0,
                amount_micros=7 * MICROS,
            )
        )
        draft.act(
            Withdraw(**self.envelope(CAROL, 2), to=CAROL.address, asset="BTC", amount_micros=MICROS)
        )
        draft.part(DAVE.account()).acts.append(Claim(0))
        draft.act(
            Withdraw(**self.envelope(DAVE, 3), to=DAVE.address, asset="USDC", amount_micros=MICROS)
        )
        draft.act(
            Delegate(
                **self.envelope(DAVE, 4),
                delegate=ROBOT.address,
                scope=Scope.ORDER,
                expires_seconds=self.valid_until_seconds,
            )
        )
        draft.part(ERIN.account()).acts.append(Claim(2))
        # Another option of the group that settles, which nobody holds.
        draft.part(DAVE.account()).opens |= {ETH.id, self.expired.id + 1}
        draft.part(DAVE.account()).mode = Mode.STATIC
        draft.part(ERIN.account()).mode = Mode.HOLD
        draft.n_credits = 2
        return draft

    def withdrawal(self, person: Person, symbol: str, micros: int = MICROS) -> Draft:
        """A batch in which somebody withdraws to an own address."""
        draft = self.empty(with_report=False)
        envelope = self.envelope(person, 50)
        draft.act(Withdraw(**envelope, to=person.address, asset=symbol, amount_micros=micros))
        draft.part(person.account()).mode = Mode.STATIC
        return draft

    def _trade(self) -> None:
        draft = self.empty()
        soon = (Leg(self.expired, 1),)
        draft.prices_nanos[self.expired.id] = PRICE_NANOS
        terms = {"limit_micros": 100 * MICROS, "quantity_micros": 2 * MICROS}
        sold = {"limit_micros": -100 * MICROS, "quantity_micros": 2 * MICROS}
        draft.act(self.order(DAVE, 0, legs=soon, **terms), 2 * MICROS)
        draft.act(self.order(BOB, 0, legs=(Leg(self.expired, -1),), **sold), 2 * MICROS)
        draft.act(self.order(ALICE, 0), FILL)
        draft.act(self.order(BOB, 1, -1, quantity_micros=FILL), FILL)
        draft.act(
            Delegate(
                **self.envelope(BOB, 2),
                delegate=DESK.address,
                scope=Scope.ORDER | Scope.CANCEL,
                expires_seconds=self.valid_until_seconds,
            )
        )
        assert isinstance(self.world.land(draft.submission()), Applied)

    def _refresh(self) -> None:
        """A batch that does nothing but bring a report."""
        draft = self.empty()
        draft.part(CAROL.account()).mode = Mode.HOLD
        assert isinstance(self.world.land(draft.submission()), Applied)

    def _prices(self) -> dict[int, int]:
        bought, sold = (leg.instrument.id for leg in self.legs)
        return {bought: PRICE_NANOS, sold: PRICE_NANOS // 2}
