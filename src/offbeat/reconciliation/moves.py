"""What the journal should say now, from what it says and what the chain shows.

Nothing here remembers anything: whoever comes back after a crash computes the same moves from the
same chain. Only what no block after the final one can undo is ever said to have ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from msgspec.structs import replace

from offbeat.core import Reason, limits
from offbeat.core.lifecycle import BatchStatus, IntentStatus, Status
from offbeat.core.store_port import (
    MAX_INTEGER,
    BatchMoved,
    IntentMoved,
    StoredBatch,
    StoredIntent,
)
from offbeat.intents import Cancel, Order, SignedIntent, check_leg_expiries, is_spent, split_nonce
from offbeat.reconciliation.timeline import Fill, Landing, Step, Timeline
from offbeat.rulebook import Batch, account_id, decode
from offbeat.wire import decode_settle

S = TypeVar("S", bound=Status)

PATIENCE_SECONDS: Final = 60
"""How long another relay is believed that says a batch has settled, where our chain has it not."""


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent that has not ended: what the journal says of it, and what was signed."""

    row: StoredIntent
    signed: SignedIntent

    @property
    def lapses_seconds(self) -> int:
        """The last second at which a batch with it may land."""
        intent = self.signed.intent
        if not isinstance(intent, Order):
            return intent.valid_until_seconds
        expiries = (leg.instrument.expiry_seconds for leg in intent.legs)
        return min((intent.valid_until_seconds, *(each - 1 for each in expiries if each)))


def ends(cancel: Cancel, nonce: int) -> bool:
    """Whether the cancellation, once settled, leaves nothing of what has this nonce in its account.

    It spends its own nonce, and a number beyond the lane's window spends all that it leaves behind.
    """
    lane, number = split_nonce(nonce)
    cancel_lane, cancel_number = split_nonce(cancel.nonce)
    slides_over = number <= cancel_number - limits.LANE_WINDOW
    return lane == cancel_lane and (number == cancel_number or slides_over)


