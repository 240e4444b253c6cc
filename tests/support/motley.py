"""Random states and whatever people send to them, good and bad, for a relay to sort out."""

from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st
from people import ALICE, BOB, CAROL, DAVE, DESK, ERIN, ROBOT, STRANGER, Person
from relay_bench import FAR, TIME, UNIT, Bench
from small_market import EXPIRIES, NOW, OPTIONS, mark_micros, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import (
    Cancel,
    Delegate,
    Delegation,
    Lane,
    Scope,
    Transfer,
    Withdraw,
    make_nonce,
)
from offbeat.relay import Pending
from offbeat.rulebook import GROUP_SHIFT, Partial, State, post_settlement_price

TRADERS: Final = (ALICE, BOB, CAROL, DAVE, ERIN)
LISTED: Final = OPTIONS["ETH"][2:6] + OPTIONS["BTC"][2:4]
SPOTS: Final = (Instrument.spot("ETH"), Instrument.spot("BTC"))
UNLISTED: Final = Instrument("ETH", Kind.CALL, EXPIRIES[1], 7_777 * UNIT)
OLD: Final = tuple(Instrument("ETH", kind, NOW, 3_000 * UNIT) for kind in (Kind.CALL, Kind.PUT))
GROUP: Final = OLD[0].id >> GROUP_SHIFT
MARKS: Final = {each: mark_micros(report_at(TIME), each) for each in (*LISTED, *SPOTS)}

Draw = Any


def any_state(draw: Draw, bench: Bench) -> State:
    """Accounts with all sorts of records, deposits on their way, grants, a settlement price."""
    for trader in TRADERS:
        if draw(st.sampled_from((True,) * 5 + (False,))):
            _give(draw, bench, trader)
    for _ in range(draw(st.integers(0, 4))):
        bench.deposit(
            draw(st.sampled_from(TRADERS)),
            draw(st.sampled_from((1, UNIT, 10**10))),
            draw(st.sampled_from(("USDC", "USDC", "ETH", "BTC"))),
            index=draw(st.sampled_from((0, 0, 3))),
            age=draw(st.sampled_from((5, 5, 700))),
        )
    grants = {
        (trader.address, ROBOT.address): Delegation(draw(st.integers(0, 15)), FAR)
        for trader in draw(st.sets(st.sampled_from(TRADERS)))
    }
    state = replace(bench.state, grants=grants)
    return post_settlement_price(state, GROUP, draw(st.sampled_from((2_900, 3_100))) * UNIT)


def _give(draw: Draw, bench: Bench, trader: Person) -> None:
    quantity = st.sampled_from((1, -1, 3, -20))
    held = {
        each: draw(quantity) * UNIT
        for each in draw(st.sets(st.sampled_from((*LISTED[:4], *OLD)), max_size=1))
    }
    held |= dict.fromkeys(draw(st.sets(st.sampled_from(SPOTS))), UNIT)
    if draw(st.sampled_from((False,) * 14 + (True,))):
        held[UNLISTED] = UNIT
    n_partials = draw(st.sampled_from((0, 0, 0, 2, limits.MAX_PARTIALS)))
    bench.give(
        trader,
        draw(st.sampled_from((*[10**12] * 6, 2 * 10**9, 300_000, 0, -UNIT))),
        held,
        lanes=(Lane(draw(st.sampled_from((0, 3))), (1 << n_partials) - 1),) if n_partials else (),
        partials=tuple(
            Partial(number, 1_000, draw(st.sampled_from((TIME - 1, FAR))), bytes([number]) * 32)
            for number in range(n_partials)
        ),
    )


