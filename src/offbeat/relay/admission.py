"""Whether an intent may wait at a relay: what can be said without building a batch.

Everything here is a first look. What passes may still find no match, no margin or no room, and the
rules have the last word when a batch is built; what fails could not have executed as things stand.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from offbeat.core import Reason, Refused, limits
from offbeat.intents import (
    Cancel,
    Intent,
    Order,
    Transfer,
    Withdraw,
    check_leg_expiries,
    check_signer,
    is_spent,
    split_nonce,
)
from offbeat.relay.pending import Pending
from offbeat.rulebook import Account, State, account_id, symbol_number


class Desk(Protocol):
    """What already waits for one account."""

    @property
    def n_open(self) -> int:
        """How many intents."""

    @property
    def highest_lane(self) -> int:
        """The highest nonce lane of theirs; -1 where there are none."""

    def is_cancelled(self, nonce: int) -> bool:
        """Whether a cancellation that waits ends whatever has this nonce."""


@dataclass(frozen=True)
class Doorway:
    """The settled state as admission reads it; made once for each state.

    ``max_open`` bounds what waits for one account, and as many cancellations on top. What the inbox
    holds for an account counts as its own.
    """

    state: State
    action_fee_micros: int
    max_open: int

    @cached_property
    def _incoming(self) -> Mapping[int, Counter[int]]:
        """Deposits on their way, in micros, by account id and symbol."""
        incoming: dict[int, Counter[int]] = defaultdict(Counter)
        for item in self.state.inbox.values():
            incoming[account_id(item.owner, item.index)][item.symbol] += item.amount_micros
        return incoming

    @cached_property
    def _cash_symbol(self) -> int:
        return symbol_number(self.state.rules.cash_symbol)

    def check(self, pending: Pending, desk: Desk, now_seconds: int) -> Refused | None:
        """Everything but the signature; None, or why the intent cannot wait here."""
        account = pending.account
        record = self.state.account(account)
        reason = (
            self._check_nonce(record, pending, desk)
            or _check_time(pending.signed.intent, now_seconds)
            or self._check_symbol(pending.signed.intent)
            or self._check_funds(record, self._incoming.get(account, _NOTHING), pending)
        )
        if reason is not None:
            return Refused(reason, _WORDS.get(reason, "the rules refuse it"))
        is_cancel = isinstance(pending.signed.intent, Cancel)
        if desk.n_open >= self.max_open * (1 + is_cancel):
            return Refused("too_many_open", f"the account has {desk.n_open} open intents")
        return None

    def check_signer(
        self, pending: Pending, signer: bytes | None, now_seconds: int
    ) -> Refused | None:
        """Whether ``signer``, whom the signature gave (None where it gave nobody), may sign it."""
        if signer is None:
            return Refused(Reason.SIGNATURE_INVALID, "the signature recovers to nobody")
        grants = self.state.grants
        reason = check_signer(
            pending.signed.intent, signer, now_seconds, lambda owner, key: grants.get((owner, key))
        )
        if reason is None:
            return None
        return Refused(reason, f"0x{signer.hex()} may not sign for the owner")

    def _check_nonce(self, record: Account, pending: Pending, desk: Desk) -> Reason | None:
        intent = pending.signed.intent
        lane, _ = split_nonce(intent.nonce)
        # Lanes are opened in their order, perhaps by what already waits.
        if lane >= limits.MAX_LANES or (lane > len(record.lanes) and lane > desk.highest_lane + 1):
            return Reason.NONCE_LANE
        if isinstance(intent, Order) and desk.is_cancelled(intent.nonce):
            return Reason.NONCE_SPENT
        known = next((p for p in record.partials if p.nonce == intent.nonce), None)
        if known is None:
            return Reason.NONCE_SPENT if is_spent(record.lanes, intent.nonce) else None
        ours = known.intent_hash == pending.intent_hash or isinstance(intent, Cancel)
        return None if ours else Reason.NONCE_SPENT

    def _check_symbol(self, intent: Intent) -> Reason | None:
        if isinstance(intent, Order):
            symbol = intent.legs[0].instrument.id >> _SYMBOL_SHIFT
            return None if symbol in self.state.underlyings else Reason.SYMBOL_INVALID
        if not isinstance(intent, Withdraw) or intent.asset == self.state.rules.cash_symbol:
            return None
        is_known = symbol_number(intent.asset) in self.state.underlyings
        return None if is_known else Reason.ASSET_UNKNOWN

    def _check_funds(
        self, record: Account, incoming: Counter[int], pending: Pending
    ) -> Reason | None:
        """Nobody who owns nothing makes a relay work; nobody pays out what is not there."""
        intent = pending.signed.intent
        cash_micros = record.cash_micros + incoming[self._cash_symbol]
        needed_micros = 0
        if isinstance(intent, Transfer) or (
            isinstance(intent, Withdraw) and intent.asset == self.state.rules.cash_symbol
        ):
            needed_micros = intent.amount_micros
        elif isinstance(intent, Withdraw):
            symbol = symbol_number(intent.asset)
            held_micros = record.quantity_of(symbol << _SYMBOL_SHIFT) + incoming[symbol]
            if held_micros < intent.amount_micros:
                return Reason.SPOT_NEGATIVE
        elif isinstance(intent, Order) and intent.limit_micros >= 0:
            needed_micros = min(self.action_fee_micros, intent.max_fee_micros)
        if cash_micros < needed_micros:
            return Reason.CASH_NEGATIVE
        return None if cash_micros > 0 or record.positions or incoming else Reason.CASH_NEGATIVE


def _check_time(intent: Intent, now_seconds: int) -> Reason | None:
    if intent.valid_until_seconds < now_seconds:
        return Reason.EXPIRED
    return check_leg_expiries(intent, now_seconds) if isinstance(intent, Order) else None


_SYMBOL_SHIFT = 88
_NOTHING: Counter[int] = Counter()
_WORDS = {
    Reason.NONCE_LANE: "lanes are opened in their order, eight at most",
    Reason.NONCE_SPENT: "the nonce is spent, or is being cancelled",
    Reason.EXPIRED: "its time is over",
    Reason.LEG_EXPIRED: "an option in it has expired",
    Reason.SYMBOL_INVALID: "no such underlying is registered",
    Reason.ASSET_UNKNOWN: "no such asset is registered",
    Reason.CASH_NEGATIVE: "the account has not enough cash",
    Reason.SPOT_NEGATIVE: "the account has not enough of the asset",
}
