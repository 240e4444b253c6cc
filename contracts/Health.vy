# pragma version 0.4.3
"""
@title Health: tests of an account that are too large to stand in Settlement
@notice Without state and without an owner: what these functions say follows from their arguments.
"""

from interfaces import IHealth
from lib import limits

implements: IHealth

RECORD_WORDS: constant(uint256) = (
    2 + limits.MAX_ENTRIES + 2 * limits.MAX_LANES + 2 * limits.MAX_PARTIALS
)
# A record's words: header, cash, then the positions.
POSITIONS_AT: constant(uint256) = 2
STRIKE_MASK: constant(uint256) = limits.MAX_STRIKE_MICROS
LOW_128: constant(uint256) = (1 << 128) - 1
SPOT: constant(uint256) = 0
CALL: constant(uint256) = 1
MAX_WEIGHT: constant(uint256) = 1 << 112


@external
@view
def passes_static(record: uint256[RECORD_WORDS], end: uint256, cash_micros: int256) -> bool:
    """
    @notice The payoff of one expiry is piecewise linear in the price, so its minimum is at zero, at a
            strike or at infinity; spot covers short calls expiry by expiry, each unit once. Twin of
            `offbeat.margin.static_test`.
    @dev Nothing overflows: 48 quantities below 2**41 times strikes below 2**48. The record stays in
         calldata, where a word is cheaper than its copy.
    """
    total: int256 = 0
    spot: int256 = 0
    symbol: uint256 = 0
    start: uint256 = POSITIONS_AT
    for _: uint256 in range(limits.MAX_ENTRIES):
        if start == end:
            break
        group: uint256 = record[start] >> 184
        if group >> 32 != symbol:
            symbol = group >> 32
            spot = 0
        if (record[start] >> 128) & 255 == SPOT:
            spot = self._quantity(record[start])
            start += 1
            continue

        # At a price of zero every put pays its strike; from there the slope is minus the puts.
        payoff: int256 = 0
        slope: int256 = 0
        calls: int256 = 0
        group_end: uint256 = start
        for i: uint256 in range(start, end, bound=RECORD_WORDS):
            if record[i] >> 184 != group:
                break
            quantity: int256 = self._quantity(record[i])
            if (record[i] >> 128) & 255 == CALL:
                calls += quantity
            else:
                payoff = unsafe_add(
                    payoff, unsafe_mul(quantity, convert((record[i] >> 136) & STRIKE_MASK, int256))
                )
                slope -= quantity
            group_end += 1
        cover: int256 = max(0, -calls)
        if cover > spot:
            return False
        spot -= cover
        slope += cover

        worst: int256 = min(0, payoff)
        previous_strike: int256 = 0
        for i: uint256 in range(start, group_end, bound=RECORD_WORDS):
            strike: int256 = convert((record[i] >> 136) & STRIKE_MASK, int256)
            payoff = unsafe_add(payoff, unsafe_mul(slope, unsafe_sub(strike, previous_strike)))
            worst = min(worst, payoff)
            slope += self._quantity(record[i])
            previous_strike = strike
        total += worst
        start = group_end
    return cash_micros * limits.SIGNED_QUANTITY_SCALE + total >= 0


@external
@view
def check_liquidation(
    risk_before: uint256, equity_before: int256, risk_after: uint256, equity_after: int256,
    covered_micros: uint256,
) -> bool:
    """
    @dev Below 2**112 no product here overflows; a report whose risks are larger is absurd.
    """
    assert max(risk_before, risk_after) < MAX_WEIGHT, "liquidation_terms"
    before: int256 = convert(risk_before, int256)
    after: int256 = convert(risk_after, int256)
    # Below the line by so much, of at most the whole requirement: how far the limit has relaxed.
    required: int256 = before * limits.SIGNED_MAINTENANCE_MARGIN_BPS
    shortfall: int256 = required - equity_before * limits.SIGNED_BPS
    assert shortfall > 0, "account_healthy"
    covered: int256 = convert(covered_micros, int256) * limits.SIGNED_QUANTITY_SCALE
    assert after < before or covered > 0, "liquidation_terms"
    # The insurance fund makes an account whole that has nothing left, and no more.
    assert covered == 0 or (after == 0 and equity_after == 0), "liquidation_terms"
    # Partial first: no more is closed than it takes, at the marks and whatever the price was.
    assert (
        equity_before * limits.SIGNED_BPS <= after * limits.SIGNED_LIQUIDATION_TARGET_BPS
    ), "liquidation_terms"
    cost: int256 = equity_before + covered - equity_after
    assert (
        # Where nothing is required, nothing may be lost.
        cost * max(required, 1) * limits.SIGNED_BPS
        <= (before - after) * min(shortfall, required) * limits.SIGNED_LIQUIDATION_COST_BPS
    ), "liquidation_terms"
    return True


@internal
@pure
def _quantity(position: uint256) -> int256:
    low: uint256 = position & LOW_128
    if low >> 127 == 1:
        return convert(low, int256) - 2**128
    return convert(low, int256)
