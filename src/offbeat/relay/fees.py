"""What a transaction offers for its gas: EIP-1559 fees, and how they rise while it waits."""

from dataclasses import dataclass
from typing import Final

from offbeat.core import InvalidInput, ceil_div, limits

MIN_BUMP_BPS: Final = 1_250
"""What the strictest of common nodes ask of a replacement, on both fees (geth asks 10 %)."""


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction pays per gas at most, in all and to the block's proposer."""

    max_fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much landing may cost, and when to do something about a transaction that waits.

    No transaction offers more than ``max_fee_cap_wei`` per gas, and a first one no more than
    ``tip_cap_wei`` to the proposer. What is not mined after ``patience_seconds`` is replaced by one
    that offers ``bump_bps`` more. Somebody else's batch, or one that somebody else has sent, is
    left to them for ``stagger_seconds``. Raises ``InvalidInput("fee_policy_invalid")``.
    """

    max_fee_cap_wei: int = 500 * 10**9
    tip_cap_wei: int = 20 * 10**9
    bump_bps: int = 2_500
    patience_seconds: int = 24
    stagger_seconds: int = 12
    max_waiting: int = 8
    """Transactions of one key that may wait at once: nodes drop more than a few."""

    def __post_init__(self) -> None:
        whole = self.max_fee_cap_wei > 0 and 0 <= self.tip_cap_wei <= self.max_fee_cap_wei
        waits = self.patience_seconds > 0 and self.stagger_seconds >= 0 and self.max_waiting > 0
        if not (whole and waits and MIN_BUMP_BPS <= self.bump_bps <= limits.BPS):
            raise InvalidInput("fee_policy_invalid", f"out of bounds: {self}")


def first_fees(base_fee_wei: int, tip_wei: int, policy: FeePolicy) -> Fees | None:
    """Fees that survive six full blocks (each raises the base fee by an eighth); ``None`` where
    the cap is below the present base fee, so that nothing could be mined."""
    tip_wei = min(tip_wei, policy.tip_cap_wei)
    max_fee_wei = min(2 * base_fee_wei + tip_wei, policy.max_fee_cap_wei)
    if max_fee_wei < max(base_fee_wei, 1):
        return None
    return Fees(max_fee_wei, min(tip_wei, max_fee_wei))


def raised_fees(earlier: Fees, base_fee_wei: int, tip_wei: int, policy: FeePolicy) -> Fees | None:
    """Fees of a replacement: the market's, but enough more than ``earlier`` that nodes take it.

    One for each time that patience has run out, they grow exponentially with age. ``None`` where
    the cap leaves no room.
    """
    least = _raised(earlier, MIN_BUMP_BPS)
    if least.max_fee_wei > policy.max_fee_cap_wei:
        return None
    wanted = _raised(earlier, policy.bump_bps)
    max_fee_wei = max(wanted.max_fee_wei, 2 * base_fee_wei + tip_wei)
    max_fee_wei = min(max_fee_wei, policy.max_fee_cap_wei)
    wanted_tip_wei = max(wanted.tip_wei, min(tip_wei, policy.tip_cap_wei))
    return Fees(max_fee_wei, min(wanted_tip_wei, max_fee_wei))


def _raised(fees: Fees, bump_bps: int) -> Fees:
    """Both raised, and by no less than one: a tip of nothing must grow too."""
    return Fees(
        *(
            max(each + 1, ceil_div(each * (limits.BPS + bump_bps), limits.BPS))
            for each in (fees.max_fee_wei, fees.tip_wei)
        )
    )
