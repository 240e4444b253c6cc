"""Which requests the queue of forced ones takes, and which it lets go: twin of ``ForcedInbox.vy``.

Whatever a batch would be refused for can be cleared; what cannot be cleared, an honest builder can
do in a batch that settles what has expired in the account, as far as prices and pots allow, and
then acts.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from offbeat.core import InvalidInput, Reason, floor_div, limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import (
    Cancel,
    Delegate,
    Intent,
    Order,
    SignedIntent,
    Transfer,
    Withdraw,
    check_signer,
    has_market_condition,
    intent_hash,
    is_spent,
    recover,
    split_nonce,
)
from offbeat.margin import ScanResult, scan_test, static_test
from offbeat.oracle import Report
from offbeat.rulebook.expiry import GROUP_SHIFT, Holdings, settle_group
from offbeat.rulebook.forced import ForcedItem
from offbeat.rulebook.records import Account
from offbeat.rulebook.refusal import Refusal
from offbeat.rulebook.state import State, symbol_number


def check_force(
    state: State, signed: SignedIntent, now_seconds: int, *, number: int = 0, fee_wei: int = 0
) -> ForcedItem | Reason:
    """The request that an intent would become in a block of this time, or why it is refused.

    The queue gives it its ``number`` and asks for the fee; neither changes the answer.
    """
    intent = signed.intent
    if len(state.forced) >= limits.MAX_FORCED:
        return Reason.INBOX_FULL
    reason = _check_intent(state, intent, now_seconds)
    if reason is not None:
        return reason
    if now_seconds > intent.valid_until_seconds:
        return Reason.EXPIRED
    digest = intent_hash(intent, state.rules.domain)
    try:
        signer = recover(digest, signed.signature)
    except InvalidInput:
        return Reason.SIGNATURE_INVALID
    reason = _check_signer(state, intent, signer, now_seconds)
    if reason is not None:
        return reason
    return ForcedItem(
        number=number,
        digest=digest,
        signed=signed,
        signer=signer,
        enqueued_at_seconds=now_seconds,
        lapses_at_seconds=lapses_at_seconds(intent, now_seconds),
        fee_wei=fee_wei,
    )


def lapses_at_seconds(intent: Intent, enqueued_at_seconds: int) -> int:
    """The last moment of a request: nothing can stop batches for longer than a day."""
    last = min(intent.valid_until_seconds, enqueued_at_seconds + limits.FORCED_LIFE_SECONDS)
    return min([last, *(expiry - 1 for expiry in _expiries(intent))])


def clearance(state: State, now_seconds: int, report: Report | None = None) -> Reason | None:
    """None where the first request of the queue can be cleared at this time, or why it cannot.

    ``ITEM_OPEN`` says that a batch could do it. Raises :class:`InvalidInput` with code
    ``row_missing`` where the report lacks a row that counts.
    """
    if not state.forced:
        return Reason.INBOX_EMPTY
    item = state.forced[0]
    intent, record = item.signed.intent, state.account(item.account)
    if now_seconds > item.lapses_at_seconds or _check_signer(
        state, intent, item.signer, now_seconds
    ):
        return None
    left = left_to_do(item, record)
    if left == 0:
        return None
    if isinstance(intent, Cancel) or now_seconds < item.due_at_seconds:
        return Reason.ITEM_OPEN
    before = _settled(state, record, now_seconds)
    after = before.acted(intent, left, state.rules.cash_symbol)
    if not after.is_bounded(before.cash_micros):
        return None
    if static_test(after.positions, after.cash_micros).passes:
        return Reason.ITEM_OPEN
    return None if before.is_stuck else _check_scan(state, before, after, now_seconds, report)


def left_to_do(item: ForcedItem, record: Account) -> int:
    """What its nonce leaves to do: the remaining quantity of an order, 1 of others; 0 if none."""
    intent = item.signed.intent
    whole = intent.quantity_micros if isinstance(intent, Order) else 1
    if isinstance(intent, Order | Cancel):
        for partial in record.partials:
            if partial.nonce == intent.nonce:
                if isinstance(intent, Cancel):
                    return 1
                ours = partial.intent_hash == item.digest
                return whole - partial.filled_micros if ours else 0
    lane, _ = split_nonce(intent.nonce)
    usable = lane <= len(record.lanes) and lane < limits.MAX_LANES
    return whole if usable and not is_spent(record.lanes, intent.nonce) else 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """Cash and quantities by instrument id; ``is_stuck`` where something expired is left."""

    cash_micros: int
    held: dict[int, int] = field(default_factory=dict)
    is_stuck: bool = False

    @property
    def positions(self) -> list[tuple[Instrument, int]]:
        """What is held."""
        return [(Instrument.from_id(each), n) for each, n in sorted(self.held.items()) if n]

    def acted(self, intent: Intent, left: int, cash_symbol: str) -> "_Standing":
        """After the request: an order whole, at its limit."""
        held, cash = defaultdict(int, self.held), self.cash_micros
        match intent:
            case Order():
                for leg in intent.legs:
                    held[leg.instrument.id] += leg.ratio * left
                cash -= floor_div(intent.limit_micros * left, limits.QUANTITY_SCALE)
            case Withdraw() if intent.asset != cash_symbol:
                held[Instrument.spot(intent.asset).id] -= intent.amount_micros
            case Withdraw() | Transfer():
                cash -= intent.amount_micros
        return _Standing(cash, held)

    def is_bounded(self, cash_before_micros: int) -> bool:
        """Whether positions and cash keep the bounds that a batch asks for."""
        options = [n for instrument, n in self.positions if instrument.kind is not Kind.SPOT]
        spots = [n for instrument, n in self.positions if instrument.kind is Kind.SPOT]
        return (
            all(abs(n) <= limits.MAX_QUANTITY_MICROS for n in self.held.values())
            and min(spots, default=0) >= 0
            and len(options) <= limits.MAX_POSITIONS
            and abs(self.cash_micros) <= limits.MAX_CASH_MICROS
            and self.cash_micros >= min(0, cash_before_micros)
        )

    def scan(self, report: Report) -> ScanResult:
        """The scan under a report."""
        rows = {row.instrument_id: row for row in report.rows}
        scales = {each.symbol: each for each in report.underlyings}
        return scan_test(self.positions, self.cash_micros, rows, scales)


def _settled(state: State, record: Account, now_seconds: int) -> _Standing:
    """What a batch makes of a record that settles all that has expired, as far as it can."""
    cash, stuck = record.cash_micros, False
    held = {each.instrument_id: each.quantity_micros for each in record.positions}
    groups: dict[int, list[tuple[Instrument, int]]] = defaultdict(list)
    for instrument_id, quantity in held.items():
        instrument = Instrument.from_id(instrument_id)
        if instrument.kind is not Kind.SPOT and instrument.expiry_seconds <= now_seconds:
            groups[instrument_id >> GROUP_SHIFT].append((instrument, quantity))
    for group, expired in groups.items():
        spot = group >> 32 << 88
        try:
            pot = state.pots[group]
            _, own = settle_group(pot, expired, Holdings(cash, held.get(spot, 0)))
        except (KeyError, Refusal):
            stuck = True
            continue
        cash, held[spot] = own.cash_micros, own.spot_micros
        for instrument, _ in expired:
            held[instrument.id] = 0
    return _Standing(cash, held, stuck)


def _check_scan(
    state: State, before: _Standing, after: _Standing, now_seconds: int, report: Report | None
) -> Reason | None:
    if report is None:
        silent_from = state.report_time_seconds + limits.REPORT_SILENCE_SECONDS
        return None if silent_from <= now_seconds else Reason.REPORT_MISSING
    if report.timestamp_seconds > now_seconds:
        return Reason.REPORT_EARLY
    if now_seconds > report.timestamp_seconds + limits.REPORT_MAX_AGE_SECONDS:
        return Reason.REPORT_STALE
    if report.timestamp_seconds < state.report_time_seconds:
        return Reason.REPORT_OLDER
    scan = after.scan(report)
    can_do = scan.passes(limits.INITIAL_MARGIN_BPS) or scan.is_less_risky_than(before.scan(report))
    return Reason.ITEM_OPEN if can_do else None


def _check_intent(state: State, intent: Intent, now_seconds: int) -> Reason | None:
    """What is wrong with it whatever its account holds."""
    cash = symbol_number(state.rules.cash_symbol)
    match intent:
        case Order():
            # An auction may leave out a fill-or-kill although the prices would suit it.
            conditional = intent.min_fill_micros or intent.reduce_only
            if conditional or has_market_condition(intent):
                return Reason.ORDER_CONDITIONAL
            if intent.valid_from_seconds > now_seconds:
                return Reason.NOT_YET_VALID
            if any(expiry <= now_seconds for expiry in _expiries(intent)):
                return Reason.LEG_EXPIRED
            symbol = symbol_number(intent.legs[0].instrument.underlying)
            return None if symbol in state.underlyings else Reason.ASSET_UNKNOWN
        case Withdraw():
            known = symbol_number(intent.asset) in state.underlyings | {cash}
            return None if known else Reason.ASSET_UNKNOWN
        case Delegate():
            return Reason.ACTION_UNKNOWN
        case _:
            return None


def _expiries(intent: Intent) -> list[int]:
    instruments = [leg.instrument for leg in intent.legs] if isinstance(intent, Order) else []
    return [each.expiry_seconds for each in instruments if each.kind is not Kind.SPOT]


def _check_signer(state: State, intent: Intent, signer: bytes, now_seconds: int) -> Reason | None:
    return check_signer(intent, signer, now_seconds, lambda *pair: state.grants.get(pair))
