"""Nonces for many signers at once: what the account has spent, and what has been handed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from offbeat.core import InvalidInput, Reason, Unavailable, limits
from offbeat.intents import Lane, is_spent, make_nonce, split_nonce

_FOREVER: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class LaneUse:
    """What a relay knows of one account's nonces.

    ``next_numbers`` gives, lane by lane, the lowest number that nobody uses as far as it knows.
    """

    lanes: tuple[Lane, ...]
    next_numbers: tuple[int, ...]


class NonceLedger:
    """Hands out nonces, each once, to any number of tasks, threads and clients that share it.

    A number is the lowest free one of its lane, and always within the lane's window: a higher one
    would cancel whatever still waits behind it. Nothing is remembered beyond the process, so
    programs that sign for one account side by side take a lane each.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: dict[tuple[int, int], int] = {}
        """(account id, nonce) → the last second at which it can matter."""

    def take(
        self,
        account_id: int,
        use: LaneUse,
        *,
        lane: int | None,
        valid_until_seconds: int,
        now_seconds: int,
    ) -> int:
        """A nonce that nobody else gets while its intent may execute.

        ``lane`` None takes the first lane with room. Raises :class:`InvalidInput` with code
        ``nonce_lane`` for a lane that cannot be used yet (they are opened in order), or
        :class:`Unavailable` with code ``nonces_exhausted`` where every number of the window waits.
        """
        usable = min(max(len(use.lanes) + 1, len(use.next_numbers)), limits.MAX_LANES)
        if lane is not None and not 0 <= lane < usable:
            raise InvalidInput(
                Reason.NONCE_LANE, f"lane {lane} cannot be used yet: lanes open in order, 0 first"
            )
        with self._lock:
            self._forget(now_seconds)
            for index in range(usable) if lane is None else (lane,):
                number = self._free(account_id, use, index)
                if number is not None:
                    nonce = make_nonce(index, number)
                    self._taken[account_id, nonce] = valid_until_seconds
                    return nonce
        raise Unavailable("nonces_exhausted", "every nonce in reach belongs to an open intent")

    def hold(self, account_id: int, nonce: int) -> None:
        """Never hand out this nonce: somebody else has it."""
        with self._lock:
            self._taken[account_id, nonce] = _FOREVER

    def release(self, account_id: int, nonce: int) -> None:
        """The nonce is free again: whatever was signed with it went nowhere."""
        with self._lock:
            self._taken.pop((account_id, nonce), None)

    def highest(self, account_id: int, lane: int) -> int | None:
        """The highest number of a lane that is handed out, None where none is."""
        with self._lock:
            taken = [split_nonce(nonce) for account, nonce in self._taken if account == account_id]
        return max((number for index, number in taken if index == lane), default=None)

    def _free(self, account_id: int, use: LaneUse, index: int) -> int | None:
        floor = use.lanes[index].floor if index < len(use.lanes) else 0
        first = use.next_numbers[index] if index < len(use.next_numbers) else floor
        for number in range(max(first, floor), floor + limits.LANE_WINDOW):
            nonce = make_nonce(index, number)
            if not is_spent(use.lanes, nonce) and (account_id, nonce) not in self._taken:
                return number
        return None

    def _forget(self, now_seconds: int) -> None:
        late = [key for key, until_seconds in self._taken.items() if until_seconds < now_seconds]
        for key in late:
            del self._taken[key]


def beyond_all(lane: Lane, numbers: Sequence[int]) -> int:
    """The number that, once spent, leaves nothing to execute: neither what the lane's window can
    still hold nor ``numbers``."""
    return max(lane.floor + limits.LANE_WINDOW - 1, *numbers, 0) + limits.LANE_WINDOW
