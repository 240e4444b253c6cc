"""A development node: anvil, or any that speaks its commands."""

from offbeat.chain.jsonrpc import decode_int, encode_bytes
from offbeat.chain.rpc import RpcChain
from offbeat.core import ChainError


class AnvilChain(RpcChain):
    """A :class:`~offbeat.core.ports.DevChain` behind anvil's JSON-RPC."""

    def stop_clock(self) -> None:
        """From now on blocks come one second after their parents, not when the clock says."""
        self._rpc.ask(_done, "anvil_setBlockTimestampInterval", 1)

    def set_time(self, timestamp_seconds: int) -> None:
        """Timestamp of the next block."""
        if timestamp_seconds <= self.block().timestamp_seconds:
            raise ChainError("time_backwards", "a block must be later than its parent")
        self._rpc.ask(_done, "evm_setNextBlockTimestamp", timestamp_seconds)

    def mine(self, blocks: int = 1) -> None:
        """Append empty blocks."""
        self._rpc.ask(_done, "anvil_mine", hex(blocks))

    def fund(self, address: bytes, wei: int) -> None:
        """Raise an account's native balance, without a block."""
        balance = self.balance(address) + wei
        self._rpc.ask(_done, "anvil_setBalance", encode_bytes(address), hex(balance))

    def snapshot(self) -> int:
        """Remember this moment."""
        return self._rpc.ask(decode_int, "evm_snapshot")

    def restore(self, snapshot: int) -> None:
        """Return to a moment; it and later snapshots are used up."""
        if not self._rpc.ask(bool, "evm_revert", hex(snapshot)):
            raise ChainError("snapshot_unknown", f"there is no snapshot {snapshot}")


def _done(_: object) -> None:
    """The answer to a command tells nothing."""
