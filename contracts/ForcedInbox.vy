# pragma version 0.4.3
"""
@title ForcedInbox: requests that no sequencer can ignore
@notice A trader whom sequencers ignore queues a signed intent here. Once the first of the queue has
        waited for the inbox delay, Settlement refuses every batch that leaves it undone; an order
        may be left where the batch's prices are not better than its limit. Nothing stays for ever:
        what is done, has lapsed, or cannot be done, anybody clears, and earns the fee.
@dev Whatever Settlement would refuse can be cleared here, and what cannot be cleared an honest
     builder can do in a batch of its own: settle what has expired, as far as prices and pots allow,
     then act.
"""

from interfaces import IAuthority
from interfaces import IForced
from interfaces import IHealth
from interfaces import IOracle
from lib import batch_rows
from lib import ecdsa
from lib import holdings
from lib import intent_hashes
from lib import limits
from lib import rounding

implements: IForced

event Forced:
    number: indexed(uint256)
    account: indexed(uint256)
    digest: bytes32
    kind: uint256
    terms: uint256
    third: uint256
    fourth: uint256
    legs: DynArray[uint256, limits.MAX_LEGS]
    r: uint256
    vs: uint256
    enqueued_at: uint256
    lapses_at: uint256
    fee: uint256

event Cleared:
    number: indexed(uint256)
    digest: bytes32

event PassedOver:
    number: indexed(uint256)

struct Item:
    digest: bytes32
    account: uint256
    kind: uint256
    terms: uint256
    third: uint256
    fourth: uint256
    legs: uint256[limits.MAX_LEGS]
    signer: address
    enqueued_at: uint256
    lapses_at: uint256
    fee: uint256

struct Asset:
    token: address
    unit: uint256
    held_micros: uint256

struct Pot:
    price_micros: uint256
    cash_micros: int256
    spot_micros: uint256

struct Progress:
    number: uint256
    time: uint256
    report_time: uint256
    certified_time: uint256


interface ISettlement:
    def progress() -> Progress: view
    def commitments(account: uint256) -> bytes32: view
    def domain_separator() -> bytes32: view


interface IVault:
    def CASH() -> uint256: view
    def assets(symbol: uint256) -> Asset: view
    def set_forced(digest: bytes32, enqueued_at: uint256): nonpayable


interface IExpiry:
    def pots(group: uint256) -> Pot: view


ORDER: constant(uint256) = 1
CANCEL: constant(uint256) = 2
WITHDRAW: constant(uint256) = 3
TRANSFER: constant(uint256) = 4
SPOT: constant(uint256) = 0
CALL: constant(uint256) = 1
PUT: constant(uint256) = 2
NANOS_PER_MICRO: constant(int256) = 1000
POSITIONS_AT: constant(uint256) = 2
RECORD_WORDS: constant(uint256) = (
    2 + limits.MAX_ENTRIES + 2 * limits.MAX_LANES + 2 * limits.MAX_PARTIALS
)
# Offset and length of a dynamic array.
ARRAY_HEAD_BYTES: constant(uint256) = 64
LOW_8: constant(uint256) = (1 << 8) - 1
LOW_16: constant(uint256) = (1 << 16) - 1
LOW_32: constant(uint256) = (1 << 32) - 1
LOW_40: constant(uint256) = (1 << 40) - 1
LOW_48: constant(uint256) = (1 << 48) - 1
LOW_56: constant(uint256) = (1 << 56) - 1
LOW_64: constant(uint256) = (1 << 64) - 1
LOW_80: constant(uint256) = (1 << 80) - 1
SIGN_16: constant(uint256) = 1 << 15
SIGN_64: constant(uint256) = 1 << 63
SIGN_128: constant(uint256) = 1 << 127

OWNER: public(immutable(address))
ORACLE: public(immutable(address))
EXPIRY: public(immutable(address))
VAULT: public(immutable(address))
AUTHORITY: public(immutable(address))
HEALTH: public(immutable(address))
BASE_FEE: public(immutable(uint256))

