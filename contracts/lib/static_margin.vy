# pragma version 0.4.3
"""
@title The static margin test
@notice What the account may lose at expiry at the worst price, exactly. The payoff of one expiry
        is piecewise linear in the price, so its minimum is at zero, at a strike or at infinity;
        spot covers short calls expiry by expiry, each unit once. Twin of `offbeat.margin`.
@dev Nothing overflows: 48 quantities below 2**41 times strikes below 2**48.
"""

from lib import limits

# Of Settlement's account record.
RECORD_WORDS: constant(uint256) = (
    2 + limits.MAX_ENTRIES + 2 * limits.MAX_LANES + 2 * limits.MAX_PARTIALS
)
STRIKE_MASK: constant(uint256) = limits.MAX_STRIKE_MICROS
LOW_128: constant(uint256) = (1 << 128) - 1
SPOT: constant(uint256) = 0
CALL: constant(uint256) = 1


@internal
@pure
def _quantity(position: uint256) -> int256:
    low: uint256 = position & LOW_128
    if low >> 127 == 1:
        return convert(low, int256) - 2**128
    return convert(low, int256)


@internal
@pure
def worst_loss(record: uint256[RECORD_WORDS], first: uint256, n: uint256) -> (bool, int256):
    """
    @param record From word `first` to before word `n`: instrument id in the high, quantity in the
           low 128 bits, in ascending order. A quantity may be zero.
    @return Whether the loss is bounded, and the worst result at expiry (never positive), in 1e-12
            of the quote currency.
    """
    total: int256 = 0
    spot: int256 = 0
    symbol: uint256 = 0
    start: uint256 = first
    for _: uint256 in range(limits.MAX_ENTRIES):
        if start == n:
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
        end: uint256 = start
        for i: uint256 in range(start, n, bound=RECORD_WORDS):
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
            end += 1
        cover: int256 = max(0, -calls)
        if cover > spot:
            return False, 0
        spot -= cover
        slope += cover

        worst: int256 = min(0, payoff)
        previous_strike: int256 = 0
        for i: uint256 in range(start, end, bound=RECORD_WORDS):
            strike: int256 = convert((record[i] >> 136) & STRIKE_MASK, int256)
            payoff = unsafe_add(payoff, unsafe_mul(slope, unsafe_sub(strike, previous_strike)))
            worst = min(worst, payoff)
            slope += self._quantity(record[i])
            previous_strike = strike
        total += worst
        start = end
    return True, total
