"""Intents as the words of an action, and back: ``docs/protocol.md`` has the layout."""

from dataclasses import dataclass
from typing import Any, Final

from offbeat.core import InvalidInput, Reason, to_signed, to_unsigned
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Cancel, Delegate, Intent, Order, Transfer, Withdraw
from offbeat.rulebook.layout import ActionKind
from offbeat.rulebook.records import owner_of
from offbeat.rulebook.state import symbol_number, symbol_text

KINDS: Final[dict[type, ActionKind]] = {
    Order: ActionKind.ORDER,
    Cancel: ActionKind.CANCEL,
    Withdraw: ActionKind.WITHDRAW,
    Transfer: ActionKind.TRANSFER,
    Delegate: ActionKind.DELEGATE,
}
"""The kind of action of each intent."""


@dataclass(frozen=True, slots=True)
class IntentWords:
    """What was signed, outside of any batch.

    ``legs`` are an order's, each an instrument id (128 bits) and a ratio (16): in a batch they name
    rows instead. Whether an order is reduce-only stands in a batch's flags, not here.
    """

    kind: int
    terms: int
    third: int = 0
    fourth: int = 0
    legs: tuple[int, ...] = ()

    @classmethod
    def of(cls, intent: Intent) -> "IntentWords":
        """The words of an intent."""
        kind = KINDS[type(intent)]
        low = intent.nonce << 64 | intent.max_fee_micros
        if isinstance(intent, Order):
            terms = intent.quantity_micros << 192 | intent.min_fill_micros << 128 | low
            limit = to_unsigned(intent.limit_micros, 128)
            third = limit << 128 | intent.valid_from_seconds << 64 | intent.valid_until_seconds
            fourth = intent.spot_min_micros << 128 | intent.spot_max_micros
            legs = tuple(
                leg.instrument.id << 16 | to_unsigned(leg.ratio, 16) for leg in intent.legs
            )
            return cls(kind, terms, third, fourth, legs)
        return cls(kind, intent.valid_until_seconds << 128 | low, *_subject(intent))

    def intent(self, account: int) -> Intent:
        """The intent that an account (its id) signed with these words.

        Raises :class:`InvalidInput` where no well-formed intent has them.
        """
        party, number = (self.third >> 96).to_bytes(20), self.third >> 64 & 0xFFFFFFFF
        valid_until = (
            self.third & _LOW_64 if self.kind == ActionKind.ORDER else self.terms >> 128 & _LOW_64
        )
        envelope: dict[str, Any] = {
            "owner": owner_of(account),
            "account": account & 0xFFFFFFFF,
            "nonce": self.terms >> 64 & _LOW_64,
            "max_fee_micros": self.terms & _LOW_64,
            "valid_until_seconds": valid_until,
        }
        match self.kind:
            case ActionKind.ORDER:
                return Order(
                    **envelope,
                    legs=tuple(
                        Leg(Instrument.from_id(leg >> 16), to_signed(leg & 0xFFFF, 16))
                        for leg in self.legs
                    ),
                    quantity_micros=self.terms >> 192,
                    min_fill_micros=self.terms >> 128 & _LOW_64,
                    limit_micros=to_signed(self.third >> 128, 128),
                    valid_from_seconds=self.third >> 64 & _LOW_64,
                    spot_min_micros=self.fourth >> 128,
                    spot_max_micros=self.fourth & _LOW_128,
                )
            case ActionKind.CANCEL:
                return Cancel(**envelope)
            case ActionKind.WITHDRAW:
                asset = symbol_text(self.third >> 56 & _LOW_40)
                return Withdraw(**envelope, to=party, asset=asset, amount_micros=self.fourth >> 128)
            case ActionKind.TRANSFER:
                amount = self.fourth >> 128
                return Transfer(**envelope, to_owner=party, to_account=number, amount_micros=amount)
            case ActionKind.DELEGATE:
                return Delegate(
                    **envelope,
                    delegate=party,
                    scope=number,
                    expires_seconds=self.third & _LOW_64,
                )
            case _:
                raise InvalidInput(Reason.ACTION_UNKNOWN, f"no intent has kind {self.kind}")


def signature_words(signature: bytes) -> tuple[int, int]:
    """r, and EIP-2098's vs, of a canonical 65-byte signature."""
    s = int.from_bytes(signature[32:64])
    return int.from_bytes(signature[:32]), (signature[64] - 27) << 255 | s


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


_LOW_40: Final = (1 << 40) - 1
_LOW_64: Final = (1 << 64) - 1
_LOW_128: Final = (1 << 128) - 1
