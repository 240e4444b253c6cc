"""EVM chains behind one port: in this process, or any node by its URL; contracts and deployments.

Names are imported when first used: py-evm and web3 are heavy, and nobody needs both.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from offbeat.chain.abi import Abi, Event
    from offbeat.chain.anvil import AnvilChain
    from offbeat.chain.challenges import Challenges
    from offbeat.chain.contract import Artifact, Contract, load_artifact
    from offbeat.chain.deployment import Deployment, Quorum, Token, deploy, deploy_dev_token
    from offbeat.chain.embedded import EmbeddedChain
    from offbeat.chain.facts import read_facts, read_grant, read_rules
    from offbeat.chain.forced_queue import ForcedQueue, read_force_fee_wei
    from offbeat.chain.gateway import Gateway
    from offbeat.chain.history import read_acts
    from offbeat.chain.raw_transaction import RawTransaction, Signer
    from offbeat.chain.rpc import RpcChain
    from offbeat.chain.rpc_server import rpc_app
    from offbeat.chain.sender import Sender, wait_for_receipt

__all__ = [
    "Abi",
    "AnvilChain",
    "Artifact",
    "Challenges",
    "Contract",
    "Deployment",
    "EmbeddedChain",
    "Event",
    "ForcedQueue",
    "Gateway",
    "Quorum",
    "RawTransaction",
    "RpcChain",
    "Sender",
    "Signer",
    "Token",
    "deploy",
    "deploy_dev_token",
    "load_artifact",
    "read_acts",
    "read_facts",
    "read_force_fee_wei",
    "read_grant",
    "read_rules",
    "rpc_app",
    "wait_for_receipt",
]

_HOMES: Final = {
    "Abi": "abi",
    "AnvilChain": "anvil",
    "Artifact": "contract",
    "Challenges": "challenges",
    "Contract": "contract",
    "Deployment": "deployment",
    "EmbeddedChain": "embedded",
    "Event": "abi",
    "ForcedQueue": "forced_queue",
    "Gateway": "gateway",
    "Quorum": "deployment",
    "RawTransaction": "raw_transaction",
    "RpcChain": "rpc",
    "Sender": "sender",
    "Signer": "raw_transaction",
    "Token": "deployment",
    "deploy": "deployment",
    "deploy_dev_token": "deployment",
    "load_artifact": "contract",
    "read_acts": "history",
    "read_facts": "facts",
    "read_force_fee_wei": "forced_queue",
    "read_grant": "facts",
    "read_rules": "facts",
    "rpc_app": "rpc_server",
    "wait_for_receipt": "sender",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
