"""A key that a committee holds together: what everybody knows of it, and how partials add up.

A partial is a member's ``sign`` under his share. Any ``threshold`` good ones of one message combine
into the one signature under the group's key; fewer say nothing about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from py_arkworks_bls12381 import G1Point, G2Point

from offbeat.core import InvalidInput
from offbeat.threshold.curve import G2_BYTES, decode_g2, encode_g1, encode_g2, weights
from offbeat.threshold.sharing import lagrange, share_key
from offbeat.threshold.signatures import verifies

MAX_MEMBERS: Final = 255
"""Of a committee: an index and their number fit one byte."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The public side of a shared key: Feldman's commitments to its polynomial, and its members.

    Raises :class:`InvalidInput` with code ``key_set_invalid``.
    """

    commitments: tuple[G2Point, ...]
    members: int
    shares: tuple[G2Point, ...] = field(init=False, compare=False, repr=False)
    """The key of each member's partials, by index."""

    def __post_init__(self) -> None:
        if not 0 < len(self.commitments) <= self.members <= MAX_MEMBERS:
            raise InvalidInput("key_set_invalid", "the threshold must be 1 to the members' number")
        keys = tuple(share_key(self.commitments, index) for index in range(self.members))
        if G2Point.identity() in (self.group, *keys):
            raise InvalidInput("key_set_invalid", "a key of nobody's")
        object.__setattr__(self, "shares", keys)

    @property
    def group(self) -> G2Point:
        """The key that combined signatures are checked with."""
        return self.commitments[0]

    @property
    def threshold(self) -> int:
        """How many partials make a signature."""
        return len(self.commitments)

    def holds_partial(self, index: int, point: G1Point, partial: G1Point) -> bool:
        """Whether ``partial`` is that member's of the hashed message ``point``."""
        return (
            0 <= index < self.members
            and partial.is_in_subgroup()
            and verifies(self.shares[index], point, partial)
        )

    def encode(self) -> bytes:
        """The number of members in one byte, then the commitments, 96 bytes each."""
        return bytes((self.members,)) + b"".join(map(encode_g2, self.commitments))

    @classmethod
    def decode(cls, data: bytes) -> "KeySet":
        """From :meth:`encode`; raises with code ``key_set_invalid`` or ``point_invalid``."""
        if len(data) % G2_BYTES != 1:
            raise InvalidInput("key_set_invalid", "a byte and whole points")
        starts = range(1, len(data), G2_BYTES)
        return cls(tuple(decode_g2(data[at : at + G2_BYTES]) for at in starts), data[0])


@dataclass(frozen=True, slots=True)
class Combined:
    """The group's signature where enough partials were good, and the members whose were not.

    While the signature holds at the first attempt nobody is looked at one by one, so ``bad`` names
    at least those who stood in its way, not everybody who sent a bad one.
    """

    signature: G1Point | None
    bad: tuple[int, ...] = ()


def combine(keys: KeySet, point: G1Point, partials: Mapping[int, G1Point]) -> Combined:
    """The group's signature of the hashed message ``point`` from the partials of members.

    Partials may be of any order, as ``decode_partial`` returns them.
    """
    return combine_many(keys, [point], [partials])[0]


def combine_many(
    keys: KeySet, points: Sequence[G1Point], partials: Sequence[Mapping[int, G1Point]]
) -> list[Combined]:
    """As :func:`combine` for many messages, with two pairings in all while everybody is honest.

    The combined signatures are checked together by a random linear combination; only where that
    fails is each looked at, and only where one fails each of its partials.
    """
    signatures = [_in_group(_interpolate(keys, each)) for each in partials]
    ready = [i for i, signature in enumerate(signatures) if signature is not None]
    held = _hold_together(
        keys.group, [points[i] for i in ready], [s for s in signatures if s is not None]
    )
    return [
        Combined(signature)
        if signature is not None and (held or verifies(keys.group, point, signature))
        else _combine_good(keys, point, each)
        for point, signature, each in zip(points, signatures, partials, strict=True)
    ]


def _hold_together(key: G2Point, points: Sequence[G1Point], signatures: Sequence[G1Point]) -> bool:
    if len(points) == 1:
        return verifies(key, points[0], signatures[0])
    transcript = [encode_g2(key), *map(encode_g1, points), *map(encode_g1, signatures)]
    factors = weights(transcript, len(points))
    return verifies(
        key,
        G1Point.multiexp_unchecked(list(points), factors),
        G1Point.multiexp_unchecked(list(signatures), factors),
    )


def _interpolate(keys: KeySet, partials: Mapping[int, G1Point]) -> G1Point | None:
    """What the first ``threshold`` partials add up to; None where there are not so many."""
    members = sorted(index for index in partials if 0 <= index < keys.members)
    chosen = members[: keys.threshold]
    if len(chosen) < keys.threshold:
        return None
    factors = lagrange(chosen)
    return G1Point.multiexp_unchecked(
        [partials[index] for index in chosen], [factors[index] for index in chosen]
    )


def _in_group(point: G1Point | None) -> G1Point | None:
    return point if point is not None and point.is_in_subgroup() else None


def _combine_good(keys: KeySet, point: G1Point, partials: Mapping[int, G1Point]) -> Combined:
    good = {
        index: partial
        for index, partial in partials.items()
        if keys.holds_partial(index, point, partial)
    }
    return Combined(_interpolate(keys, good), tuple(sorted(partials.keys() - good.keys())))
