# pragma version 0.4.3
"""
@title Expiry: settlement prices, and the pots through which expired positions are paid
@notice Each group (underlying and expiry) has a settlement price and a pot. What its shorts owe
        goes into the pot, what its longs are due comes out of it. A short call that spot covers
        pays in that spot, at the settlement price, so that no loan is left behind; whoever is due
        more cash than the pot holds receives the rest in that spot. Amounts are micros.
"""

from interfaces import IExpiry
from interfaces import IOracle
from lib import batch_rows
from lib import limits
from lib import rounding

implements: IExpiry

event SettlementPrice:
    group: indexed(uint256)
    price_micros: uint256

struct Pot:
    price_micros: uint256
    cash_micros: int256
    spot_micros: uint256

struct Holdings:
    cash_micros: int256
    spot_micros: uint256

QUANTITY_SCALE: constant(int256) = limits.SIGNED_QUANTITY_SCALE
SPOT: constant(uint256) = 0
CALL: constant(uint256) = 1
LOW_8: constant(uint256) = 255
LOW_32: constant(uint256) = (1 << 32) - 1

OWNER: public(immutable(address))
ORACLE: public(immutable(address))

settlement: public(address)
pots: public(HashMap[uint256, Pot])


interface ISettlement:
    def domain_separator() -> bytes32: view


@deploy
def __init__(oracle: address):
    OWNER = msg.sender
    ORACLE = oracle


@external
def bind(settlement: address):
    """
    @notice Name, once, the settlement whose positions expire here.
    """
    assert msg.sender == OWNER, "owner_only"
    assert self.settlement == empty(address) and settlement.is_contract, "already_bound"
    self.settlement = settlement


@external
def post_settlement_price(
    symbol: bytes5, expiry_seconds: uint256, price_micros: uint256,
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
):
    """
    @notice Fix the price at which one expiry of one underlying settles, once, under the reporters'
            quorum.
    """
    assert 0 < expiry_seconds and expiry_seconds <= LOW_32, "price_invalid"
    assert expiry_seconds <= block.timestamp, "price_invalid"
    assert 0 < price_micros and price_micros <= limits.MAX_MARK_MICROS, "price_invalid"
    underlying: uint256 = convert(symbol, uint256)
    group: uint256 = (underlying << 32) | expiry_seconds
    assert self.pots[group].price_micros == 0, "price_posted"
    separator: bytes32 = staticcall ISettlement(self.settlement).domain_separator()
    assert staticcall IOracle(ORACLE).check_price(
        separator, underlying, expiry_seconds, price_micros, attestation
    ), "report_quorum"
    self.pots[group].price_micros = price_micros
    log SettlementPrice(group=group, price_micros=price_micros)


@external
@view
def can_settle(table: batch_rows.Row[limits.MAX_ROWS], n_rows: uint256, settling: uint256) -> bool:
    previous: uint256 = 0
    previous_settles: uint256 = 0
    for row: uint256 in range(n_rows, bound=limits.MAX_ROWS):
        group: uint256 = table[row].word >> 184
        settles: uint256 = (settling >> row) & 1
        if settles == 1 and self.pots[group].price_micros == 0:
            return False
        # A group settles whole, or the spot that covers a short call would be set free.
        if group == previous and settles != previous_settles:
            return False
        previous = group
        previous_settles = settles
    return True


@external
def settle(
    settling: uint256, rows: uint256[limits.MAX_ENTRIES], instruments: uint256[limits.MAX_ENTRIES],
    quantities: uint256[limits.MAX_ENTRIES], n_entries: uint256, cash_micros: int256,
) -> (int256, uint256[limits.MAX_ENTRIES]):
    assert msg.sender == self.settlement, "owner_only"
    cash: int256 = cash_micros
    kept: uint256[limits.MAX_ENTRIES] = quantities
    spot_entry: uint256 = max_value(uint256)
    payoff: int256 = 0
    net_calls: int256 = 0
    for i: uint256 in range(n_entries, bound=limits.MAX_ENTRIES):
        instrument: uint256 = instruments[i]
        if instrument & LOW_8 == SPOT:
            spot_entry = i
            continue
        if (settling >> rows[i]) & 1 == 0:
            continue
        group: uint256 = instrument >> 56
        price: int256 = convert(self.pots[group].price_micros, int256)
        quantity: int256 = convert(convert(quantities[i], bytes32), int256)
        payoff += quantity * self._intrinsic(instrument, price)
        if instrument & LOW_8 == CALL:
            net_calls += quantity
        kept[i] = 0
        if i + 1 < n_entries and instruments[i + 1] >> 56 == group:
            continue
        has_spot: bool = False
        if spot_entry != max_value(uint256):
            has_spot = instruments[spot_entry] >> 88 == instrument >> 88
        own: Holdings = Holdings(cash_micros=cash, spot_micros=0)
        if has_spot:
            own.spot_micros = kept[spot_entry]
        own = self._exchange(group, payoff, net_calls, own)
        if has_spot:
            kept[spot_entry] = own.spot_micros
        else:
            assert own.spot_micros == 0, "entry_missing"
        cash = own.cash_micros
        payoff = 0
        net_calls = 0
    return cash, kept


@internal
@pure
def _intrinsic(instrument: uint256, price_micros: int256) -> int256:
    strike: int256 = convert((instrument >> 8) & limits.MAX_STRIKE_MICROS, int256)
    if instrument & LOW_8 == CALL:
        return max(0, price_micros - strike)
    return max(0, strike - price_micros)


@internal
def _exchange(group: uint256, payoff: int256, net_calls: int256, own: Holdings) -> Holdings:
    """
    @notice Settle one account's expired positions of one group against its pot.
    @param payoff The sum of quantity times intrinsic value, in 1e-12 of the quote currency.
    @param net_calls The net quantity of calls in the group.
    @param own The account's cash and spot of the underlying.
    @return The account's cash and spot afterwards.
    """
    pot: Pot = self.pots[group]
    price: int256 = convert(pot.price_micros, int256)
    cash: int256 = own.cash_micros
    spot: int256 = convert(own.spot_micros, int256)
    pot_spot: int256 = convert(pot.spot_micros, int256)
    if payoff < 0:
        cover: int256 = min(max(0, -net_calls), spot)
        paid_spot: int256 = min(cover, rounding.ceil_div(-payoff, price))
        # Rounded once, so that whoever could bear the worst price exactly can pay this one.
        owed: int256 = rounding.ceil_div(max(0, -payoff - paid_spot * price), QUANTITY_SCALE)
        spot -= paid_spot
        pot_spot += paid_spot
        cash -= owed
        pot.cash_micros += owed
    else:
        amount: int256 = payoff // QUANTITY_SCALE
        in_cash: int256 = min(amount, pot.cash_micros)
        in_spot: int256 = (amount - in_cash) * QUANTITY_SCALE // price
        assert in_spot <= pot_spot, "pot_short"
        cash += in_cash
        pot.cash_micros -= in_cash
        spot += in_spot
        pot_spot -= in_spot
    pot.spot_micros = convert(pot_spot, uint256)
    self.pots[group] = pot
    return Holdings(cash_micros=cash, spot_micros=convert(spot, uint256))