settlement: public(address)
items: public(HashMap[uint256, Item])
items_count: public(uint256)
# The queue, places `first` to before `end`, each an item's number.
queue: public(HashMap[uint256, uint256])
first: public(uint256)
end: public(uint256)
# The last batch before the first item became the first.
first_since: public(uint256)


@deploy
def __init__(
    oracle: address, expiry: address, vault: address, authority: address, health: address,
    base_fee: uint256,
):
    """
    @param base_fee What a request costs in an empty queue, in wei; it doubles with each open one.
    """
    assert base_fee < 1 << 128, "amount_invalid"
    OWNER = msg.sender
    ORACLE = oracle
    EXPIRY = expiry
    VAULT = vault
    AUTHORITY = authority
    HEALTH = health
    BASE_FEE = base_fee


@external
def bind(settlement: address):
    """
    @notice Name, once, the settlement that this queue serves.
    """
    assert msg.sender == OWNER, "owner_only"
    assert self.settlement == empty(address) and settlement.is_contract, "already_bound"
    self.settlement = settlement


# ------------------------------------------------------------------------------------------
# Into the queue


@external
@view
def fee() -> uint256:
    """
    @return What the next request costs, in wei.
    """
    return BASE_FEE << (self.end - self.first)


@external
@payable
@nonreentrant
def force(
    account: uint256, kind: uint256, terms: uint256, third: uint256, fourth: uint256,
    legs: DynArray[uint256, limits.MAX_LEGS], r: uint256, vs: uint256,
) -> uint256:
    """
    @notice Queue a signed order, cancel, withdrawal or transfer.
    @dev An order must be one that an auction may not leave out at good prices: any fill will do,
         on no condition, from now on. What is paid above the fee is returned.
    @param terms With `third` and `fourth` as in a batch's action.
    @param legs Of an order: instrument id (128 bits) and ratio (16) each, ascending.
    @return The request's number.
    """
    n_open: uint256 = self.end - self.first
    assert n_open < limits.MAX_FORCED, "inbox_full"
    fee: uint256 = BASE_FEE << n_open
    assert msg.value >= fee, "fee_short"
    item: Item = empty(Item)
    item.account = account
    item.kind = kind
    item.terms = terms
    item.third = third
    item.fourth = fourth
    item.enqueued_at = block.timestamp
    item.fee = fee
    struct_hash: bytes32 = empty(bytes32)
    valid_until: uint256 = (terms >> 128) & LOW_64
    item.lapses_at = block.timestamp + limits.FORCED_LIFE_SECONDS
    if kind == ORDER:
        self._check_order(terms, third, fourth, len(legs))
        item.lapses_at = min(item.lapses_at, self._check_legs(legs))
        valid_until = third & LOW_64
        for leg: uint256 in range(len(legs), bound=limits.MAX_LEGS):
            item.legs[leg] = legs[leg]
        struct_hash = intent_hashes.order_hash(account, terms, third, fourth, False, legs)
    else:
        assert CANCEL <= kind and kind <= TRANSFER, "action_unknown"
        if kind != CANCEL:
            self._check_payment(kind, third, fourth >> 128)
        struct_hash = intent_hashes.subject_hash(kind, account, terms, third, fourth >> 128)
    assert block.timestamp <= valid_until, "expired"
    item.lapses_at = min(item.lapses_at, valid_until)
    separator: bytes32 = staticcall ISettlement(self.settlement).domain_separator()
    item.digest = keccak256(concat(x"1901", separator, struct_hash))
    item.signer = ecdsa.recover(item.digest, r, vs)
    assert item.signer != empty(address) and account >> 192 == 0, "signature_invalid"
    assert self._is_authorised(item), "signer_unauthorised"

    number: uint256 = self.items_count + 1
    self.items_count = number
    self.items[number] = item
    self.queue[self.end] = number
    self.end += 1
    if n_open == 0:
        self._announce()
    log Forced(
        number=number, account=account, digest=item.digest, kind=kind, terms=terms, third=third,
        fourth=fourth, legs=legs, r=r, vs=vs, enqueued_at=block.timestamp, lapses_at=item.lapses_at,
        fee=fee,
    )
    if msg.value > fee:
        send(msg.sender, msg.value - fee, gas=msg.gas)
    return number