class Senders:
    """Draws intents; nonces mostly go up."""

    def __init__(self, draw: Draw, bench: Bench) -> None:
        self._draw = draw
        self._bench = bench
        self._next: defaultdict[Person, int] = defaultdict(lambda: limits.MAX_PARTIALS + 4)

    def intents(self, n_most: int) -> list[Pending]:
        """What waits at a relay, some of it twice."""
        kinds = (*[self._pair] * 7, *[self._order] * 2, self._cancel)
        moves = (self._withdraw, self._transfer, self._transfer, self._delegate)
        waiting: list[Pending] = []
        for _ in range(self._draw(st.integers(1, n_most))):
            waiting += self._draw(st.sampled_from((*kinds, *moves)))()
        repeated = self._draw(st.sets(st.integers(0, len(waiting) - 1), max_size=2))
        return waiting + [waiting[at] for at in sorted(repeated)]

    def _one_of(self, *options: Any) -> Any:
        return self._draw(st.sampled_from(options))

    def _rarely(self) -> bool:
        return self._draw(st.sampled_from((False,) * 14 + (True,)))

    def _trader(self) -> Person:
        return self._one_of(*TRADERS)

    def _envelope(self, trader: Person) -> dict[str, Any]:
        if self._rarely():
            nonce = self._one_of(0, 1, make_nonce(1, 0), make_nonce(5, 0), 300, 700)
        else:
            nonce = self._next[trader]
            self._next[trader] += 1
        return {
            "nonce": nonce,
            "valid_until_seconds": TIME if self._rarely() else FAR,
            "max_fee_micros": self._one_of(UNIT, UNIT, UNIT, 0),
            "signer": self._one_of(DESK, ROBOT, STRANGER) if self._rarely() else None,
        }

    def _order(self) -> list[Pending]:
        return [self._side(*self._strategy())]

    def _pair(self) -> list[Pending]:
        legs, fair, quantity = self._strategy()
        return [
            self._side(legs, fair, quantity),
            self._side({each: -ratio for each, ratio in legs.items()}, -fair, quantity),
        ]

    def _strategy(self) -> tuple[dict[Instrument, int], int, int]:
        on_eth = not self._rarely()
        universe = LISTED[:4] if on_eth else LISTED[4:]
        chosen = self._draw(
            st.lists(st.sampled_from(universe), min_size=1, max_size=2, unique=True)
        )
        legs = {each: self._one_of(1, -1, 2) for each in chosen}
        if self._rarely():
            legs[SPOTS[0] if on_eth else SPOTS[1]] = 1
        fair = sum(ratio * MARKS[each] for each, ratio in legs.items())
        if on_eth and self._rarely():
            legs[self._one_of(UNLISTED, *OLD)] = 1
        quantity = self._one_of(1_000, UNIT, 3 * UNIT, 50 * UNIT)
        return legs, fair, quantity

    def _side(self, legs: dict[Instrument, int], fair: int, quantity: int) -> Pending:
        trader = self._trader()
        condition = {}
        if self._rarely():
            condition = self._one_of(
                {"spot_min_micros": 2_000 * UNIT},
                {"spot_max_micros": 2_000 * UNIT},
                {"valid_from_seconds": TIME + 1},
                {"reduce_only": True},
            )
        return self._bench.order(
            trader,
            legs,
            fair + self._one_of(0, 0, 1, UNIT, -UNIT),
            quantity,
            min_fill_micros=self._one_of(0, 0, 0, quantity),
            **condition,
            **self._envelope(trader),
        )

    def _cancel(self) -> list[Pending]:
        trader = self._trader()
        fields = self._envelope(trader)
        fields["nonce"] = self._one_of(0, 1, limits.MAX_PARTIALS + 4, 400, fields["nonce"])
        return [self._bench.act(Cancel, trader, **fields)]

    def _withdraw(self) -> list[Pending]:
        trader = self._trader()
        what = {"asset": self._one_of("USDC", "USDC", "ETH", "DOGE"), "to": STRANGER.address}
        amount = self._one_of(1, UNIT, 10**10)
        fields = self._envelope(trader)
        return [self._bench.act(Withdraw, trader, amount_micros=amount, **what, **fields)]

    def _transfer(self) -> list[Pending]:
        trader = self._trader()
        return [
            self._bench.act(
                Transfer,
                trader,
                to_owner=self._trader().address,
                to_account=self._one_of(0, 0, 0, 9),
                amount_micros=self._one_of(1, UNIT, 10**11),
                **self._envelope(trader),
            )
        ]

    def _delegate(self) -> list[Pending]:
        trader = self._trader()
        return [
            self._bench.act(
                Delegate,
                trader,
                delegate=self._one_of(DESK, ROBOT).address,
                scope=self._one_of(Scope.ORDER, 15),
                expires_seconds=self._one_of(FAR, TIME, 0),
                **self._envelope(trader),
            )
        ]
