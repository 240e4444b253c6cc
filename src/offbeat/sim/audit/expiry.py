"""Exchanges expired positions with the pot of their underlying and expiry."""

from offbeat.sim.audit.books import Pot, spot_of
from offbeat.sim.audit.health import Positions, net_short_calls, payoff_picos
from offbeat.sim.audit.records import Record

_PICOS_PER_MICRO = 10**6


def exchange(record: Record, options: Positions, pot: Pot) -> None:
    """Take an account's ``options`` of one group over into the pot, at the pot's price.

    A debt goes in as spot that covers net short calls, as much as is worth it, and the rest as
    cash, rounded up. A claim, rounded down to a micro, comes out as cash while there is some, then
    as spot. What the pot lacks makes it negative; the caller looks.
    """
    spot = spot_of(next(iter(options)).symbol)
    payoff = payoff_picos(options, pot.price_micros)
    if payoff < 0:
        cover = min(record.positions.get(spot, 0), net_short_calls(options))
        spot_in = min(cover, -(payoff // pot.price_micros))
        rest = max(0, -payoff - spot_in * pot.price_micros)
        cash_in = -(-rest // _PICOS_PER_MICRO)
    else:
        claim = payoff // _PICOS_PER_MICRO
        cash_in = -min(claim, pot.cash_micros)
        spot_in = -((claim + cash_in) * _PICOS_PER_MICRO // pot.price_micros)
    record.cash_micros -= cash_in
    pot.cash_micros += cash_in
    record.add(spot, -spot_in)
    pot.spot_micros += spot_in
    for instrument, quantity in options.items():
        record.add(instrument, -quantity)
        pot.options[instrument] += quantity
