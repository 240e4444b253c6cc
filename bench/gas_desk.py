"""What the market's traders hold, sign and bring into batches."""

from collections.abc import Sequence
from typing import Any, Final

from gas_listing import EXPIRIES_SECONDS, NEAR_OPTIONS, PRICES_NANOS, make_report
from gas_market import Landed, Market, Table, Trader
from offbeat.core import ceil_div
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Intent, Order, sign
from offbeat.relay.packing import pack_intent
from offbeat.rulebook import Account, Action, Mode, Section

QUANTITY_MICROS: Final = 1_250_000
FEE_MICROS: Final = 125_000
MAX_FEE_MICROS: Final = 500_000
VALID_UNTIL_SECONDS: Final = EXPIRIES_SECONDS[-1]


class Desk:
    """Makes the actions and sections of traders, who are known here by their number.

    Traders 2k and 2k + 1 are a pair: they hold the same options and trade with each other.
    """

    def __init__(self, market: Market) -> None:
        self.market = market

    def options_of(self, trader: int, n_positions: int) -> tuple[Instrument, ...]:
        """What a trader holds with so many positions, a vertical or whole expiries."""
        first = trader // 2
        if n_positions == 2:
            return NEAR_OPTIONS[first % len(NEAR_OPTIONS)][::2]
        expiries = range(first, first + n_positions // len(NEAR_OPTIONS[0]))
        return tuple(sorted(each for at in expiries for each in NEAR_OPTIONS[at % 8]))

    def table(self, n_traders: int, n_positions: int, report_rows: int = 0) -> Table:
        """The rows that these traders need, under a report of 512 rows, of these alone, or none."""
        held = {each for n in range(n_traders) for each in self.options_of(n, n_positions)}
        rows = tuple(sorted(held))
        if report_rows == 0:
            return Table(rows)
        now = self.market.now_seconds
        return Table(rows, make_report(now) if report_rows == 512 else make_report(now, rows))

    def record(self, trader: int) -> Account:
        """A trader's account as it stands."""
        return self.market.state.account(self.market.traders[trader].account)

    def next_nonce(self, trader: int) -> int:
        """The first number that is unspent in lane 0."""
        lanes = self.record(trader).lanes
        return lanes[0].bitmap.bit_length() if lanes else 0

    def order(
        self,
        trader: int,
        options: Sequence[Instrument],
        table: Table,
        *,
        nonce: int | None = None,
        fill_micros: int = QUANTITY_MICROS,
        signer: Trader | None = None,
    ) -> Action:
        """Buy the first half of ``options`` and sell the rest; an odd trader does the reverse."""
        side = 1 if trader % 2 == 0 else -1
        half = len(options) // 2
        legs = tuple(Leg(each, side if n < half else -side) for n, each in enumerate(options))
        return self.trade(trader, legs, table, nonce=nonce, fill_micros=fill_micros, signer=signer)

    def trade(
        self,
        trader: int,
        legs: tuple[Leg, ...],
        table: Table,
        *,
        quantity_micros: int = QUANTITY_MICROS,
        nonce: int | None = None,
        fill_micros: int = QUANTITY_MICROS,
        signer: Trader | None = None,
    ) -> Action:
        """Trade these legs at the clearing prices."""
        price_nanos = sum(leg.ratio * PRICES_NANOS[leg.instrument.id] for leg in legs)
        order = Order(
            owner=self.market.traders[trader].address,
            account=0,
            legs=legs,
            quantity_micros=quantity_micros,
            limit_micros=ceil_div(price_nanos, 1_000),
            nonce=self.next_nonce(trader) if nonce is None else nonce,
            valid_until_seconds=VALID_UNTIL_SECONDS,
            max_fee_micros=MAX_FEE_MICROS,
        )
        fee_micros = FEE_MICROS * fill_micros // quantity_micros
        return self.pack(
            order, signer or self.market.traders[trader], table, fee_micros, fill_micros
        )

    def vertical(self, trader: int, n_positions: int, table: Table, **terms: Any) -> Action:
        """A two-leg order in the first calls of the so many options that the trader holds."""
        calls = self.options_of(trader, n_positions)
        return self.order(trader, calls[:4:2] if n_positions > 2 else calls, table, **terms)

    def pack(
        self,
        intent: Intent,
        signer: Trader,
        table: Table,
        fee_micros: int = 0,
        fill_micros: int = 0,
    ) -> Action:
        """A signed intent as an action."""
        signed = sign(intent, signer.key, self.market.domain)
        return pack_intent(signed, table.index, fee_micros, fill_micros)

    def section(self, trader: int, mode: Mode, table: Table, actions: Sequence[Action]) -> Section:
        """A section whose entries are what the account holds and what its orders open."""
        record = self.record(trader)
        orders = [action for action in actions if action.fill_micros]
        legs = [order.leg(n)[0] for order in orders for n in range(order.second_byte)]
        held = {table.index[each.instrument_id]: each.quantity_micros for each in record.positions}
        return Section(
            account=record.id,
            mode=mode,
            cash_micros=record.cash_micros,
            lanes=tuple((lane.floor, lane.bitmap) for lane in record.lanes),
            partials=tuple(partial.words for partial in record.partials),
            entries=tuple(sorted((dict.fromkeys(legs, 0) | held).items())),
            actions=tuple(actions),
        )

    def land(self, mode: Mode, table: Table, actions: Sequence[Action]) -> Landed:
        """A batch with one action of each trader from the first on."""
        sections = [self.section(n, mode, table, [action]) for n, action in enumerate(actions)]
        return self.market.settle(table, sections)
