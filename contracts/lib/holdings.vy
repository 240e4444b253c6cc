# pragma version 0.4.3
"""
@title What an account holds, outside a batch
@notice The cash and positions of an account record, moved and weighed one at a time: for a
        question about one account, where Settlement works on many.
"""

from lib import batch_rows
from lib import limits
from lib import packed_scan

struct Holdings:
    cash: int256
    # Positions as in a record, from word 2 to before word `end`; a quantity may be zero.
    words: uint256[RECORD_WORDS]
    end: uint256

struct Weight:
    # In 1e-12 of the quote currency.
    risk: uint256
    equity: int256

RECORD_WORDS: constant(uint256) = (
    2 + limits.MAX_ENTRIES + 2 * limits.MAX_LANES + 2 * limits.MAX_PARTIALS
)
POSITIONS_AT: constant(uint256) = 2
SPOT: constant(uint256) = 0
LOW_8: constant(uint256) = (1 << 8) - 1
LOW_128: constant(uint256) = (1 << 128) - 1
SIGN_128: constant(uint256) = 1 << 127


@internal
@pure
def opened(record: DynArray[uint256, RECORD_WORDS]) -> Holdings:
    """
    @param record The words of an account record.
    """
    own: Holdings = empty(Holdings)
    own.cash = convert(convert(record[1], bytes32), int256)
    own.end = POSITIONS_AT + ((record[0] >> 8) & LOW_8)
    for i: uint256 in range(POSITIONS_AT, own.end, bound=RECORD_WORDS):
        own.words[i] = record[i]
    return own


@internal
@pure
def quantity_in(word: uint256) -> int256:
    """
    @notice The quantity in a position's word.
    """
    return convert(convert(unsafe_sub((word & LOW_128) ^ SIGN_128, SIGN_128), bytes32), int256)


@internal
@pure
def quantity_of(own: Holdings, instrument: uint256) -> int256:
    """
    @notice What is held of an instrument.
    """
    for i: uint256 in range(POSITIONS_AT, own.end, bound=RECORD_WORDS):
        if own.words[i] >> 128 == instrument:
            return self.quantity_in(own.words[i])
    return 0


@internal
@pure
def moved(own: Holdings, instrument: uint256, delta: int256) -> Holdings:
    """
    @notice The same with `delta` more of an instrument.
    """
    result: Holdings = own
    at: uint256 = own.end
    for i: uint256 in range(POSITIONS_AT, own.end, bound=RECORD_WORDS):
        if own.words[i] >> 128 >= instrument:
            at = i
            break
    quantity: int256 = delta
    if at != own.end and own.words[at] >> 128 == instrument:
        quantity += self.quantity_in(own.words[at])
    else:
        for i: uint256 in range(at, own.end, bound=RECORD_WORDS):
            result.words[i + 1] = own.words[i]
        result.end += 1
    low: uint256 = convert(convert(quantity, bytes32), uint256) & LOW_128
    result.words[at] = (instrument << 128) | low
    return result


@internal
@pure
def is_bounded(own: Holdings, cash_before: int256) -> bool:
    """
    @notice Whether positions and cash keep the bounds that a batch asks for.
    @param cash_before What the account had before it acted: cash may stay negative, not fall.
    """
    n_options: uint256 = 0
    for i: uint256 in range(POSITIONS_AT, own.end, bound=RECORD_WORDS):
        quantity: int256 = self.quantity_in(own.words[i])
        if abs(quantity) > convert(limits.MAX_QUANTITY_MICROS, int256):
            return False
        if (own.words[i] >> 128) & LOW_8 == SPOT:
            if quantity < 0:
                return False
        elif quantity != 0:
            n_options += 1
    return (
        n_options <= limits.MAX_POSITIONS
        and abs(own.cash) <= limits.SIGNED_MAX_CASH_MICROS
        and (own.cash >= 0 or own.cash >= cash_before)
    )


@internal
@pure
def weighed(
    own: Holdings, table: batch_rows.Row[limits.MAX_ROWS], n_rows: uint256,
    underlyings: uint256[limits.MAX_UNDERLYINGS],
) -> Weight:
    """
    @notice The scan's risk and the equity of what is held.
    @param table Rows of a report, ascending by instrument: all that are held must be among them.
    """
    total: Weight = Weight(risk=0, equity=own.cash * limits.SIGNED_QUANTITY_SCALE)
    book: packed_scan.Book = empty(packed_scan.Book)
    row: uint256 = 0
    for i: uint256 in range(POSITIONS_AT, own.end, bound=RECORD_WORDS):
        instrument: uint256 = own.words[i] >> 128
        quantity: int256 = self.quantity_in(own.words[i])
        if quantity == 0:
            continue
        for _: uint256 in range(limits.MAX_ROWS):
            if row == n_rows or table[row].word >> 128 >= instrument:
                break
            row += 1
        assert row != n_rows and table[row].word >> 128 == instrument, "entry_missing"
        if instrument >> 88 != book.symbol:
            total = self._with_book(total, book, underlyings)
            book = empty(packed_scan.Book)
            book.symbol = instrument >> 88
        book = packed_scan.moved(book, table[row], 0, convert(convert(quantity, bytes32), uint256))
    return self._with_book(total, book, underlyings)


@internal
@pure
def deficit(weight: Weight) -> int256:
    """
    @notice What is missing to initial margin, where it is positive; 1e-16 of the quote currency.
    """
    return (
        convert(weight.risk * limits.INITIAL_MARGIN_BPS, int256)
        - weight.equity * limits.SIGNED_BPS
    )


@internal
@pure
def _with_book(
    total: Weight, book: packed_scan.Book, underlyings: uint256[limits.MAX_UNDERLYINGS]
) -> Weight:
    if book.symbol == 0:
        return total
    is_listed: bool = False
    for underlying: uint256 in underlyings:
        if underlying >> 216 == book.symbol:
            is_listed = True
    assert is_listed, "symbol_invalid"
    risk: uint256 = 0
    value: int256 = 0
    risk, value = packed_scan.weighed(book, underlyings)
    return Weight(risk=total.risk + risk, equity=total.equity + value)
