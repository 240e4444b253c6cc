"""What a relay knows when it decides what to send: its transactions, and one look at the chain."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from offbeat.core.store_port import StoredTransaction
from offbeat.relay.fees import Fees


@dataclass(frozen=True, slots=True)
class Sent:
    """An open transaction of the store, and what its bytes offer."""

    stored: StoredTransaction
    fees: Fees
    gas_limit: int

    @property
    def cost_wei(self) -> int:
        """What its sender must own for a node to keep it."""
        return self.gas_limit * self.fees.max_fee_wei


@dataclass(frozen=True, slots=True)
class Mined:
    """A receipt that names a block of the present chain; ``reason`` says why it reverted."""

    block_number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Wallet:
    """A submitter on chain: nonces used as of the latest and the final block, and its money."""

    mined_nonce: int
    final_nonce: int
    balance_wei: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What landing a batch would do now: revert for a ``reason``, or need so much ``gas``."""

    reason: str
    gas: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """The chain as one look has found it.

    ``wallets`` are those of every submitter of an open transaction, and our own. ``mined`` and
    ``waiting`` (in the node's pool) are by transaction hash, ``trials`` by batch hash.
    """

    final_number: int
    base_fee_wei: int
    tip_wei: int
    wallets: Mapping[bytes, Wallet]
    mined: Mapping[bytes, Mined]
    waiting: AbstractSet[bytes]
    trials: Mapping[bytes, Trial]


@dataclass(frozen=True, slots=True)
class Ours:
    """What this relay may act on: its submitters' addresses, each with the next nonce that the
    store would take, and the batches that it has certified itself."""

    next_nonces: Mapping[bytes, int]
    batches: AbstractSet[bytes]
