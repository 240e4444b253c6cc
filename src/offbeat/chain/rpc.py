"""Any EVM node by its URL."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from offbeat.chain.jsonrpc import JsonRpc, T, decode_bytes, decode_int, encode_bytes
from offbeat.core import ChainError, OutcomeUnknown, Unavailable
from offbeat.core.ports import Block, Log, Receipt, Transaction
from offbeat.intents import keccak256

RETRIED_METHODS: Final = (
    "eth_blockNumber",
    "eth_call",
    "eth_chainId",
    "eth_estimateGas",
    "eth_getBalance",
    "eth_getBlockByNumber",
    "eth_getCode",
    "eth_getLogs",
    "eth_getStorageAt",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_maxPriorityFeePerGas",
)
"""Reads. Sending is missing on purpose: after a lost answer the caller looks before it repeats."""
LOG_SPAN_BLOCKS: Final = 2_000
"""Blocks per query for logs: public nodes refuse wide ranges."""
_ALREADY_THERE: Final = ("already known", "already imported", "known transaction")


class RpcChain:
    """A :class:`~offbeat.core.ports.Chain` behind JSON-RPC. Connects when it is first asked."""

    def __init__(self, url: str, *, timeout_seconds: float = 10, attempts: int = 4) -> None:
        self._rpc = JsonRpc(
            url, retried=RETRIED_METHODS, attempts=attempts, timeout_seconds=timeout_seconds
        )
        self._chain_id: int | None = None

    @property
    def chain_id(self) -> int:
        """The id that transactions and EIP-712 domains bind."""
        if self._chain_id is None:
            self._chain_id = self._rpc.ask(decode_int, "eth_chainId")
        return self._chain_id

    # Reading ------------------------------------------------------------------------------

    def block(self, number: int | None = None) -> Block:
        """One block, the latest by default."""
        found = self._rpc.ask(_optional(_block), "eth_getBlockByNumber", _tag(number), False)
        if found is None:
            raise ChainError("block_unknown", f"there is no block {number}")
        return found

    def balance(self, address: bytes, block: int | None = None) -> int:
        """Native currency of an account, wei."""
        return self._rpc.ask(decode_int, "eth_getBalance", encode_bytes(address), _tag(block))

    def nonce(self, address: bytes, block: int | None = None) -> int:
        """Number of the account's next transaction, including those waiting, or as of a block."""
        at = "pending" if block is None else hex(block)
        return self._rpc.ask(decode_int, "eth_getTransactionCount", encode_bytes(address), at)

    def code(self, address: bytes, block: int | None = None) -> bytes:
        """Deployed code, empty for an ordinary account."""
        return self._rpc.ask(decode_bytes, "eth_getCode", encode_bytes(address), _tag(block))

    def storage(self, address: bytes, slot: int, block: int | None = None) -> int:
        """One storage word."""
        where = (encode_bytes(address), f"{slot:#066x}", _tag(block))
        return self._rpc.ask(decode_int, "eth_getStorageAt", *where)

    def call(
        self, to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None
    ) -> bytes:
        """Run a message on a block's state and at its time."""
        return self._rpc.ask(decode_bytes, "eth_call", _message(sender, to, data), _tag(block))

    def estimate_gas(self, sender: bytes, to: bytes | None, data: bytes, value_wei: int = 0) -> int:
        """Gas that the transaction needs now."""
        return self._rpc.ask(decode_int, "eth_estimateGas", _message(sender, to, data, value_wei))

    def tip_wei(self) -> int:
        """The node's own suggestion."""
        return self._rpc.ask(decode_int, "eth_maxPriorityFeePerGas")

    def transaction(self, transaction_hash: bytes) -> Transaction | None:
        """A transaction by hash, mined or waiting."""
        return self._rpc.ask(
            _optional(_transaction), "eth_getTransactionByHash", encode_bytes(transaction_hash)
        )

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """What a mined transaction did."""
        receipt = self._rpc.ask(
            _optional(_receipt), "eth_getTransactionReceipt", encode_bytes(transaction_hash)
        )
        if receipt is None or receipt.reverted is None:
            return receipt
        return replace(receipt, reverted=self._why(receipt))

    def logs(self, address: bytes, first_block: int, last_block: int) -> tuple[Log, ...]:
        """Events of one contract in a range of blocks, asked for span by span."""
        logs: list[Log] = []
        for first in range(first_block, last_block + 1, LOG_SPAN_BLOCKS):
            last = min(first + LOG_SPAN_BLOCKS - 1, last_block)
            query = {
                "address": encode_bytes(address),
                "fromBlock": hex(first),
                "toBlock": hex(last),
            }
            logs += self._rpc.ask(_logs, "eth_getLogs", query)
        return tuple(logs)

    # Writing ------------------------------------------------------------------------------

    def send(self, raw_transaction: bytes) -> bytes:
        """Submit a signed transaction, exactly one request."""
        transaction_hash = keccak256(raw_transaction)
        try:
            self._rpc.ask(decode_bytes, "eth_sendRawTransaction", encode_bytes(raw_transaction))
        except Unavailable as error:
            raise OutcomeUnknown(
                "transaction_unanswered", f"0x{transaction_hash.hex()} may have been sent: {error}"
            ) from error
        except ChainError as error:
            if not self._holds(transaction_hash, error.message):
                raise ChainError("transaction_refused", error.message) from error
        return transaction_hash

    def _holds(self, transaction_hash: bytes, refusal: str) -> bool:
        """Whether a refusal only means that the node has this very transaction already."""
        if any(phrase in refusal.lower() for phrase in _ALREADY_THERE):
            return True
        try:
            return self.transaction(transaction_hash) is not None
        except Unavailable as error:
            raise OutcomeUnknown("transaction_unanswered", f"{refusal}; {error}") from error

    def _why(self, receipt: Receipt) -> str:
        """Code of a mined failure, from running its message again.

        On the state after its block first: there the time is right, and a transaction that failed
        left that state as it found it. Only a neighbour in the block can make a difference, so
        the state before the block comes second.
        """
        transaction = self.transaction(receipt.transaction_hash)
        if transaction is None:
            return "reverted"
        message = _message(
            transaction.sender, transaction.to, transaction.data, transaction.value_wei
        ) | {"gas": hex(transaction.gas_limit)}
        for block in (receipt.block_number, receipt.block_number - 1):
            try:
                self._rpc.ask(decode_bytes, "eth_call", message, _tag(block))
            except ChainError as error:
                if not error.code.startswith("node_"):
                    return error.code
        return "reverted"


