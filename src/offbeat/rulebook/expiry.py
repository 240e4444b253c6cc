"""Expired positions become cash, or spot where spot covered them: the twin of ``expiry.vy``.

Each group (underlying and expiry) has a pot. What shorts owe goes in, what longs are due comes
out. A short call that spot covers pays in that spot at the settlement price, so that expiry leaves
no loan behind; whoever is due more cash than the pot holds receives the rest in that spot.
"""

from dataclasses import dataclass

from offbeat.core import Reason, ceil_div, floor_div, limits
from offbeat.instruments import Instrument, Kind, intrinsic_micros
from offbeat.rulebook.refusal import require
from offbeat.rulebook.state import Pot

GROUP_SHIFT = 56


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account brings to a settlement, and what it takes away."""

    cash_micros: int
    spot_micros: int


def settle_group(
    pot: Pot, expired: list[tuple[Instrument, int]], own: Holdings
) -> tuple[Pot, Holdings]:
    """Settle one account's expired (instrument, quantity) of one group against its pot.

    Raises the refusal ``POT_SHORT`` while the shorts that owe the account have not paid in.
    """
    price = pot.price_micros
    due_picos = sum(quantity * intrinsic_micros(option, price) for option, quantity in expired)
    if due_picos >= 0:
        amount = floor_div(due_picos, limits.QUANTITY_SCALE)
        in_cash = min(amount, pot.cash_micros)
        in_spot = floor_div((amount - in_cash) * limits.QUANTITY_SCALE, price)
        require(in_spot <= pot.spot_micros, Reason.POT_SHORT)
        return (
            Pot(price, pot.cash_micros - in_cash, pot.spot_micros - in_spot),
            Holdings(own.cash_micros + in_cash, own.spot_micros + in_spot),
        )
    net_calls = sum(quantity for option, quantity in expired if option.kind is Kind.CALL)
    cover = min(max(0, -net_calls), own.spot_micros)
    spot = min(cover, ceil_div(-due_picos, price))
    # Rounded once, so that whoever could bear the worst price exactly can pay this one.
    owed = ceil_div(max(0, -due_picos - spot * price), limits.QUANTITY_SCALE)
    return (
        Pot(price, pot.cash_micros + owed, pot.spot_micros + spot),
        Holdings(own.cash_micros - owed, own.spot_micros - spot),
    )