@internal
@view
def _check_order(terms: uint256, third: uint256, fourth: uint256, n_legs: uint256):
    quantity: uint256 = terms >> 192
    assert 0 < quantity and quantity <= limits.MAX_QUANTITY_MICROS, "quantity_invalid"
    assert quantity % limits.LOT_MICROS == 0, "quantity_invalid"
    # An auction may leave out a fill-or-kill although the prices would suit it.
    assert (terms >> 128) & LOW_64 == 0 and fourth == 0, "order_conditional"
    assert (third >> 64) & LOW_64 <= block.timestamp, "not_yet_valid"
    assert n_legs != 0, "leg_invalid"


@internal
@view
def _check_legs(legs: DynArray[uint256, limits.MAX_LEGS]) -> uint256:
    """
    @return The last moment at which all of them can be traded.
    """
    last: uint256 = max_value(uint256)
    previous: uint256 = 0
    for leg: uint256 in legs:
        instrument: uint256 = leg >> 16
        ratio: uint256 = unsafe_sub((leg & LOW_16) ^ SIGN_16, SIGN_16)
        assert ratio != 0, "leg_invalid"
        assert (
            unsafe_add(ratio, limits.MAX_RATIO) <= 2 * limits.MAX_RATIO
        ), "leg_invalid"
        assert leg >> 144 == 0 and instrument > previous, "leg_invalid"
        assert previous == 0 or instrument >> 88 == previous >> 88, "leg_invalid"
        kind: uint256 = instrument & LOW_8
        expiry: uint256 = (instrument >> 56) & LOW_32
        if kind == SPOT:
            assert (instrument >> 8) & LOW_80 == 0, "leg_invalid"
        else:
            assert kind <= PUT and (instrument >> 8) & LOW_48 != 0, "leg_invalid"
            assert expiry > block.timestamp, "leg_expired"
            last = min(last, expiry - 1)
        self._check_asset(instrument >> 88, False)
        previous = instrument
    return last


@internal
@view
def _check_payment(kind: uint256, third: uint256, amount: uint256):
    assert 0 < amount and amount <= limits.MAX_DEPOSIT_MICROS, "amount_invalid"
    assert third >> 96 != 0, "amount_invalid"
    if kind == WITHDRAW:
        self._check_asset((third >> 56) & LOW_40, True)


@internal
@view
def _check_asset(symbol: uint256, may_be_cash: bool):
    assert may_be_cash or symbol != staticcall IVault(VAULT).CASH(), "asset_unknown"
    asset: Asset = staticcall IVault(VAULT).assets(symbol)
    assert asset.unit != 0, "asset_unknown"


# ------------------------------------------------------------------------------------------
# Out of the queue


@external
@view
def may_pass(
    digest: bytes32, table: batch_rows.Row[limits.MAX_ROWS], n_rows: uint256
) -> bool:
    assert self.first != self.end, "inbox_empty"
    item: Item = self.items[self.queue[self.first]]
    assert item.digest == digest, "inbox_mismatch"
    if item.kind != ORDER:
        return False
    price: int256 = 0
    row: uint256 = 0
    for leg: uint256 in item.legs:
        if leg == 0:
            break
        # Both ascend.
        for _: uint256 in range(limits.MAX_ROWS):
            if row == n_rows or table[row].word >> 128 >= leg >> 16:
                break
            row += 1
        if row == n_rows or table[row].word >> 128 != leg >> 16:
            return True
        nanos: uint256 = unsafe_sub((table[row].word & LOW_64) ^ SIGN_64, SIGN_64)
        price += self._ratio(leg) * convert(convert(nanos, bytes32), int256)
    bound: int256 = self._limit(item) * NANOS_PER_MICRO
    return price >= bound - limits.SIGNED_LIMIT_TOLERANCE_NANOS


