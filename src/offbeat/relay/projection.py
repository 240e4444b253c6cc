"""What an account will hold after a batch, and the cheapest test that it will pass."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, intrinsic_micros
from offbeat.intents import Order, Transfer, Withdraw, fee_bound_micros
from offbeat.margin import scan_test, static_test
from offbeat.oracle import Report, Row, UnderlyingReport
from offbeat.relay.pending import Pending
from offbeat.rulebook import GROUP_SHIFT, Account, Mode, State, pay_micros, symbol_number


@dataclass(frozen=True, slots=True)
class Fill:
    """A chosen intent: how much of an order is filled (0 for other actions), and its fee."""

    pending: Pending
    fill_micros: int
    fee_micros: int

    def net_price_nanos(self, prices_nanos: Mapping[int, int]) -> int:
        """An order's net clearing price."""
        order = self.pending.signed.intent
        assert isinstance(order, Order), "only orders have a price"
        return sum(leg.ratio * prices_nanos[leg.instrument.id] for leg in order.legs)

    def pay_micros(self, prices_nanos: Mapping[int, int]) -> int:
        """What an order pays for its fill; nothing for any other action."""
        order = self.pending.signed.intent
        if not isinstance(order, Order):
            return 0
        price_nanos = self.net_price_nanos(prices_nanos)
        return pay_micros(price_nanos, order.limit_micros, self.fill_micros)


def fee_micros(pending: Pending, fill_micros: int, action_fee_micros: int) -> int:
    """The fee of one action: the policy's, or what was signed if that is less."""
    intent = pending.signed.intent
    bound = (
        fee_bound_micros(intent, fill_micros)
        if isinstance(intent, Order)
        else intent.max_fee_micros
    )
    return min(action_fee_micros, bound)


@dataclass(frozen=True, slots=True)
class RiskTables:
    """What the scan reads of a report: rows by instrument id, scales by symbol."""

    rows: Mapping[int, Row]
    scales: Mapping[str, UnderlyingReport]

    @classmethod
    def of(cls, report: Report) -> Self:
        """The tables of a report."""
        rows = {row.instrument_id: row for row in report.rows}
        return cls(rows, {each.symbol: each for each in report.underlyings})


class Projection:
    """An account's cash and quantities by instrument id, as a batch changes them.

    Expired positions are left aside: whoever holds some does nothing else in the batch.
    """

    def __init__(self, record: Account, cash_symbol: str) -> None:
        self._cash_symbol = cash_symbol
        self._before_micros = record.cash_micros
        self._held = {each.instrument_id: each.quantity_micros for each in record.positions}
        self._cash_micros = record.cash_micros
        self._quantities = defaultdict(int, self._held)

    def receive(self, symbol: int, amount_micros: int) -> None:
        """Take in a credit of a symbol (its number)."""
        if symbol == symbol_number(self._cash_symbol):
            self._cash_micros += amount_micros
        else:
            self._quantities[symbol << 88] += amount_micros

    def spend(self, fill: Fill, prices_nanos: Mapping[int, int]) -> None:
        """Apply what the account signed."""
        intent = fill.pending.signed.intent
        self._cash_micros -= fill.fee_micros + fill.pay_micros(prices_nanos)
        if isinstance(intent, Order):
            for leg in intent.legs:
                self._quantities[leg.instrument.id] += leg.ratio * fill.fill_micros
        elif isinstance(intent, Withdraw) and intent.asset != self._cash_symbol:
            self._quantities[Instrument.spot(intent.asset).id] -= intent.amount_micros
        elif isinstance(intent, Withdraw | Transfer):
            self._cash_micros -= intent.amount_micros

    def mode(self, tables: "RiskTables | None") -> Mode:
        """The cheapest test that passes, or the last one that might; the rulebook judges.

        Without ``tables`` that is the scan, so that an account which needs one is told so.
        """
        if self._gave_nothing_away():
            return Mode.HOLD
        held = [(Instrument.from_id(i), q) for i, q in self._quantities.items() if q]
        owns_its_spot = all(q > 0 for instrument, q in held if instrument.kind is Kind.SPOT)
        if owns_its_spot and static_test(held, self._cash_micros).passes:
            return Mode.STATIC
        if tables is None:
            return Mode.SCAN
        scan = scan_test(held, self._cash_micros, tables.rows, tables.scales)
        return Mode.SCAN if scan.passes(limits.INITIAL_MARGIN_BPS) else Mode.REDUCE

    def _gave_nothing_away(self) -> bool:
        changes = {i: q - self._held.get(i, 0) for i, q in self._quantities.items()}
        return self._cash_micros >= self._before_micros and all(
            change == 0 or (change > 0 and Instrument.from_id(i).kind is Kind.SPOT)
            for i, change in changes.items()
        )


def dues_picos(state: State, account: int, settling: Collection[int]) -> list[int]:
    """What the account's positions in each settling group are worth, in 1e-12 of the quote."""
    dues: dict[int, int] = defaultdict(int)
    for position in state.account(account).positions:
        group = position.instrument_id >> GROUP_SHIFT
        if group in settling:
            option = Instrument.from_id(position.instrument_id)
            price_micros = state.pots[group].price_micros
            dues[group] += position.quantity_micros * intrinsic_micros(option, price_micros)
    return list(dues.values())
