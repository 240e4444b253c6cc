# pragma version 0.4.3
"""
@title Sixteen scenarios in four words
@notice A risk word holds sixteen losses of 16 bits, biased by 32,768. Word k of the spread takes
        those at lanes k, k+4, k+8, k+12 and gives each 64 bits, so that one multiplication by a
        quantity works on four scenarios. Sums are exact in two's complement of the whole word:
        a lane's magnitude stays below 48 * 2**41 * 2**16 < 2**63.
"""

from lib import batch_rows
from lib import limits

struct Book:
    # What an account holds of one underlying: its symbol; the sixteen sums of quantity * loss,
    # losses biased, in `a` (scenarios 0, 4, 8, 12) to `d`; the sum of
    # quantity * (mark * 2**128 + 1), so value and net quantity in one; the short options.
    symbol: uint256
    a: uint256
    b: uint256
    c: uint256
    d: uint256
    worth: uint256
    shorts: uint256

LANES: constant(uint256) = 1 + (1 << 64) + (1 << 128) + (1 << 192)
SPREAD: constant(uint256) = ((1 << 16) - 1) * LANES
RISK_BIAS: constant(uint256) = 32768 * LANES
LANE_BIAS: constant(uint256) = (1 << 62) * LANES
TOP_BITS: constant(uint256) = (1 << 63) * LANES
LOW_32: constant(uint256) = (1 << 32) - 1
LOW_64: constant(uint256) = (1 << 64) - 1
MARK: constant(uint256) = LOW_64 << 64
LOW_128: constant(uint256) = (1 << 128) - 1
SIGN_128: constant(uint256) = 1 << 127


@internal
@pure
def moved(book: Book, row: batch_rows.Row, before: uint256, after: uint256) -> Book:
    """
    @notice The book with `after` of a row's instrument where it has `before`.
    """
    result: Book = book
    delta: uint256 = unsafe_sub(after, before)
    result.a = unsafe_add(book.a, unsafe_mul(row.risk & SPREAD, delta))
    result.b = unsafe_add(book.b, unsafe_mul((row.risk >> 16) & SPREAD, delta))
    result.c = unsafe_add(book.c, unsafe_mul((row.risk >> 32) & SPREAD, delta))
    result.d = unsafe_add(book.d, unsafe_mul((row.risk >> 48) & SPREAD, delta))
    result.worth = unsafe_add(
        book.worth, unsafe_mul(((row.word & MARK) << 64) | 1, delta)
    )
    if before >> 255 == 1:
        result.shorts = unsafe_add(result.shorts, before)
    if after >> 255 == 1:
        result.shorts = unsafe_sub(result.shorts, after)
    return result


@internal
@pure
def weighed(
    book: Book, underlyings: uint256[limits.MAX_UNDERLYINGS]
) -> (uint256, int256):
    """
    @notice The risk of a book, and what it is worth, in 1e-12 of the quote currency.
    """
    net: uint256 = unsafe_sub((book.worth & LOW_128) ^ SIGN_128, SIGN_128)
    rebias: uint256 = unsafe_sub(LANE_BIAS, unsafe_mul(RISK_BIAS, net))
    one: uint256 = unsafe_add(book.a, rebias)
    two: uint256 = unsafe_add(book.b, rebias)
    # Lane by lane the larger of two words whose lanes have a clear top bit: the top bit of `one`,
    # with it set, less `two` survives exactly where `one` is not less. In line, four times: a call
    # would cost as much as this.
    mask: uint256 = unsafe_mul((unsafe_sub(one | TOP_BITS, two) & TOP_BITS) >> 63, LOW_64)
    left: uint256 = two ^ ((one ^ two) & mask)
    one = unsafe_add(book.c, rebias)
    two = unsafe_add(book.d, rebias)
    mask = unsafe_mul((unsafe_sub(one | TOP_BITS, two) & TOP_BITS) >> 63, LOW_64)
    two = two ^ ((one ^ two) & mask)
    mask = unsafe_mul((unsafe_sub(left | TOP_BITS, two) & TOP_BITS) >> 63, LOW_64)
    one = two ^ ((left ^ two) & mask)
    two = one >> 128
    mask = unsafe_mul((unsafe_sub(one | TOP_BITS, two) & TOP_BITS) >> 63, LOW_64)
    two = two ^ ((one ^ two) & mask)
    # Where all sixteen are gains the risk is zero.
    worst: uint256 = max(max(two & LOW_64, (two >> 64) & LOW_64), 1 << 62)
    worst = unsafe_sub(worst, 1 << 62)
    risk: uint256 = 0
    for underlying: uint256 in underlyings:
        if underlying >> 216 == book.symbol:
            least: uint256 = unsafe_mul(book.shorts, (underlying >> 56) & LOW_32)
            risk = unsafe_mul(max(worst, least), (underlying >> 88) & LOW_64)
            break
    return risk, convert(convert(unsafe_sub(book.worth, net), bytes32), int256) >> 128

