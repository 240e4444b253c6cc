"""The JSON-RPC methods of a development node, on the embedded chain.

As much as wallets and libraries need to read, to send and to command the chain. Nothing ever
waits: a transaction is mined as it is sent, so all tags but ``earliest`` are the latest block.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from offbeat.chain.embedded import EmbeddedChain
from offbeat.chain.jsonrpc import decode_bytes, decode_int, encode_bytes
from offbeat.chain.rpc_json import (
    block_to_json,
    log_to_json,
    receipt_to_json,
    transaction_to_json,
)
from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import MAX_TRANSACTION_GAS

MAX_LOG_BLOCKS: Final = 10_000
MAX_MINED_BLOCKS: Final = 10_000
_LATEST: Final = ("latest", "pending", "safe", "finalized")
_GAS_PRICE_ROOM: Final = (9, 8)
"""A block may raise the base fee by an eighth."""

Json = Any


class RpcMethods:
    """Answers one request at a time. Blocks come at ``now_seconds`` until the clock is stopped."""

    def __init__(self, chain: EmbeddedChain, now_seconds: Callable[[], int]) -> None:
        self.chain = chain
        self._now_seconds = now_seconds
        self._follows_clock = True
        self._time_is_set = False
        self._methods: Mapping[str, Callable[..., Json]] = {
            "anvil_mine": self._mine,
            "anvil_setBalance": self._set_balance,
            "anvil_setBlockTimestampInterval": self._stop_clock,
            "eth_accounts": lambda: [],
            "eth_blockNumber": lambda: hex(chain.block().number),
            "eth_call": self._call,
            "eth_chainId": lambda: hex(chain.chain_id),
            "eth_estimateGas": self._estimate,
            "eth_feeHistory": self._fee_history,
            "eth_gasPrice": self._gas_price,
            "eth_getBalance": lambda who, at="latest": hex(
                chain.balance(_address(who), self._number(at))
            ),
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getCode": lambda who, at="latest": encode_bytes(
                chain.code(_address(who), self._number(at))
            ),
            "eth_getLogs": self._logs,
            "eth_getStorageAt": self._storage,
            "eth_getTransactionByHash": lambda key: transaction_to_json(chain, decode_bytes(key)),
            "eth_getTransactionCount": lambda who, at="latest": hex(
                chain.nonce(_address(who), self._number(at))
            ),
            "eth_getTransactionReceipt": lambda key: receipt_to_json(chain, decode_bytes(key)),
            "eth_maxPriorityFeePerGas": lambda: hex(chain.tip_wei()),
            "eth_sendRawTransaction": self._send,
            "eth_syncing": lambda: False,
            "evm_mine": self._mine_once,
            "evm_revert": self._revert,
            "evm_setNextBlockTimestamp": self._set_time,
            "evm_snapshot": lambda: hex(chain.snapshot()),
            "net_version": lambda: str(chain.chain_id),
            "web3_clientVersion": lambda: f"Offbeat/{version('offbeat')}",
        }

    def answer(self, method: str, params: Sequence[Json]) -> Json:
        """The result; raises ``InvalidInput`` with code ``method_unknown`` or ``params_invalid``,
        and as the chain does."""
        function = self._methods.get(method)
        if function is None:
            raise InvalidInput("method_unknown", f"the method {method} does not exist")
        try:
            return function(*params)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise InvalidInput("params_invalid", f"{method}: {error}") from error

    @property
    def ahead_seconds(self) -> int:
        """How far the latest block's time is ahead of the clock."""
        ahead = self.chain.block().timestamp_seconds - self._now_seconds()
        return max(0, ahead) if self._follows_clock else 0

    def tick(self) -> None:
        """An empty block, if the clock has moved on since the latest."""
        if self._follows_clock and self._now_seconds() > self.chain.block().timestamp_seconds:
            self._mine(1)

    # Blocks and time ----------------------------------------------------------------------

    def _number(self, at: Json) -> int | None:
        """A block's number from a tag, a number or EIP-1898's object; None is the latest."""
        if at is None or at in _LATEST:
            return None
        if at == "earliest":
            return 0
        if isinstance(at, dict) and "blockHash" in at:
            number = self.chain.number_of(decode_bytes(at["blockHash"]))
            if number is None:
                raise ChainError("block_unknown", "there is no block with this hash")
            return number
        return decode_int(at["blockNumber"] if isinstance(at, dict) else at)

    def _block_by_number(self, at: Json, whole: bool = False) -> Json:
        number = self._number(at)
        if number is not None and number > self.chain.block().number:
            return None
        return block_to_json(self.chain, self.chain.header(number), whole=whole)

    def _block_by_hash(self, block_hash: str, whole: bool = False) -> Json:
        number = self.chain.number_of(decode_bytes(block_hash))
        if number is None:
            return None
        return block_to_json(self.chain, self.chain.header(number), whole=whole)

    def _on_time(self) -> None:
        """Let the next block come when the clock says, or its caller said."""
        now_seconds = self._now_seconds()
        is_later = now_seconds > self.chain.block().timestamp_seconds
        if self._follows_clock and is_later and not self._time_is_set:
            self.chain.set_time(now_seconds)
        self._time_is_set = False

    def _stop_clock(self, seconds: Json = 1) -> None:
        if _count(seconds) != 1:
            raise ValueError("blocks come one second after their parents, no other interval")
        self._follows_clock = False

    def _set_time(self, seconds: Json) -> str:
        self.chain.set_time(_count(seconds))
        self._time_is_set = True
        return hex(_count(seconds))

    def _mine(self, blocks: Json = 1) -> None:
        if not 0 < _count(blocks) <= MAX_MINED_BLOCKS:
            raise ValueError(f"1 to {MAX_MINED_BLOCKS} blocks at once")
        self._on_time()
        self.chain.mine(_count(blocks))

    def _mine_once(self, _options: Json = None) -> str:
        self._mine(1)
        return "0x0"

    def _revert(self, snapshot: Json) -> bool:
        try:
            self.chain.restore(_count(snapshot))
        except ChainError:
            return False
        return True

    # Messages -----------------------------------------------------------------------------

    def _call(self, message: Json, at: Json = "latest") -> str:
        sender, to, data, value_wei = _message(message)
        output = self.chain.call(
            to,
            data,
            sender=sender,
            block=self._number(at),
            value_wei=value_wei,
            gas_limit=min(_count(message.get("gas") or MAX_TRANSACTION_GAS), MAX_TRANSACTION_GAS),
        )
        return encode_bytes(output)

    def _estimate(self, message: Json, _at: Json = "latest") -> str:
        sender, to, data, value_wei = _message(message)
        return hex(self.chain.estimate_gas(sender or bytes(20), to, data, value_wei))

    def _send(self, raw: str) -> str:
        self._on_time()
        return encode_bytes(self.chain.send(decode_bytes(raw)))

    # State --------------------------------------------------------------------------------

    def _storage(self, who: str, slot: Json, at: Json = "latest") -> str:
        return f"{self.chain.storage(_address(who), _count(slot), self._number(at)):#066x}"

    def _set_balance(self, who: str, wei: Json) -> None:
        missing = _count(wei) - self.chain.balance(_address(who))
        if missing < 0:
            raise ValueError("a balance can only be raised")
        if missing:
            self._on_time()
            self.chain.fund(_address(who), missing)

    def _logs(self, query: Json) -> Json:
        latest = self.chain.block().number
        if "blockHash" in query:
            first = last = self._number({"blockHash": query["blockHash"]}) or 0
        else:
            begin, end = (self._number(query.get(name)) for name in ("fromBlock", "toBlock"))
            first, last = (latest if each is None else each for each in (begin, end))
        if last - first >= MAX_LOG_BLOCKS:
            raise ValueError(f"at most {MAX_LOG_BLOCKS} blocks at once")
        wanted = [_one_or_many(each) for each in query.get("topics") or []]
        addresses = _one_or_many(query.get("address"))
        return [
            log_to_json(self.chain, log)
            for log in self.chain.logs(None, first, last)
            if addresses is None or log.address in addresses
            if len(log.topics) >= len(wanted)
            if all(
                each is None or topic in each
                for each, topic in zip(wanted, log.topics, strict=False)
            )
        ]

    # Fees ---------------------------------------------------------------------------------

    def _gas_price(self) -> str:
        raised, base = _GAS_PRICE_ROOM
        return hex(self.chain.block().base_fee_wei * raised // base + 1 + self.chain.tip_wei())

    def _fee_history(self, blocks: Json, newest: Json, percentiles: Json = ()) -> Json:
        number = self._number(newest)
        last = self.chain.block(number).number
        first = max(0, last + 1 - min(_count(blocks), 1_024))
        headers = [self.chain.header(each) for each in range(first, last + 1)]
        fees = [hex(each.base_fee_per_gas or 0) for each in headers]
        return {
            "oldestBlock": hex(first),
            "baseFeePerGas": [*fees, fees[-1]],
            "gasUsedRatio": [each.gas_used / each.gas_limit for each in headers],
            "reward": [["0x0" for _ in percentiles or ()] for _ in headers],
        }


def _address(text: str) -> bytes:
    address = decode_bytes(text)
    if len(address) != 20:
        raise ValueError("an address has 20 bytes")
    return address


def _count(quantity: Json) -> int:
    return quantity if type(quantity) is int else decode_int(quantity)


def _message(message: Json) -> tuple[bytes | None, bytes | None, bytes, int]:
    sender, to = (_address(message[key]) if message.get(key) else None for key in ("from", "to"))
    data = decode_bytes(message.get("data") or message.get("input") or "0x")
    return sender, to, data, _count(message.get("value") or 0)


def _one_or_many(value: Json) -> set[bytes] | None:
    if value is None:
        return None
    return {decode_bytes(each) for each in ([value] if isinstance(value, str) else value)}
