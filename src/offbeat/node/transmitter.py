"""The transaction manager: lands certified batches, and sees what becomes of each transaction.

What to do is :func:`offbeat.relay.decide`'s; here is only how. Every step begins with a fresh look
at store and chain, so a step may fail or be killed anywhere: the next one finds what is left to do.
A lost answer needs nothing more: the next look asks for the transaction by its hash.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import structlog

from offbeat.chain import RawTransaction, Signer
from offbeat.core import ChainError, InvalidInput, OffbeatError, OutcomeUnknown, Unavailable
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.ports import Chain
from offbeat.core.store_port import (
    START,
    Store,
    StoredBatch,
    StoredTransaction,
    TransactionMoved,
    TransactionSigned,
)
from offbeat.intents import address_text, keccak256
from offbeat.node.chain_look import Watched, look
from offbeat.node.crash_points import crash_point
from offbeat.relay import (
    FILLER_GAS,
    Action,
    FeePolicy,
    Fees,
    Fill,
    Ours,
    Plan,
    Send,
    Sent,
    Sign,
    Trouble,
    decide,
)

LOST_RACES: Final = frozenset({"move_outdated", "move_illegal", "nonce_taken"})
"""What a store answers when another relay has been faster: the next look sees what it did."""
MAX_OWN: Final = 64
"""How many of its own batches a relay remembers to be its own."""
PACE_SECONDS: Final = 0.05
"""Between two looks at a journal that grows all the time."""

_MESSAGES: Final = {
    "fee_cap_reached": "gas costs more than the cap lets us offer",
    "submitter_unfunded": "a submitter cannot pay for its transaction",
}
_log = structlog.get_logger()


class Transmitter:
    """Lands batches of ``store`` on ``chain`` with the keys of ``signers``, which no other relay
    has.

    ``settlement`` is the contract that takes them. What lies ``finality_depth`` blocks deep is
    final. ``clock`` gives seconds.
    """

    def __init__(
        self,
        store: Store,
        chain: Chain,
        settlement: bytes,
        signers: Sequence[Signer],
        policy: FeePolicy,
        *,
        finality_depth: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._chain = chain
        self._policy = policy
        self._signers = {signer.address: signer for signer in signers}
        self._watched = Watched(settlement, tuple(self._signers), finality_depth)
        self._clock = clock
        self._own_batches: deque[bytes] = deque(maxlen=MAX_OWN)
        self._looked_at: frozenset[bytes] = frozenset()
        self._troubles: tuple[OffbeatError, ...] = ()
        self._balances_wei: dict[bytes, int] = {}
        self.open_transactions = 0

    @property
    def submitters(self) -> tuple[bytes, ...]:
        """The addresses that pay."""
        return tuple(self._signers)

    def balances_wei(self) -> tuple[int | None, ...]:
        """What each submitter owned at the latest look that was needed; None before the first."""
        return tuple(map(self._balances_wei.get, self._signers))

    def troubles(self) -> tuple[OffbeatError, ...]:
        """What has kept the latest step from landing something; empty where nothing did."""
        return self._troubles

    def landing(self, batch_hash: bytes) -> None:
        """This relay certifies the batch: once it is recorded, land it without leaving others
        their time. Any thread may say so."""
        self._own_batches.append(batch_hash)

    async def run(self, poll_seconds: float) -> None:
        """Step after step, until cancelled: each after ``poll_seconds``, or when a batch comes."""
        cursor = START
        while True:
            try:
                await self.step()
                due = time.monotonic() + poll_seconds
                while (left := due - time.monotonic()) > 0 and not await self._has_new_batch():
                    cursor = await self._store.wait(cursor, left)
                    await asyncio.sleep(PACE_SECONDS)
            except (Unavailable, ChainError) as error:
                self._troubles = (error,)
                _log.warning("transmission_waits", code=error.code, message=error.message)
                await asyncio.sleep(poll_seconds)

    async def _has_new_batch(self) -> bool:
        return any([each.batch_hash not in self._looked_at async for each in self._open_batches()])

    async def step(self) -> Plan:
        """Look once and do what is to be done; raises :class:`OffbeatError` where it cannot look.

        A transaction that the node refuses stays recorded; a later step sends or replaces it.
        """
        sent = [_read(each) async for each in self._open_transactions()]
        batches = [each async for each in self._open_batches()]
        self._looked_at = frozenset(each.batch_hash for each in batches)
        self.open_transactions = len(sent)
        certified = [each for each in batches if each.status is BatchStatus.CERTIFIED]
        if not sent and not certified:
            self._troubles = ()
            return Plan((), frozenset())
        outlook = await asyncio.to_thread(look, self._chain, self._watched, sent, certified)
        self._balances_wei = {each: outlook.wallets[each].balance_wei for each in self._signers}
        next_nonces = {each: await self._store.next_nonce(each) or 0 for each in self._signers}
        ours = Ours(next_nonces, frozenset(self._own_batches))
        plan = decide(sent, batches, outlook, ours, self._now_seconds(), self._policy)
        self._troubles = tuple(map(_error, plan.troubles))
        submissions = {each.batch_hash: each.submission for each in batches}
        for action in plan.actions:
            await self._do(action, submissions)
        return plan

    # Doing --------------------------------------------------------------------------------

    async def _do(self, action: Action, submissions: dict[bytes, bytes]) -> None:
        match action:
            case TransactionMoved():
                await self._record(action)
                crash_point("transmitter.after_move")
            case Send(transaction):
                await self._send(transaction.raw)
            case Fill(submitter, nonce, fees):
                await self._send(self._signed(submitter, nonce, None, FILLER_GAS, fees))
            case Sign(submitter, nonce, batch_hash, gas_limit, fees, replaces):
                calldata = None if batch_hash is None else submissions[batch_hash]
                raw = self._signed(submitter, nonce, calldata, gas_limit, fees)
                entry = TransactionSigned(
                    keccak256(raw), submitter, nonce, raw, batch_hash, replaces
                )
                crash_point("transmitter.before_sign")
                if await self._record(entry):
                    crash_point("transmitter.after_sign")
                    await self._send(raw)
                    crash_point("transmitter.after_send")

    async def _record(self, entry: TransactionSigned | TransactionMoved) -> bool:
        try:
            await self._store.append([entry], self._now_seconds())
        except InvalidInput as error:
            if error.code not in LOST_RACES:
                raise
            _log.info("transmission_race_lost", code=error.code, message=error.message)
            return False
        return True

    def _signed(
        self, submitter: bytes, nonce: int, calldata: bytes | None, gas_limit: int, fees: Fees
    ) -> bytes:
        """A transaction that lands a batch, or moves nothing to oneself."""
        return self._signers[submitter].sign(
            RawTransaction(
                chain_id=self._chain.chain_id,
                nonce=nonce,
                tip_wei=fees.tip_wei,
                max_fee_wei=fees.max_fee_wei,
                gas_limit=gas_limit,
                to=submitter if calldata is None else self._watched.settlement,
                value_wei=0,
                data=calldata or b"",
            )
        )

    async def _send(self, raw: bytes) -> None:
        try:
            transaction_hash = await asyncio.to_thread(self._chain.send, raw)
        except (ChainError, OutcomeUnknown) as error:
            self._troubles = (*self._troubles, error)
            _log.warning("transaction_not_sent", code=error.code, message=error.message)
        else:
            _log.info("transaction_sent", transaction_hash=f"0x{transaction_hash.hex()}")

    # Reading ------------------------------------------------------------------------------

    async def _open_transactions(self) -> AsyncIterator[StoredTransaction]:
        last: StoredTransaction | None = None
        while page := await self._store.open_transactions(after=last):
            for last in page:
                yield last

    async def _open_batches(self) -> AsyncIterator[StoredBatch]:
        last: StoredBatch | None = None
        while page := await self._store.open_batches(after=last):
            for last in page:
                yield last

    def _now_seconds(self) -> int:
        return int(self._clock())


def _read(stored: StoredTransaction) -> Sent:
    raw = RawTransaction.decode(stored.raw)
    return Sent(stored, Fees(raw.max_fee_wei, raw.tip_wei), raw.gas_limit)


def _error(trouble: Trouble) -> OffbeatError:
    who = "" if trouble.submitter is None else f": {address_text(trouble.submitter)}"
    return Unavailable(trouble.code, _MESSAGES[trouble.code] + who)
