"""Intents that wait for a batch, and which of them may stand in one now."""

from collections.abc import Iterable
from dataclasses import dataclass

from offbeat.core import Reason
from offbeat.intents import (
    Cancel,
    Order,
    SignedIntent,
    check_leg_expiries,
    check_market,
    check_window,
    has_market_condition,
    is_spent,
)
from offbeat.oracle import Report
from offbeat.rulebook import Account, State, account_id


@dataclass(frozen=True, slots=True)
class Pending:
    """A signed intent whose signature has been verified on admission, with its hash."""

    signed: SignedIntent
    intent_hash: bytes

    @property
    def account(self) -> int:
        """The id of the account that signs."""
        return account_id(self.signed.intent.owner, self.signed.intent.account)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch is built for: its certified time, and the last second at which it may land.

    ``report`` is None where there is no oracle: then only fully covered accounts can trade.
    """

    time_seconds: int
    not_after_seconds: int
    report: Report | None


def screen(
    state: State, pending: Iterable[Pending], moment: Moment
) -> tuple[list[Pending], dict[bytes, Reason]]:
    """Those that may stand in a batch of this moment, and why each other one may not.

    Of two intents with one nonce a cancellation wins, or else the first: what its owner has
    cancelled must not fill in the same batch.
    """
    fit: list[Pending] = []
    refused: dict[bytes, Reason] = {}
    nonces: set[tuple[int, int]] = set()
    marks = {row.instrument_id for row in moment.report.rows} if moment.report else set()
    spots = {u.symbol: u.spot_micros for u in moment.report.underlyings} if moment.report else {}
    for each in sorted(pending, key=lambda each: not isinstance(each.signed.intent, Cancel)):
        account = state.account(each.account)
        taken = (each.account, each.signed.intent.nonce) in nonces
        reason = (
            Reason.NONCE_SPENT
            if taken
            else _check_state(account, each)
            or check_window(each.signed.intent, moment.time_seconds, moment.not_after_seconds)
            or _check_order(each, moment, spots, marks)
        )
        if reason is None:
            fit.append(each)
            nonces.add((each.account, each.signed.intent.nonce))
        else:
            refused[each.intent_hash] = reason
    return fit, refused


def filled_micros(account: Account, each: Pending) -> int:
    """How much of an order earlier batches have filled."""
    return next((p.filled_micros for p in account.partials if p.intent_hash == each.intent_hash), 0)


def _check_state(account: Account, each: Pending) -> Reason | None:
    """A nonce is spent unless it belongs to this very order, partly filled."""
    nonce = each.signed.intent.nonce
    known = next((p for p in account.partials if p.nonce == nonce), None)
    if known is not None:
        ours = known.intent_hash == each.intent_hash or not isinstance(each.signed.intent, Order)
        return None if ours else Reason.NONCE_SPENT
    return Reason.NONCE_SPENT if is_spent(account.lanes, nonce) else None


def _check_order(
    each: Pending, moment: Moment, spots: dict[str, int], marks: set[int]
) -> Reason | None:
    order = each.signed.intent
    if not isinstance(order, Order):
        return None
    expired = check_leg_expiries(order, moment.not_after_seconds)
    if expired is not None:
        return expired
    if moment.report is None:
        return Reason.REPORT_MISSING if has_market_condition(order) else None
    if any(leg.instrument.id not in marks for leg in order.legs):
        return Reason.ROW_INSTRUMENT
    return check_market(order, spots[order.legs[0].instrument.underlying])
