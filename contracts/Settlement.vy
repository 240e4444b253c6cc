# pragma version 0.4.3
"""
@title Settlement: the gatekeeper between trade intent and settlement finality
@notice A batch is one uniform-price auction and one transaction. It lands whole or not at all, and
        the first broken rule names itself in the revert; `offbeat.rulebook.apply` is the same
        function in Python, in the same order. An account is a record that lives off storage: only
        its hash stands here, and the batch brings the record as a witness.
@dev Quantities and prices travel as two's complement in `uint256`, so that they pack, add and
     multiply without conversion. The payload is read in place, word by word: memory would cost by
     its declared bound. `docs/protocol.md` has the layout.
"""

from interfaces import IAuthority
from interfaces import ICertifier
from interfaces import IExpiry
from interfaces import IForced
from interfaces import IHealth
from interfaces import IOracle
from interfaces import IReasons
from interfaces import IVault
from lib import batch_rows
from lib import ecdsa
from lib import limits
from lib import packed_scan
from lib import reasons
from lib import symbols
from lib import type_hashes

event BatchSettled:
    number: indexed(uint256)
    payload_hash: indexed(bytes32)
    lander: indexed(address)
    fees_micros: uint256

struct Header:
    number: uint256
    time: uint256
    not_after: uint256
    report_time: uint256
    n_underlyings: uint256
    n_rows: uint256
    n_credits: uint256
    n_accounts: uint256

struct Signed:
    head: uint256
    terms: uint256
    third: uint256
    fourth: uint256
    r: uint256
    vs: uint256

struct Progress:
    number: uint256
    time: uint256
    report_time: uint256
    certified_time: uint256

WORD: constant(uint256) = 32
# Selector, four offsets and four lengths of `settle`'s arguments.
CALL_BYTES: constant(uint256) = 4 + 8 * WORD
HEADER_BYTES: constant(uint256) = 96
ACTION_BYTES: constant(uint256) = 192
MAX_TAIL_WORDS: constant(uint256) = 2 * limits.MAX_LANES + 2 * limits.MAX_PARTIALS
RECORD_WORDS: constant(uint256) = 2 + limits.MAX_ENTRIES + MAX_TAIL_WORDS

LOW_7: constant(uint256) = (1 << 7) - 1
LOW_8: constant(uint256) = (1 << 8) - 1
LOW_16: constant(uint256) = (1 << 16) - 1
LOW_32: constant(uint256) = (1 << 32) - 1
LOW_40: constant(uint256) = (1 << 40) - 1
LOW_48: constant(uint256) = (1 << 48) - 1
LOW_56: constant(uint256) = (1 << 56) - 1
LOW_64: constant(uint256) = (1 << 64) - 1
LOW_80: constant(uint256) = (1 << 80) - 1
LOW_128: constant(uint256) = (1 << 128) - 1
HIGH_128: constant(uint256) = LOW_128 << 128
MARK: constant(uint256) = LOW_64 << 64
# Four lanes of 64 bits. An entry is a row (8 bits) and a quantity (56).
LANES: constant(uint256) = 1 + (1 << 64) + (1 << 128) + (1 << 192)
SPREAD: constant(uint256) = LOW_16 * LANES
ROW_LANES: constant(uint256) = LOW_8 * LANES
QUANTITY_LANES: constant(uint256) = LOW_56 * LANES
LIFTED_LANES: constant(uint256) = LANES << 8
# Rows 128 to 131 where there is no entry.
PADDING_ROWS: constant(uint256) = (
    (128 << 248) + (129 << 184) + (130 << 120) + (131 << 56)
)
SIGN_16: constant(uint256) = 1 << 15
SIGN_64: constant(uint256) = 1 << 63
SIGN_128: constant(uint256) = 1 << 127

