"""What to do next so that certified batches land: one pure decision over everything known.

A *slot* is a nonce of one of our keys that nothing mined has used yet; of the transactions signed
for it, only the one that offers most counts. A slot is to land a batch, or merely to be used up by
a transfer of nothing to oneself, so that later nonces can be mined.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from offbeat.core.lifecycle import BatchStatus, TransactionStatus
from offbeat.core.store_port import StoredBatch, StoredTransaction
from offbeat.relay.fees import FeePolicy, Fees, first_fees, raised_fees
from offbeat.relay.outlook import Ours, Outlook, Sent, Wallet
from offbeat.relay.transaction_moves import transaction_moves
from offbeat.relay.transmission_plan import FILLER_GAS, Action, Fill, Plan, Send, Sign, Trouble

Place = tuple[bytes, int]
"""A submitter and a nonce."""
MAX_FILLS: Final = 16
"""Gaps that are filled at once: nodes keep no more without knowing what precedes them."""


def decide(
    sent: Iterable[Sent],
    batches: Sequence[StoredBatch],
    outlook: Outlook,
    ours: Ours,
    now_seconds: int,
    policy: FeePolicy,
) -> Plan:
    """What to do now, given all open transactions and batches of the store.

    Doing only some of it, or all of it twice, does no harm: the next look sees what is left.
    """
    return _Decision(tuple(sent), batches, outlook, ours, now_seconds, policy).run()


@dataclass(slots=True)
class _Decision:
    sent: tuple[Sent, ...]
    batches: Sequence[StoredBatch]
    outlook: Outlook
    ours: Ours
    now_seconds: int
    policy: FeePolicy
    actions: list[Action] = field(default_factory=list)
    troubles: set[Trouble] = field(default_factory=set)

    def run(self) -> Plan:
        self.actions += transaction_moves(self.sent, self.outlook, self.ours)
        slots = self._slots()
        certified = {
            each.batch_hash: each for each in self.batches if each.status is BatchStatus.CERTIFIED
        }
        spare: dict[bytes, list[Sent]] = {submitter: [] for submitter in self.ours.next_nonces}
        for slot in slots.values():
            if slot.stored.batch_hash is not None and slot.stored.batch_hash not in certified:
                spare[slot.stored.submitter].append(slot)
            else:
                self._tend(slot)
        for batch in certified.values():
            if self._is_our_turn(batch, slots.values()):
                self._land(batch, slots, spare)
        for slot in (each for slots_of in spare.values() for each in slots_of):
            self._use_up(slot)
        self._fill_gaps(slots)
        return Plan(tuple(self.actions), frozenset(self.troubles))

    # Slots --------------------------------------------------------------------------------

    def _slots(self) -> dict[Place, Sent]:
        slots: dict[Place, Sent] = {}
        used = self._used()
        for each in self.sent:
            submitter, nonce = place = each.stored.submitter, each.stored.nonce
            is_ours = submitter in self.ours.next_nonces
            if is_ours and place not in used and nonce >= self._wallet(submitter).mined_nonce:
                slots[place] = max(slots.get(place, each), each, key=_offer)
        return slots

    def _used(self) -> set[Place]:
        """Places with a receipt: it may tell of a later block than the wallets do."""
        return {
            (each.stored.submitter, each.stored.nonce)
            for each in self.sent
            if each.stored.transaction_hash in self.outlook.mined
        }

    def _wallet(self, submitter: bytes) -> Wallet:
        return self.outlook.wallets[submitter]

    def _tend(self, slot: Sent) -> None:
        """Keep a transaction in the pool, and raise what it offers when patience has run out."""
        stored = slot.stored
        trial = None if stored.batch_hash is None else self.outlook.trials.get(stored.batch_hash)
        if trial is not None and trial.reason:
            return  # somebody has landed it, or it must wait: not worth another wei now
        if self._is_waiting(slot) and not self._is_impatient(stored.recorded_seconds):
            return
        if not self._is_impatient(stored.recorded_seconds):
            self._send(slot)
            return
        fees = self._raise(slot)
        if fees is None or not self._affordable(slot, slot.gas_limit * fees.max_fee_wei):
            self._send(slot)
            return
        self._replace(slot, stored.batch_hash, slot.gas_limit, fees)

    def _use_up(self, slot: Sent) -> None:
        """A slot whose batch needs it no more: nobody must pay for a revert."""
        if not self._is_impatient(slot.stored.recorded_seconds):
            return
        fees = self._raise(slot)
        if fees is not None and self._affordable(slot, FILLER_GAS * fees.max_fee_wei):
            self._replace(slot, None, FILLER_GAS, fees)

    def _replace(self, slot: Sent, batch_hash: bytes | None, gas_limit: int, fees: Fees) -> None:
        stored = slot.stored
        self.actions.append(
            Sign(
                stored.submitter,
                stored.nonce,
                batch_hash,
                gas_limit,
                fees,
                replaces=stored.transaction_hash,
            )
        )

    def _send(self, slot: Sent) -> None:
        if not self._is_waiting(slot) and self._affordable(slot, slot.cost_wei):
            self.actions.append(Send(slot.stored))

    def _is_waiting(self, slot: Sent) -> bool:
        return slot.stored.transaction_hash in self.outlook.waiting

    def _is_impatient(self, since_seconds: int) -> bool:
        return self.now_seconds - since_seconds >= self.policy.patience_seconds

    def _raise(self, slot: Sent) -> Fees | None:
        fees = raised_fees(slot.fees, self.outlook.base_fee_wei, self.outlook.tip_wei, self.policy)
        if fees is None:
            self.troubles.add(Trouble("fee_cap_reached", slot.stored.submitter))
        return fees

    def _affordable(self, slot: Sent, cost_wei: int) -> bool:
        submitter = slot.stored.submitter
        if self._wallet(submitter).balance_wei >= cost_wei:
            return True
        self.troubles.add(Trouble("submitter_unfunded", submitter))
        return False

    # Batches ------------------------------------------------------------------------------

    def _is_our_turn(self, batch: StoredBatch, slots: Iterable[Sent]) -> bool:
        """Whether nobody is landing the batch, and we have left others the time that is theirs."""
        trial = self.outlook.trials.get(batch.batch_hash)
        if trial is None or trial.reason or not self.ours.next_nonces:
            return False
        if batch.batch_hash not in self.ours.batches and self._is_early(batch.changed_seconds):
            return False
        if any(slot.stored.batch_hash == batch.batch_hash and self._lives(slot) for slot in slots):
            return False
        rest = (each for each in self.sent if each.stored.batch_hash == batch.batch_hash)
        return not any(self._covers(each.stored) for each in rest)

    def _lives(self, slot: Sent) -> bool:
        balance_wei = self._wallet(slot.stored.submitter).balance_wei
        return self._is_waiting(slot) or balance_wei >= slot.cost_wei

    def _covers(self, stored: StoredTransaction) -> bool:
        """Whether a transaction outside our slots is to be waited for."""
        if stored.transaction_hash in self.outlook.mined:
            # A receipt proves nothing while the batch could land all the same: wait, not for ever.
            is_news = stored.status is TransactionStatus.PENDING
            return is_news or self._is_early(stored.changed_seconds)
        is_theirs = stored.submitter not in self.ours.next_nonces
        return is_theirs and self._is_early(stored.recorded_seconds + self.policy.patience_seconds)

    def _is_early(self, since_seconds: int) -> bool:
        """Whether others may still act. Each relay waits another time, so that few collide."""
        spread = min(self.ours.next_nonces, default=b"\0")[-1]
        wait_seconds = self.policy.stagger_seconds * (256 + spread) // 256
        return self.now_seconds - since_seconds < wait_seconds

    def _land(
        self,
        batch: StoredBatch,
        slots: Mapping[Place, Sent],
        spare: Mapping[bytes, list[Sent]],
    ) -> None:
        """Sign with the first key that can pay, each batch beginning with another one."""
        keys = sorted(self.ours.next_nonces)
        gas = self.outlook.trials[batch.batch_hash].gas
        for submitter in keys[batch.number % len(keys) :] + keys[: batch.number % len(keys)]:
            wallet = self._wallet(submitter)
            waiting = [slot for (owner, _), slot in slots.items() if owner == submitter]
            reused = spare[submitter][-1] if spare[submitter] else None
            fees = self._raise(reused) if reused else self._first_fees(submitter)
            owed_wei = sum(slot.cost_wei for slot in waiting if slot is not reused)
            if fees is None or (reused is None and len(waiting) >= self.policy.max_waiting):
                continue
            if wallet.balance_wei < owed_wei + gas * fees.max_fee_wei:
                self.troubles.add(Trouble("submitter_unfunded", submitter))
                continue
            if reused is not None:
                spare[submitter].pop()
                self._replace(reused, batch.batch_hash, gas, fees)
            else:
                nonce = self._take_nonce(submitter)
                self.actions.append(Sign(submitter, nonce, batch.batch_hash, gas, fees))
            return

    def _first_fees(self, submitter: bytes) -> Fees | None:
        fees = first_fees(self.outlook.base_fee_wei, self.outlook.tip_wei, self.policy)
        if fees is None:
            self.troubles.add(Trouble("fee_cap_reached", submitter))
        return fees

    def _take_nonce(self, submitter: bytes) -> int:
        """The next one of the store, unless somebody else has used the key beyond it."""
        taken = sum(
            isinstance(each, Sign) and each.submitter == submitter and each.replaces is None
            for each in self.actions
        )
        wallet = self._wallet(submitter)
        return max(self.ours.next_nonces[submitter], wallet.mined_nonce) + taken

    def _fill_gaps(self, slots: Mapping[Place, Sent]) -> None:
        """Nonces that went to a transaction of somebody else's which the chain has dropped."""
        fees = first_fees(self.outlook.base_fee_wei, self.outlook.tip_wei, self.policy)
        known = self._used().union(slots)
        for submitter, next_nonce in self.ours.next_nonces.items():
            first = self._wallet(submitter).mined_nonce
            for nonce in range(first, min(next_nonce, first + MAX_FILLS)):
                if fees is not None and (submitter, nonce) not in known:
                    self.actions.append(Fill(submitter, nonce, fees))


def _offer(sent: Sent) -> tuple[int, int]:
    return sent.fees.max_fee_wei, sent.stored.recorded