@external
@nonreentrant
def pass_over():
    """
    @notice Put an order behind the others who wait: at once where anything but an order is among
            them, else when a batch has left it although it was due. It stays in the queue, and
            nobody is held up by it.
    """
    assert self.end - self.first > 1, "inbox_empty"
    number: uint256 = self.queue[self.first]
    assert self.items[number].kind == ORDER, "item_open"
    if not self._must_hurry():
        last: Progress = staticcall ISettlement(self.settlement).progress()
        due_at: uint256 = self.items[number].enqueued_at + limits.INBOX_DELAY_SECONDS
        assert last.number > self.first_since and last.time >= due_at, "item_open"
    self.queue[self.end] = number
    self.end += 1
    self._advance()
    log PassedOver(number=number)


@external
@nonreentrant
def clear(
    record: DynArray[uint256, RECORD_WORDS], report_time: uint256,
    underlyings: DynArray[uint256, limits.MAX_UNDERLYINGS],
    rows: DynArray[uint256, 2 * limits.MAX_ROWS],
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
):
    """
    @notice Take the first request out of the queue, because it is done, has lapsed, or is due and
            cannot be done.
    @param record The words of its account's record; not read where it has lapsed.
    @param report_time Of a report under which the account is not healthy enough; 0 without one.
    @param underlyings The report's underlyings, all of them.
    @param rows The report's rows of everything that the account holds, or would hold: two words
           each, as in a batch, ascending.
    """
    assert self.first != self.end, "inbox_empty"
    number: uint256 = self.queue[self.first]
    item: Item = self.items[number]
    if block.timestamp <= item.lapses_at and self._is_authorised(item):
        self._check_record(item.account, record)
        left: uint256 = self._left(item, record)
        if left != 0:
            assert item.kind != CANCEL, "item_open"
            due_at: uint256 = item.enqueued_at + limits.INBOX_DELAY_SECONDS
            assert due_at <= block.timestamp, "item_open"
            before: holdings.Holdings = holdings.opened(record)
            stuck: bool = False
            before, stuck = self._settled(before)
            after: holdings.Holdings = self._acted(item, left, before)
            if holdings.is_bounded(after, before.cash):
                assert not staticcall IHealth(HEALTH).passes_static(
                    after.words, after.end, after.cash
                ), "item_open"
                # What has expired and cannot be settled has no row in any report.
                if not stuck:
                    self._check_scan(
                        before, after, report_time, underlyings, rows, attestation, proof
                    )
    self._advance()
    log Cleared(number=number, digest=item.digest)
    send(msg.sender, item.fee, gas=msg.gas)


@internal
@view
def _must_hurry() -> bool:
    """
    @return Whether anything but an order waits in the queue.
    """
    for place: uint256 in range(self.first, self.end, bound=limits.MAX_FORCED):
        if self.items[self.queue[place]].kind != ORDER:
            return True
    return False


@internal
def _advance():
    self.first += 1
    self._announce()


@internal
def _announce():
    """
    @notice Tell the vault which request is the first.
    """
    if self.first == self.end:
        extcall IVault(VAULT).set_forced(empty(bytes32), 0)
        return
    number: uint256 = self.queue[self.first]
    last: Progress = staticcall ISettlement(self.settlement).progress()
    self.first_since = last.number
    extcall IVault(VAULT).set_forced(self.items[number].digest, self.items[number].enqueued_at)


@internal
@view
def _is_authorised(item: Item) -> bool:
    owner: address = convert(item.account >> 32, address)
    if item.signer == owner:
        return True
    return staticcall IAuthority(AUTHORITY).permits(
        owner, item.signer, 1 << (item.kind - 1), block.timestamp
    )


@internal
@view
def _check_record(account: uint256, record: DynArray[uint256, RECORD_WORDS]):
    assert len(record) > 1 and record[0] >> 64 == account, "witness_mismatch"
    committed: bytes32 = staticcall ISettlement(self.settlement).commitments(account)
    if committed == empty(bytes32):
        assert len(record) == 2 and (record[0] & LOW_64) | record[1] == 0, "witness_mismatch"
    else:
        words: Bytes[ARRAY_HEAD_BYTES + 32 * RECORD_WORDS] = slice(
            abi_encode(record), ARRAY_HEAD_BYTES, 32 * len(record)
        )
        assert keccak256(words) == committed, "witness_mismatch"


