"""Signed intents as the six words of an action."""

from collections.abc import Mapping

from offbeat.core import to_unsigned
from offbeat.instruments import Instrument
from offbeat.intents import Intent, Order, SignedIntent, Withdraw
from offbeat.rulebook import (
    Action,
    ActionKind,
    IntentWords,
    OrderFlag,
    signature_words,
    symbol_number,
)


def pack_intent(
    signed: SignedIntent, rows: Mapping[int, int], fee_micros: int, fill_micros: int = 0
) -> Action:
    """The action of an intent; ``rows`` gives the batch row of each instrument id."""
    intent = signed.intent
    words = IntentWords.of(intent)
    r, vs = signature_words(signed.signature)
    if isinstance(intent, Order):
        head = _order_head(intent, rows, fee_micros, fill_micros)
    else:
        head = words.kind << 248 | _spot_row(intent, rows) << 240 | fee_micros << 104
    return Action(head, words.terms, words.third, words.fourth, r, vs)


def pack_credit(index: int, symbol: int, cash_symbol: str, rows: Mapping[int, int]) -> Action:
    """The action that takes the batch's credit number ``index`` into the account."""
    row = 0 if symbol == symbol_number(cash_symbol) else rows[symbol << 88]
    return Action(ActionKind.CREDIT << 248 | row << 240 | index << 232)


def _order_head(order: Order, rows: Mapping[int, int], fee_micros: int, fill_micros: int) -> int:
    flags = OrderFlag.REDUCE_ONLY if order.reduce_only else 0
    head = ActionKind.ORDER << 248 | flags << 240 | len(order.legs) << 232
    head |= fill_micros << 168 | fee_micros << 104
    for position, leg in enumerate(order.legs):
        packed = rows[leg.instrument.id] << 16 | to_unsigned(leg.ratio, 16)
        head |= packed << (80 - 24 * position)
    return head


def _spot_row(intent: Intent, rows: Mapping[int, int]) -> int:
    if not isinstance(intent, Withdraw):
        return 0
    return rows.get(Instrument.spot(intent.asset).id, 0)
