"""What a batch may cost: an upper estimate of its gas, from what it carries.

Each term bounds what ``make gas`` measures (``docs/gas.json``) with some room: a batch that fits by
this estimate fits under a transaction's cap. Bytes count as if none were zero, and every account
as tested by whichever test costs more.
"""

from typing import Final

from offbeat.core import limits
from offbeat.core.ports import MAX_TRANSACTION_GAS
from offbeat.intents import Cancel, Delegate, Intent, Order, Transfer, Withdraw

MAX_BATCH_GAS: Final = MAX_TRANSACTION_GAS * 15 // 16
"""The cap, less what one may not have thought of."""

_CALLDATA_WORD_GAS: Final = 32 * 16
_QUORUM_GAS: Final = limits.MAX_SIGNERS * 8_000
_PROOF_GAS: Final = limits.MAX_PROOF_NODES * (_CALLDATA_WORD_GAS + 700)
FIXED_GAS: Final = 21_000 + 80_000 + 2 * _QUORUM_GAS + _PROOF_GAS
"""The transaction, the chain of batches, certificate and attestation, the longest proof."""
WORD_GAS: Final = _CALLDATA_WORD_GAS + 90
"""A word of the payload, read and hashed."""
ROW_GAS: Final = 2_500
GROUP_GAS: Final = 60_000
"""An expiry whose pot is opened."""
ACCOUNT_GAS: Final = 10_000
NEW_ACCOUNT_GAS: Final = 17_100
"""Its first commitment, on top."""
ENTRY_GAS: Final = 2_300
SETTLED_ENTRY_GAS: Final = 3_500
"""An expired position, on top."""
CREDIT_GAS: Final = 8_000
"""An inbox item or a transfer, claimed."""
_LEG_GAS: Final = 1_500
_ACTION_GAS: Final[dict[type[Intent], int]] = {
    Order: 11_000,
    Cancel: 10_000,
    Transfer: 12_000,
    Delegate: 40_000,
    Withdraw: 220_000,
}
"""A signed action beside its words. A withdrawal's token may use up what the vault lets it."""


def action_gas(intent: Intent) -> int:
    """What one signed action adds, beside its account and its words."""
    legs = len(intent.legs) if isinstance(intent, Order) else 0
    return _ACTION_GAS[type(intent)] + _LEG_GAS * legs
