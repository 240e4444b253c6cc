"""Forced requests: signed intents in a queue on chain, which no sequencer can ignore.

Once the first of the queue has waited for ``INBOX_DELAY_SECONDS``, a batch must do it. An order it
may leave where its own prices are not better than the order's limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from offbeat.core import limits
from offbeat.intents import Order, SignedIntent
from offbeat.rulebook.layout import BatchRow
from offbeat.rulebook.records import account_id


@dataclass(frozen=True)
class ForcedItem:
    """An open request: what was signed and by whom, when it came, and until when it holds.

    ``digest`` is the intent's hash, ``signer`` the account's owner or a delegate. ``fee_wei`` goes
    to whoever clears it.
    """

    number: int
    digest: bytes
    signed: SignedIntent
    signer: bytes
    enqueued_at_seconds: int
    lapses_at_seconds: int
    fee_wei: int

    @cached_property
    def account(self) -> int:
        """The id of the account that it is for."""
        return account_id(self.signed.intent.owner, self.signed.intent.account)

    @property
    def order(self) -> Order | None:
        """The intent, where it is an order."""
        intent = self.signed.intent
        return intent if isinstance(intent, Order) else None

    @property
    def due_at_seconds(self) -> int:
        """From when on no batch may ignore it, if it is the first."""
        return self.enqueued_at_seconds + limits.INBOX_DELAY_SECONDS


def may_pass(item: ForcedItem, rows: Sequence[BatchRow]) -> bool:
    """Whether a batch with these rows may leave a due request undone.

    Only an order: one whose legs are not all among the rows, or whose net clearing price is not
    better than its limit by more than ``LIMIT_TOLERANCE_NANOS``. ``ForcedInbox.may_pass`` is the
    twin.
    """
    if item.order is None:
        return False
    prices_nanos = {row.instrument_id: row.price_nanos for row in rows}
    legs = item.order.legs
    if any(leg.instrument.id not in prices_nanos for leg in legs):
        return True
    price_nanos = sum(leg.ratio * prices_nanos[leg.instrument.id] for leg in legs)
    limit_nanos = item.order.limit_micros * limits.PRICE_SCALE // limits.QUOTE_SCALE
    return price_nanos >= limit_nanos - limits.LIMIT_TOLERANCE_NANOS
