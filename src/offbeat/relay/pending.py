"""Intents that wait for a batch, and which of them may stand in one now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from offbeat.core import InvalidInput, Reason, limits
from offbeat.instruments import Instrument
from offbeat.intents import (
    Cancel,
    Order,
    SignedIntent,
    Transfer,
    Withdraw,
    check_leg_expiries,
    check_market,
    check_window,
    has_market_condition,
    is_spent,
)
from offbeat.oracle import Report
from offbeat.rulebook import Account, State, account_id, symbol_number


@dataclass(frozen=True, slots=True)
class Pending:
    """An intent whose signature has been verified on admission, with its hash.

    Those of a liquidation nobody signs: see :mod:`offbeat.relay.liquidation`.
    """

    signed: SignedIntent
    intent_hash: bytes
    is_signed: bool = True

    @property
    def account(self) -> int:
        """The id of the account that signs."""
        return account_id(self.signed.intent.owner, self.signed.intent.account)

    @property
    def is_order(self) -> bool:
        """Whether the auction decides about it."""
        return isinstance(self.signed.intent, Order)

    @property
    def place(self) -> tuple[int, int]:
        """The account and the nonce: at most one intent with them ever settles."""
        return self.account, self.signed.intent.nonce

    @property
    def target(self) -> int | None:
        """The id of the account that a transfer pays."""
        intent = self.signed.intent
        if not isinstance(intent, Transfer):
            return None
        return account_id(intent.to_owner, intent.to_account)

    def instruments(self, cash_symbol: str) -> frozenset[int]:
        """Ids of what it may put into its account's record or take from it."""
        match self.signed.intent:
            case Order() as order:
                return frozenset(leg.instrument.id for leg in order.legs)
            case Withdraw(asset=asset) if asset != cash_symbol:
                return frozenset({Instrument.spot(asset).id})
            case _:
                return frozenset()


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch is built for: its certified time, and the last second at which it may land.

    ``report`` is None where there is no oracle: then only fully covered accounts can trade.
    Raises :class:`InvalidInput` with code ``batch_life`` where no batch can live so long.
    """

    time_seconds: int
    not_after_seconds: int
    report: Report | None

    def __post_init__(self) -> None:
        life_seconds = self.not_after_seconds - self.time_seconds
        if not 0 <= life_seconds <= limits.MAX_BATCH_LIFE_SECONDS:
            raise InvalidInput(
                Reason.BATCH_LIFE, f"a batch lives 0 to {limits.MAX_BATCH_LIFE_SECONDS} seconds"
            )


def screen(
    state: State, pending: Iterable[Pending], moment: Moment
) -> tuple[list[Pending], dict[bytes, Reason]]:
    """Those that may stand in a batch of this moment, and why each other one may not.

    A repeated intent counts once. Of intents with one nonce a cancellation wins, or else the first:
    what its owner has cancelled must not fill in the same batch. Only orders stand beside orders
    with their nonce: the auction tells which of them can fill. ``REPORT_MISSING`` is also the
    reason of what needs an instrument that the report does not have.
    """
    unique = {each.intent_hash: each for each in pending}.values()
    cancels_first = sorted(unique, key=lambda each: not isinstance(each.signed.intent, Cancel))
    refused: dict[bytes, Reason] = {}
    firsts: dict[tuple[int, int], Pending] = {}
    coverage = Coverage.of(moment.report)
    for each in cancels_first:
        first = firsts.get(each.place)
        is_late = first is not None and not (first.is_order and each.is_order)
        reason = Reason.NONCE_SPENT if is_late else _check(state, each, moment, coverage)
        if reason is None:
            firsts.setdefault(each.place, each)
        else:
            refused[each.intent_hash] = reason
    return [each for each in unique if each.intent_hash not in refused], refused


def filled_micros(account: Account, each: Pending) -> int:
    """How much of an order earlier batches have filled."""
    return next((p.filled_micros for p in account.partials if p.intent_hash == each.intent_hash), 0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a batch can bring under a report: instruments that have a row. Without one, anything."""

    ids: frozenset[int] | None

    @classmethod
    def of(cls, report: Report | None) -> Self:
        """The coverage of a report."""
        return cls(frozenset(row.instrument_id for row in report.rows) if report else None)

    def holds(self, instruments: Iterable[int]) -> bool:
        """Whether all of these are covered."""
        return self.ids is None or self.ids.issuperset(instruments)

    def holds_record(self, record: Account) -> bool:
        """Whether everything that an account holds is covered."""
        return self.holds(position.instrument_id for position in record.positions)


def _check(state: State, each: Pending, moment: Moment, coverage: Coverage) -> Reason | None:
    intent = each.signed.intent
    account = state.account(each.account)
    cash_symbol = state.rules.cash_symbol
    instruments = each.instruments(cash_symbol)
    reason = (
        _check_nonce(account, each)
        or check_window(intent, moment.time_seconds, moment.not_after_seconds)
        or _check_symbols(state, each, instruments)
    )
    if reason is None and isinstance(intent, Order):
        reason = _check_order(intent, moment)
    if reason is not None:
        return reason
    records = [account] if each.target is None else [account, state.account(each.target)]
    covered = coverage.holds(instruments) and all(map(coverage.holds_record, records))
    return None if covered else Reason.REPORT_MISSING


def _check_nonce(account: Account, each: Pending) -> Reason | None:
    """A nonce is spent unless it belongs to this very order, or to one that this cancels."""
    nonce = each.signed.intent.nonce
    known = next((p for p in account.partials if p.nonce == nonce), None)
    if known is None:
        return Reason.NONCE_SPENT if is_spent(account.lanes, nonce) else None
    ours = known.intent_hash == each.intent_hash or isinstance(each.signed.intent, Cancel)
    return None if ours else Reason.NONCE_SPENT


def _check_symbols(state: State, each: Pending, instruments: frozenset[int]) -> Reason | None:
    symbols = {symbol_number(Instrument.from_id(row).underlying) for row in instruments}
    if symbols <= state.underlyings:
        return None
    is_order = isinstance(each.signed.intent, Order)
    return Reason.SYMBOL_INVALID if is_order else Reason.ASSET_UNKNOWN


def _check_order(order: Order, moment: Moment) -> Reason | None:
    expired = check_leg_expiries(order, moment.not_after_seconds)
    if expired is not None or not has_market_condition(order):
        return expired
    spots: Mapping[str, int] = (
        {each.symbol: each.spot_micros for each in moment.report.underlyings}
        if moment.report
        else {}
    )
    spot_micros = spots.get(order.legs[0].instrument.underlying)
    return Reason.REPORT_MISSING if spot_micros is None else check_market(order, spot_micros)
