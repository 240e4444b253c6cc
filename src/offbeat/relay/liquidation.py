"""Orders that nobody signed: what reduces an unsafe account, and what the fund pays for it.

The contract judges a liquidation by what it leaves. Here it is made so that the contract agrees:
the orders close, one after another, whatever takes most risk away, until the account would be
healthy again; together they may cost what the depth of its trouble allows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Order, SignedIntent, Transfer, intent_hash, make_nonce
from offbeat.margin import ScanResult, scan_test
from offbeat.oracle import Report
from offbeat.relay.pending import Coverage, Moment, Pending
from offbeat.relay.projection import Fill, RiskTables
from offbeat.rulebook import Account, State, account_id

UNSIGNED = bytes(64) + bytes([27])
FUND = limits.INSURANCE_OWNER.to_bytes(20)
MAX_ORDERS = 8
"""How many positions of one account are offered in one batch."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """What one order may close: a position, by at most so much, signed as it is held."""

    instrument: Instrument
    quantity_micros: int


class SafetyWatch:
    """Who may be liquidated, judged again only where a record or the report has changed."""

    def __init__(self) -> None:
        self._report: Report | None = None
        self._judged: dict[int, tuple[Account, bool]] = {}

    def unsafe(self, state: State, report: Report) -> frozenset[int]:
        """Ids of the accounts that may be liquidated under a report.

        Those below maintenance margin that would not survive expiry at every price either; accounts
        with an instrument that the report does not have are left aside.
        """
        if report is not self._report:
            self._report = report
            self._judged.clear()
        tables, coverage = RiskTables.of(report), Coverage.of(report)
        for number, record in state.accounts.items():
            known = self._judged.get(number)
            if known is None or known[0] is not record:
                is_unsafe = coverage.holds_record(record) and _is_unsafe(record, tables)
                self._judged[number] = record, is_unsafe
        return frozenset(number for number, (_, unsafe) in self._judged.items() if unsafe)


def unsafe_accounts(state: State, report: Report) -> frozenset[int]:
    """Who may be liquidated, where nobody asks twice: see :meth:`SafetyWatch.unsafe`."""
    return SafetyWatch().unsafe(state, report)


def liquidation_orders(
    state: State, account: int, moment: Moment, action_fee_micros: int
) -> list[Pending]:
    """What may be traded for an account without its signature; nothing for who is safe.

    Fees are the action fee at most, and a part of what the account may lose.
    """
    if moment.report is None:
        return []
    record, tables = state.account(account), RiskTables.of(moment.report)
    if not _is_unsafe(record, tables):
        return []
    before = _scan(record, _held(record), tables)
    cuts = _cuts(record, before, tables)
    after = _scan(record, _without(_held(record), cuts), tables)
    budget_micros = _budget_picos(before, after) // limits.QUANTITY_SCALE
    return [
        _pending(state, _order(record, cut, tables, share_micros, fee_micros, moment))
        for cut, share_micros in _shares(cuts, budget_micros, tables)
        if (fee_micros := min(action_fee_micros, share_micros // 2)) >= 0
    ]


def covers(
    state: State, moment: Moment, chosen: Sequence[Fill], prices: Mapping[int, int]
) -> list[Fill]:
    """What the insurance fund gives to liquidated accounts that would end with debts alone."""
    fund = state.account(account_id(FUND, 0))
    left_micros, number, found = fund.cash_micros, _next_number(fund), []
    own: dict[int, list[Fill]] = {}
    for fill in chosen:
        if not fill.pending.is_signed:
            own.setdefault(fill.pending.account, []).append(fill)
    for account, fills in own.items():
        missing_micros = _debt_micros(state.account(account), fills, prices)
        if 0 < missing_micros <= left_micros:
            left_micros -= missing_micros
            transfer = Transfer(
                owner=FUND,
                account=0,
                to_owner=state.account(account).owner,
                to_account=state.account(account).index,
                amount_micros=missing_micros,
                nonce=make_nonce(0, number),
                valid_until_seconds=moment.not_after_seconds,
                max_fee_micros=0,
            )
            number += 1
            found.append(Fill(_pending(state, transfer), 0, 0))
    return found


# What to close --------------------------------------------------------------------------------


def _cuts(record: Account, before: ScanResult, tables: RiskTables) -> list[_Cut]:
    """Positions to close, the one first that takes most risk away; the last perhaps in part."""
    held, cuts = _held(record), list[_Cut]()
    current = before
    while len(cuts) < MAX_ORDERS and not current.passes(limits.INITIAL_MARGIN_BPS):
        candidates = [
            (_scan(record, {**held, instrument: 0}, tables).risk_picos, instrument)
            for instrument, quantity in held.items()
            if quantity and _is_open(instrument, tables)
        ]
        risk_picos, instrument = min(candidates, default=(current.risk_picos, None))
        if instrument is None or risk_picos >= current.risk_picos:
            break
        quantity = _enough(record, before, held, instrument, tables)
        if not quantity:
            break
        cuts.append(_Cut(instrument, quantity))
        held[instrument] -= quantity
        current = _scan(record, held, tables)
    return cuts


def _enough(
    record: Account,
    before: ScanResult,
    held: Mapping[Instrument, int],
    instrument: Instrument,
    tables: RiskTables,
) -> int:
    """How much of a position to close, signed as it is held.

    As little as leaves a healthy account even at the worst price, within what the rules allow.
    """
    sign = 1 if held[instrument] > 0 else -1

    def after(lots: int) -> ScanResult:
        left = held[instrument] - sign * lots * limits.LOT_MICROS
        return _scan(record, {**held, instrument: left}, tables)

    def heals(lots: int) -> bool:
        scan = after(lots)
        left_picos = before.equity_picos - _budget_picos(before, scan)
        return left_picos * limits.BPS >= scan.risk_picos * limits.INITIAL_MARGIN_BPS

    def is_too_much(lots: int) -> bool:
        bound = after(lots).risk_picos * limits.LIQUIDATION_TARGET_BPS
        return before.equity_picos * limits.BPS > bound

    whole = abs(held[instrument]) // limits.LOT_MICROS
    lots = min(_first(heals, whole), _first(is_too_much, whole + 1) - 1)
    return sign * lots * limits.LOT_MICROS


def _first(holds: Callable[[int], bool], last: int) -> int:
    """The first of 1 to ``last`` from which on something holds, or ``last``."""
    low, high = 1, last
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return high


def _without(held: Mapping[Instrument, int], cuts: Iterable[_Cut]) -> dict[Instrument, int]:
    closed = {cut.instrument: cut.quantity_micros for cut in cuts}
    return {each: quantity - closed.get(each, 0) for each, quantity in held.items()}


# At what cost ---------------------------------------------------------------------------------


def _budget_picos(before: ScanResult, after: ScanResult) -> int:
    """What a liquidation from ``before`` to ``after`` may cost: see ``check_liquidation``."""
    required = before.risk_picos * limits.MAINTENANCE_MARGIN_BPS
    shortfall = before.deficit(limits.MAINTENANCE_MARGIN_BPS)
    closed_picos = before.risk_picos - after.risk_picos
    allowed = closed_picos * min(shortfall, required) * limits.LIQUIDATION_COST_BPS
    return max(0, allowed) // (max(required, 1) * limits.BPS)


def _shares(
    cuts: Sequence[_Cut], budget_micros: int, tables: RiskTables
) -> Iterator[tuple[_Cut, int]]:
    """Each cut with its share of the budget, in proportion to the worst that it could lose."""
    weights = [abs(cut.quantity_micros) * _worst_ticks(cut.instrument, tables) for cut in cuts]
    for cut, weight in zip(cuts, weights, strict=True):
        yield cut, budget_micros * weight // max(sum(weights), 1)


def _worst_ticks(instrument: Instrument, tables: RiskTables) -> int:
    return max(map(abs, tables.rows[instrument.id].risk), default=0) or 1


def _order(
    record: Account,
    cut: _Cut,
    tables: RiskTables,
    share_micros: int,
    fee_micros: int,
    moment: Moment,
) -> Order:
    """Close ``cut`` at its mark, give or take its share of the budget less the fee."""
    ratio = -1 if cut.quantity_micros > 0 else 1
    quantity = abs(cut.quantity_micros)
    mark_micros = tables.rows[cut.instrument.id].mark_micros
    concession_micros = (share_micros - fee_micros) * limits.QUANTITY_SCALE // quantity
    return Order(
        owner=record.owner,
        account=record.index,
        legs=(Leg(cut.instrument, ratio),),
        quantity_micros=quantity,
        min_fill_micros=0,
        limit_micros=ratio * mark_micros + concession_micros,
        nonce=0,
        valid_from_seconds=0,
        valid_until_seconds=moment.not_after_seconds,
        spot_min_micros=0,
        spot_max_micros=0,
        max_fee_micros=fee_micros,
        reduce_only=True,
    )


def _debt_micros(record: Account, fills: Sequence[Fill], prices: Mapping[int, int]) -> int:
    """What is missing in an account that its fills leave without positions; else zero."""
    held = {each.instrument_id: each.quantity_micros for each in record.positions}
    cash_micros = record.cash_micros
    for fill in fills:
        order = fill.pending.signed.intent
        assert isinstance(order, Order), "a liquidation is made of orders"
        cash_micros -= fill.pay_micros(prices) + fill.fee_micros
        for leg in order.legs:
            held[leg.instrument.id] += leg.ratio * fill.fill_micros
    return -cash_micros if not any(held.values()) else 0


# An account under a report --------------------------------------------------------------------


def _is_unsafe(record: Account, tables: RiskTables) -> bool:
    if record.survives_expiry:
        return False
    return not _scan(record, _held(record), tables).passes(limits.MAINTENANCE_MARGIN_BPS)


def _held(record: Account) -> dict[Instrument, int]:
    return {
        Instrument.from_id(each.instrument_id): each.quantity_micros for each in record.positions
    }


def _scan(record: Account, held: Mapping[Instrument, int], tables: RiskTables) -> ScanResult:
    positions = [(instrument, quantity) for instrument, quantity in held.items() if quantity]
    return scan_test(positions, record.cash_micros, tables.rows, tables.scales)


def _is_open(instrument: Instrument, tables: RiskTables) -> bool:
    """Whether there is a market for it: spot is collateral, and leaves by withdrawal alone."""
    return instrument.kind is not Kind.SPOT and instrument.id in tables.rows


def _pending(state: State, intent: Order | Transfer) -> Pending:
    digest = intent_hash(intent, state.rules.domain)
    return Pending(SignedIntent(intent, UNSIGNED), digest, is_signed=False)


def _next_number(fund: Account) -> int:
    """The first number that no nonce of the fund's first lane has spent, nor any above it."""
    if not fund.lanes:
        return 0
    lane = fund.lanes[0]
    return lane.floor + lane.bitmap.bit_length()
