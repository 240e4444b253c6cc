# pragma version 0.4.3
"""
@title Vault: collateral in, the inbox, and claims out
@notice The only contract that holds tokens. Amounts inside are micros whatever a token's decimals;
        a symbol is its 40-bit number. A payment that a token refuses stays claimable.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from interfaces import ICertifier
from interfaces import IVault
from lib import limits
from lib import symbols

implements: IVault
implements: ICertifier

event AssetRegistered:
    symbol: indexed(bytes5)
    token: address
    unit: uint256

event InboxItem:
    number: indexed(uint256)
    head: uint256
    body: uint256

event Owed:
    account: indexed(address)
    symbol: indexed(uint256)
    amount_micros: uint256

event Paid:
    account: indexed(address)
    symbol: indexed(uint256)
    amount_micros: uint256

struct Asset:
    token: address
    unit: uint256
    held_micros: uint256

struct Link:
    rolling_hash: bytes32
    enqueued_at: uint256

struct Progress:
    number: uint256
    time: uint256
    report_time: uint256
    certified_time: uint256

MICRO_DECIMALS: constant(uint256) = 6
MAX_DECIMALS: constant(uint256) = 24
PAYMENT_GAS: constant(uint256) = 150_000
KIND_DEPOSIT: constant(uint256) = 1
LOW_32: constant(uint256) = (1 << 32) - 1
LOW_64: constant(uint256) = (1 << 64) - 1


interface ISettlement:
    def progress() -> Progress: view
    def FORCED() -> address: view


OWNER: public(immutable(address))
CASH: public(immutable(uint256))

settlement: public(address)
underlyings_count: public(uint256)
assets: public(HashMap[uint256, Asset])
claimable_micros: public(HashMap[address, HashMap[uint256, uint256]])
inbox: public(HashMap[uint256, Link])
forced_digest: public(bytes32)
# Items ever queued, items consumed, and when the forced intent that is next in turn was queued.
packed_inbox: uint256


@deploy
def __init__(cash_symbol: bytes5, cash: address):
    """
    @param cash The quote currency's token.
    """
    OWNER = msg.sender
    CASH = convert(cash_symbol, uint256)
    self._register(cash_symbol, cash)


@external
def bind(settlement: address):
    """
    @notice Name, once, the settlement that this vault serves.
    """
    assert msg.sender == OWNER, "owner_only"
    assert self.settlement == empty(address) and settlement.is_contract, "already_bound"
    self.settlement = settlement


@external
def register_underlying(symbol: bytes5, token: address):
    """
    @notice Admit an underlying; with a token, its spot can be deposited and withdrawn.
    """
    assert msg.sender == OWNER, "owner_only"
    assert self.underlyings_count < limits.MAX_UNDERLYINGS, "asset_unknown"
    self.underlyings_count += 1
    self._register(symbol, token)


@internal
def _register(symbol: bytes5, token: address):
    number: uint256 = convert(symbol, uint256)
    assert symbols.is_valid(number) and self.assets[number].unit == 0, "symbol_invalid"
    unit: uint256 = 1
    if token != empty(address):
        assert token.is_contract, "asset_unknown"
        decimals: uint256 = convert(staticcall IERC20Detailed(token).decimals(), uint256)
        assert MICRO_DECIMALS <= decimals and decimals <= MAX_DECIMALS, "asset_unknown"
        unit = 10 ** (decimals - MICRO_DECIMALS)
    self.assets[number] = Asset(token=token, unit=unit, held_micros=0)
    log AssetRegistered(symbol=symbol, token=token, unit=unit)


@external
@nonreentrant
def deposit(symbol: bytes5, owner: address, index: uint256, amount_micros: uint256):
    """
    @notice Queue a deposit of cash or spot for an account. A token that delivers less than it was
            asked for is refused.
    """
    assert owner != empty(address) and index <= LOW_32, "amount_invalid"
    number: uint256 = convert(symbol, uint256)
    asset: Asset = self.assets[number]
    assert asset.token != empty(address), "asset_unknown"
    # Nobody's spot can ever exceed what is held, so no credit can exceed a position's bound.
    cap_micros: uint256 = limits.MAX_QUANTITY_MICROS
    if number == CASH:
        cap_micros = limits.MAX_DEPOSIT_MICROS
    assert 0 < amount_micros and amount_micros <= cap_micros, "amount_invalid"
    assert asset.held_micros + amount_micros <= cap_micros, "amount_invalid"
    self.assets[number].held_micros = asset.held_micros + amount_micros

    amount: uint256 = amount_micros * asset.unit
    before: uint256 = staticcall IERC20(asset.token).balanceOf(self)
    assert extcall IERC20(asset.token).transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "transfer_refused"
    after: uint256 = staticcall IERC20(asset.token).balanceOf(self)
    assert after == before + amount, "transfer_refused"

    item: uint256 = (self.packed_inbox >> 128) + 1
    head: uint256 = (
        (convert(owner, uint256) << 96) | (index << 64) | (number << 24) | (KIND_DEPOSIT << 16)
    )
    body: uint256 = (amount_micros << 128) | (block.timestamp << 64)
    self.inbox[item] = Link(
        rolling_hash=keccak256(abi_encode(self.inbox[item - 1].rolling_hash, head, body)),
        enqueued_at=block.timestamp,
    )
    self.packed_inbox += 1 << 128
    log InboxItem(number=item, head=head, body=body)


@external
@nonreentrant
def claim(account: address, symbol: bytes5, recipient: address):
    """
    @notice Collect what a batch made payable. Anyone may push a claim to its own account; only the
            account itself may name another recipient.
    """
    assert msg.sender == account or recipient == account, "owner_only"
    self._try_pay(account, convert(symbol, uint256), recipient)


@external
@view
def inbox_count() -> uint256:
    """
    @return How many items were ever queued.
    """
    return self.packed_inbox >> 128


@external
@view
def inbox_consumed() -> uint256:
    """
    @return How many of them batches have taken.
    """
    return (self.packed_inbox >> 64) & LOW_64


@external
@view
def forced_since() -> uint256:
    """
    @return When the forced intent that is next in turn was queued; zero where none is.
    """
    return self.packed_inbox & LOW_64


@external
def set_forced(digest: bytes32, enqueued_at: uint256):
    """
    @notice Say which forced intent is next in turn: for the queue, which names zero where it is
            empty.
    """
    assert msg.sender == staticcall ISettlement(self.settlement).FORCED(), "owner_only"
    assert enqueued_at <= LOW_64, "amount_invalid"
    self.forced_digest = digest
    self.packed_inbox = ((self.packed_inbox >> 64) << 64) | enqueued_at


@external
@view
def verify(digest: bytes32, certificate: Bytes[limits.MAX_CERTIFICATE_BYTES]) -> bool:
    """
    @notice Whether a batch may land that nobody has certified: the way out from sequencers who
            are gone, or who ignore the inbox. It opens when the next inbox item, or the next forced
            intent, has waited, and no certified batch has come, for the escape delay; a certified
            batch closes it.
    """
    last: Progress = staticcall ISettlement(self.settlement).progress()
    if last.time != last.certified_time:
        return True
    packed: uint256 = self.packed_inbox
    waits_since: uint256 = packed & LOW_64
    if waits_since == 0:
        waits_since = LOW_64
    next: uint256 = ((packed >> 64) & LOW_64) + 1
    if next <= packed >> 128:
        waits_since = min(waits_since, self.inbox[next].enqueued_at)
    return max(last.certified_time, waits_since) + limits.ESCAPE_DELAY_SECONDS <= block.timestamp


@external
def begin_batch(
    underlyings: uint256[limits.MAX_UNDERLYINGS], n_underlyings: uint256,
    heads: uint256[limits.MAX_CREDITS], bodies: uint256[limits.MAX_CREDITS], n_items: uint256,
    time: uint256,
) -> bytes32:
    assert msg.sender == self.settlement, "owner_only"
    for u: uint256 in range(n_underlyings, bound=limits.MAX_UNDERLYINGS):
        symbol: uint256 = underlyings[u] >> 216
        assert symbol != CASH and self.assets[symbol].unit != 0, "symbol_invalid"
    packed: uint256 = self.packed_inbox
    consumed: uint256 = (packed >> 64) & LOW_64
    pending: uint256 = packed >> 128
    if n_items != 0:
        rolling_hash: bytes32 = self.inbox[consumed].rolling_hash
        for item: uint256 in range(n_items, bound=limits.MAX_CREDITS):
            rolling_hash = keccak256(abi_encode(rolling_hash, heads[item], bodies[item]))
        consumed += n_items
        assert consumed <= pending, "inbox_mismatch"
        assert self.inbox[consumed].rolling_hash == rolling_hash, "inbox_mismatch"
        self.packed_inbox = packed + (n_items << 64)
    due: bytes32 = empty(bytes32)
    enough: uint256 = limits.ENOUGH_CREDITS
    forced_since: uint256 = packed & LOW_64
    if forced_since != 0 and forced_since + limits.INBOX_DELAY_SECONDS <= time:
        due = self.forced_digest
        enough = limits.ENOUGH_BESIDE_FORCED
    # A batch may leave due items behind if it takes as many as always fit: otherwise a crowded
    # inbox would stop every batch.
    if consumed < pending and n_items < enough:
        enqueued_at: uint256 = self.inbox[consumed + 1].enqueued_at
        assert enqueued_at + limits.INBOX_DELAY_SECONDS > time, "inbox_due"
    return due


@external
@nonreentrant
def end_batch(
    lander: address, fees_micros: uint256,
    payments: DynArray[IVault.Payment, limits.MAX_WITHDRAWALS],
):
    assert msg.sender == self.settlement, "owner_only"
    if fees_micros != 0:
        self.claimable_micros[lander][CASH] += fees_micros
    for payment: IVault.Payment in payments:
        self.claimable_micros[payment.account][payment.symbol] += payment.amount_micros
        log Owed(
            account=payment.account, symbol=payment.symbol, amount_micros=payment.amount_micros
        )
        self._try_pay(payment.account, payment.symbol, payment.account)


@internal
def _try_pay(account: address, symbol: uint256, recipient: address):
    amount_micros: uint256 = self.claimable_micros[account][symbol]
    asset: Asset = self.assets[symbol]
    if amount_micros == 0 or asset.token == empty(address):
        return
    self.claimable_micros[account][symbol] = 0
    success: bool = False
    response: Bytes[32] = b""
    success, response = raw_call(
        asset.token,
        abi_encode(
            recipient, amount_micros * asset.unit, method_id=method_id("transfer(address,uint256)")
        ),
        max_outsize=32,
        gas=PAYMENT_GAS,
        revert_on_failure=False,
    )
    if success and (len(response) == 0 or convert(response, uint256) == 1):
        # Never below zero, whatever was sent here past `deposit`: a payment must not revert.
        self.assets[symbol].held_micros = asset.held_micros - min(amount_micros, asset.held_micros)
        log Paid(account=account, symbol=symbol, amount_micros=amount_micros)
    else:
        self.claimable_micros[account][symbol] = amount_micros