def _message(
    sender: bytes | None, to: bytes | None, data: bytes, value_wei: int = 0
) -> dict[str, str]:
    message = {"data": encode_bytes(data), "value": hex(value_wei)}
    if sender is not None:
        message["from"] = encode_bytes(sender)
    if to is not None:
        message["to"] = encode_bytes(to)
    return message


def _tag(number: int | None) -> str:
    return "latest" if number is None else hex(number)


def _optional(decode: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda raw: None if raw is None else decode(raw)


def _block(raw: Any) -> Block:
    return Block(
        number=decode_int(raw["number"]),
        hash=decode_bytes(raw["hash"]),
        parent_hash=decode_bytes(raw["parentHash"]),
        timestamp_seconds=decode_int(raw["timestamp"]),
        base_fee_wei=decode_int(raw["baseFeePerGas"]),
    )


def _transaction(raw: Any) -> Transaction:
    return Transaction(
        hash=decode_bytes(raw["hash"]),
        sender=decode_bytes(raw["from"]),
        to=_optional(decode_bytes)(raw["to"]),
        nonce=decode_int(raw["nonce"]),
        data=decode_bytes(raw["input"]),
        value_wei=decode_int(raw["value"]),
        gas_limit=decode_int(raw["gas"]),
        block_number=_optional(decode_int)(raw["blockNumber"]),
    )


def _receipt(raw: Any) -> Receipt:
    return Receipt(
        transaction_hash=decode_bytes(raw["transactionHash"]),
        block_number=decode_int(raw["blockNumber"]),
        block_hash=decode_bytes(raw["blockHash"]),
        gas_used=decode_int(raw["gasUsed"]),
        gas_price_wei=decode_int(raw["effectiveGasPrice"]),
        created=_optional(decode_bytes)(raw["contractAddress"]),
        reverted=None if decode_int(raw["status"]) else "reverted",
        logs=_logs(raw["logs"]),
    )


def _logs(raw: Any) -> tuple[Log, ...]:
    return tuple(
        Log(
            address=decode_bytes(each["address"]),
            topics=tuple(map(decode_bytes, each["topics"])),
            data=decode_bytes(each["data"]),
            block_number=decode_int(each["blockNumber"]),
            transaction_hash=decode_bytes(each["transactionHash"]),
            index=decode_int(each["logIndex"]),
        )
        for each in raw
    )
