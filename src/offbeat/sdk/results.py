"""What the clients return: values with exact numbers, in micros and as Decimal."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from offbeat.core import Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.intents import Lane
from offbeat.sdk.amounts import to_decimal
from offbeat.sdk.answers import whole
from offbeat.sdk.nonces import LaneUse
from offbeat.wire import AccountView, Health, IntentView, MarginView


@dataclass(frozen=True, slots=True)
class IntentState:
    """An intent and how far it has come; amounts are totals over all batches.

    ``intent_hash`` is 0x-hexadecimal; ``reason`` is empty until the intent is refused or ends.
    """

    intent_hash: str
    kind: str
    status: IntentStatus
    reason: str
    filled_micros: int
    paid_micros: int
    fee_micros: int
    batch_hash: str | None
    received_seconds: int
    changed_seconds: int
    cursor: int
    message: dict[str, Any]

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can come of it, on a final block."""
        return not self.status.is_open

    @property
    def filled(self) -> Decimal:
        """Contracts of the strategy that were filled."""
        return to_decimal(self.filled_micros)

    @property
    def paid(self) -> Decimal:
        """What the fills cost; negative where it was received."""
        return to_decimal(self.paid_micros)

    @property
    def fee(self) -> Decimal:
        """What relays and sequencers got."""
        return to_decimal(self.fee_micros)


@dataclass(frozen=True, slots=True)
class BalanceState:
    """An asset of an account, split by whether its block is final."""

    asset: str
    available: Decimal
    pending_final: Decimal


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as a relay sees it; ``record`` is the committed record as JSON has it."""

    account_id: str
    record: dict[str, Any]
    balances: tuple[BalanceState, ...]
    lanes: LaneUse
    open_intents: int
    batch_number: int
    block_number: int

    @property
    def cash(self) -> Decimal:
        """Cash after the latest batch."""
        return to_decimal(whole(self.record["cash_micros"]))

    @property
    def positions(self) -> dict[str, Decimal]:
        """Contracts by instrument name."""
        return {
            position["instrument_name"]: to_decimal(whole(position["quantity_micros"]))
            for position in self.record["positions"]
        }


@dataclass(frozen=True, slots=True)
class MarginHealth:
    """Margin of one standing: which tests pass, and what each misses in the quote currency.

    ``static_deficit`` is None where the loss has no bound; the scan's are None where no oracle
    report covers it.
    """

    static_passes: bool
    static_deficit: Decimal | None
    scan_passes: bool | None
    scan_deficit: Decimal | None

    @property
    def passes(self) -> bool:
        """Either test suffices."""
        return self.static_passes or bool(self.scan_passes)


@dataclass(frozen=True, slots=True)
class MarginPreview:
    """Margin now, and after the orders asked about have filled in full at their limits."""

    before: MarginHealth
    after: MarginHealth
    cash_after: Decimal


def intent_state(view: IntentView) -> IntentState:
    """A relay's view as a value.

    This and the functions below raise :class:`Unavailable` with code ``answer_invalid`` for a view
    that does not make sense.
    """
    try:
        status = IntentStatus[view.status.upper()]
    except KeyError:
        raise Unavailable("answer_invalid", "a relay's answer has an unknown status") from None
    return IntentState(
        intent_hash=view.intent_hash,
        kind=view.kind,
        status=status,
        reason=view.reason,
        filled_micros=whole(view.filled_micros),
        paid_micros=whole(view.paid_micros),
        fee_micros=whole(view.fee_micros),
        batch_hash=view.batch_hash,
        received_seconds=whole(view.received_seconds),
        changed_seconds=whole(view.changed_seconds),
        cursor=whole(view.cursor),
        message=view.message,
    )


def account_state(view: AccountView) -> AccountState:
    """A relay's view of an account as a value."""
    try:
        lanes = tuple(
            Lane(whole(lane["floor"]), int(lane["bitmap"], 16)) for lane in view.record["lanes"]
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unavailable("answer_invalid", "a relay's answer has no record in it") from None
    return AccountState(
        account_id=view.account_id,
        record=view.record,
        balances=tuple(
            BalanceState(
                balance.asset,
                to_decimal(whole(balance.available_micros)),
                to_decimal(whole(balance.pending_final_micros)),
            )
            for balance in view.balances
        ),
        lanes=LaneUse(lanes, tuple(map(whole, view.next_numbers))),
        open_intents=view.open_intents,
        batch_number=whole(view.batch_number),
        block_number=whole(view.block_number),
    )


def margin_preview(view: MarginView) -> MarginPreview:
    """A relay's view of margin as a value."""
    return MarginPreview(
        before=_health(view.before),
        after=_health(view.after),
        cash_after=to_decimal(whole(view.cash_after_micros)),
    )


def _health(view: Health) -> MarginHealth:
    return MarginHealth(
        static_passes=view.static_passes,
        static_deficit=None if view.static_deficit is None else _from_picos(view.static_deficit),
        scan_passes=view.scan_passes,
        scan_deficit=_from_picos(view.scan_deficit),
    )


def _from_picos(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(f"{whole(text)}e-12")