@internal
@pure
def _left(item: Item, record: DynArray[uint256, RECORD_WORDS]) -> uint256:
    """
    @return What its nonce leaves to do: of an order the quantity, of others 1; 0 for nothing.
    """
    nonce: uint256 = (item.terms >> 64) & LOW_64
    n_lanes: uint256 = (record[0] >> 16) & LOW_8
    lanes_at: uint256 = POSITIONS_AT + ((record[0] >> 8) & LOW_8)
    partials_at: uint256 = lanes_at + 2 * n_lanes
    left: uint256 = 1
    if item.kind == ORDER:
        left = item.terms >> 192
    if item.kind <= CANCEL:
        for i: uint256 in range(record[0] & LOW_8, bound=limits.MAX_PARTIALS):
            partial: uint256 = record[partials_at + 2 * i]
            if partial >> 192 == nonce:
                if item.kind == CANCEL:
                    return 1
                if record[partials_at + 2 * i + 1] != convert(item.digest, uint256):
                    return 0
                return left - ((partial >> 128) & LOW_64)
    lane: uint256 = nonce >> limits.LANE_SHIFT
    if lane >= n_lanes:
        # Only the next lane can be opened.
        return left if lane == n_lanes and lane < limits.MAX_LANES else 0
    number: uint256 = nonce & LOW_56
    lowest: uint256 = record[lanes_at + 2 * lane]
    if number < lowest:
        return 0
    if number - lowest < limits.LANE_WINDOW:
        if (record[lanes_at + 2 * lane + 1] >> (number - lowest)) & 1 == 1:
            return 0
    return left


@internal
@view
def _settled(own: holdings.Holdings) -> (holdings.Holdings, bool):
    """
    @notice What a batch makes of it that settles all that has expired, as far as it can.
    @return The holdings, and whether something expired is left.
    """
    result: holdings.Holdings = own
    stuck: bool = False
    start: uint256 = POSITIONS_AT
    for _: uint256 in range(RECORD_WORDS):
        if start == own.end:
            break
        group: uint256 = own.words[start] >> 184
        end: uint256 = start
        for i: uint256 in range(start, own.end, bound=RECORD_WORDS):
            if own.words[i] >> 184 != group:
                break
            end += 1
        expiry: uint256 = group & LOW_32
        if expiry != 0 and expiry <= block.timestamp:
            settled: bool = False
            result, settled = self._exchanged(result, own, group, start, end)
            stuck = stuck or not settled
        start = end
    return result, stuck


@internal
@view
def _exchanged(
    own: holdings.Holdings, held: holdings.Holdings, group: uint256, start: uint256, end: uint256
) -> (holdings.Holdings, bool):
    """
    @notice As Expiry does with a group: the positions of `held` from word `start` to before `end`.
    """
    pot: Pot = staticcall IExpiry(EXPIRY).pots(group)
    price: int256 = convert(pot.price_micros, int256)
    if price == 0:
        return own, False
    result: holdings.Holdings = own
    payoff: int256 = 0
    net_calls: int256 = 0
    for i: uint256 in range(start, end, bound=RECORD_WORDS):
        instrument: uint256 = held.words[i] >> 128
        quantity: int256 = holdings.quantity_in(held.words[i])
        strike: int256 = convert((instrument >> 8) & LOW_48, int256)
        if instrument & LOW_8 == CALL:
            net_calls += quantity
            payoff += quantity * max(0, price - strike)
        else:
            payoff += quantity * max(0, strike - price)
        result = holdings.moved(result, instrument, -quantity)
    spot: uint256 = (group >> 32) << 88
    if payoff < 0:
        cover: int256 = min(max(0, -net_calls), holdings.quantity_of(own, spot))
        paid_spot: int256 = min(cover, rounding.ceil_div(-payoff, price))
        result.cash -= rounding.ceil_div(
            max(0, -payoff - paid_spot * price), limits.SIGNED_QUANTITY_SCALE
        )
        return holdings.moved(result, spot, -paid_spot), True
    amount: int256 = payoff // limits.SIGNED_QUANTITY_SCALE
    in_cash: int256 = min(amount, pot.cash_micros)
    in_spot: int256 = (amount - in_cash) * limits.SIGNED_QUANTITY_SCALE // price
    if in_spot > convert(pot.spot_micros, int256):
        return own, False
    result.cash += in_cash
    return holdings.moved(result, spot, in_spot), True


