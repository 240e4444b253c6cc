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
from interfaces import IOracle
from interfaces import IVault
from lib import ecdsa
from lib import limits
from lib import nonce_window
from lib import packed_scan
from lib import reasons
from lib import rounding
from lib import static_margin
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

struct Progress:
    number: uint256
    time: uint256
    report_time: uint256

WORD: constant(uint256) = 32
# Selector, five offsets and five lengths of `settle`'s arguments.
CALL_BYTES: constant(uint256) = 4 + 10 * WORD
HEADER_BYTES: constant(uint256) = 96
ACTION_BYTES: constant(uint256) = 192
MAX_HELD: constant(uint256) = limits.MAX_POSITIONS + limits.MAX_UNDERLYINGS
RECORD_WORDS: constant(uint256) = (
    2 + 2 * limits.MAX_LANES + 2 * limits.MAX_PARTIALS + limits.MAX_ENTRIES
)

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
SIGN_16: constant(uint256) = 1 << 15
SIGN_56: constant(uint256) = 1 << 55
SIGN_64: constant(uint256) = 1 << 63
SIGN_128: constant(uint256) = 1 << 127
SPREAD: constant(uint256) = LOW_16 * (1 + (1 << 64) + (1 << 128) + (1 << 192))

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

PRICE_SCALE: constant(int256) = limits.SIGNED_PRICE_SCALE
QUANTITY_SCALE: constant(int256) = limits.SIGNED_QUANTITY_SCALE
NANOS_PER_MICRO: constant(int256) = 1000
SCOPE_ORDER: constant(uint256) = 1

CHAIN_ID: immutable(uint256)
SEPARATOR: immutable(bytes32)
CASH: immutable(uint256)
SEQUENCERS: public(immutable(address))
ORACLE: public(immutable(address))
EXPIRY: public(immutable(address))
VAULT: public(immutable(address))
AUTHORITY: public(immutable(address))

head: public(bytes32)
packed_progress: uint256
commitments: public(HashMap[uint256, bytes32])


