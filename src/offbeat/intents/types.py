"""What a trader signs, as values.

Field names add the unit to the names of the signed types (``docs/intent-standard.md``), otherwise
they agree. A value of one of these classes is well-formed: everything that the settlement contract
could ever accept, and nothing that it would refuse whatever its state. Whether an intent may
execute *now* is for :mod:`~offbeat.intents.nonces`, :mod:`~offbeat.intents.conditions` and
:mod:`~offbeat.intents.signatures`.

Constructors raise :class:`InvalidInput` with code ``integer_out_of_range`` (a number that its
EIP-712 type cannot hold, or no whole number at all), ``address_invalid``, ``flag_invalid``, or the
:class:`Reason` that the contract would give.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from offbeat.core import InvalidInput, Reason, limits
from offbeat.instruments import Instrument, Leg, check_legs
from offbeat.intents.checks import (
    ADDRESS_BYTES,
    NO_ADDRESS,
    check_address,
    check_bytes,
    check_int,
    check_uint,
)

SIGNATURE_BYTES: Final = 65


class Scope(IntFlag):
    """What a delegate may sign for its owner. Nothing lets a delegate delegate."""

    ORDER = 1
    CANCEL = 2
    WITHDRAW = 4
    TRANSFER = 8


SCOPE_ALL: Final = Scope.ORDER | Scope.CANCEL | Scope.WITHDRAW | Scope.TRANSFER


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature holds: one settlement contract (20 bytes) on one chain (from 1)."""

    chain_id: int
    verifying_contract: bytes

    def __post_init__(self) -> None:
        check_uint("chainId", self.chain_id, 256)
        if self.chain_id == 0:
            raise InvalidInput("integer_out_of_range", "chainId starts at 1")
        check_address("verifyingContract", self.verifying_contract)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Buy ``quantity_micros`` of a strategy, or any part of it from ``min_fill_micros`` up.

    ``legs`` is 1 to 4, of one underlying, strictly ascending by instrument. ``limit_micros`` is
    the worst net price per unit of strategy: positive pays, negative receives.
    ``max_fee_micros`` is for the whole order. Spot bounds of 0 do not bind. Quantities are whole
    lots; ``min_fill_micros = quantity_micros`` fills all or nothing.
    """

    owner: bytes
    account: int
    legs: tuple[Leg, ...]
    quantity_micros: int
    limit_micros: int
    nonce: int
    valid_until_seconds: int
    max_fee_micros: int
    min_fill_micros: int = 0
    valid_from_seconds: int = 0
    spot_min_micros: int = 0
    spot_max_micros: int = 0
    reduce_only: bool = False

    def __post_init__(self) -> None:
        _check_envelope(self)
        _check_legs(self.legs)
        check_uint("quantity", self.quantity_micros, 64)
        check_uint("minFill", self.min_fill_micros, 64)
        check_uint("validFrom", self.valid_from_seconds, 64)
        check_uint("spotMin", self.spot_min_micros, 128)
        check_uint("spotMax", self.spot_max_micros, 128)
        check_int("limit", self.limit_micros, 128)
        if type(self.reduce_only) is not bool:
            raise InvalidInput("flag_invalid", "reduceOnly must be true or false")
        if not 0 < self.quantity_micros <= limits.MAX_QUANTITY_MICROS:
            raise InvalidInput(
                Reason.QUANTITY_INVALID, f"quantity must be 1 to {limits.MAX_QUANTITY_MICROS}"
            )
        if self.min_fill_micros > self.quantity_micros:
            raise InvalidInput(Reason.QUANTITY_INVALID, "minFill exceeds quantity")
        if self.quantity_micros % limits.LOT_MICROS or self.min_fill_micros % limits.LOT_MICROS:
            raise InvalidInput(
                Reason.QUANTITY_INVALID,
                f"quantity and minFill are multiples of {limits.LOT_MICROS}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Spend ``nonce``. A number beyond the lane's window cancels everything that it leaves."""

    owner: bytes
    account: int
    nonce: int
    valid_until_seconds: int
    max_fee_micros: int

    def __post_init__(self) -> None:
        _check_envelope(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Pay ``amount_micros`` of ``asset`` (``USDC``, or the symbol of a spot holding) to ``to``."""

    owner: bytes
    account: int
    to: bytes
    asset: str
    amount_micros: int
    nonce: int
    valid_until_seconds: int
    max_fee_micros: int

    def __post_init__(self) -> None:
        _check_envelope(self)
        _check_symbol(self.asset)
        _check_payment("to", self.to, self.amount_micros)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Move ``amount_micros`` of cash to another account."""

    owner: bytes
    account: int
    to_owner: bytes
    to_account: int
    amount_micros: int
    nonce: int
    valid_until_seconds: int
    max_fee_micros: int

    def __post_init__(self) -> None:
        _check_envelope(self)
        _check_payment("toOwner", self.to_owner, self.amount_micros)
        check_uint("toAccount", self.to_account, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """Let the key ``delegate`` sign for every account of the owner, until ``expires_seconds``.

    ``scope`` is a sum of :class:`Scope` bits. ``expires_seconds = 0`` revokes, whatever the scope,
    after ``limits.DELEGATION_END_DELAY_SECONDS``.
    """

    owner: bytes
    account: int
    delegate: bytes
    scope: int
    expires_seconds: int
    nonce: int
    valid_until_seconds: int
    max_fee_micros: int

    def __post_init__(self) -> None:
        _check_envelope(self)
        check_bytes("delegate", self.delegate, ADDRESS_BYTES, "address_invalid")
        check_uint("scope", self.scope, 32)
        check_uint("expires", self.expires_seconds, 64)
        if self.delegate in (NO_ADDRESS, self.owner):
            raise InvalidInput(Reason.DELEGATE_INVALID, "the delegate is nobody, or the owner")
        if self.expires_seconds and not 0 < self.scope <= SCOPE_ALL:
            raise InvalidInput(Reason.DELEGATE_INVALID, f"scope must be 1 to {SCOPE_ALL:d}")


Intent = Order | Cancel | Withdraw | Transfer | Delegate
"""Anything that a trader signs."""


@dataclass(frozen=True, slots=True)
class SignedIntent:
    """An intent with its signature r ‖ s ‖ v (65 bytes), not yet verified.

    :func:`~offbeat.intents.canonical_signature` turns the other accepted forms into this one.
    Raises :class:`InvalidInput` with code ``signature_length``.
    """

    intent: Intent
    signature: bytes

    def __post_init__(self) -> None:
        check_bytes("signature", self.signature, SIGNATURE_BYTES, "signature_length")


def _check_envelope(intent: Intent) -> None:
    """The fields that every intent has."""
    check_address("owner", intent.owner)
    check_uint("account", intent.account, 32)
    check_uint("nonce", intent.nonce, 64)
    check_uint("validUntil", intent.valid_until_seconds, 64)
    check_uint("maxFee", intent.max_fee_micros, 64)


def _check_legs(legs: tuple[Leg, ...]) -> None:
    if not isinstance(legs, tuple) or not all(isinstance(leg, Leg) for leg in legs):
        raise InvalidInput(Reason.LEG_INVALID, "legs must be a tuple of Leg")
    try:
        check_legs(legs)
    except InvalidInput as error:
        raise InvalidInput(Reason.LEG_INVALID, error.message) from error


def _check_symbol(asset: str) -> None:
    try:
        Instrument.spot(asset)
    except InvalidInput as error:
        raise InvalidInput(Reason.ASSET_UNKNOWN, error.message) from error


def _check_payment(name: str, recipient: bytes, amount_micros: int) -> None:
    check_bytes(name, recipient, ADDRESS_BYTES, "address_invalid")
    check_uint("amount", amount_micros, 128)
    if recipient == NO_ADDRESS:
        raise InvalidInput(Reason.AMOUNT_INVALID, f"{name} must not be the zero address")
    if not 0 < amount_micros <= limits.MAX_DEPOSIT_MICROS:
        raise InvalidInput(
            Reason.AMOUNT_INVALID, f"amount must be 1 to {limits.MAX_DEPOSIT_MICROS}"
        )
