"""Who signs what in the vectors: a domain, three roles and one intent of every shape."""

from dataclasses import replace
from typing import Any, Final

from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    Scope,
    Transfer,
    Withdraw,
    address_of,
    keccak256,
    make_nonce,
)

DOMAIN: Final = Domain(31337, bytes.fromhex("5ff137d4b0fdcd49dca30c7cf57e578a026d2789"))


def key(role: str) -> bytes:
    """The private key of a role. The word is public: never send anything to its address."""
    return keccak256(f"Offbeat vectors: {role}".encode())


OWNER: Final = address_of(key("owner"))
DELEGATE: Final = address_of(key("delegate"))
STRANGER: Final = address_of(key("stranger"))


def legs(**ratios: int) -> tuple[Leg, ...]:
    """``C4000=-1`` sells one ETH-25DEC26-4000-C; ``SPOT=1`` buys one ETH."""

    def instrument(name: str) -> Instrument:
        if name == "SPOT":
            return Instrument.spot("ETH")
        return Instrument.parse(f"ETH-25DEC26-{name[1:]}-{name[0]}")

    unsorted = [Leg(instrument(name), ratio) for name, ratio in ratios.items()]
    return tuple(sorted(unsorted, key=lambda leg: leg.instrument))


ORDER: Final = Order(
    owner=OWNER,
    account=0,
    legs=legs(C4000=1, C4500=-1),
    quantity_micros=2_500_000,
    min_fill_micros=500_000,
    limit_micros=85_250_000,
    nonce=make_nonce(0, 41),
    valid_from_seconds=1_790_000_000,
    valid_until_seconds=1_790_086_400,
    max_fee_micros=1_500_000,
)
ENVELOPE: Final[dict[str, Any]] = {
    "owner": OWNER,
    "account": 0,
    "valid_until_seconds": 1_790_086_400,
    "max_fee_micros": 250_000,
}
DELEGATION: Final = Delegate(
    **ENVELOPE,
    nonce=make_nonce(2, 0),
    delegate=DELEGATE,
    scope=Scope.ORDER | Scope.CANCEL,
    expires_seconds=1_797_000_000,
)
INTENTS: Final[dict[str, Intent]] = {
    "order: call spread, partial fills": ORDER,
    "order: one leg, every option at its default": Order(
        **ENVELOPE, legs=legs(P3000=1), quantity_micros=1_000, limit_micros=0, nonce=0
    ),
    "order: iron condor, receives, fill or kill, market condition, reduce only": replace(
        ORDER,
        legs=legs(P3000=1, P3500=-1, C4500=-1, C5000=1),
        min_fill_micros=ORDER.quantity_micros,
        limit_micros=-42_000_001,
        spot_min_micros=3_200_000_000,
        spot_max_micros=4_800_000_000,
        reduce_only=True,
    ),
    "order: covered call": replace(ORDER, legs=legs(SPOT=1, C4000=-1)),
    "order: ratios, last account, last lane, widest numbers": replace(
        ORDER,
        account=2**32 - 1,
        legs=legs(C4000=-1_000, C4500=1_000),
        limit_micros=-(2**127),
        nonce=make_nonce(7, 2**56 - 1),
        valid_until_seconds=2**64 - 1,
        spot_max_micros=2**128 - 1,
        max_fee_micros=2**64 - 1,
    ),
    "cancel": Cancel(**ENVELOPE, nonce=make_nonce(0, 41)),
    "withdraw: cash": Withdraw(
        **ENVELOPE, nonce=make_nonce(1, 7), to=OWNER, asset="USDC", amount_micros=12_345_678_901
    ),
    "withdraw: spot": Withdraw(
        **ENVELOPE, nonce=make_nonce(1, 8), to=STRANGER, asset="ETH", amount_micros=1_250_000
    ),
    "transfer": Transfer(
        **ENVELOPE,
        nonce=make_nonce(1, 9),
        to_owner=STRANGER,
        to_account=3,
        amount_micros=1_000_000,
    ),
    "delegate: grant": DELEGATION,
    "delegate: revoke": replace(
        DELEGATION, nonce=make_nonce(2, 1), scope=Scope(0), expires_seconds=0
    ),
}


def hex_text(data: bytes) -> str:
    """0x-hexadecimal."""
    return "0x" + data.hex()
