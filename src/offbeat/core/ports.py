"""Ports: what the rooms above need from outside, as small protocols of bytes and integers.

Adapters live in their own rooms (:mod:`offbeat.chain`) and never show the library behind them.
Addresses are 20 bytes, hashes 32 bytes, native currency is in wei.
"""

from dataclasses import dataclass
from typing import Final, Protocol

MAX_TRANSACTION_GAS: Final = 2**24
"""EIP-7825, which mainnet enforces: what does not fit here would not fit there."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block's place in the chain and the two facts that contracts can see of it."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp_seconds: int
    base_fee_wei: int


@dataclass(frozen=True, slots=True)
class Log:
    """An event as a contract emitted it; ``index`` counts within its block."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    transaction_hash: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a mined transaction did.

    ``reverted`` is ``None`` on success, else the stable code of the reason: the contract's own
    word where it gave one, else ``reverted``, ``panic`` or ``out_of_gas``.
    """

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    gas_price_wei: int
    created: bytes | None
    reverted: str | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as it was sent; ``to`` is ``None`` when it creates a contract and
    ``block_number`` is ``None`` while it waits."""

    hash: bytes
    sender: bytes
    to: bytes | None
    nonce: int
    data: bytes
    value_wei: int
    gas_limit: int
    block_number: int | None


class Chain(Protocol):
    """An EVM chain. ``block`` arguments name a block number; ``None`` is the latest.

    Every method raises :class:`~offbeat.core.Unavailable` when the node cannot be reached and
    :class:`~offbeat.core.ChainError` when it refuses or answers nonsense.
    """

    @property
    def chain_id(self) -> int:
        """The id that transactions and EIP-712 domains bind."""

    def block(self, number: int | None = None) -> Block:
        """One block; raises ``ChainError("block_unknown")``."""

    def balance(self, address: bytes, block: int | None = None) -> int:
        """Native currency of an account, wei."""

    def nonce(self, address: bytes, block: int | None = None) -> int:
        """Number of the account's next transaction.

        Without a block those still waiting are counted too, with one only what it and earlier
        blocks hold.
        """

    def code(self, address: bytes, block: int | None = None) -> bytes:
        """Deployed code, empty for an ordinary account."""

    def storage(self, address: bytes, slot: int, block: int | None = None) -> int:
        """One storage word."""

    def call(
        self, to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None
    ) -> bytes:
        """Run a message without a transaction; a revert raises ``ChainError`` with its code."""

    def estimate_gas(self, sender: bytes, to: bytes | None, data: bytes, value_wei: int = 0) -> int:
        """Gas that the transaction needs now; a revert raises ``ChainError`` with its code."""

    def tip_wei(self) -> int:
        """Priority fee per gas that gets a transaction mined soon."""

    def send(self, raw_transaction: bytes) -> bytes:
        """Submit a signed transaction and return its hash; repeating it is harmless.

        Raises ``ChainError("transaction_refused")`` when the node will not have it and
        :class:`~offbeat.core.OutcomeUnknown` when the answer was lost: the hash is keccak256 of
        the raw bytes, so look for it before signing anything else with this nonce.
        """

    def transaction(self, transaction_hash: bytes) -> Transaction | None:
        """A transaction by hash, mined or waiting."""

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """What a mined transaction did; ``None`` while it is not mined."""

    def logs(self, address: bytes, first_block: int, last_block: int) -> tuple[Log, ...]:
        """Events of one contract in ``first_block..last_block`` (both included), in chain order."""


class DevChain(Chain, Protocol):
    """A chain whose time, blocks and money we command: the embedded one and development nodes."""

    def set_time(self, timestamp_seconds: int) -> None:
        """Timestamp of the next block; must be later than the latest block's.

        Blocks that nobody sets a time for come one second after their parent.
        """

    def mine(self, blocks: int = 1) -> None:
        """Append empty blocks."""

    def fund(self, address: bytes, wei: int) -> None:
        """Raise an account's native balance by ``wei``."""

    def snapshot(self) -> int:
        """Remember this moment."""

    def restore(self, snapshot: int) -> None:
        """Return to a moment; it and later snapshots are used up."""
