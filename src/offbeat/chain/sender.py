"""A local key that signs transactions and sees them mined."""

import time
from typing import Final

from offbeat.chain.raw_transaction import RawTransaction, Signer
from offbeat.core import OffbeatError, OutcomeUnknown
from offbeat.core.ports import MAX_TRANSACTION_GAS, Chain, Receipt

GAS_HEADROOM_PERCENT: Final = 25
"""Added to an estimate: the state may change before the transaction is mined."""
POLL_SECONDS: Final = 0.05


class Sender:
    """Signs EIP-1559 transactions with a local ``key`` (32 bytes) and waits for their receipts.

    Numbers its transactions itself after the first, so that several may wait at once. One key
    belongs to one sender.
    """

    def __init__(self, chain: Chain, key: bytes) -> None:
        self.chain = chain
        self._signer = Signer(key)
        self._next_nonce: int | None = None

    @property
    def address(self) -> bytes:
        """Who pays."""
        return self._signer.address

    def transact(
        self,
        to: bytes | None,
        data: bytes,
        *,
        value_wei: int = 0,
        gas_limit: int | None = None,
        timeout_seconds: float = 60,
    ) -> Receipt:
        """Send and wait. A revert is in the receipt; but see :meth:`submit`."""
        transaction_hash = self.submit(to, data, value_wei=value_wei, gas_limit=gas_limit)
        return wait_for_receipt(self.chain, transaction_hash, timeout_seconds)

    def submit(
        self, to: bytes | None, data: bytes, *, value_wei: int = 0, gas_limit: int | None = None
    ) -> bytes:
        """Send without waiting; the transaction's hash. ``to`` of ``None`` creates a contract.

        Without ``gas_limit`` the gas is estimated first, which raises ``ChainError`` with the
        reason's code if the transaction would revert.
        """
        if gas_limit is None:
            estimate = self.chain.estimate_gas(self.address, to, data, value_wei)
            generous = estimate * (100 + GAS_HEADROOM_PERCENT) // 100
            gas_limit = max(estimate, min(generous, MAX_TRANSACTION_GAS))
        if self._next_nonce is None:
            self._next_nonce = self.chain.nonce(self.address)
        tip_wei = self.chain.tip_wei()
        raw = self._signer.sign(
            RawTransaction(
                chain_id=self.chain.chain_id,
                nonce=self._next_nonce,
                tip_wei=tip_wei,
                max_fee_wei=2 * self.chain.block().base_fee_wei + tip_wei,
                gas_limit=gas_limit,
                to=to,
                value_wei=value_wei,
                data=data,
            )
        )
        try:
            transaction_hash = self.chain.send(raw)
        except OffbeatError:
            self._next_nonce = None
            raise
        self._next_nonce += 1
        return transaction_hash


def wait_for_receipt(chain: Chain, transaction_hash: bytes, timeout_seconds: float) -> Receipt:
    """The receipt as soon as there is one; raises ``OutcomeUnknown("receipt_timeout")``."""
    deadline = time.monotonic() + timeout_seconds
    while (receipt := chain.receipt(transaction_hash)) is None:
        if time.monotonic() >= deadline:
            raise OutcomeUnknown(
                "receipt_timeout", f"0x{transaction_hash.hex()} is not mined yet; look again"
            )
        time.sleep(POLL_SECONDS)
    return receipt
