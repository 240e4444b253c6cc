"""One hand that draws: choices, nonces, keys, and what every intent has."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coincurve import PrivateKey
from drafting import Act, Draft
from hypothesis import strategies as st
from market import ACCOUNTS, HOUR_SECONDS, report
from people import DESK, ROBOT, STRANGER

from offbeat.core import Reason, limits
from offbeat.intents import Lane, Scope, make_nonce, spend
from offbeat.oracle import Report

Draw = Callable[..., Any]
FAR_SECONDS = 2**64 - 1


@dataclass(slots=True)
class Hand:
    """Draws one draft. ``known`` are the intents seen so far, by their hash."""

    draw: Draw
    draft: Draft
    start_seconds: int
    known: dict[bytes, Act]
    report_seconds: int
    seed: int
    lanes: dict[int, tuple[Lane, ...]] = field(default_factory=dict)

    def one_of(self, *options: Any) -> Any:
        """One of some values; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def rarely(self) -> bool:
        """True one time in eight."""
        is_rare: bool = self.one_of(*[False] * 7, True)
        return is_rare

    def account(self) -> int:
        """Somebody's account."""
        account: int = self.one_of(*ACCOUNTS)
        return account

    def report(self, symbols: list[str]) -> Report:
        """What reporters say about some underlyings: the same numbers every time."""
        return report(symbols, self.start_seconds, self.report_seconds, seed=self.seed)

    def envelope(self, account: int) -> dict[str, Any]:
        """Owner, nonce, validity and fee."""
        until = self.draft.not_after_seconds + self.one_of(1_000, 0, 20, HOUR_SECONDS)
        return {
            "owner": (account >> 32).to_bytes(20),
            "account": account & 0xFFFFFFFF,
            "nonce": self._nonce(account),
            "valid_until_seconds": FAR_SECONDS if self.rarely() else until,
            "max_fee_micros": self.one_of(1_000, 0, 1, 10**6),
        }

    def key(self, account: int, scope: Scope) -> PrivateKey | None:
        """A delegate that may sign, where there is one and it so falls; ``None`` is the owner."""
        owner, grants = (account >> 32).to_bytes(20), self.draft.state.grants
        for delegate in (DESK, ROBOT):
            grant = grants.get((owner, delegate.address))
            holds = grant and grant.expires_seconds >= self.draft.not_after_seconds
            if grant and holds and grant.scope & scope and self.one_of(True, False):
                return delegate.key
        return STRANGER.key if self.rarely() and self.rarely() else None

    def _nonce(self, account: int) -> int:
        """Usually the next number of some lane; sometimes one at or beyond the window's edge."""
        lanes = self.lanes.get(account, self.draft.state.account(account).lanes)
        index = self.one_of(*range(min(len(lanes) + 1, limits.MAX_LANES)))
        lane = lanes[index] if index < len(lanes) else Lane()
        offset = (~lane.bitmap & lane.bitmap + 1).bit_length() - 1
        if self.rarely():
            offset = self.one_of(254, 255, 256, 257, 511, 10_000)
        nonce = make_nonce(index, min(lane.floor + offset, 2**56 - 1))
        after = spend(lanes, nonce)
        self.lanes[account] = lanes if isinstance(after, Reason) else after
        return nonce
