"""Compiled contracts, as they ship with the package and as they stand on a chain."""

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

from offbeat.chain.abi import Abi, Event, Json
from offbeat.chain.sender import Sender
from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import Chain, Log, Receipt


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: its name, interface and creation code."""

    name: str
    abi: Abi
    bytecode: bytes
    deployed_bytes: int

    @classmethod
    def from_json(cls, artifact: Json) -> Self:
        """From the object that ``make contracts`` writes."""
        return cls(
            name=artifact["name"],
            abi=Abi(artifact["abi"]),
            bytecode=bytes.fromhex(artifact["bytecode"].removeprefix("0x")),
            deployed_bytes=artifact["deployed_bytes"],
        )


@functools.cache
def load_artifact(name: str) -> Artifact:
    """An artifact that ships with the package; raises ``InvalidInput("artifact_unknown")``."""
    file = resources.files("offbeat.chain") / "artifacts" / f"{name}.json"
    if not file.is_file():
        raise InvalidInput("artifact_unknown", f"no contract is called {name}")
    return Artifact.from_json(json.loads(file.read_bytes()))


class Contract:
    """A deployed contract: reads, transactions and events by name."""

    def __init__(self, chain: Chain, address: bytes, artifact: Artifact) -> None:
        self.chain = chain
        self.address = address
        self.abi = artifact.abi

    @classmethod
    def deploy(cls, sender: Sender, artifact: Artifact, *args: object) -> Self:
        """Create the contract; raises ``ChainError`` with the constructor's reason."""
        data = artifact.bytecode + artifact.abi.encode_constructor(*args)
        receipt = _succeeded(sender.transact(None, data))
        assert receipt.created is not None, "a creation names its contract"
        return cls(sender.chain, receipt.created, artifact)

    def read(
        self, name: str, *args: object, sender: bytes | None = None, block: int | None = None
    ) -> Any:
        """Call without a transaction; raises ``ChainError`` with the revert's code."""
        data = self.abi.encode_call(name, *args)
        output = self.chain.call(self.address, data, sender=sender, block=block)
        return self.abi.decode_result(name, len(args), output)

    def write(
        self, sender: Sender, name: str, *args: object, gas_limit: int | None = None
    ) -> Receipt:
        """Call in a transaction and wait; raises ``ChainError`` with the revert's code."""
        data = self.abi.encode_call(name, *args)
        return _succeeded(sender.transact(self.address, data, gas_limit=gas_limit))

    def events(self, logs: Iterable[Log], name: str | None = None) -> tuple[Event, ...]:
        """Those of ``logs`` that this contract emitted, decoded; all or those of one name."""
        events = (self.abi.decode_log(log) for log in logs if log.address == self.address)
        return tuple(each for each in events if each and name in (None, each.name))


def _succeeded(receipt: Receipt) -> Receipt:
    if receipt.reverted is not None:
        raise ChainError(receipt.reverted, f"0x{receipt.transaction_hash.hex()} reverted")
    return receipt
