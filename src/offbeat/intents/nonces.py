"""Nonces: each is spent once, in any order, over up to eight lanes.

A nonce is ``lane << 56 | number``. A lane remembers a floor, below which every number is spent, and
256 bits above it. A number beyond the window slides the window up until the number is its last bit,
and so spends everything that it leaves behind: one cancelled nonce cancels a whole lane.
"""

from dataclasses import dataclass
from typing import Final

from offbeat.core import InvalidInput, Reason, limits

_NUMBER_MASK: Final = (1 << limits.LANE_SHIFT) - 1
_TOP_BIT: Final = limits.LANE_WINDOW - 1


@dataclass(frozen=True, slots=True)
class Lane:
    """The spent numbers of one lane: all below ``floor``, and ``floor + k`` for each set bit k."""

    floor: int = 0
    bitmap: int = 0


def make_nonce(lane: int, number: int) -> int:
    """The nonce of ``number`` (below 2**56) in ``lane`` (below 256).

    Raises :class:`InvalidInput` with code ``integer_out_of_range``.
    """
    if not 0 <= lane <= limits.WALLET_LANE or not 0 <= number <= _NUMBER_MASK:
        raise InvalidInput("integer_out_of_range", "a lane has 8 bits and a number 56")
    return lane << limits.LANE_SHIFT | number


def split_nonce(nonce: int) -> tuple[int, int]:
    """The lane and the number of a nonce."""
    return nonce >> limits.LANE_SHIFT, nonce & _NUMBER_MASK


def is_spent(lanes: tuple[Lane, ...], nonce: int) -> bool:
    """Whether the nonce is spent; in a lane that does not exist yet, none is."""
    index, number = split_nonce(nonce)
    if index >= len(lanes):
        return False
    offset = number - lanes[index].floor
    return offset < 0 or bool(lanes[index].bitmap >> offset & 1)


def spend(lanes: tuple[Lane, ...], nonce: int) -> tuple[Lane, ...] | Reason:
    """The lanes after spending ``nonce``, or why it cannot be spent.

    ``NONCE_LANE``: lanes are created in order, at most ``limits.MAX_LANES``. ``NONCE_SPENT``: the
    number is spent already, or below the floor.
    """
    index, number = split_nonce(nonce)
    if index > len(lanes) or index >= limits.MAX_LANES:
        return Reason.NONCE_LANE
    if is_spent(lanes, nonce):
        return Reason.NONCE_SPENT
    before = lanes[index] if index < len(lanes) else Lane()
    slide = max(0, number - before.floor - _TOP_BIT)
    floor = before.floor + slide
    after = Lane(floor, before.bitmap >> slide | 1 << (number - floor))
    return (*lanes[:index], after, *lanes[index + 1 :])
