"""Signed intents as the six words of an action."""

from collections.abc import Mapping

from offbeat.core import to_unsigned
from offbeat.instruments import Instrument
from offbeat.intents import Cancel, Delegate, Intent, Order, SignedIntent, Transfer, Withdraw
from offbeat.rulebook import Action, ActionKind, OrderFlag, symbol_number


def pack_intent(
    signed: SignedIntent, rows: Mapping[int, int], fee_micros: int, fill_micros: int = 0
) -> Action:
    """The action of an intent; ``rows`` gives the batch row of each instrument id."""
    intent = signed.intent
    r, vs = _signature_words(signed.signature)
    if isinstance(intent, Order):
        terms, third, fourth = _order_terms(intent)
        head = _order_head(intent, rows, fee_micros, fill_micros)
    else:
        third, fourth = _subject(intent)
        terms = intent.valid_until_seconds << 128 | intent.nonce << 64 | intent.max_fee_micros
        head = _KINDS[type(intent)] << 248 | _spot_row(intent, rows) << 240 | fee_micros << 104
    return Action(head, terms, third, fourth, r, vs)


def pack_credit(index: int, symbol: int, cash_symbol: str, rows: Mapping[int, int]) -> Action:
    """The action that takes the batch's credit number ``index`` into the account."""
    row = 0 if symbol == symbol_number(cash_symbol) else rows[symbol << 88]
    return Action(ActionKind.CREDIT << 248 | row << 240 | index << 232)


_KINDS: dict[type, ActionKind] = {
    Order: ActionKind.ORDER,
    Cancel: ActionKind.CANCEL,
    Withdraw: ActionKind.WITHDRAW,
    Transfer: ActionKind.TRANSFER,
    Delegate: ActionKind.DELEGATE,
}


def _order_head(order: Order, rows: Mapping[int, int], fee_micros: int, fill_micros: int) -> int:
    flags = OrderFlag.REDUCE_ONLY if order.reduce_only else 0
    head = ActionKind.ORDER << 248 | flags << 240 | len(order.legs) << 232
    head |= fill_micros << 168 | fee_micros << 104
    for position, leg in enumerate(order.legs):
        packed = rows[leg.instrument.id] << 16 | to_unsigned(leg.ratio, 16)
        head |= packed << (80 - 24 * position)
    return head


def _order_terms(order: Order) -> tuple[int, int, int]:
    terms = (
        order.quantity_micros << 192
        | order.min_fill_micros << 128
        | order.nonce << 64
        | order.max_fee_micros
    )
    third = (
        to_unsigned(order.limit_micros, 128) << 128
        | order.valid_from_seconds << 64
        | order.valid_until_seconds
    )
    return terms, third, order.spot_min_micros << 128 | order.spot_max_micros


def _subject(intent: Cancel | Withdraw | Transfer | Delegate) -> tuple[int, int]:
    """Words 2 and 3: whom it concerns, and how much."""
    match intent:
        case Withdraw():
            party = int.from_bytes(intent.to) << 96 | symbol_number(intent.asset) << 56
            return party, intent.amount_micros << 128
        case Transfer():
            party = int.from_bytes(intent.to_owner) << 96 | intent.to_account << 64
            return party, intent.amount_micros << 128
        case Delegate():
            party = int.from_bytes(intent.delegate) << 96 | intent.scope << 64
            return party | intent.expires_seconds, 0
        case _:
            return 0, 0


def _spot_row(intent: Intent, rows: Mapping[int, int]) -> int:
    if not isinstance(intent, Withdraw):
        return 0
    return rows.get(Instrument.spot(intent.asset).id, 0)


def _signature_words(signature: bytes) -> tuple[int, int]:
    """r, and EIP-2098's vs, of a canonical 65-byte signature."""
    s = int.from_bytes(signature[32:64])
    return int.from_bytes(signature[:32]), (signature[64] - 27) << 255 | s