def covers(cancel: Cancel, order: Order) -> bool:
    """Whether the cancellation ends the order."""
    same_account = (cancel.owner, cancel.account) == (order.owner, order.account)
    return same_account and ends(cancel, order.nonce)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The journal's open intents and batches held against one view of the chain.

    ``batches`` by hash are the open ones and those that an open intent names, whatever became of
    them; ``cancels`` are the open cancellations by account id.
    """

    timeline: Timeline
    final: Step
    batches: Mapping[bytes, StoredBatch]
    cancels: Mapping[int, Iterable[Cancel]]
    now_seconds: int

    def batch_moves(self) -> Iterator[BatchMoved]:
        """How the batches have moved. Say these first: intents follow their batches."""
        for row in self.batches.values():
            landing = self.timeline.landings.get(row.batch_hash)
            if landing is not None:
                yield from self._landed(row, landing)
            elif row.status is BatchStatus.SETTLED and self._is_gone(row):
                yield BatchMoved(row.batch_hash, BatchStatus.CERTIFIED, seen=row.changed)
            elif row.status is BatchStatus.CERTIFIED and (reason := self._void(row)):
                yield BatchMoved(row.batch_hash, BatchStatus.VOID, reason, seen=row.changed)

    def intent_moves(self, intents: Iterable[OpenIntent]) -> Iterator[IntentMoved]:
        """How open intents have moved, given that the journal says all of :meth:`batch_moves`."""
        for each in intents:
            row = each.row
            fills = self.timeline.fills.get(row.intent_hash, ())
            if self._is_ahead(row.batch_hash):
                continue
            status, reason = self._standing(each, fills)
            if status is IntentStatus.RELAYED:
                continue
            if status is row.status:
                reason = reason or row.reason
            move = IntentMoved(
                row.intent_hash,
                status,
                reason,
                filled_micros=_filled(fills),
                batch_hash=row.batch_hash if self._may_land(row) else _latest(fills, row),
                paid_micros=_total(fill.outcome.pay_micros for fill in fills),
                fee_micros=_total(fill.outcome.fee_micros for fill in fills),
            )
            if not _says_nothing_new(move, row):
                between = (IntentMoved(row.intent_hash, s) for s in _route(row.status, status)[:-1])
                first, *rest = *between, move
                yield replace(first, seen=row.changed)
                yield from rest

    def done(self) -> list[bytes]:
        """Batches that need not be looked at again: final on our chain, or void."""
        return [
            row.batch_hash
            for row in self.batches.values()
            if self._is_past(row)
            or (row.status is BatchStatus.VOID and row.batch_hash not in self.timeline.landings)
        ]

    # Batches ------------------------------------------------------------------------------

    def _landed(self, row: StoredBatch, landing: Landing) -> Iterator[BatchMoved]:
        is_final = landing.block_number <= self.final.block.number
        wanted = BatchStatus.FINAL if is_final else BatchStatus.SETTLED
        where = landing.transaction_hash
        if row.status is BatchStatus.FINAL or (row.status, row.transaction_hash) == (wanted, where):
            return
        moves = [
            BatchMoved(row.batch_hash, status, transaction_hash=where)
            for status in _route(row.status, wanted) or (wanted,)
        ]
        yield replace(moves[0], seen=row.changed)
        yield from moves[1:]

    def _is_gone(self, row: StoredBatch) -> bool:
        """Whether a batch has left the chain, rather than not reached our view of it yet."""
        is_old = row.changed_seconds + PATIENCE_SECONDS < self.now_seconds
        return row.batch_hash in self.timeline.lost or is_old

    def _void(self, row: StoredBatch) -> Reason | None:
        """Why a batch can never land any more, on whatever follows the final block."""
        state, block = self.final.state, self.final.block
        if row.number <= state.number:
            return Reason.BATCH_NUMBER
        batch = decode(decode_settle(row.submission).payload)
        assert isinstance(batch, Batch), "certified batches are well-formed"
        if row.number == state.number + 1 and batch.parent != state.head:
            return Reason.BATCH_PARENT
        return Reason.BATCH_LATE if batch.not_after_seconds < block.timestamp_seconds else None

    def _is_ahead(self, batch_hash: bytes | None) -> bool:
        """Whether somebody has seen this batch land on a chain that is ahead of ours."""
        row = self.batches.get(batch_hash) if batch_hash is not None else None
        return (
            row is not None
            and row.status in (BatchStatus.SETTLED, BatchStatus.FINAL)
            and row.batch_hash not in self.timeline.landings
            and not self._is_past(row)
        )

    def _is_past(self, row: StoredBatch) -> bool:
        """Whether a batch is final on our chain too, so that the timeline may have forgotten it."""
        return row.status is BatchStatus.FINAL and row.number <= self.final.state.number

    # Intents ------------------------------------------------------------------------------

    def _standing(self, each: OpenIntent, fills: tuple[Fill, ...]) -> tuple[IntentStatus, str]:
        row, intent = each.row, each.signed.intent
        if fills:
            is_final = fills[-1].landing.block_number <= self.final.block.number
            if not isinstance(intent, Order) or _filled(fills) == intent.quantity_micros:
                return (IntentStatus.FINAL if is_final else IntentStatus.SETTLED), ""
        is_cancelled = self._is_cancelled(intent)
        if self._may_land(row):
            # Whoever has cancelled it must still know that it may fill.
            return IntentStatus.CANCEL_PENDING if is_cancelled else IntentStatus.CLEARED, ""
        if not fills or is_final:
            ending = self._ending(each)
            if ending is not None:
                return ending
        if is_cancelled:
            return IntentStatus.CANCEL_PENDING, ""
        is_new = row.status is IntentStatus.RELAYED and not fills
        return IntentStatus.RELAYED if is_new else IntentStatus.ORDERED, ""

    def _may_land(self, row: StoredIntent) -> bool:
        """Whether the latest batch that carries an intent may land, and has not yet."""
        carrier = self.batches.get(row.batch_hash) if row.batch_hash is not None else None
        return (
            carrier is not None
            and carrier.status is BatchStatus.CERTIFIED
            and carrier.batch_hash not in self.timeline.landings
        )

    def _is_cancelled(self, intent: object) -> bool:
        if not isinstance(intent, Order):
            return False
        cancels = self.cancels.get(account_id(intent.owner, intent.account), ())
        return any(covers(cancel, intent) for cancel in cancels)

    def _ending(self, each: OpenIntent) -> tuple[IntentStatus, str] | None:
        """How an intent has ended that no later block can fill; None where one can."""
        row, intent = each.row, each.signed.intent
        record = self.final.state.account(account_id(intent.owner, intent.account))
        known = next((p for p in record.partials if p.nonce == intent.nonce), None)
        is_free = known is not None and (
            known.intent_hash == row.intent_hash or isinstance(intent, Cancel)
        )
        if not is_free and is_spent(record.lanes, intent.nonce):
            if isinstance(intent, Order) and (
                row.status is IntentStatus.CANCEL_PENDING or row.filled_micros
            ):
                return IntentStatus.CANCELLED, "cancelled"
            return IntentStatus.REJECTED, Reason.NONCE_SPENT
        late = self._is_late(each)
        return (IntentStatus.EXPIRED, late) if late else None

    def _is_late(self, each: OpenIntent) -> Reason | None:
        intent, time_seconds = each.signed.intent, self.final.block.timestamp_seconds
        if intent.valid_until_seconds < time_seconds:
            return Reason.EXPIRED
        return check_leg_expiries(intent, time_seconds) if isinstance(intent, Order) else None


def _latest(fills: tuple[Fill, ...], row: StoredIntent) -> bytes | None:
    """The latest batch on chain that filled it, or else the one that was to."""
    return fills[-1].landing.batch_hash if fills else row.batch_hash


def _filled(fills: tuple[Fill, ...]) -> int:
    """The fill of an order so far, also by batches from before it was known here."""
    return fills[-1].outcome.filled_micros if fills else 0


def _total(amounts: Iterable[int]) -> int:
    """A sum, kept within what the journal can say."""
    return max(-MAX_INTEGER, min(sum(amounts), MAX_INTEGER))


def _says_nothing_new(move: IntentMoved, row: StoredIntent) -> bool:
    return all(
        getattr(move, name) == getattr(row, name)
        for name in (
            *("status", "reason", "batch_hash"),
            *("filled_micros", "paid_micros", "fee_micros"),
        )
    )


def _route(start: S, end: S) -> tuple[S, ...]:
    """The shortest legal way from one state to another, without its start."""
    routes: dict[S, tuple[S, ...]] = {start: ()}
    frontier = [start]
    while end not in routes:
        assert frontier, f"nothing leads from {start.name} to {end.name}"
        now = frontier.pop(0)
        for after in type(start):
            if now.may_become(after) and after not in routes:
                routes[after] = (*routes[now], after)
                frontier.append(after)
    return routes[end]
