"""What becomes of an intent, a batch and a transaction: their states, and the legal moves.

::

    intent       RELAYED → ORDERED → CLEARED → SETTLED → FINAL
                 CANCEL_PENDING → CANCELLED · REJECTED · EXPIRED
    batch        CERTIFIED → SETTLED → FINAL · VOID
    transaction  PENDING → MINED → FINAL · LOST

A state's number is what stores keep; it never changes its meaning. States from ``FINAL`` on are
*closed*, those before it *open*. Whatever a reorganisation of the chain can bring about is legal.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Final, Self


class Status(IntEnum):
    """A state of one of the lives below."""

    @property
    def is_open(self) -> bool:
        """Whether more is to come in the usual course of things."""
        return self < type(self)["FINAL"]

    def may_become(self, other: Self) -> bool:
        """Whether ``other`` may follow. An open state may follow itself, with other details."""
        return other in _MOVES[type(self)][self] or (other is self and self.is_open)


class IntentStatus(Status):
    """How far an intent has come.

    An order that was filled in part waits in ``ORDERED`` for the rest. ``CANCEL_PENDING`` may
    still fill; only what can no longer fill is ``CANCELLED``. A certified batch may land whoever
    sends it, so nothing ends while it is ``CLEARED``. What is closed stays closed.
    """

    RELAYED = 0
    ORDERED = 1
    CLEARED = 2
    SETTLED = 3
    CANCEL_PENDING = 4
    FINAL = 5
    REJECTED = 6
    CANCELLED = 7
    EXPIRED = 8


class BatchStatus(Status):
    """How far a certified batch has come; a reorganisation may bring a ``VOID`` one back."""

    CERTIFIED = 0
    SETTLED = 1
    FINAL = 2
    VOID = 3


class TransactionStatus(Status):
    """How far a signed transaction has come, ``PENDING`` from before it is sent.

    ``LOST``: another one was mined with its nonce. A reorganisation may bring it back.
    """

    PENDING = 0
    MINED = 1
    FINAL = 2
    LOST = 3


_I, _B, _T = IntentStatus, BatchStatus, TransactionStatus
_MOVES: Final[Mapping[type[Status], Mapping[Status, AbstractSet[Status]]]] = {
    _I: {
        _I.RELAYED: {
            _I.ORDERED, _I.CLEARED, _I.SETTLED, _I.CANCEL_PENDING, _I.REJECTED, _I.EXPIRED
        },
        _I.ORDERED: {_I.CLEARED, _I.SETTLED, _I.CANCEL_PENDING, _I.REJECTED, _I.EXPIRED},
        _I.CLEARED: {_I.ORDERED, _I.SETTLED, _I.CANCEL_PENDING},
        _I.SETTLED: {_I.ORDERED, _I.CLEARED, _I.FINAL},
        _I.CANCEL_PENDING: {
            _I.ORDERED, _I.CLEARED, _I.SETTLED, _I.REJECTED, _I.CANCELLED, _I.EXPIRED
        },
        _I.FINAL: set(),
        _I.REJECTED: set(),
        _I.CANCELLED: set(),
        _I.EXPIRED: set(),
    },
    _B: {
        _B.CERTIFIED: {_B.SETTLED, _B.VOID},
        _B.SETTLED: {_B.CERTIFIED, _B.FINAL, _B.VOID},
        _B.FINAL: set(),
        _B.VOID: {_B.CERTIFIED, _B.SETTLED},
    },
    _T: {
        _T.PENDING: {_T.MINED, _T.LOST},
        _T.MINED: {_T.PENDING, _T.FINAL, _T.LOST},
        _T.FINAL: set(),
        _T.LOST: {_T.PENDING, _T.MINED},
    },
}  # fmt: skip
