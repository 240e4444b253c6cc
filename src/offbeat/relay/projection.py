"""What an account will hold after a batch, and the cheapest test that it will pass."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, intrinsic_micros
from offbeat.intents import Cancel, Order, Transfer, Withdraw, fee_bound_micros
from offbeat.margin import scan_test, static_test
from offbeat.oracle import Report
from offbeat.relay.pending import Pending
from offbeat.rulebook import GROUP_SHIFT, Account, Mode, State, pay_micros, symbol_number


@dataclass(frozen=True, slots=True)
class Fill:
    """A chosen intent: how much of an order is filled (0 for other actions), and its fee."""

    pending: Pending
    fill_micros: int
    fee_micros: int


def fee_micros(pending: Pending, fill_micros: int, action_fee_micros: int) -> int:
    """The fee of one action: the policy's, or what was signed if that is less."""
    intent = pending.signed.intent
    bound = (
        fee_bound_micros(intent, fill_micros)
        if isinstance(intent, Order)
        else intent.max_fee_micros
    )
    return min(action_fee_micros, bound)


def _gives(fill: Fill) -> bool:
    """Whether an action may cost the account anything."""
    return fill.fee_micros > 0 or not isinstance(fill.pending.signed.intent, Cancel)


@dataclass(slots=True)
class Projection:
    """Cash and quantities by instrument id after a batch, what expires left aside."""

    cash_micros: int
    quantities: dict[int, int]

    @classmethod
    def of(cls, record: Account, settling: Collection[int]) -> "Projection":
        """Where the account starts from."""
        quantities: dict[int, int] = defaultdict(int)
        for position in record.positions:
            if position.instrument_id >> GROUP_SHIFT not in settling:
                quantities[position.instrument_id] += position.quantity_micros
        return cls(record.cash_micros, quantities)

    def receive(self, symbol: int, amount_micros: int, cash_symbol: int) -> None:
        """Take in a credit."""
        if symbol == cash_symbol:
            self.cash_micros += amount_micros
        else:
            self.quantities[symbol << 88] += amount_micros

    def spend(self, fill: Fill, prices_nanos: Mapping[int, int], cash_symbol: int) -> None:
        """Apply what the account signed."""
        intent = fill.pending.signed.intent
        self.cash_micros -= fill.fee_micros
        if isinstance(intent, Order):
            price = sum(leg.ratio * prices_nanos[leg.instrument.id] for leg in intent.legs)
            self.cash_micros -= pay_micros(price, intent.limit_micros, fill.fill_micros)
            for leg in intent.legs:
                self.quantities[leg.instrument.id] += leg.ratio * fill.fill_micros
        elif isinstance(intent, Withdraw) and symbol_number(intent.asset) != cash_symbol:
            self.quantities[Instrument.spot(intent.asset).id] -= intent.amount_micros
        elif isinstance(intent, Withdraw | Transfer):
            self.cash_micros -= intent.amount_micros

    def mode(self, report: Report | None) -> Mode:
        """The cheapest test that passes; reduction where none does. The rulebook judges."""
        held = [(Instrument.from_id(i), q) for i, q in self.quantities.items() if q]
        spot_is_held = all(q > 0 for i, q in held if i.kind is Kind.SPOT)
        if spot_is_held and static_test(held, self.cash_micros).passes:
            return Mode.STATIC
        rows = {row.instrument_id: row for row in report.rows} if report else {}
        if report is None or not rows.keys() >= {i.id for i, _ in held}:
            return Mode.STATIC
        scales = {each.symbol: each for each in report.underlyings}
        scan = scan_test(held, self.cash_micros, rows, scales)
        return Mode.SCAN if scan.passes(limits.INITIAL_MARGIN_BPS) else Mode.REDUCE


def gives(fill: Fill) -> bool:
    """Whether an action may cost the account anything."""
    return fill.fee_micros > 0 or not isinstance(fill.pending.signed.intent, Cancel)


def due_picos(state: State, account: int, settling: Collection[int]) -> int:
    """What the account's expiring positions are worth, in 1e-12 of the quote currency."""
    total = 0
    for position in state.account(account).positions:
        group = position.instrument_id >> GROUP_SHIFT
        if group in settling:
            option = Instrument.from_id(position.instrument_id)
            price = state.pots[group].price_micros
            total += position.quantity_micros * intrinsic_micros(option, price)
    return total