@internal
@view
def _acted(item: Item, left: uint256, own: holdings.Holdings) -> holdings.Holdings:
    """
    @notice What is held after the request: an order whole, at its limit.
    """
    result: holdings.Holdings = own
    if item.kind == ORDER:
        quantity: int256 = convert(left, int256)
        for leg: uint256 in item.legs:
            if leg != 0:
                result = holdings.moved(result, leg >> 16, self._ratio(leg) * quantity)
        result.cash -= rounding.floor_div(
            self._limit(item) * quantity, limits.SIGNED_QUANTITY_SCALE
        )
        return result
    amount: int256 = convert(item.fourth >> 128, int256)
    symbol: uint256 = (item.third >> 56) & LOW_40
    if item.kind == WITHDRAW and symbol != staticcall IVault(VAULT).CASH():
        return holdings.moved(result, symbol << 88, -amount)
    result.cash -= amount
    return result


@internal
@view
def _check_scan(
    before: holdings.Holdings, after: holdings.Holdings, report_time: uint256,
    listed: DynArray[uint256, limits.MAX_UNDERLYINGS],
    rows: DynArray[uint256, 2 * limits.MAX_ROWS],
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
):
    """
    @notice Revert if the account passes the scan, or fails it by less than before; or if nobody has
            shown that it does not while there are reports.
    """
    last: Progress = staticcall ISettlement(self.settlement).progress()
    if report_time == 0:
        assert last.report_time + limits.REPORT_SILENCE_SECONDS <= block.timestamp, "report_missing"
        return
    assert report_time <= block.timestamp, "report_early"
    assert block.timestamp <= report_time + limits.REPORT_MAX_AGE_SECONDS, "report_stale"
    assert report_time >= last.report_time, "report_older"
    underlyings: uint256[limits.MAX_UNDERLYINGS] = empty(uint256[limits.MAX_UNDERLYINGS])
    for u: uint256 in range(len(listed), bound=limits.MAX_UNDERLYINGS):
        underlyings[u] = listed[u]
    table: batch_rows.Row[limits.MAX_ROWS] = empty(batch_rows.Row[limits.MAX_ROWS])
    n_rows: uint256 = len(rows) // 2
    for row: uint256 in range(n_rows, bound=limits.MAX_ROWS):
        table[row] = batch_rows.Row(word=rows[2 * row], risk=rows[2 * row + 1])
    separator: bytes32 = staticcall ISettlement(self.settlement).domain_separator()
    assert staticcall IOracle(ORACLE).check_report(
        separator, report_time, underlyings, len(listed), table, n_rows, attestation, proof
    ), "report_quorum"
    deficit: int256 = holdings.deficit(holdings.weighed(after, table, n_rows, underlyings))
    earlier: int256 = holdings.deficit(holdings.weighed(before, table, n_rows, underlyings))
    assert deficit > 0 and deficit >= earlier, "item_open"


@internal
@pure
def _ratio(leg: uint256) -> int256:
    ratio: uint256 = unsafe_sub((leg & LOW_16) ^ SIGN_16, SIGN_16)
    return convert(convert(ratio, bytes32), int256)


@internal
@pure
def _limit(item: Item) -> int256:
    limit: uint256 = unsafe_sub((item.third >> 128) ^ SIGN_128, SIGN_128)
    return convert(convert(limit, bytes32), int256)