@deploy
def __init__(
    sequencers: address, oracle: address, expiry: address, vault: address, authority: address,
    cash_symbol: bytes5,
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


# ------------------------------------------------------------------------------------------
# Outside batches


@external
@view
def progress() -> Progress:
    """
    @return The number, time and report time of the last batch.
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
        number=packed >> 80, time=(packed >> 40) & LOW_40, report_time=packed & LOW_40
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
def _instrument_hash(instrument: uint256) -> bytes32:
    return keccak256(
        abi_encode(
            type_hashes.INSTRUMENT,
            symbols.text_hash(instrument >> 88),
            KIND_HASHES[instrument & LOW_8],
            (instrument >> 56) & LOW_32,
            (instrument >> 8) & LOW_48,
        )
    )


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
        reasons.refuse(reasons.BATCH_NUMBER)
    if header.time > header.not_after:
        reasons.refuse(reasons.BATCH_LIFE)
    if header.not_after - header.time > limits.MAX_BATCH_LIFE_SECONDS:
        reasons.refuse(reasons.BATCH_LIFE)
    if not (last.time <= header.time and header.time <= block.timestamp):
        reasons.refuse(reasons.BATCH_EARLY)
    if block.timestamp > header.not_after:
        reasons.refuse(reasons.BATCH_LATE)
    if not (
        header.n_underlyings <= limits.MAX_UNDERLYINGS
        and header.n_rows <= limits.MAX_ROWS
        and header.n_credits <= limits.MAX_CREDITS
        and header.n_accounts <= limits.MAX_ACCOUNTS
    ):
        reasons.refuse(reasons.PAYLOAD_BOUNDS)
    if header.report_time == 0:
        return header
    if header.report_time > header.time:
        reasons.refuse(reasons.REPORT_EARLY)
    if header.not_after > header.report_time + limits.REPORT_MAX_AGE_SECONDS:
        reasons.refuse(reasons.REPORT_STALE)
    if header.report_time < last.report_time:
        reasons.refuse(reasons.REPORT_OLDER)
    return header


@internal
@view
def _check_row(
    underlyings: uint256[limits.MAX_UNDERLYINGS], previous: uint256, instrument: uint256
):
    if instrument <= previous:
        reasons.refuse(reasons.ROWS_UNSORTED)
    kind: uint256 = instrument & LOW_8
    if kind == SPOT:
        if (instrument >> 8) & LOW_80 != 0:
            reasons.refuse(reasons.ROW_INSTRUMENT)
    else:
        if kind > PUT:
            reasons.refuse(reasons.ROW_INSTRUMENT)
        if (instrument >> 56) & LOW_32 == 0:
            reasons.refuse(reasons.ROW_INSTRUMENT)
        if (instrument >> 8) & LOW_48 == 0:
            reasons.refuse(reasons.ROW_INSTRUMENT)
    known: bool = False
    for underlying: uint256 in underlyings:
        if underlying >> 216 == instrument >> 88:
            known = underlying != 0
            break
    if not known:
        reasons.refuse(reasons.ROW_INSTRUMENT)


@internal
@pure
def _legs_hash(legs: bytes32[4], n_legs: uint256) -> bytes32:
    if n_legs == 1:
        return keccak256(legs[0])
    if n_legs == 2:
        return keccak256(concat(legs[0], legs[1]))
    if n_legs == 3:
        return keccak256(concat(legs[0], legs[1], legs[2]))
    return keccak256(abi_encode(legs))


@internal
@pure
def _order_hash(
    owner: uint256, index: uint256, legs_hash: bytes32, terms: uint256, limit_times: uint256,
    spot_bounds: uint256, reduce_only: uint256,
) -> bytes32:
    return keccak256(
        abi_encode(
            type_hashes.ORDER,
            owner,
            index,
            legs_hash,
            terms >> 192,
            (terms >> 128) & LOW_64,
            unsafe_sub((limit_times >> 128) ^ SIGN_128, SIGN_128),
            (terms >> 64) & LOW_64,
            (limit_times >> 64) & LOW_64,
            limit_times & LOW_64,
            spot_bounds >> 128,
            spot_bounds & LOW_128,
            terms & LOW_64,
            reduce_only,
        )
    )


@internal
@view
def _check_signer(owner: address, signer: address, until: uint256):
    if signer == empty(address):
        reasons.refuse(reasons.SIGNATURE_INVALID)
    if signer != owner:
        assert staticcall IAuthority(AUTHORITY).permits(
            owner, signer, SCOPE_ORDER, until
        ), "signer_unauthorised"


@internal
@pure
def _pay_micros(price_nanos: int256, limit_micros: int256, fill_micros: int256) -> int256:
    # Rounded up at the price, down at the limit: never more than limit * fill, not by one unit.
    return min(
        rounding.ceil_div(price_nanos * fill_micros, PRICE_SCALE),
        rounding.floor_div(limit_micros * fill_micros, QUANTITY_SCALE),
    )


@internal
@pure
def _commitment(record: uint256[RECORD_WORDS], n_words: uint256) -> bytes32:
    return keccak256(slice(abi_encode(record), 0, n_words * WORD))


# ------------------------------------------------------------------------------------------
# The batch


@external
@nonreentrant
def settle(
    payload: Bytes[limits.MAX_PAYLOAD_BYTES],
    certificate: Bytes[limits.MAX_CERTIFICATE_BYTES],
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: DynArray[bytes32, limits.MAX_PROOF_NODES],
    proof_flags: DynArray[uint256, limits.MAX_PROOF_FLAG_WORDS],
):
    """
    @notice Apply one batch.
    @param payload The batch, whose hash is certified.
    @param certificate The sequencers' certificate of the payload.
    @param attestation The reporters' certificate of the oracle report, empty without a report.
    @param proof Multiproof of the batch's rows against the report's root.
    @param proof_flags Its flags, 256 a word, the first in the lowest bit.
    """
    # A batch must stand in a transaction's own calldata: records are rebuilt from there. A key that
    # delegates to code (EIP-7702) could call from that code and be its transaction's origin too.
    if msg.sender != tx.origin or msg.sender.is_contract:
        reasons.refuse(reasons.LANDER_CONTRACT)
    # Reads past the end of calldata give zeros: what was sent must be exactly what was encoded.
    if len(msg.data) != CALL_BYTES + (
        self._padded(len(payload))
        + self._padded(len(certificate))
        + self._padded(len(attestation))
        + (len(proof) + len(proof_flags)) * WORD
    ):
        reasons.refuse(reasons.CALLDATA_LENGTH)
    if len(payload) % WORD != 0 or len(payload) < HEADER_BYTES:
        reasons.refuse(reasons.PAYLOAD_LENGTH)
    payload_hash: bytes32 = keccak256(payload)
    if extract32(payload, 0) != self.head:
        reasons.refuse(reasons.BATCH_PARENT)
    header: Header = self._open(extract32(payload, 32, output_type=uint256))
    settling: uint256 = extract32(payload, 64, output_type=uint256)
    separator: bytes32 = self._separator()
    assert staticcall ICertifier(SEQUENCERS).verify(
        self._digest(separator, keccak256(abi_encode(type_hashes.BATCH, payload_hash))),
        certificate,
    ), "certificate_invalid"
    has_report: bool = header.report_time != 0

    # Underlyings
    at: uint256 = HEADER_BYTES + header.n_underlyings * WORD
    row_bytes: uint256 = WORD
    if has_report:
        row_bytes = 2 * WORD
    size: uint256 = len(payload)
    if at + header.n_rows * row_bytes + header.n_credits * 2 * WORD > size:
        reasons.refuse(reasons.PAYLOAD_LENGTH)
    underlyings: uint256[limits.MAX_UNDERLYINGS] = empty(uint256[limits.MAX_UNDERLYINGS])
    word: uint256 = 0
    for u: uint256 in range(header.n_underlyings, bound=limits.MAX_UNDERLYINGS):
        previous: uint256 = word
        word = extract32(payload, HEADER_BYTES + u * WORD, output_type=uint256)
        if word >> 216 <= previous >> 216:
            reasons.refuse(reasons.SYMBOL_INVALID)
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
    extcall IVault(VAULT).begin_batch(
        underlyings, header.n_underlyings, credit_heads, credit_micros, n_credits, header.time
    )
    for credit: uint256 in range(n_credits, bound=limits.MAX_CREDITS):
        credit_micros[credit] >>= 128

    # Rows: instrument, mark and clearing price in one word, risk in another
    rows: uint256[limits.MAX_ROWS] = empty(uint256[limits.MAX_ROWS])
    risks: uint256[limits.MAX_ROWS] = empty(uint256[limits.MAX_ROWS])
    word = 0
    for row: uint256 in range(header.n_rows, bound=limits.MAX_ROWS):
        previous: uint256 = word
        word = extract32(payload, at, output_type=uint256)
        rows[row] = word
        if has_report:
            risks[row] = extract32(payload, at + WORD, output_type=uint256)
        at += row_bytes
        self._check_row(underlyings, previous >> 128, word >> 128)
    if settling != 0:
        assert staticcall IExpiry(EXPIRY).can_settle(rows, header.n_rows, settling), "row_unsettled"
    if has_report:
        assert staticcall IOracle(ORACLE).check_report(
            separator,
            header.report_time,
            underlyings,
            header.n_underlyings,
            rows,
            risks,
            header.n_rows,
            attestation,
            proof,
            proof_flags,
        ), "report_quorum"

    # Accounts
    instrument_hashes: bytes32[limits.MAX_ROWS] = empty(bytes32[limits.MAX_ROWS])
    deltas: uint256[limits.MAX_ROWS] = empty(uint256[limits.MAX_ROWS])
    nets: uint256[limits.MAX_ROWS] = empty(uint256[limits.MAX_ROWS])
    pool_micros: int256 = 0
    payments: DynArray[IVault.Payment, limits.MAX_WITHDRAWALS] = []
    record: uint256[RECORD_WORDS] = empty(uint256[RECORD_WORDS])
    floors: uint256[limits.MAX_LANES] = empty(uint256[limits.MAX_LANES])
    bitmaps: uint256[limits.MAX_LANES] = empty(uint256[limits.MAX_LANES])
    partials: uint256[limits.MAX_PARTIALS] = empty(uint256[limits.MAX_PARTIALS])
    partial_hashes: bytes32[limits.MAX_PARTIALS] = empty(bytes32[limits.MAX_PARTIALS])
    entry_rows: uint256[limits.MAX_ENTRIES] = empty(uint256[limits.MAX_ENTRIES])
    before: uint256[limits.MAX_ENTRIES] = empty(uint256[limits.MAX_ENTRIES])
    now: uint256[limits.MAX_ENTRIES] = empty(uint256[limits.MAX_ENTRIES])
    for _account: uint256 in range(header.n_accounts, bound=limits.MAX_ACCOUNTS):
        if at + 2 * WORD > size:
            reasons.refuse(reasons.PAYLOAD_LENGTH)
        word = extract32(payload, at, output_type=uint256)
        owner: uint256 = word >> 96
        index: uint256 = (word >> 64) & LOW_32
        account: uint256 = word >> 64
        n_lanes: uint256 = (word >> 56) & LOW_8
        n_partials: uint256 = (word >> 48) & LOW_8
        n_entries: uint256 = (word >> 40) & LOW_8
        n_actions: uint256 = (word >> 32) & LOW_8
        mode: uint256 = (word >> 24) & LOW_8
        if not (
            n_lanes <= limits.MAX_LANES
            and n_partials <= limits.MAX_PARTIALS
            and n_entries <= limits.MAX_ENTRIES
            and n_actions <= limits.MAX_ACTIONS
            and mode <= HOLD
        ):
            reasons.refuse(reasons.PAYLOAD_BOUNDS)
        cash: int256 = extract32(payload, at + WORD, output_type=int256)
        at += 2 * WORD
        if not (
            at
            + (n_lanes + n_partials) * 2 * WORD
            + (n_entries + 3) // 4 * WORD
            + n_actions * ACTION_BYTES
            <= size
        ):
            reasons.refuse(reasons.PAYLOAD_LENGTH)

        # The witness, hashed as it is unpacked
        n_words: uint256 = 2
        record[1] = convert(convert(cash, bytes32), uint256)
        for lane: uint256 in range(n_lanes, bound=limits.MAX_LANES):
            floors[lane] = extract32(payload, at, output_type=uint256)
            bitmaps[lane] = extract32(payload, at + WORD, output_type=uint256)
            record[n_words] = floors[lane]
            record[n_words + 1] = bitmaps[lane]
            n_words += 2
            at += 2 * WORD
        for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
            partials[i] = extract32(payload, at, output_type=uint256)
            partial_hashes[i] = extract32(payload, at + WORD)
            record[n_words] = partials[i]
            record[n_words + 1] = convert(partial_hashes[i], uint256)
            n_words += 2
            at += 2 * WORD
        n_positions: uint256 = 0
        packed: uint256 = 0
        next_row: uint256 = 0
        for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
            if i & 3 == 0:
                packed = extract32(payload, at, output_type=uint256)
                at = unsafe_add(at, WORD)
            row: uint256 = packed >> 248
            if not (row >= next_row and row < header.n_rows):
                reasons.refuse(reasons.ENTRY_ROW)
            next_row = unsafe_add(row, 1)
            quantity: uint256 = unsafe_sub(((packed >> 192) & LOW_56) ^ SIGN_56, SIGN_56)
            packed <<= 64
            entry_rows[i] = row
            before[i] = quantity
            if quantity != 0:
                record[unsafe_add(n_words, n_positions)] = (rows[row] & HIGH_128) | (
                    quantity & LOW_128
                )
                n_positions = unsafe_add(n_positions, 1)
        record[0] = (account << 64) | (n_lanes << 16) | (n_positions << 8) | n_partials
        committed: bytes32 = self.commitments[account]
        if committed == empty(bytes32):
            # Nobody signs for the zero address, so it never gets a record.
            if not (n_words == 2 and n_positions == 0 and cash == 0 and owner != 0):
                reasons.refuse(reasons.WITNESS_MISMATCH)
        else:
            assert committed == self._commitment(
                record, unsafe_add(n_words, n_positions)
            ), "witness_mismatch"

        if settling != 0:
            for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
                now[i] = rows[entry_rows[i]] >> 128
            cash, before = extcall IExpiry(EXPIRY).settle(
                settling, entry_rows, now, before, n_entries, cash
            )
        cash_before: int256 = cash
        touched: uint256 = 0
        reducing: uint256 = 0

        # What its owner signed
        for _action: uint256 in range(n_actions, bound=limits.MAX_ACTIONS):
            action: uint256 = extract32(payload, at, output_type=uint256)
            terms: uint256 = extract32(payload, at + 32, output_type=uint256)
            third: uint256 = extract32(payload, at + 64, output_type=uint256)
            fourth: uint256 = extract32(payload, at + 96, output_type=uint256)
            kind: uint256 = action >> 248
            fee: uint256 = (action >> 104) & LOW_64
            nonce: uint256 = (terms >> 64) & LOW_64
            fresh: bool = True
            struct_hash: bytes32 = empty(bytes32)
            opened: uint256 = 0

            if kind == CREDIT:
                credit: uint256 = (action >> 232) & LOW_8
                if credit >= n_credits or credit_heads[credit] >> 64 != account:
                    reasons.refuse(reasons.CREDIT_UNKNOWN)
                symbol: uint256 = (credit_heads[credit] >> 24) & LOW_40
                if symbol == CASH:
                    cash += convert(credit_micros[credit], int256)
                else:
                    row: uint256 = (action >> 240) & LOW_8
                    if row >= header.n_rows or rows[row] >> 128 != symbol << 88:
                        reasons.refuse(reasons.ASSET_UNKNOWN)
                    deltas[row] = unsafe_add(deltas[row], credit_micros[credit])
                    nets[row] = unsafe_sub(nets[row], credit_micros[credit])
                    touched |= 1 << row
                credit_heads[credit] = 0
                n_claimed += 1
                at += ACTION_BYTES
                continue

            if kind == ORDER:
                n_legs: uint256 = (action >> 232) & LOW_8
                fill: uint256 = (action >> 168) & LOW_64
                reduce_only: uint256 = (action >> 240) & 1
                if not (n_legs != 0 and n_legs <= limits.MAX_LEGS):
                    reasons.refuse(reasons.LEG_INVALID)
                leg_hashes: bytes32[4] = empty(bytes32[4])
                price: uint256 = 0
                last_id: uint256 = 0
                for leg: uint256 in range(n_legs, bound=limits.MAX_LEGS):
                    packed_leg: uint256 = action >> (80 - 24 * leg)
                    row: uint256 = (packed_leg >> 16) & LOW_8
                    ratio: uint256 = unsafe_sub((packed_leg & LOW_16) ^ SIGN_16, SIGN_16)
                    if row >= header.n_rows:
                        reasons.refuse(reasons.LEG_INVALID)
                    if ratio == 0:
                        reasons.refuse(reasons.LEG_INVALID)
                    if unsafe_add(ratio, limits.MAX_RATIO) > 2 * limits.MAX_RATIO:
                        reasons.refuse(reasons.LEG_INVALID)
                    id: uint256 = rows[row] >> 128
                    if leg != 0:
                        if not (id > last_id and id >> 88 == last_id >> 88):
                            reasons.refuse(reasons.LEG_INVALID)
                    last_id = id
                    if id & LOW_8 != SPOT:
                        if (id >> 56) & LOW_32 <= header.not_after:
                            reasons.refuse(reasons.LEG_EXPIRED)
                    if instrument_hashes[row] == empty(bytes32):
                        instrument_hashes[row] = self._instrument_hash(id)
                    leg_hashes[leg] = keccak256(
                        abi_encode(type_hashes.LEG, instrument_hashes[row], ratio)
                    )
                    price = unsafe_add(
                        price,
                        unsafe_mul(ratio, unsafe_sub((rows[row] & LOW_64) ^ SIGN_64, SIGN_64)),
                    )
                    deltas[row] = unsafe_add(deltas[row], unsafe_mul(ratio, fill))
                    touched |= 1 << row
                    reducing |= reduce_only << row
                quantity: uint256 = terms >> 192
                min_fill: uint256 = (terms >> 128) & LOW_64
                if not (0 < quantity and quantity <= limits.MAX_QUANTITY_MICROS):
                    reasons.refuse(reasons.QUANTITY_INVALID)
                if min_fill > quantity:
                    reasons.refuse(reasons.QUANTITY_INVALID)
                if not (
                    quantity % limits.LOT_MICROS == 0
                    and min_fill % limits.LOT_MICROS == 0
                    and fill % limits.LOT_MICROS == 0
                ):
                    reasons.refuse(reasons.QUANTITY_INVALID)
                if (third >> 64) & LOW_64 > header.time:
                    reasons.refuse(reasons.NOT_YET_VALID)
                if header.not_after > third & LOW_64:
                    reasons.refuse(reasons.EXPIRED)
                struct_hash = self._order_hash(
                    owner, index, self._legs_hash(leg_hashes, n_legs), terms, third, fourth,
                    reduce_only,
                )
                struct_hash = self._digest(separator, struct_hash)
                self._check_signer(
                    convert(owner, address),
                    ecdsa.recover(
                        struct_hash,
                        extract32(payload, at + 128, output_type=uint256),
                        extract32(payload, at + 160, output_type=uint256),
                    ),
                    header.not_after,
                )
                if fill == 0:
                    reasons.refuse(reasons.BELOW_MIN_FILL)

                # A partly filled order is known by its nonce and its hash
                remaining: uint256 = quantity
                for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
                    if partials[i] >> 192 == nonce:
                        if partial_hashes[i] != struct_hash:
                            reasons.refuse(reasons.NONCE_SPENT)
                        fresh = False
                        remaining -= (partials[i] >> 128) & LOW_64
                        if fill > remaining:
                            reasons.refuse(reasons.OVERFILLED)
                        if fill == remaining:
                            n_partials -= 1
                            partials[i] = partials[n_partials]
                            partial_hashes[i] = partial_hashes[n_partials]
                        else:
                            partials[i] += fill << 128
                        break
                if fill > remaining:
                    reasons.refuse(reasons.OVERFILLED)
                if fill < min(min_fill, remaining):
                    reasons.refuse(reasons.BELOW_MIN_FILL)
                if fee > (terms & LOW_64) * fill // quantity:
                    reasons.refuse(reasons.FEE_ABOVE_MAX)
                if fourth != 0:
                    if not has_report:
                        reasons.refuse(reasons.REPORT_MISSING)
                    spot: uint256 = 0
                    for u: uint256 in range(header.n_underlyings, bound=limits.MAX_UNDERLYINGS):
                        if underlyings[u] >> 216 == last_id >> 88:
                            spot = (underlyings[u] >> 152) & LOW_64
                    if spot < fourth >> 128:
                        reasons.refuse(reasons.MARKET_CONDITION)
                    if fourth & LOW_128 != 0:
                        if spot > fourth & LOW_128:
                            reasons.refuse(reasons.MARKET_CONDITION)
                limit: int256 = convert(
                    convert(unsafe_sub((third >> 128) ^ SIGN_128, SIGN_128), bytes32), int256
                )
                net_price: int256 = convert(convert(price, bytes32), int256)
                if net_price > limit * NANOS_PER_MICRO + limits.SIGNED_LIMIT_TOLERANCE_NANOS:
                    reasons.refuse(reasons.LIMIT_VIOLATED)
                pay: int256 = self._pay_micros(net_price, limit, convert(fill, int256))
                cash -= pay
                pool_micros += pay

                # The nonce is spent by the first fill; what is left is remembered
                if fresh and fill < quantity:
                    opened = (nonce << 192) | (fill << 128) | ((third & LOW_64) << 64)
            else:
                if not (kind >= CANCEL and kind <= DELEGATE):
                    reasons.refuse(reasons.ACTION_UNKNOWN)
                amount: uint256 = fourth >> 128
                if kind == WITHDRAW or kind == TRANSFER:
                    if amount == 0 or amount > limits.MAX_DEPOSIT_MICROS or third >> 96 == 0:
                        reasons.refuse(reasons.AMOUNT_INVALID)
                    symbol: uint256 = (third >> 56) & LOW_40
                    if kind == TRANSFER or symbol == CASH:
                        cash -= convert(amount, int256)
                    else:
                        row: uint256 = (action >> 240) & LOW_8
                        if row >= header.n_rows or rows[row] >> 128 != symbol << 88:
                            reasons.refuse(reasons.ASSET_UNKNOWN)
                        deltas[row] = unsafe_sub(deltas[row], amount)
                        nets[row] = unsafe_add(nets[row], amount)
                        touched |= 1 << row
                if header.not_after > (terms >> 128) & LOW_64:
                    reasons.refuse(reasons.EXPIRED)
                extcall IAuthority(AUTHORITY).authorise(
                    separator,
                    kind,
                    account,
                    terms,
                    third,
                    amount,
                    extract32(payload, at + 128, output_type=uint256),
                    extract32(payload, at + 160, output_type=uint256),
                    header.not_after,
                )
                if fee > terms & LOW_64:
                    reasons.refuse(reasons.FEE_ABOVE_MAX)
                if kind == WITHDRAW:
                    if len(payments) >= limits.MAX_WITHDRAWALS:
                        reasons.refuse(reasons.PAYLOAD_BOUNDS)
                    payments.append(
                        IVault.Payment(
                            account=convert(third >> 96, address),
                            symbol=(third >> 56) & LOW_40,
                            amount_micros=amount,
                        )
                    )
                elif kind == TRANSFER:
                    if n_credits >= limits.MAX_CREDITS:
                        reasons.refuse(reasons.PAYLOAD_BOUNDS)
                    credit_heads[n_credits] = ((third >> 64) << 64) | (CASH << 24)
                    credit_micros[n_credits] = amount
                    n_credits += 1
                elif kind == CANCEL:
                    for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
                        if partials[i] >> 192 == nonce:
                            fresh = False
                            n_partials -= 1
                            partials[i] = partials[n_partials]
                            partial_hashes[i] = partial_hashes[n_partials]
                            break

            cash -= convert(fee, int256)
            pool_micros += convert(fee, int256)
            if fresh:
                lane: uint256 = nonce >> limits.LANE_SHIFT
                if not (lane <= n_lanes and lane < limits.MAX_LANES):
                    reasons.refuse(reasons.NONCE_LANE)
                if lane == n_lanes:
                    floors[lane] = 0
                    bitmaps[lane] = 0
                    n_lanes += 1
                base: uint256 = floors[lane]
                unspent: bool = False
                unspent, floors[lane], bitmaps[lane] = nonce_window.spend(
                    base, bitmaps[lane], nonce & LOW_56
                )
                if not unspent:
                    reasons.refuse(reasons.NONCE_SPENT)
                if floors[lane] != base and n_partials != 0:
                    # The window slid: partly filled orders below it are cancelled with the rest.
                    kept: uint256 = 0
                    for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
                        other: uint256 = partials[i] >> 192
                        if other >> limits.LANE_SHIFT != lane or other & LOW_56 >= floors[lane]:
                            partials[kept] = partials[i]
                            partial_hashes[kept] = partial_hashes[i]
                            kept += 1
                    n_partials = kept
                if opened != 0:
                    if n_partials == limits.MAX_PARTIALS:
                        for i: uint256 in range(limits.MAX_PARTIALS):
                            if (partials[i] >> 64) & LOW_64 < header.time:
                                n_partials -= 1
                                partials[i] = partials[n_partials]
                                partial_hashes[i] = partial_hashes[n_partials]
                                break
                    if n_partials >= limits.MAX_PARTIALS:
                        reasons.refuse(reasons.PARTIALS_FULL)
                    partials[n_partials] = opened
                    partial_hashes[n_partials] = struct_hash
                    n_partials += 1
            at += ACTION_BYTES

        # The record afterwards
        record[0] = 0
        n_words = 2
        for lane: uint256 in range(n_lanes, bound=limits.MAX_LANES):
            record[n_words] = floors[lane]
            record[n_words + 1] = bitmaps[lane]
            n_words += 2
        for i: uint256 in range(n_partials, bound=limits.MAX_PARTIALS):
            record[n_words] = partials[i]
            record[n_words + 1] = convert(partial_hashes[i], uint256)
            n_words += 2
        n_positions = 0
        n_options: uint256 = 0
        for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
            row: uint256 = entry_rows[i]
            quantity: uint256 = before[i]
            bit: uint256 = 1 << row
            if touched & bit != 0:
                touched ^= bit
                nets[row] = unsafe_add(nets[row], deltas[row])
                quantity = unsafe_add(quantity, deltas[row])
                deltas[row] = 0
                if not (
                    unsafe_add(quantity, limits.MAX_QUANTITY_MICROS)
                    <= 2 * limits.MAX_QUANTITY_MICROS
                ):
                    reasons.refuse(reasons.POSITION_BOUNDS)
                if (rows[row] >> 128) & LOW_8 == SPOT:
                    if quantity >> 255 != 0:
                        reasons.refuse(reasons.SPOT_NEGATIVE)
                if reducing & bit != 0:
                    if before[i] >> 255 == 0:
                        if quantity > before[i]:
                            reasons.refuse(reasons.REDUCE_ONLY)
                    else:
                        if not (quantity == 0 or quantity >= before[i]):
                            reasons.refuse(reasons.REDUCE_ONLY)
            now[i] = quantity
            if quantity != 0:
                record[unsafe_add(n_words, n_positions)] = (rows[row] & HIGH_128) | (
                    quantity & LOW_128
                )
                n_positions = unsafe_add(n_positions, 1)
                if (rows[row] >> 128) & LOW_8 != SPOT:
                    n_options = unsafe_add(n_options, 1)
        if touched != 0:
            reasons.refuse(reasons.ENTRY_MISSING)
        if n_options > limits.MAX_POSITIONS:
            reasons.refuse(reasons.POSITION_BOUNDS)
        if abs(cash) > limits.SIGNED_MAX_CASH_MICROS:
            reasons.refuse(reasons.CASH_BOUNDS)
        if cash < min(0, cash_before):
            reasons.refuse(reasons.CASH_NEGATIVE)

        # Health
        if mode == STATIC:
            positions: uint256[MAX_HELD] = empty(uint256[MAX_HELD])
            for i: uint256 in range(n_positions, bound=MAX_HELD):
                positions[i] = record[unsafe_add(n_words, i)]
            bounded: bool = False
            worst: int256 = 0
            bounded, worst = static_margin.worst_loss(positions, n_positions)
            if not (bounded and cash * QUANTITY_SCALE + worst >= 0):
                reasons.refuse(reasons.UNHEALTHY)
        elif mode == HOLD:
            if cash < cash_before:
                reasons.refuse(reasons.UNHEALTHY)
            for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
                if now[i] != before[i]:
                    if (rows[entry_rows[i]] >> 128) & LOW_8 != SPOT:
                        reasons.refuse(reasons.UNHEALTHY)
                    if now[i] <= before[i]:
                        reasons.refuse(reasons.UNHEALTHY)
        else:
            if not has_report:
                reasons.refuse(reasons.REPORT_MISSING)
            deficits: int256[2] = empty(int256[2])
            for side: uint256 in range(2):
                value: uint256 = 0
                risk: uint256 = 0
                symbol: uint256 = 0
                u: uint256 = 0
                a: uint256 = 0
                b: uint256 = 0
                c: uint256 = 0
                d: uint256 = 0
                net: uint256 = 0
                shorts: uint256 = 0
                # One turn more than there are entries closes the last underlying.
                for i: uint256 in range(unsafe_add(n_entries, 1), bound=limits.MAX_ENTRIES + 1):
                    word = 0
                    if i < n_entries:
                        word = rows[entry_rows[i]]
                    if word >> 216 != symbol:
                        if symbol != 0:
                            for _: uint256 in range(limits.MAX_UNDERLYINGS):
                                if underlyings[u] >> 216 == symbol:
                                    break
                                u += 1
                            risk += max(
                                packed_scan.worst(a, b, c, d, net),
                                shorts * ((underlyings[u] >> 56) & LOW_32),
                            ) * ((underlyings[u] >> 88) & LOW_64)
                            a = 0
                            b = 0
                            c = 0
                            d = 0
                            net = 0
                            shorts = 0
                        symbol = word >> 216
                    if word == 0:
                        break
                    quantity: uint256 = now[i]
                    if side == 1:
                        quantity = before[i]
                    risk_word: uint256 = risks[entry_rows[i]]
                    a = unsafe_add(a, unsafe_mul(risk_word & SPREAD, quantity))
                    b = unsafe_add(b, unsafe_mul((risk_word >> 16) & SPREAD, quantity))
                    c = unsafe_add(c, unsafe_mul((risk_word >> 32) & SPREAD, quantity))
                    d = unsafe_add(d, unsafe_mul((risk_word >> 48) & SPREAD, quantity))
                    net = unsafe_add(net, quantity)
                    value = unsafe_add(value, unsafe_mul(quantity, (word >> 64) & LOW_64))
                    if quantity >> 255 == 1:
                        shorts = unsafe_sub(shorts, quantity)
                held: int256 = cash
                if side == 1:
                    held = cash_before
                equity: int256 = held * QUANTITY_SCALE + convert(convert(value, bytes32), int256)
                deficits[side] = convert(
                    risk * limits.INITIAL_MARGIN_BPS, int256
                ) - equity * limits.SIGNED_BPS
                if mode == SCAN:
                    break
            if mode == SCAN:
                if deficits[0] > 0:
                    reasons.refuse(reasons.UNHEALTHY)
            else:
                if deficits[0] >= deficits[1]:
                    reasons.refuse(reasons.UNHEALTHY)

        record[0] = (account << 64) | (n_lanes << 16) | (n_positions << 8) | n_partials
        record[1] = convert(convert(cash, bytes32), uint256)
        self.commitments[account] = self._commitment(record, unsafe_add(n_words, n_positions))

    # What must hold for the batch as a whole
    if at != size:
        reasons.refuse(reasons.PAYLOAD_LENGTH)
    if n_claimed != n_credits:
        reasons.refuse(reasons.CREDIT_UNCLAIMED)
    for row: uint256 in range(header.n_rows, bound=limits.MAX_ROWS):
        if nets[row] != 0:
            reasons.refuse(reasons.INSTRUMENT_UNBALANCED)
    if pool_micros < 0:
        reasons.refuse(reasons.CASH_UNBALANCED)

    self.head = payload_hash
    self.packed_progress = (
        (header.number << 80)
        | (header.time << 40)
        | max(header.report_time, self.packed_progress & LOW_40)
    )
    fees_micros: uint256 = convert(pool_micros, uint256)
    log BatchSettled(
        number=header.number, payload_hash=payload_hash, lander=msg.sender,
        fees_micros=fees_micros,
    )
    extcall IVault(VAULT).end_batch(msg.sender, fees_micros, payments)
