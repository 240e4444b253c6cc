"""What can be done so that batches land, and what stands in the way."""

from dataclasses import dataclass
from typing import Final

from offbeat.core.store_port import StoredTransaction, TransactionMoved
from offbeat.relay.fees import Fees

FILLER_GAS: Final = 21_000
"""Gas of a transfer of nothing to oneself."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign, record and send a transaction; without a batch it is a transfer to oneself."""

    submitter: bytes
    nonce: int
    batch_hash: bytes | None
    gas_limit: int
    fees: Fees
    replaces: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """Use up a nonce that no open transaction of ours has.

    It is not recorded: a store takes no nonce below the next, and whoever forgets a fill makes the
    same one again, which moves nothing.
    """

    submitter: bytes
    nonce: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Send:
    """Send a recorded transaction, which the node does not have."""

    transaction: StoredTransaction


Action = TransactionMoved | Sign | Fill | Send


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something waits: ``fee_cap_reached`` or ``submitter_unfunded``, and whose."""

    code: str
    submitter: bytes | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions, in the order in which they are to be done, and what stands in the way."""

    actions: tuple[Action, ...]
    troubles: frozenset[Trouble]
