"""Members of a committee in one process: honest ones, and every way of not being so."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from py_arkworks_bls12381 import G1Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold import SCALAR_BYTES, Ceremony, KeySet, Terms, deal, derive_scalars
from offbeat.threshold.proofs import PROOF_BYTES, prove

LIES = ("silent", "malformed", "wrong to one", "wrong to all", "another's", "late")
"""What a faulty dealer may do instead of dealing."""


def seed_of(*parts: object) -> bytes:
    """32 bytes that look random and are the same every time."""
    return hashlib.sha256(repr(parts).encode()).digest()


def threshold_of(members: int) -> int:
    """2f+1 of 3f+1."""
    return 2 * ((members - 1) // 3) + 1


@dataclass
class Member:
    """Somebody with a key for sealed shares, and his shares by the label of their ceremony."""

    name: str
    secret: Scalar = field(init=False)
    shares: dict[bytes, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.secret,) = derive_scalars(seed_of(self.name), b"for sealed shares", 1)

    @property
    def key(self) -> G1Point:
        """What dealers seal his shares with."""
        return G1Point() * self.secret


@dataclass
class Held:
    """A ceremony that took place, and the members who are its receivers."""

    ceremony: Ceremony
    keys: KeySet
    receivers: list[Member]

    @property
    def shares(self) -> list[Scalar]:
        """Everybody's, by index."""
        return [
            self.ceremony.share_of(index, member.secret)
            for index, member in enumerate(self.receivers)
        ]


def members(*names: object) -> list[Member]:
    """Members by these names."""
    return [Member(str(name)) for name in names]


def hold(
    name: str,
    receivers: list[Member],
    previous: Held | None = None,
    liars: dict[int, str] | None = None,
    false_complaints: Iterable[int] = (),
) -> Held:
    """A ceremony in which ``liars`` deal as they like and some receivers complain of everybody."""
    terms = Terms(
        seed_of(name),
        tuple(member.key for member in receivers),
        threshold_of(len(receivers)),
        previous.keys if previous else None,
    )
    ceremony = Ceremony(terms)
    shares = previous.shares if previous else [None] * terms.dealers
    deals = [
        deal(terms, dealer, seed_of(terms.label, dealer), share)
        for dealer, share in enumerate(shares)
    ]
    liars = liars or {}
    for dealer, honest in enumerate(deals):
        data = _lie(liars.get(dealer), terms, honest, deals[dealer - 1], dealer)
        if data is not None:
            take(ceremony.take_deal, dealer, data)
    ceremony.end_deals()
    for dealer in liars:
        take(ceremony.take_deal, dealer, deals[dealer])
    for index, member in enumerate(receivers):
        for complaint in ceremony.complaints_of(index, member.secret):
            ceremony.take_complaint(index, complaint)
        if index in false_complaints:
            for made in ceremony.deals:
                take(ceremony.take_complaint, index, bytes((made.dealer,)) + bytes(112))
    return Held(ceremony, ceremony.finish(), receivers)


def take(step: object, index: int, data: bytes) -> str | None:
    """Put a message in; the code with which it was refused."""
    try:
        step(index, data)  # type: ignore[operator]
    except InvalidInput as error:
        return error.code
    return None


def _lie(lie: str | None, terms: Terms, honest: bytes, other: bytes, dealer: int) -> bytes | None:
    """What a dealer sends instead."""
    match lie:
        case None:
            return honest
        case "malformed":
            return honest[:-1]
        case "another's":
            return other
        case "wrong to one" | "wrong to all":
            return wrong_deal(terms, dealer, honest, lie == "wrong to all")
    return None


def wrong_deal(terms: Terms, dealer: int, honest: bytes, to_all: bool) -> bytes:
    """A deal whose proof holds, with shares that are not what it commits to.

    The first receiver's alone is wrong, or everybody's.
    """
    place = terms.digest + dealer.to_bytes(2)
    ephemeral = derive_scalars(seed_of(terms.label, dealer), place, 1)[0]
    body = bytearray(honest[:-PROOF_BYTES])
    first = len(body) - SCALAR_BYTES * len(terms.receivers)
    for at in range(first, len(body) if to_all else first + 1, SCALAR_BYTES):
        body[at + SCALAR_BYTES - 1] ^= 1
    return bytes(body) + prove(b"deal" + place + bytes(body), ephemeral, [G1Point()])
