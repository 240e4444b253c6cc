"""The intents of a batch, read back from its actions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from offbeat.core import to_signed
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Cancel, Delegate, Intent, Order, Transfer, Withdraw
from offbeat.rulebook import (
    Action,
    ActionKind,
    Batch,
    OrderFlag,
    Section,
    owner_of,
    pay_micros,
    symbol_text,
)

_LOW_32: Final = (1 << 32) - 1
_LOW_40: Final = (1 << 40) - 1
_LOW_64: Final = (1 << 64) - 1
_LOW_128: Final = (1 << 128) - 1


@dataclass(frozen=True, slots=True)
class Carried:
    """An intent in a batch, and what the batch does with it.

    ``pay_micros`` is positive where the trader pays; it and ``fill_micros`` are 0 but for orders.
    """

    intent: Intent
    fee_micros: int
    fill_micros: int = 0
    pay_micros: int = 0


def carried_intents(batch: Batch) -> Iterator[Carried]:
    """Every signed action of a well-formed batch, in its order."""
    for section in batch.sections:
        for action in section.actions:
            if action.kind == ActionKind.ORDER:
                yield _order(batch, section, action)
            elif action.kind != ActionKind.CREDIT:
                yield Carried(_other(section, action), action.fee_micros)


def _order(batch: Batch, section: Section, action: Action) -> Carried:
    packed = [action.leg(position) for position in range(action.second_byte)]
    rows = [(batch.rows[row], ratio) for row, ratio in packed]
    order = Order(
        owner=owner_of(section.account),
        account=section.account & _LOW_32,
        legs=tuple(Leg(Instrument.from_id(row.instrument_id), ratio) for row, ratio in rows),
        quantity_micros=action.terms >> 192,
        min_fill_micros=action.terms >> 128 & _LOW_64,
        limit_micros=to_signed(action.third >> 128, 128),
        nonce=action.nonce,
        valid_from_seconds=action.third >> 64 & _LOW_64,
        valid_until_seconds=action.third & _LOW_64,
        spot_min_micros=action.fourth >> 128,
        spot_max_micros=action.fourth & _LOW_128,
        max_fee_micros=action.max_fee_micros,
        reduce_only=bool(action.first_byte & OrderFlag.REDUCE_ONLY),
    )
    price_nanos = sum(ratio * row.price_nanos for row, ratio in rows)
    paid = pay_micros(price_nanos, order.limit_micros, action.fill_micros)
    return Carried(order, action.fee_micros, action.fill_micros, paid)


def _other(section: Section, action: Action) -> Intent:
    envelope: dict[str, Any] = {
        "owner": owner_of(section.account),
        "account": section.account & _LOW_32,
        "nonce": action.nonce,
        "valid_until_seconds": action.terms >> 128 & _LOW_64,
        "max_fee_micros": action.max_fee_micros,
    }
    party = (action.third >> 96).to_bytes(20)
    number = action.third >> 64 & _LOW_32
    amount_micros = action.fourth >> 128
    match action.kind:
        case ActionKind.CANCEL:
            return Cancel(**envelope)
        case ActionKind.WITHDRAW:
            asset = symbol_text(action.third >> 56 & _LOW_40)
            return Withdraw(**envelope, to=party, asset=asset, amount_micros=amount_micros)
        case ActionKind.TRANSFER:
            return Transfer(
                **envelope, to_owner=party, to_account=number, amount_micros=amount_micros
            )
        case _:
            expires = action.third & _LOW_64
            return Delegate(**envelope, delegate=party, scope=number, expires_seconds=expires)
