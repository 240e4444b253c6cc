"""The settlement of an expiry, told from the states before and after its batch."""

from collections.abc import Iterable

from offbeat.instruments import Instrument, Kind
from offbeat.rulebook import GROUP_SHIFT, State
from offbeat.sim.ledger import Expired
from offbeat.sim.scenario import Settlement
from offbeat.sim.venue import Landed


def group_of(settlement: Settlement) -> int:
    """The key of its pot: symbol and expiry."""
    any_strike = Instrument(settlement.symbol, Kind.CALL, settlement.expiry_seconds, 1)
    return any_strike.id >> GROUP_SHIFT


def holders(state: State, group: int) -> frozenset[int]:
    """The accounts with positions in a group."""
    return frozenset(
        account
        for account, record in state.accounts.items()
        if any(each.instrument_id >> GROUP_SHIFT == group for each in record.positions)
    )


def expired_record(settlement: Settlement, landed: Landed, accounts: Iterable[int]) -> Expired:
    """What a batch that did nothing but settle one expiry has moved."""
    spot = Instrument.spot(settlement.symbol).id
    group = group_of(settlement)
    pot = landed.after.pots[group]
    records = [(landed.before.account(each), landed.after.account(each)) for each in accounts]
    cash = [after.cash_micros - before.cash_micros for before, after in records]
    spots = [after.quantity_of(spot) - before.quantity_of(spot) for before, after in records]
    return Expired(
        settlement=settlement,
        batch=landed.built.batch.number,
        accounts=len(records),
        positions=sum(
            each.instrument_id >> GROUP_SHIFT == group
            for before, _ in records
            for each in before.positions
        ),
        cash_in_micros=-sum(min(0, each) for each in cash),
        spot_in_micros=-sum(min(0, each) for each in spots),
        cash_out_micros=sum(max(0, each) for each in cash),
        spot_out_micros=sum(max(0, each) for each in spots),
        cash_left_micros=pot.cash_micros,
        spot_left_micros=pot.spot_micros,
    )
