"""py-evm, reduced to what the embedded chain asks of it."""

import sys
from typing import Any, Final, cast

from eth.abc import BlockHeaderAPI, ComputationAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.constants import POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE
from eth.db.atomic import AtomicDB
from eth.exceptions import OutOfGas, Revert
from eth.vm.forks.london.transactions import UnsignedDynamicFeeTransaction
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber

from offbeat.chain.reverts import Reverted, revert_code
from offbeat.core import ChainError
from offbeat.core.ports import MAX_TRANSACTION_GAS

BLOCK_GAS_LIMIT: Final = 36_000_000

# py-evm lifts the interpreter's limit to 100,000, for calls 1,024 deep. Then a JSON text of as
# many brackets ends the whole process on its C stack, where it should be refused.
sys.setrecursionlimit(10_000)


class PragueChain(MiningChain):
    """Prague rules, a constant gas limit, and each block one second after its parent."""

    vm_configuration = ((BlockNumber(0), PragueVM),)

    def create_header_from_parent(
        self, parent_header: BlockHeaderAPI, **header_params: Any
    ) -> BlockHeaderAPI:
        """Header of the next block, without py-evm's look at the clock."""
        defaults = {"timestamp": parent_header.timestamp + 1, "gas_limit": BLOCK_GAS_LIMIT}
        return super().create_header_from_parent(parent_header, **(defaults | header_params))


def new_chain(chain_id: int, genesis_seconds: int) -> PragueChain:
    """A chain of one block in which nobody owns anything."""
    chain = PragueChain.configure(chain_id=chain_id).from_genesis(
        AtomicDB(),
        {
            "difficulty": POST_MERGE_DIFFICULTY,
            "mix_hash": POST_MERGE_MIX_HASH,
            "nonce": POST_MERGE_NONCE,
            "gas_limit": BLOCK_GAS_LIMIT,
            "timestamp": genesis_seconds,
        },
    )
    return cast(PragueChain, chain)


def execute(
    chain: PragueChain,
    header: BlockHeaderAPI,
    *,
    sender: bytes,
    to: bytes | None,
    data: bytes,
    value_wei: int = 0,
    gas_limit: int = MAX_TRANSACTION_GAS,
) -> ComputationAPI:
    """Run a message for free on the state and in the context of ``header``; nothing is kept.

    Raises ``ChainError`` with the code of the failure, where it reverts :class:`Reverted`.
    """
    vm = chain.get_vm(header.copy(base_fee_per_gas=0, gas_used=0))
    unsigned = UnsignedDynamicFeeTransaction(
        chain.chain_id,
        vm.state.get_nonce(Address(sender)),
        0,
        0,
        gas_limit,
        Address(to or b""),
        value_wei,
        data,
        (),
    )
    spoofed = SpoofTransaction(unsigned, from_=sender)
    computation = vm.state.apply_transaction(cast(SignedTransactionAPI, spoofed))
    if computation.is_error:
        if isinstance(computation.error, Revert):
            raise Reverted(computation.output)
        raise ChainError(*failure(computation))
    return computation


def failure(computation: ComputationAPI) -> tuple[str, str]:
    """Code and message of a failed execution."""
    if isinstance(computation.error, Revert):
        return revert_code(computation.output)
    if isinstance(computation.error, OutOfGas):
        return "out_of_gas", "out of gas: the gas limit was too low"
    return "reverted", str(computation.error)