# A record's words: header, cash, positions; then lanes and partly filled orders, two words each.
POSITIONS_AT: constant(uint256) = 2
# The five counts of a section's head, a byte each: added to this, one above its bound carries into
# its top bit.
COUNTS_HEADROOM: constant(uint256) = (
    ((127 - limits.MAX_LANES) << 32)
    + ((127 - limits.MAX_PARTIALS) << 24)
    + ((127 - limits.MAX_ENTRIES) << 16)
    + ((127 - limits.MAX_ACTIONS) << 8)
    + (127 - LIQUIDATE)
)
COUNTS_TOP: constant(uint256) = 128 * (1 + (1 << 8) + (1 << 16) + (1 << 24) + (1 << 32))
LIFT: constant(uint256) = 1 << 200
# Of every three bits the lowest and the lower two, of every six the lower three.
LOW_OF_3: constant(uint256) = ((1 << 129) - 1) // 7
LOW_TWO_OF_3: constant(uint256) = 3 * LOW_OF_3
LOW_HALF_OF_6: constant(uint256) = 7 * (((1 << 132) - 1) // 63)

SPOT: constant(uint256) = 0
PUT: constant(uint256) = 2
KIND_HASHES: constant(bytes32[3]) = [keccak256("spot"), keccak256("call"), keccak256("put")]

ORDER: constant(uint256) = 1
CANCEL: constant(uint256) = 2
WITHDRAW: constant(uint256) = 3
TRANSFER: constant(uint256) = 4
DELEGATE: constant(uint256) = 5
CREDIT: constant(uint256) = 6

STATIC: constant(uint256) = 0
SCAN: constant(uint256) = 1
REDUCE: constant(uint256) = 2
HOLD: constant(uint256) = 3
LIQUIDATE: constant(uint256) = 4
# A bit for each mode: those that ask for the scan, and those that ask what it said before.
SCANNING: constant(uint256) = (1 << SCAN) | (1 << REDUCE) | (1 << LIQUIDATE)
COMPARING: constant(uint256) = (1 << REDUCE) | (1 << LIQUIDATE)

NANOS_PER_MICRO: constant(uint256) = 1000
CASH_SCALE: constant(int256) = limits.SIGNED_QUANTITY_SCALE
SCOPE_ORDER: constant(uint256) = 1
# In a credit's head: it comes from the insurance fund.
COVER: constant(uint256) = 1

CHAIN_ID: immutable(uint256)
SEPARATOR: immutable(bytes32)
CASH: immutable(uint256)
SEQUENCERS: public(immutable(address))
ORACLE: public(immutable(address))
EXPIRY: public(immutable(address))
VAULT: public(immutable(address))
AUTHORITY: public(immutable(address))
FORCED: public(immutable(address))
HEALTH: public(immutable(address))
REASONS: public(immutable(address))

head: public(bytes32)
packed_progress: uint256
commitments: public(HashMap[uint256, bytes32])


@deploy
def __init__(
    sequencers: address, oracle: address, expiry: address, vault: address, authority: address,
    forced: address, health: address, reasons_texts: address, cash_symbol: bytes5,
):
    """
    @param sequencers The certifier of batches.
    """
    CHAIN_ID = chain.id
    SEPARATOR = self._new_separator()
    CASH = convert(cash_symbol, uint256)
    SEQUENCERS = sequencers
    ORACLE = oracle
    EXPIRY = expiry
    VAULT = vault
    AUTHORITY = authority
    FORCED = forced
    HEALTH = health
    REASONS = reasons_texts


# ------------------------------------------------------------------------------------------
# Outside batches


@external
@view
def progress() -> Progress:
    """
    @return The number, time and report time of the last batch, and the time of the last certified.
    """
    return self._progress()


@external
@view
def domain_separator() -> bytes32:
    """
    @return The EIP-712 domain separator of this contract on this chain.
    """
    return self._separator()


# ------------------------------------------------------------------------------------------
# Parts of a batch


@internal
@view
def _progress() -> Progress:
    packed: uint256 = self.packed_progress
    return Progress(
        number=packed >> 120,
        time=(packed >> 40) & LOW_40,
        report_time=packed & LOW_40,
        certified_time=(packed >> 80) & LOW_40,
    )


@internal
@view
def _separator() -> bytes32:
    # After a chain split the cached value names the other chain: signatures must not cross.
    if chain.id == CHAIN_ID:
        return SEPARATOR
    return self._new_separator()


@internal
@view
def _new_separator() -> bytes32:
    return keccak256(
        abi_encode(type_hashes.DOMAIN, keccak256("Offbeat"), keccak256("1"), chain.id, self)
    )


@internal
@pure
def _digest(separator: bytes32, struct_hash: bytes32) -> bytes32:
    return keccak256(concat(x"1901", separator, struct_hash))


@internal
@pure
def _instrument_hash(instrument: uint256, symbol_hash: bytes32) -> bytes32:
    return keccak256(
        abi_encode(
            type_hashes.INSTRUMENT,
            symbol_hash,
            KIND_HASHES[instrument & LOW_8],
            (instrument >> 56) & LOW_32,
            (instrument >> 8) & LOW_48,
        )
    )


@internal
@view
def _refuse(code: uint256):
    never: bool = staticcall IReasons(REASONS).refuse(code)


@internal
@pure
def _padded(length: uint256) -> uint256:
    return (length + WORD - 1) // WORD * WORD


@internal
@view
def _open(word: uint256) -> Header:
    """
    @notice Unpack the header and check everything that depends on time and order alone.
    """
    header: Header = Header(
        number=word >> 208,
        time=(word >> 168) & LOW_40,
        not_after=(word >> 128) & LOW_40,
        report_time=(word >> 88) & LOW_40,
        n_underlyings=(word >> 80) & LOW_8,
        n_rows=(word >> 72) & LOW_8,
        n_credits=(word >> 64) & LOW_8,
        n_accounts=(word >> 56) & LOW_8,
    )
    last: Progress = self._progress()
    if header.number != last.number + 1:
        self._refuse(reasons.BATCH_NUMBER)
    if header.time > header.not_after:
        self._refuse(reasons.BATCH_LIFE)
    if header.not_after - header.time > limits.MAX_BATCH_LIFE_SECONDS:
        self._refuse(reasons.BATCH_LIFE)
    if not (last.time <= header.time and header.time <= block.timestamp):
        self._refuse(reasons.BATCH_EARLY)
    if block.timestamp > header.not_after:
        self._refuse(reasons.BATCH_LATE)
    if not (
        header.n_underlyings <= limits.MAX_UNDERLYINGS
        and header.n_rows <= limits.MAX_ROWS
        and header.n_credits <= limits.MAX_CREDITS
        and header.n_accounts <= limits.MAX_ACCOUNTS
    ):
        self._refuse(reasons.PAYLOAD_BOUNDS)
    if header.report_time == 0:
        return header
    if header.report_time > header.time:
        self._refuse(reasons.REPORT_EARLY)
    if header.not_after > header.report_time + limits.REPORT_MAX_AGE_SECONDS:
        self._refuse(reasons.REPORT_STALE)
    if header.report_time < last.report_time:
        self._refuse(reasons.REPORT_OLDER)
    return header


@internal
@view
def _check_instrument(instrument: uint256):
    # A spot has neither expiry nor strike, an option both.
    kind: uint256 = instrument & LOW_8
    is_valid: bool = (instrument >> 8) & LOW_80 == 0
    if kind != SPOT:
        is_valid = (
            kind <= PUT and (instrument >> 56) & LOW_32 != 0 and (instrument >> 8) & LOW_48 != 0
        )
    if not is_valid:
        self._refuse(reasons.ROW_INSTRUMENT)


@internal
@view
def _check_symbol(underlyings: uint256[limits.MAX_UNDERLYINGS], symbol: uint256):
    for underlying: uint256 in underlyings:
        if underlying >> 216 == symbol:
            if symbol != 0:
                return
    self._refuse(reasons.ROW_INSTRUMENT)


@internal
@view
def _check_delegate(owner: address, signer: address, until: uint256):
    if signer == empty(address):
        self._refuse(reasons.SIGNATURE_INVALID)
    if not staticcall IAuthority(AUTHORITY).permits(owner, signer, SCOPE_ORDER, until):
        self._refuse(reasons.SIGNER_UNAUTHORISED)


@internal
@pure
def _book_of(
    books: packed_scan.Book[limits.MAX_UNDERLYINGS], n_books: uint256, symbol: uint256
) -> uint256:
    for b: uint256 in range(n_books, bound=limits.MAX_UNDERLYINGS):
        if books[b].symbol == symbol:
            return b
    raise  # Every listed row's underlying has a book.


@internal
@pure
def _weighed(
    books: packed_scan.Book[limits.MAX_UNDERLYINGS], n_books: uint256,
    underlyings: uint256[limits.MAX_UNDERLYINGS], cash: int256,
) -> (uint256, int256):
    """
    @notice An account's risk and equity, in 1e-12 of the quote currency.
    """
    risk: uint256 = 0
    equity: int256 = unsafe_mul(cash, CASH_SCALE)
    for b: uint256 in range(n_books, bound=limits.MAX_UNDERLYINGS):
        book_risk: uint256 = 0
        value: int256 = 0
        book_risk, value = packed_scan.weighed(books[b], underlyings)
        risk = unsafe_add(risk, book_risk)
        equity = unsafe_add(equity, value)
    return risk, equity


@internal
@pure
def _deficit(risk: uint256, equity: int256) -> int256:
    return unsafe_sub(
        convert(unsafe_mul(risk, limits.INITIAL_MARGIN_BPS), int256),
        unsafe_mul(equity, limits.SIGNED_BPS),
    )


@internal
@view
def _check_positions(record: uint256[RECORD_WORDS], end: uint256):
    for i: uint256 in range(POSITIONS_AT, end, bound=RECORD_WORDS):
        quantity: uint256 = self._quantity(record[i])
        if unsafe_add(quantity, limits.MAX_QUANTITY_MICROS) > 2 * limits.MAX_QUANTITY_MICROS:
            self._refuse(reasons.POSITION_BOUNDS)
        if quantity >> 255 == 1:
            if (record[i] >> 128) & LOW_8 == SPOT:
                self._refuse(reasons.SPOT_NEGATIVE)


@internal
@pure
def _quantity(position: uint256) -> uint256:
    return unsafe_sub((position & LOW_128) ^ SIGN_128, SIGN_128)


@internal
@pure
def _count_below(listed: uint256, row: uint256) -> uint256:
    """
    @notice How many of the bits below `row` are set: the entry of a listed row. Rows are below 128.
    """
    bits: uint256 = listed & ~(max_value(uint256) << row)
    # Threes of bits, sixes, and their sum, which is at most 48.
    bits = unsafe_sub(unsafe_sub(bits, (bits >> 1) & LOW_TWO_OF_3), (bits >> 2) & LOW_OF_3)
    return (unsafe_add(bits, bits >> 3) & LOW_HALF_OF_6) % 63


@internal
@pure
def _dense(
    record: uint256[RECORD_WORDS], n_entries: uint256, n_words: uint256
) -> uint256[RECORD_WORDS]:
    """
    @notice A record among whose positions are some of quantity zero, without those.
    """
    dense: uint256[RECORD_WORDS] = record
    n_dense: uint256 = POSITIONS_AT
    for i: uint256 in range(POSITIONS_AT, n_words, bound=RECORD_WORDS):
        if i >= POSITIONS_AT + n_entries or record[i] & LOW_128 != 0:
            dense[n_dense] = record[i]
            n_dense += 1
    return dense


# ------------------------------------------------------------------------------------------
# The batch


@external
@nonreentrant
def settle(
    payload: Bytes[limits.MAX_PAYLOAD_BYTES],
    certificate: Bytes[limits.MAX_CERTIFICATE_BYTES],
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
):
    """
    @notice Apply one batch.
    @param payload The batch, whose hash is certified.
    @param certificate The sequencers' certificate of the payload, empty where none is needed.
    @param attestation The reporters' certificate of the oracle report, empty without a report.
    @param proof Multiproof of the batch's rows against the report's root, as `multiproof` reads it.
    """
    # A batch must stand in a transaction's own calldata: records are rebuilt from there. A key that
    # delegates to code (EIP-7702) could call from that code and be its transaction's origin too.
    if msg.sender != tx.origin or msg.sender.is_contract:
        self._refuse(reasons.LANDER_CONTRACT)
    # Reads past the end of calldata give zeros: what was sent must be exactly what was encoded.
    if len(msg.data) != CALL_BYTES + (
        self._padded(len(payload))
        + self._padded(len(certificate))
        + self._padded(len(attestation))
        + self._padded(len(proof))
    ):
        self._refuse(reasons.CALLDATA_LENGTH)
    if len(payload) % WORD != 0 or len(payload) < HEADER_BYTES:
        self._refuse(reasons.PAYLOAD_LENGTH)
    payload_hash: bytes32 = keccak256(payload)
    if extract32(payload, 0) != self.head:
        self._refuse(reasons.BATCH_PARENT)
    header: Header = self._open(extract32(payload, 32, output_type=uint256))
    settling: uint256 = extract32(payload, 64, output_type=uint256)
    separator: bytes32 = self._separator()
    # Where sequencers let people wait too long, the vault stands in for them.
    certifier: address = SEQUENCERS
    if len(certificate) == 0:
        certifier = VAULT
    if not staticcall ICertifier(certifier).verify(
        self._digest(separator, keccak256(abi_encode(type_hashes.BATCH, payload_hash))),
        certificate,
    ):
        self._refuse(reasons.CERTIFICATE_INVALID)
    has_report: bool = header.report_time != 0

    # Underlyings
    at: uint256 = HEADER_BYTES + header.n_underlyings * WORD
    row_bytes: uint256 = WORD
    if has_report:
        row_bytes = 2 * WORD
    size: uint256 = len(payload)
    if at + header.n_rows * row_bytes + header.n_credits * 2 * WORD > size:
        self._refuse(reasons.PAYLOAD_LENGTH)
    underlyings: uint256[limits.MAX_UNDERLYINGS] = empty(uint256[limits.MAX_UNDERLYINGS])
    word: uint256 = 0
    for u: uint256 in range(header.n_underlyings, bound=limits.MAX_UNDERLYINGS):
        previous: uint256 = word
        word = extract32(payload, HEADER_BYTES + u * WORD, output_type=uint256)
        if word >> 216 <= previous >> 216:
            self._refuse(reasons.SYMBOL_INVALID)
        underlyings[u] = word

    # Credits: inbox items now, transfers as they come
    n_credits: uint256 = header.n_credits
    n_claimed: uint256 = 0
    credit_heads: uint256[limits.MAX_CREDITS] = empty(uint256[limits.MAX_CREDITS])
    credit_micros: uint256[limits.MAX_CREDITS] = empty(uint256[limits.MAX_CREDITS])
    for credit: uint256 in range(n_credits, bound=limits.MAX_CREDITS):
        credit_heads[credit] = extract32(payload, at, output_type=uint256)
        credit_micros[credit] = extract32(payload, at + WORD, output_type=uint256)
        at += 2 * WORD
    # What somebody has forced into the queue long enough ago.
    due: bytes32 = extcall IVault(VAULT).begin_batch(
        underlyings, header.n_underlyings, credit_heads, credit_micros, n_credits, header.time
    )
    for credit: uint256 in range(n_credits, bound=limits.MAX_CREDITS):
        credit_micros[credit] >>= 128

    # Rows
    table: batch_rows.Row[limits.MAX_ROWS] = empty(batch_rows.Row[limits.MAX_ROWS])
    symbol: uint256 = max_value(uint256)
    word = 0
    for row: uint256 in range(header.n_rows, bound=limits.MAX_ROWS):
        previous: uint256 = word
        word = extract32(payload, at, output_type=uint256)
        table[row].word = word
        if has_report:
            table[row].risk = extract32(payload, unsafe_add(at, WORD), output_type=uint256)
        at = unsafe_add(at, row_bytes)
        if word >> 128 <= previous >> 128:
            self._refuse(reasons.ROWS_UNSORTED)
        self._check_instrument(word >> 128)
        if word >> 216 != symbol:
            symbol = word >> 216
            self._check_symbol(underlyings, symbol)
    if settling != 0:
        if not staticcall IExpiry(EXPIRY).can_settle(table, header.n_rows, settling):
            self._refuse(reasons.ROW_UNSETTLED)
    if has_report:
        if not staticcall IOracle(ORACLE).check_report(
            separator,
            header.report_time,
            underlyings,
            header.n_underlyings,
            table,
            header.n_rows,
            attestation,
            proof,
        ):
            self._refuse(reasons.REPORT_QUORUM)

    # Accounts
    instrument_hashes: bytes32[limits.MAX_ROWS] = empty(bytes32[limits.MAX_ROWS])
    hashed_symbol: uint256 = 0
    symbol_hash: bytes32 = empty(bytes32)
    nets: uint256[limits.MAX_ROWS] = empty(uint256[limits.MAX_ROWS])
    pool_micros: int256 = 0
    payments: DynArray[IVault.Payment, limits.MAX_WITHDRAWALS] = []
    record: uint256[RECORD_WORDS] = empty(uint256[RECORD_WORDS])
    books: packed_scan.Book[limits.MAX_UNDERLYINGS] = empty(
        packed_scan.Book[limits.MAX_UNDERLYINGS]
    )
    leg_hashes: bytes32[limits.MAX_LEGS] = empty(bytes32[limits.MAX_LEGS])
    for _account: uint256 in range(header.n_accounts, bound=limits.MAX_ACCOUNTS):
        if unsafe_add(at, 2 * WORD) > size:
            self._refuse(reasons.PAYLOAD_LENGTH)
        word = extract32(payload, at, output_type=uint256)
        counts: uint256 = (word >> 24) & LOW_40
        if (counts | unsafe_add(counts, COUNTS_HEADROOM)) & COUNTS_TOP != 0:
            self._refuse(reasons.PAYLOAD_BOUNDS)
        account: uint256 = word >> 64
        n_lanes: uint256 = counts >> 32
        n_partials: uint256 = (counts >> 24) & LOW_8
        n_entries: uint256 = (counts >> 16) & LOW_8
        n_actions: uint256 = (counts >> 8) & LOW_8
        mode: uint256 = counts & LOW_8
        cash: int256 = extract32(payload, unsafe_add(at, WORD), output_type=int256)
        at = unsafe_add(at, 2 * WORD)
        entries_at: uint256 = unsafe_add(at, unsafe_add(n_lanes, n_partials) << 6)
        actions_at: uint256 = unsafe_add(entries_at, (unsafe_add(n_entries, 3) >> 2) << 5)
        if unsafe_add(actions_at, unsafe_mul(n_actions, ACTION_BYTES)) > size:
            self._refuse(reasons.PAYLOAD_LENGTH)

        # The witness: positions, four to a word, into their underlying's book where the scan will ask
        # for it. `book` is the one at hand, whose place among all is `book_at`.
        scans: bool = (SCANNING >> mode) & 1 == 1
        n_zeros: uint256 = n_entries
        listed: uint256 = 0
        padding: uint256 = 0
        next_row: uint256 = 0
        n_books: uint256 = 0
        book: packed_scan.Book = empty(packed_scan.Book)
        record_at: uint256 = POSITIONS_AT
        left: uint256 = n_entries
        for _: uint256 in range(unsafe_add(n_entries, 3) >> 2, bound=limits.MAX_ENTRIES // 4):
            entries: uint256 = extract32(
                payload, unsafe_add(entries_at, unsafe_sub(record_at, POSITIONS_AT) << 3),
                output_type=uint256,
            )
            if left < 4:
                # Entries that are none hold nothing, and name rows beyond all others.
                unused: uint256 = max_value(uint256) >> (left << 6)
                entries = (entries & ~unused) | (PADDING_ROWS & unused)
                padding = (16 - (1 << left)) << 128
            # Each row is at least one more than the one before it: in lanes of 64 bits, lifted by
            # 256, no difference falls below that.
            rows: uint256 = (entries >> 56) & ROW_LANES
            if (
                unsafe_sub(rows | LIFTED_LANES, (unsafe_add(rows, LANES) >> 64) | (next_row << 192))
                & LIFTED_LANES
            ) != LIFTED_LANES:
                self._refuse(reasons.ENTRY_ROW)
            next_row = unsafe_add(rows & LOW_8, 1)
            listed |= (
                (1 << (rows >> 192))
                | (1 << ((rows >> 128) & LOW_8))
                | (1 << ((rows >> 64) & LOW_8))
                | (1 << (rows & LOW_8))
            )
            # A lane that is not zero carries into its top byte.
            n_zeros = unsafe_sub(
                n_zeros,
                unsafe_mul(
                    (unsafe_add(entries & QUANTITY_LANES, QUANTITY_LANES) >> 56) & LANES, LANES
                ) >> 192,
            )
            table_0: batch_rows.Row = table[(entries >> 248) & LOW_7]
            table_1: batch_rows.Row = table[(entries >> 184) & LOW_7]
            table_2: batch_rows.Row = table[(entries >> 120) & LOW_7]
            table_3: batch_rows.Row = table[(entries >> 56) & LOW_7]
            # The shift of a signed number keeps its sign.
            held_0: uint256 = convert(
                convert(convert(convert(entries << 8, bytes32), int256) >> 200, bytes32), uint256
            )
            held_1: uint256 = convert(
                convert(convert(convert(entries << 72, bytes32), int256) >> 200, bytes32), uint256
            )
            held_2: uint256 = convert(
                convert(convert(convert(entries << 136, bytes32), int256) >> 200, bytes32), uint256
            )
            held_3: uint256 = convert(
                convert(convert(convert(entries << 200, bytes32), int256) >> 200, bytes32), uint256
            )
            record[record_at] = (table_0.word & HIGH_128) | (held_0 & LOW_128)
            record[unsafe_add(record_at, 1)] = (table_1.word & HIGH_128) | (held_1 & LOW_128)
            record[unsafe_add(record_at, 2)] = (table_2.word & HIGH_128) | (held_2 & LOW_128)
            record[unsafe_add(record_at, 3)] = (table_3.word & HIGH_128) | (held_3 & LOW_128)
            if scans:
                if header.n_underlyings == 1 or (
                    left >= 4 and table_0.word >> 216 == table_3.word >> 216
                ):
                    if table_0.word >> 216 != book.symbol:
                        if book.symbol != 0:
                            books[n_books] = book
                            n_books += 1
                        book = empty(packed_scan.Book)
                        book.symbol = table_0.word >> 216
                    # As `packed_scan.moved`, four at once.
                    book.a = unsafe_add(
                        book.a,
                        unsafe_add(
                            unsafe_add(
                                unsafe_mul(table_0.risk & SPREAD, held_0),
                                unsafe_mul(table_1.risk & SPREAD, held_1),
                            ),
                            unsafe_add(
                                unsafe_mul(table_2.risk & SPREAD, held_2),
                                unsafe_mul(table_3.risk & SPREAD, held_3),
                            ),
                        ),
                    )
                    book.b = unsafe_add(
                        book.b,
                        unsafe_add(
                            unsafe_add(
                                unsafe_mul((table_0.risk >> 16) & SPREAD, held_0),
                                unsafe_mul((table_1.risk >> 16) & SPREAD, held_1),
                            ),
                            unsafe_add(
                                unsafe_mul((table_2.risk >> 16) & SPREAD, held_2),
                                unsafe_mul((table_3.risk >> 16) & SPREAD, held_3),
                            ),
                        ),
                    )
                    book.c = unsafe_add(
                        book.c,
                        unsafe_add(
                            unsafe_add(
                                unsafe_mul((table_0.risk >> 32) & SPREAD, held_0),
                                unsafe_mul((table_1.risk >> 32) & SPREAD, held_1),
                            ),
                            unsafe_add(
                                unsafe_mul((table_2.risk >> 32) & SPREAD, held_2),
                                unsafe_mul((table_3.risk >> 32) & SPREAD, held_3),
                            ),
                        ),
                    )
                    book.d = unsafe_add(
                        book.d,
                        unsafe_add(
                            unsafe_add(
                                unsafe_mul((table_0.risk >> 48) & SPREAD, held_0),
                                unsafe_mul((table_1.risk >> 48) & SPREAD, held_1),
                            ),
                            unsafe_add(
                                unsafe_mul((table_2.risk >> 48) & SPREAD, held_2),
                                unsafe_mul((table_3.risk >> 48) & SPREAD, held_3),
                            ),
                        ),
                    )
                    value: uint256 = unsafe_add(
                        unsafe_add(
                            unsafe_mul(table_0.word & MARK, held_0),
                            unsafe_mul(table_1.word & MARK, held_1),
                        ),
                        unsafe_add(
                            unsafe_mul(table_2.word & MARK, held_2),
                            unsafe_mul(table_3.word & MARK, held_3),
                        ),
                    )
                    book.worth = unsafe_add(
                        unsafe_add(book.worth, value << 64),
                        unsafe_add(unsafe_add(held_0, held_1), unsafe_add(held_2, held_3)),
                    )
                    negative: uint256 = (entries >> 55) & LANES
                    book.shorts = unsafe_add(
                        book.shorts,
                        unsafe_mul(
                            unsafe_sub(negative << 56, entries & unsafe_mul(negative, LOW_56)), LANES
                        ) >> 192,
                    )
                else:
                    rows_of: batch_rows.Row[4] = [table_0, table_1, table_2, table_3]
                    held_of: uint256[4] = [held_0, held_1, held_2, held_3]
                    for i: uint256 in range(min(left, 4), bound=4):
                        if rows_of[i].word >> 216 != book.symbol:
                            if book.symbol != 0:
                                books[n_books] = book
                                n_books += 1
                            book = empty(packed_scan.Book)
                            book.symbol = rows_of[i].word >> 216
                        book = packed_scan.moved(book, rows_of[i], 0, held_of[i])
            record_at = unsafe_add(record_at, 4)
            left = unsafe_sub(left, 4)
        if listed >> header.n_rows != padding >> header.n_rows:
            self._refuse(reasons.ENTRY_ROW)
        book_at: uint256 = n_books
        if book.symbol != 0:
            n_books = unsafe_add(n_books, 1)

        # The witness: lanes and partly filled orders
        lanes_at: uint256 = unsafe_add(n_entries, POSITIONS_AT)
        n_words: uint256 = lanes_at
        for _: uint256 in range(unsafe_add(n_lanes, n_partials), bound=MAX_TAIL_WORDS // 2):
            record[n_words] = extract32(payload, at, output_type=uint256)
            record[unsafe_add(n_words, 1)] = extract32(
                payload, unsafe_add(at, WORD), output_type=uint256
            )
            n_words = unsafe_add(n_words, 2)
            at = unsafe_add(at, 2 * WORD)
        at = actions_at
        record[0] = (
            (account << 64)
            | (n_lanes << 16)
            | (unsafe_sub(n_entries, n_zeros) << 8)
            | n_partials
        )
        record[1] = convert(convert(cash, bytes32), uint256)
        committed: bytes32 = self.commitments[account]
        if committed == empty(bytes32):
            # Nobody signs for the zero address, so it never gets a record.
            if (record[0] & LOW_64) | record[1] != 0 or account >> 32 == 0:
                self._refuse(reasons.WITNESS_MISMATCH)
        elif n_zeros == 0:
            if committed != keccak256(slice(abi_encode(record), 0, n_words << 5)):
                self._refuse(reasons.WITNESS_MISMATCH)
        elif committed != keccak256(
            slice(
                abi_encode(self._dense(record, n_entries, n_words)),
                0,
                unsafe_sub(n_words, n_zeros) << 5,
            )
        ):
            self._refuse(reasons.WITNESS_MISMATCH)

        if settling != 0:
            entry_rows: uint256[limits.MAX_ENTRIES] = empty(uint256[limits.MAX_ENTRIES])
            instruments: uint256[limits.MAX_ENTRIES] = empty(uint256[limits.MAX_ENTRIES])
            held: uint256[limits.MAX_ENTRIES] = empty(uint256[limits.MAX_ENTRIES])
            entries: uint256 = 0
            for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
                if i & 3 == 0:
                    entries = extract32(
                        payload, unsafe_add(entries_at, i << 3), output_type=uint256
                    )
                entry_rows[i] = entries >> 248
                entries <<= 64
                word = record[unsafe_add(i, POSITIONS_AT)]
                instruments[i] = word >> 128
                held[i] = self._quantity(word)
            cash, held = extcall IExpiry(EXPIRY).settle(
                settling, entry_rows, instruments, held, n_entries, cash
            )
            n_zeros = 0
            for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
                word = record[unsafe_add(i, POSITIONS_AT)]
                record[unsafe_add(i, POSITIONS_AT)] = (word & HIGH_128) | (held[i] & LOW_128)
                if held[i] == 0:
                    n_zeros += 1
                if scans:
                    if word >> 216 != book.symbol:
                        books[book_at] = book
                        book_at = self._book_of(books, n_books, word >> 216)
                        book = books[book_at]
                    book = packed_scan.moved(
                        book, table[entry_rows[i]], self._quantity(word), held[i]
                    )
        cash_before: int256 = cash
        risk_before: uint256 = 0
        equity_before: int256 = 0
        covered_micros: uint256 = 0
        if (COMPARING >> mode) & 1 == 1:
            books[book_at] = book
            risk_before, equity_before = self._weighed(books, n_books, underlyings, cash)
            if mode == LIQUIDATE:
                if staticcall IHealth(HEALTH).passes_static(record, lanes_at, cash):
                    self._refuse(reasons.ACCOUNT_HEALTHY)
        gave_away: bool = False
        recheck: bool = False

        # What its owner signed
        for _action: uint256 in range(n_actions, bound=limits.MAX_ACTIONS):
            signed: Signed = abi_decode(slice(payload, at, ACTION_BYTES), Signed)
            at = unsafe_add(at, ACTION_BYTES)
            kind: uint256 = signed.head >> 248
            fee: uint256 = (signed.head >> 104) & LOW_64
            nonce: uint256 = (signed.terms >> 64) & LOW_64
            digest: bytes32 = empty(bytes32)
            opened: uint256 = 0

            # A partly filled order is known by its nonce
            known: uint256 = 0
            if n_partials != 0 and mode != LIQUIDATE:
                if unsafe_sub(kind, ORDER) <= CANCEL - ORDER:
                    for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
                        partial_at: uint256 = unsafe_add(lanes_at, unsafe_add(n_lanes, i) << 1)
                        if record[partial_at] >> 192 == nonce:
                            known = partial_at
                            break
            forgotten: uint256 = 0

            if kind == ORDER:
                n_legs: uint256 = (signed.head >> 232) & LOW_8
                fill: uint256 = (signed.head >> 168) & LOW_64
                # A liquidation is an order that nobody signed, and it only ever reduces.
                reduce_only: uint256 = ((signed.head >> 240) | (mode >> 2)) & 1
                if unsafe_sub(n_legs, 1) >= limits.MAX_LEGS:
                    self._refuse(reasons.LEG_INVALID)
                legs: uint256 = signed.head << 152
                price: uint256 = 0
                next_row = 0
                for leg: uint256 in range(n_legs, bound=limits.MAX_LEGS):
                    at_row: uint256 = legs >> 248
                    ratio: uint256 = unsafe_sub(((legs >> 232) & LOW_16) ^ SIGN_16, SIGN_16)
                    legs <<= 24
                    if at_row >= header.n_rows:
                        self._refuse(reasons.LEG_INVALID)
                    if ratio == 0:
                        self._refuse(reasons.LEG_INVALID)
                    if unsafe_add(ratio, limits.MAX_RATIO) > 2 * limits.MAX_RATIO:
                        self._refuse(reasons.LEG_INVALID)
                    row: batch_rows.Row = table[at_row]
                    # Rows ascend by instrument, so legs do where their rows do.
                    if at_row < next_row:
                        self._refuse(reasons.LEG_INVALID)
                    if row.word >> 216 != symbol:
                        if next_row != 0:
                            self._refuse(reasons.LEG_INVALID)
                        symbol = row.word >> 216
                    next_row = unsafe_add(at_row, 1)
                    # Spot has expiry zero, which becomes the latest of all.
                    if unsafe_sub((row.word >> 184) & LOW_32, 1) < header.not_after:
                        self._refuse(reasons.LEG_EXPIRED)
                    instrument_hash: bytes32 = instrument_hashes[at_row]
                    if instrument_hash == empty(bytes32):
                        if symbol != hashed_symbol:
                            hashed_symbol = symbol
                            symbol_hash = symbols.text_hash(symbol)
                        instrument_hash = self._instrument_hash(row.word >> 128, symbol_hash)
                        instrument_hashes[at_row] = instrument_hash
                    leg_hashes[leg] = keccak256(
                        abi_encode(type_hashes.LEG, instrument_hash, ratio)
                    )
                    price = unsafe_add(
                        price, unsafe_mul(ratio, unsafe_sub((row.word & LOW_64) ^ SIGN_64, SIGN_64))
                    )

                    # What the account holds of it afterwards
                    if (listed >> at_row) & 1 == 0:
                        self._refuse(reasons.ENTRY_MISSING)
                    # As `_count_below`, in line.
                    bits: uint256 = listed & ~(max_value(uint256) << at_row)
                    bits = unsafe_sub(
                        unsafe_sub(bits, (bits >> 1) & LOW_TWO_OF_3), (bits >> 2) & LOW_OF_3
                    )
                    position_at: uint256 = unsafe_add(
                        POSITIONS_AT, (unsafe_add(bits, bits >> 3) & LOW_HALF_OF_6) % 63
                    )
                    word = record[position_at]
                    before: uint256 = unsafe_sub((word & LOW_128) ^ SIGN_128, SIGN_128)
                    delta: uint256 = unsafe_mul(ratio, fill)
                    after: uint256 = unsafe_add(before, delta)
                    if reduce_only == 1:
                        if before >> 255 == 0:
                            if after > before:
                                self._refuse(reasons.REDUCE_ONLY)
                        elif after != 0:
                            if after < before:
                                self._refuse(reasons.REDUCE_ONLY)
                    nets[at_row] = unsafe_add(nets[at_row], delta)
                    record[position_at] = (word & HIGH_128) | (after & LOW_128)
                    if before == 0:
                        n_zeros = unsafe_sub(n_zeros, 1)
                    if after == 0:
                        n_zeros = unsafe_add(n_zeros, 1)
                    # Whether bounds hold is asked of what all actions together leave.
                    if unsafe_add(after, limits.MAX_QUANTITY_MICROS) > 2 * limits.MAX_QUANTITY_MICROS:
                        recheck = True
                    if after >> 255 == 1:
                        if (row.word >> 128) & LOW_8 == SPOT:
                            recheck = True
                    if scans:
                        if symbol != book.symbol:
                            books[book_at] = book
                            book_at = self._book_of(books, n_books, symbol)
                            book = books[book_at]
                        # As `packed_scan.moved`, in line.
                        book.a = unsafe_add(book.a, unsafe_mul(row.risk & SPREAD, delta))
                        book.b = unsafe_add(book.b, unsafe_mul((row.risk >> 16) & SPREAD, delta))
                        book.c = unsafe_add(book.c, unsafe_mul((row.risk >> 32) & SPREAD, delta))
                        book.d = unsafe_add(book.d, unsafe_mul((row.risk >> 48) & SPREAD, delta))
                        book.worth = unsafe_add(
                            book.worth, unsafe_mul(((row.word & MARK) << 64) | 1, delta)
                        )
                        if before >> 255 == 1:
                            book.shorts = unsafe_add(book.shorts, before)
                        if after >> 255 == 1:
                            book.shorts = unsafe_sub(book.shorts, after)
                    elif mode == HOLD:
                        if delta >> 255 == 1 or (row.word >> 128) & LOW_8 != SPOT:
                            gave_away = True
                quantity: uint256 = signed.terms >> 192
                min_fill: uint256 = (signed.terms >> 128) & LOW_64
                if unsafe_sub(quantity, 1) >= limits.MAX_QUANTITY_MICROS:
                    self._refuse(reasons.QUANTITY_INVALID)
                if min_fill > quantity:
                    self._refuse(reasons.QUANTITY_INVALID)
                if (
                    quantity % limits.LOT_MICROS
                    | min_fill % limits.LOT_MICROS
                    | fill % limits.LOT_MICROS
                ) != 0:
                    self._refuse(reasons.QUANTITY_INVALID)
                if (signed.third >> 64) & LOW_64 > header.time:
                    self._refuse(reasons.NOT_YET_VALID)
                if header.not_after > signed.third & LOW_64:
                    self._refuse(reasons.EXPIRED)
                if n_legs == 2:
                    digest = keccak256(abi_encode(leg_hashes[0], leg_hashes[1]))
                elif n_legs == 1:
                    digest = keccak256(leg_hashes[0])
                elif n_legs == 3:
                    digest = keccak256(abi_encode(leg_hashes[0], leg_hashes[1], leg_hashes[2]))
                else:
                    digest = keccak256(abi_encode(leg_hashes))
                limit: uint256 = unsafe_sub((signed.third >> 128) ^ SIGN_128, SIGN_128)
                digest = keccak256(
                    concat(
                        x"1901",
                        separator,
                        keccak256(
                            abi_encode(
                                type_hashes.ORDER,
                                account >> 32,
                                account & LOW_32,
                                digest,
                                quantity,
                                min_fill,
                                limit,
                                nonce,
                                (signed.third >> 64) & LOW_64,
                                signed.third & LOW_64,
                                signed.fourth >> 128,
                                signed.fourth & LOW_128,
                                signed.terms & LOW_64,
                                reduce_only,
                            )
                        ),
                    )
                )
                signer: address = ecdsa.recover(digest, signed.r, signed.vs)
                if signer != convert(account >> 32, address):
                    if mode != LIQUIDATE:
                        self._check_delegate(
                            convert(account >> 32, address), signer, header.not_after
                        )
                if fill == 0:
                    self._refuse(reasons.BELOW_MIN_FILL)

                remaining: uint256 = quantity
                if known != 0:
                    if record[unsafe_add(known, 1)] != convert(digest, uint256):
                        self._refuse(reasons.NONCE_SPENT)
                    remaining -= (record[known] >> 128) & LOW_64
                if fill > remaining:
                    self._refuse(reasons.OVERFILLED)
                if digest == due:
                    if fill == remaining:
                        due = empty(bytes32)
                if fill < min_fill:
                    if fill < remaining:
                        self._refuse(reasons.BELOW_MIN_FILL)
                if fee > unsafe_div(unsafe_mul(signed.terms & LOW_64, fill), quantity):
                    self._refuse(reasons.FEE_ABOVE_MAX)
                if signed.fourth != 0:
                    if not has_report:
                        self._refuse(reasons.REPORT_MISSING)
                    spot: uint256 = 0
                    for underlying: uint256 in underlyings:
                        if underlying >> 216 == symbol:
                            spot = (underlying >> 152) & LOW_64
                    if spot < signed.fourth >> 128:
                        self._refuse(reasons.MARKET_CONDITION)
                    if signed.fourth & LOW_128 != 0:
                        if spot > signed.fourth & LOW_128:
                            self._refuse(reasons.MARKET_CONDITION)
                excess: uint256 = unsafe_sub(price, unsafe_mul(limit, NANOS_PER_MICRO))
                if convert(convert(excess, bytes32), int256) > limits.SIGNED_LIMIT_TOLERANCE_NANOS:
                    self._refuse(reasons.LIMIT_VIOLATED)
                # Rounded up at the price, down at the limit: never more than limit * fill, not by one
                # unit. Lifted by a multiple of the divisor, both quotients of negative numbers round
                # as they should; the products stay below 2**170.
                at_price: uint256 = unsafe_div(
                    unsafe_add(
                        unsafe_mul(price, fill), LIFT * limits.PRICE_SCALE + limits.PRICE_SCALE - 1
                    ),
                    limits.PRICE_SCALE,
                )
                at_limit: uint256 = unsafe_div(
                    unsafe_add(unsafe_mul(limit, fill), LIFT * limits.QUANTITY_SCALE),
                    limits.QUANTITY_SCALE,
                )
                if at_limit < at_price:
                    at_price = at_limit
                pay: int256 = convert(convert(unsafe_sub(at_price, LIFT), bytes32), int256)
                cash = unsafe_sub(cash, pay)
                pool_micros = unsafe_add(pool_micros, pay)

                # The nonce is spent by the first fill; what is left is remembered
                if known == 0:
                    if fill < quantity:
                        opened = (nonce << 192) | (fill << 128) | ((signed.third & LOW_64) << 64)
                elif fill < remaining:
                    record[known] += fill << 128
                else:
                    forgotten = known
            else:
                spot_row: uint256 = (signed.head >> 240) & LOW_8
                spot_delta: uint256 = 0
                if kind == CREDIT:
                    credit: uint256 = (signed.head >> 232) & LOW_8
                    if credit >= n_credits or credit_heads[credit] >> 64 != account:
                        self._refuse(reasons.CREDIT_UNKNOWN)
                    if credit_heads[credit] & COVER != 0:
                        if mode != LIQUIDATE:
                            self._refuse(reasons.CREDIT_UNKNOWN)
                        covered_micros = unsafe_add(covered_micros, credit_micros[credit])
                    symbol = (credit_heads[credit] >> 24) & LOW_40
                    if symbol == CASH:
                        cash += convert(credit_micros[credit], int256)
                    else:
                        if spot_row >= header.n_rows or table[spot_row].word >> 128 != symbol << 88:
                            self._refuse(reasons.ASSET_UNKNOWN)
                        spot_delta = credit_micros[credit]
                    credit_heads[credit] = 0
                    n_claimed += 1
                else:
                    if kind < CANCEL or kind > DELEGATE or mode == LIQUIDATE:
                        self._refuse(reasons.ACTION_UNKNOWN)
                    amount: uint256 = signed.fourth >> 128
                    if kind == WITHDRAW or kind == TRANSFER:
                        if amount == 0 or amount > limits.MAX_DEPOSIT_MICROS or signed.third >> 96 == 0:
                            self._refuse(reasons.AMOUNT_INVALID)
                        symbol = (signed.third >> 56) & LOW_40
                        if kind == TRANSFER or symbol == CASH:
                            cash -= convert(amount, int256)
                        else:
                            if spot_row >= header.n_rows or table[spot_row].word >> 128 != symbol << 88:
                                self._refuse(reasons.ASSET_UNKNOWN)
                            spot_delta = unsafe_sub(0, amount)
                    if header.not_after > (signed.terms >> 128) & LOW_64:
                        self._refuse(reasons.EXPIRED)
                    digest = extcall IAuthority(AUTHORITY).authorise(
                        separator, kind, account, signed.terms, signed.third, amount, signed.r, signed.vs, header.not_after
                    )
                    if digest == due:
                        due = empty(bytes32)
                    if fee > signed.terms & LOW_64:
                        self._refuse(reasons.FEE_ABOVE_MAX)
                    if kind == WITHDRAW:
                        if len(payments) >= limits.MAX_WITHDRAWALS:
                            self._refuse(reasons.PAYLOAD_BOUNDS)
                        payments.append(
                            IVault.Payment(
                                account=convert(signed.third >> 96, address),
                                symbol=symbol,
                                amount_micros=amount,
                            )
                        )
                    elif kind == TRANSFER:
                        if n_credits >= limits.MAX_CREDITS:
                            self._refuse(reasons.PAYLOAD_BOUNDS)
                        credit_heads[n_credits] = ((signed.third >> 64) << 64) | (CASH << 24)
                        if account >> 32 == limits.INSURANCE_OWNER:
                            credit_heads[n_credits] |= COVER
                        credit_micros[n_credits] = amount
                        n_credits += 1
                    forgotten = known
                if spot_delta != 0:
                    if (listed >> spot_row) & 1 == 0:
                        self._refuse(reasons.ENTRY_MISSING)
                    position_at: uint256 = POSITIONS_AT + self._count_below(listed, spot_row)
                    word = record[position_at]
                    before: uint256 = self._quantity(word)
                    after: uint256 = unsafe_add(before, spot_delta)
                    record[position_at] = (word & HIGH_128) | (after & LOW_128)
                    if before == 0:
                        n_zeros -= 1
                    if after == 0:
                        n_zeros += 1
                    recheck = True
                    if scans:
                        if symbol != book.symbol:
                            books[book_at] = book
                            book_at = self._book_of(books, n_books, symbol)
                            book = books[book_at]
                        book = packed_scan.moved(book, table[spot_row], before, after)
                    elif spot_delta >> 255 == 1:
                        gave_away = True
                if kind == CREDIT:
                    continue

            fee_micros: int256 = convert(convert(fee, bytes32), int256)
            cash = unsafe_sub(cash, fee_micros)
            pool_micros = unsafe_add(pool_micros, fee_micros)
            if forgotten != 0:
                # The last one takes its place.
                n_partials = unsafe_sub(n_partials, 1)
                n_words = unsafe_sub(n_words, 2)
                record[forgotten] = record[n_words]
                record[unsafe_add(forgotten, 1)] = record[unsafe_add(n_words, 1)]
            if known == 0 and mode != LIQUIDATE:
                lane: uint256 = nonce >> limits.LANE_SHIFT
                if lane >= n_lanes:
                    if lane != n_lanes or lane == limits.MAX_LANES:
                        self._refuse(reasons.NONCE_LANE)
                    # A new lane pushes the partly filled orders back.
                    for i: uint256 in range(2 * n_partials, bound=2 * limits.MAX_PARTIALS):
                        record[unsafe_sub(unsafe_add(n_words, 1), i)] = record[
                            unsafe_sub(unsafe_sub(n_words, 1), i)
                        ]
                    record[n_words - 2 * n_partials] = 0
                    record[n_words - 2 * n_partials + 1] = 0
                    n_lanes += 1
                    n_words = unsafe_add(n_words, 2)
                floor_at: uint256 = unsafe_add(lanes_at, lane << 1)
                bitmap_at: uint256 = unsafe_add(floor_at, 1)
                offset: uint256 = unsafe_sub(nonce & LOW_56, record[floor_at])
                if offset < limits.LANE_WINDOW:
                    bit: uint256 = 1 << offset
                    word = record[bitmap_at]
                    if word & bit != 0:
                        self._refuse(reasons.NONCE_SPENT)
                    record[bitmap_at] = word | bit
                elif offset >> 255 == 1:
                    self._refuse(reasons.NONCE_SPENT)
                else:
                    # The window slides: partly filled orders below it are cancelled with the rest.
                    slide: uint256 = offset - (limits.LANE_WINDOW - 1)
                    record[floor_at] += slide
                    word = 0
                    if slide < limits.LANE_WINDOW:
                        word = record[bitmap_at] >> slide
                    record[bitmap_at] = word | (1 << (limits.LANE_WINDOW - 1))
                    partials_at: uint256 = lanes_at + 2 * n_lanes
                    kept_at: uint256 = partials_at
                    for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
                        partial_at: uint256 = unsafe_add(partials_at, i << 1)
                        other: uint256 = record[partial_at] >> 192
                        if other >> limits.LANE_SHIFT != lane or other & LOW_56 >= record[floor_at]:
                            record[kept_at] = record[partial_at]
                            record[unsafe_add(kept_at, 1)] = record[unsafe_add(partial_at, 1)]
                            kept_at += 2
                    n_words = kept_at
                    n_partials = (kept_at - partials_at) // 2
                if opened != 0:
                    if n_partials == limits.MAX_PARTIALS:
                        for i: uint256 in range(limits.MAX_PARTIALS):
                            partial_at: uint256 = unsafe_add(lanes_at, unsafe_add(n_lanes, i) << 1)
                            if (record[partial_at] >> 64) & LOW_64 < header.time:
                                n_partials = unsafe_sub(n_partials, 1)
                                n_words = unsafe_sub(n_words, 2)
                                record[partial_at] = record[n_words]
                                record[unsafe_add(partial_at, 1)] = record[unsafe_add(n_words, 1)]
                                break
                    if n_partials >= limits.MAX_PARTIALS:
                        self._refuse(reasons.PARTIALS_FULL)
                    record[n_words] = opened
                    record[unsafe_add(n_words, 1)] = convert(digest, uint256)
                    n_partials = unsafe_add(n_partials, 1)
                    n_words = unsafe_add(n_words, 2)

        # What they leave
        if recheck:
            self._check_positions(record, lanes_at)
        n_positions: uint256 = unsafe_sub(n_entries, n_zeros)
        if n_positions > limits.MAX_POSITIONS:
            n_options: uint256 = 0
            for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
                word = record[unsafe_add(i, POSITIONS_AT)]
                if word & LOW_128 != 0:
                    if (word >> 128) & LOW_8 != SPOT:
                        n_options += 1
            if n_options > limits.MAX_POSITIONS:
                self._refuse(reasons.POSITION_BOUNDS)
        if (
            unsafe_add(convert(convert(cash, bytes32), uint256), limits.MAX_CASH_MICROS)
            > 2 * limits.MAX_CASH_MICROS
        ):
            self._refuse(reasons.CASH_BOUNDS)
        if cash < 0:
            if cash < cash_before:
                self._refuse(reasons.CASH_NEGATIVE)

        # Health
        if scans:
            if not has_report:
                self._refuse(reasons.REPORT_MISSING)
            risk: uint256 = 0
            equity: int256 = 0
            if n_books <= 1:
                risk, equity = packed_scan.weighed(book, underlyings)
                equity = unsafe_add(equity, unsafe_mul(cash, CASH_SCALE))
            else:
                books[book_at] = book
                risk, equity = self._weighed(books, n_books, underlyings, cash)
            if mode == SCAN:
                if convert(
                    convert(unsafe_mul(risk, limits.INITIAL_MARGIN_BPS), bytes32), int256
                ) > unsafe_mul(equity, limits.SIGNED_BPS):
                    self._refuse(reasons.UNHEALTHY)
            elif mode == REDUCE:
                if self._deficit(risk, equity) >= self._deficit(risk_before, equity_before):
                    self._refuse(reasons.UNHEALTHY)
            else:
                assert staticcall IHealth(HEALTH).check_liquidation(
                    risk_before, equity_before, risk, equity, covered_micros
                )
        elif mode == STATIC:
            if not staticcall IHealth(HEALTH).passes_static(record, lanes_at, cash):
                self._refuse(reasons.UNHEALTHY)
        elif gave_away or cash < cash_before:
            self._refuse(reasons.UNHEALTHY)

        record[0] = (account << 64) | (n_lanes << 16) | (n_positions << 8) | n_partials
        record[1] = convert(convert(cash, bytes32), uint256)
        if n_zeros != 0:
            record = self._dense(record, n_entries, n_words)
            n_words = unsafe_sub(n_words, n_zeros)
        self.commitments[account] = keccak256(slice(abi_encode(record), 0, n_words << 5))

    # What must hold for the batch as a whole
    if at != size:
        self._refuse(reasons.PAYLOAD_LENGTH)
    if n_claimed != n_credits:
        self._refuse(reasons.CREDIT_UNCLAIMED)
    for row: uint256 in range(header.n_rows, bound=limits.MAX_ROWS):
        if nets[row] != 0:
            self._refuse(reasons.INSTRUMENT_UNBALANCED)
    if pool_micros < 0:
        self._refuse(reasons.CASH_UNBALANCED)
    if due != empty(bytes32):
        if not staticcall IForced(FORCED).may_pass(due, table, header.n_rows):
            self._refuse(reasons.INBOX_DUE)

    self.head = payload_hash
    word = self.packed_progress
    certified_time: uint256 = header.time
    if len(certificate) == 0:
        certified_time = (word >> 80) & LOW_40
    self.packed_progress = (
        (header.number << 120)
        | (certified_time << 80)
        | (header.time << 40)
        | max(header.report_time, word & LOW_40)
    )
    fees_micros: uint256 = convert(pool_micros, uint256)
    log BatchSettled(
        number=header.number, payload_hash=payload_hash, lander=msg.sender,
        fees_micros=fees_micros,
    )
    extcall IVault(VAULT).end_batch(msg.sender, fees_micros, payments)
