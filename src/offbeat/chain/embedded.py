"""An EVM in this process: one block per transaction, and time stands still until it is set.

Every transaction runs on a fresh state of py-evm, so no slot stays warm from an earlier one and
gas equals a real node's. Nothing depends on the clock or on chance: the same transactions at the
same times make the same blocks.
"""

from dataclasses import dataclass, field, fields
from typing import Final

from eth.abc import BlockHeaderAPI, SignedTransactionAPI, StateAPI, WithdrawalAPI
from eth.exceptions import VMError
from eth.vm.forks.shanghai.withdrawals import Withdrawal
from eth_typing import Address
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from offbeat.chain.pyevm import execute, failure, new_chain
from offbeat.core import ChainError
from offbeat.core.ports import MAX_TRANSACTION_GAS, Block, Log, Receipt, Transaction

_GWEI: Final = 10**9
_NOBODY: Final = bytes(20)


class EmbeddedChain:
    """A :class:`~offbeat.core.ports.DevChain` in memory: Prague rules, mined on demand.

    ``genesis_seconds`` is the timestamp of block 0.
    """

    def __init__(self, *, chain_id: int = 31_337, genesis_seconds: int = 1_700_000_000) -> None:
        self._chain_id = chain_id
        self._chain = new_chain(chain_id, genesis_seconds)
        self._past = _Past()
        self._past.add(self._chain.get_canonical_head())
        self._snapshots: list[_Past] = []

    @property
    def chain_id(self) -> int:
        """The id that transactions and EIP-712 domains bind."""
        return self._chain_id

    # Reading ------------------------------------------------------------------------------

    def block(self, number: int | None = None) -> Block:
        """One block, the latest by default."""
        header = self._header(number)
        return Block(
            number=header.block_number,
            hash=header.hash,
            parent_hash=header.parent_hash,
            timestamp_seconds=header.timestamp,
            base_fee_wei=header.base_fee_per_gas or 0,
        )

    def balance(self, address: bytes, block: int | None = None) -> int:
        """Native currency of an account, wei."""
        return self._state(block).get_balance(Address(address))

    def nonce(self, address: bytes, block: int | None = None) -> int:
        """Number of the account's next transaction."""
        return self._state(block).get_nonce(Address(address))

    def code(self, address: bytes, block: int | None = None) -> bytes:
        """Deployed code, empty for an ordinary account."""
        return self._state(block).get_code(Address(address))

    def storage(self, address: bytes, slot: int, block: int | None = None) -> int:
        """One storage word."""
        return self._state(block).get_storage(Address(address), slot)

    def call(
        self,
        to: bytes | None,
        data: bytes,
        *,
        sender: bytes | None = None,
        block: int | None = None,
        value_wei: int = 0,
        gas_limit: int = MAX_TRANSACTION_GAS,
    ) -> bytes:
        """Run a message on a block's state and at its time; without ``to`` it is a creation."""
        return execute(
            self._chain,
            self._header(block),
            sender=sender or _NOBODY,
            to=to,
            data=data,
            value_wei=value_wei,
            gas_limit=gas_limit,
        ).output

    def estimate_gas(self, sender: bytes, to: bytes | None, data: bytes, value_wei: int = 0) -> int:
        """Gas of one run in the next block, before refunds."""
        computation = execute(
            self._chain, self._chain.header, sender=sender, to=to, data=data, value_wei=value_wei
        )
        return MAX_TRANSACTION_GAS - computation.get_gas_remaining() + computation.data_floor_gas

    def tip_wei(self) -> int:
        """Nothing: every transaction gets a block of its own."""
        return 0

    def transaction(self, transaction_hash: bytes) -> Transaction | None:
        """A transaction by hash."""
        return self._past.transactions.get(transaction_hash)

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """What a transaction did."""
        return self._past.receipts.get(transaction_hash)

    def logs(self, address: bytes | None, first_block: int, last_block: int) -> tuple[Log, ...]:
        """Events of one contract, or of all, in a range of blocks."""
        bodies = self._past.bodies
        last_block = min(last_block, len(self._past.headers) - 1)
        return tuple(
            log
            for number in range(first_block, last_block + 1)
            if number in bodies
            for log in self._past.receipts[bodies[number]].logs
            if address in (None, log.address)
        )

    # What a node tells beyond the port ----------------------------------------------------

    def number_of(self, block_hash: bytes) -> int | None:
        """The number of the block with this hash."""
        return self._past.numbers.get(block_hash)

    def header(self, number: int | None = None) -> BlockHeaderAPI:
        """A whole header; raises ``ChainError("block_unknown")``."""
        return self._header(number)

    def body(self, number: int) -> tuple[bytes, ...]:
        """Hashes of the transactions in a block: one, or none."""
        found = self._past.bodies.get(number)
        return () if found is None else (found,)

    def signed(self, transaction_hash: bytes) -> SignedTransactionAPI | None:
        """A mined transaction with its fees and its signature."""
        return self._past.signed.get(transaction_hash)

    # Writing ------------------------------------------------------------------------------

    def send(self, raw_transaction: bytes) -> bytes:
        """Mine a signed transaction in a block of its own."""
        builder = self._chain.get_vm().get_transaction_builder()
        try:
            transaction = builder.decode(raw_transaction)
            if transaction.hash not in self._past.receipts:
                if transaction.gas > MAX_TRANSACTION_GAS:
                    raise ValidationError(f"gas limit above {MAX_TRANSACTION_GAS}")
                self._mine(transaction)
        except (ValidationError, VMError, RLPException, ValueError) as error:
            raise ChainError("transaction_refused", str(error)) from error
        return transaction.hash

    def set_time(self, timestamp_seconds: int) -> None:
        """Timestamp of the next block."""
        if timestamp_seconds <= self._past.headers[-1].timestamp:
            raise ChainError("time_backwards", "a block must be later than its parent")
        self._chain.set_header_timestamp(timestamp_seconds)

    def mine(self, blocks: int = 1) -> None:
        """Append empty blocks."""
        for _ in range(blocks):
            self._mine()

    def fund(self, address: bytes, wei: int) -> None:
        """Raise a balance, in whole gwei, as the beacon chain pays a validator: with a block."""
        self._mine(withdrawal=Withdrawal(address=Address(address), amount=-(-wei // _GWEI)))

    def snapshot(self) -> int:
        """Remember this moment."""
        self._snapshots.append(self._past.copy())
        return len(self._snapshots) - 1

    def restore(self, snapshot: int) -> None:
        """Return to a moment; it and later snapshots are used up."""
        if not 0 <= snapshot < len(self._snapshots):
            raise ChainError("snapshot_unknown", f"there is no snapshot {snapshot}")
        self._past = self._snapshots[snapshot]
        del self._snapshots[snapshot:]
        self._chain.header = self._chain.create_header_from_parent(self._past.headers[-1])

    # py-evm -------------------------------------------------------------------------------

    def _header(self, number: int | None) -> BlockHeaderAPI:
        headers = self._past.headers
        if number is None:
            return headers[-1]
        if not 0 <= number < len(headers):
            raise ChainError("block_unknown", f"there is no block {number}")
        return headers[number]

    def _state(self, number: int | None) -> StateAPI:
        return self._chain.get_vm(self._header(number)).state

    def _mine(
        self,
        transaction: SignedTransactionAPI | None = None,
        withdrawal: WithdrawalAPI | None = None,
    ) -> None:
        """Append the next block and note what it did."""
        block, receipts, computations = self._chain.mine_all(
            [transaction] if transaction else [], withdrawals=[withdrawal] if withdrawal else []
        )
        header = block.imported_block.header
        self._past.add(header)
        if transaction is None:
            return
        computation = computations[0]
        transaction_hash = bytes(transaction.hash)
        self._past.bodies[header.block_number] = transaction_hash
        self._past.signed[transaction_hash] = transaction
        self._past.transactions[transaction_hash] = Transaction(
            hash=transaction_hash,
            sender=transaction.sender,
            to=transaction.to or None,
            nonce=transaction.nonce,
            data=transaction.data,
            value_wei=transaction.value,
            gas_limit=transaction.gas,
            block_number=header.block_number,
        )
        logs = tuple(
            Log(
                address=log.address,
                topics=tuple(topic.to_bytes(32, "big") for topic in log.topics),
                data=log.data,
                block_number=header.block_number,
                transaction_hash=transaction_hash,
                index=index,
            )
            for index, log in enumerate(receipts[0].logs)
        )
        message = computation.msg
        self._past.receipts[transaction_hash] = Receipt(
            transaction_hash=transaction_hash,
            block_number=header.block_number,
            block_hash=header.hash,
            gas_used=receipts[0].gas_used,
            gas_price_wei=computation.transaction_context.gas_price,
            created=message.storage_address if message.is_create else None,
            reverted=failure(computation)[0] if computation.is_error else None,
            logs=logs,
        )


@dataclass(slots=True)
class _Past:
    """What happened so far. py-evm's own database never forgets, so this decides what counts."""

    headers: list[BlockHeaderAPI] = field(default_factory=list)
    numbers: dict[bytes, int] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    signed: dict[bytes, SignedTransactionAPI] = field(default_factory=dict)
    transactions: dict[bytes, Transaction] = field(default_factory=dict)
    receipts: dict[bytes, Receipt] = field(default_factory=dict)

    def add(self, header: BlockHeaderAPI) -> None:
        self.headers.append(header)
        self.numbers[header.hash] = header.block_number

    def copy(self) -> "_Past":
        return _Past(*(getattr(self, each.name).copy() for each in fields(self)))
