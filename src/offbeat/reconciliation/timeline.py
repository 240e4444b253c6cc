"""The recent past of the chain: our state after each block, so that any of them can be returned to.

States are immutable and share what they have in common, so a kept block costs little.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from offbeat.core import InvalidInput
from offbeat.core.ports import Block
from offbeat.reconciliation.follow import follow, follow_batch
from offbeat.rulebook import Outcome, Rules, State
from offbeat.wire import Act, BatchLanded

KEPT_BLOCKS: Final = 128
"""How deep a reorganisation may be before the whole chain is read again."""
KEPT_HEADS: Final = 4_096
"""Batches whose hash is remembered by number."""


@dataclass(frozen=True, slots=True)
class Step:
    """A block, and our state after it."""

    block: Block
    state: State


@dataclass(frozen=True, slots=True)
class Landing:
    """A batch on the present chain: where it landed, and what it did with each intent."""

    batch_hash: bytes
    number: int
    block_number: int
    transaction_hash: bytes
    lander: bytes
    gas_used: int
    fees_micros: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """What one landed batch did with one intent."""

    landing: Landing
    outcome: Outcome


class Timeline:
    """The present chain as far as it was followed: the latest blocks, and all that still matters.

    ``landings`` by batch hash and ``fills`` by intent hash are of the present chain only, and stay
    until :meth:`forget`; ``lost`` are batches that were rolled back and have not landed again.
    ``heads`` gives the hash of each of the latest batches by its number.
    """

    def __init__(self, rules: Rules, kept_blocks: int = KEPT_BLOCKS) -> None:
        self.rules = rules
        self.kept_blocks = kept_blocks
        self._steps: deque[Step] = deque(maxlen=kept_blocks)
        self.landings: dict[bytes, Landing] = {}
        self.fills: dict[bytes, tuple[Fill, ...]] = {}
        self.lost: set[bytes] = set()
        self.heads: dict[int, bytes] = {}

    @property
    def tip(self) -> Step | None:
        """The latest block; None before the first."""
        return self._steps[-1] if self._steps else None

    @property
    def steps(self) -> Sequence[Step]:
        """The kept blocks, the latest last."""
        return self._steps

    def step_at_depth(self, depth: int) -> Step:
        """The block this deep under the tip, or the oldest that is kept.

        Raises ``IndexError`` before the first block.
        """
        return self._steps[max(-len(self._steps), -1 - depth)]

    def hash_at(self, number: int) -> bytes | None:
        """The hash of a kept block."""
        if not self._steps:
            return None
        at = number - self._steps[0].block.number
        return self._steps[at].block.hash if 0 <= at < len(self._steps) else None

    def extend(self, blocks: Sequence[Block], acts: Iterable[Act]) -> None:
        """Follow the chain through ``blocks``, which are successive, and all acts up to them.

        Blocks may be missing before the first of these; then nothing before it can be returned
        to. Raises :class:`Diverged` at the first act that does not fit, and nothing has changed.
        """
        tip = self.tip
        state = tip.state if tip else State(self.rules)
        landed: list[Landing] = []
        steps: list[Step] = []
        waiting = iter(acts)
        act = next(waiting, None)
        for block in blocks:
            while act is not None and act.place.block_number <= block.number:
                if isinstance(act, BatchLanded):
                    applied = follow_batch(state, act)
                    state = applied.state
                    landed.append(_landing(act, applied.outcomes))
                else:
                    state = follow(state, act)
                act = next(waiting, None)
            steps.append(Step(block, state))
        if act is not None or not steps:
            raise InvalidInput("act_beyond_blocks", "an act is later than the blocks that are read")
        if tip and steps[0].block.parent_hash != tip.block.hash:
            self._steps.clear()
        self._steps.extend(steps)
        for landing in landed:
            self._add(landing)

    def roll_back(self, number: int) -> None:
        """Return to a kept block; raises ``InvalidInput("block_forgotten")``."""
        if self.hash_at(number) is None:
            raise InvalidInput("block_forgotten", f"block {number} is not kept")
        while self._steps[-1].block.number > number:
            self._steps.pop()
        last = self._steps[-1].state.number
        self.heads = {each: head for each, head in self.heads.items() if each <= last}
        gone = {each.batch_hash for each in self.landings.values() if each.block_number > number}
        for batch_hash in gone:
            del self.landings[batch_hash]
        for intent_hash, fills in list(self.fills.items()):
            kept = tuple(fill for fill in fills if fill.landing.block_number <= number)
            if not kept:
                del self.fills[intent_hash]
            elif len(kept) < len(fills):
                self.fills[intent_hash] = kept
        self.lost |= gone

    def forget(
        self, final_number: int, intents: Collection[bytes], batches: Collection[bytes]
    ) -> None:
        """Drop what is final and about none of these: what bounds memory."""
        for batch_hash, landing in list(self.landings.items()):
            if landing.block_number <= final_number and batch_hash not in batches:
                del self.landings[batch_hash]
        for intent_hash, fills in list(self.fills.items()):
            if fills[-1].landing.block_number <= final_number and intent_hash not in intents:
                del self.fills[intent_hash]
        self.lost &= set(batches)

    def _add(self, landing: Landing) -> None:
        self.landings[landing.batch_hash] = landing
        self.heads[landing.number] = landing.batch_hash
        self.heads.pop(landing.number - KEPT_HEADS, None)
        self.lost.discard(landing.batch_hash)
        for outcome in landing.outcomes:
            before = self.fills.get(outcome.intent_hash, ())
            self.fills[outcome.intent_hash] = (*before, Fill(landing, outcome))


def _landing(act: BatchLanded, outcomes: tuple[Outcome, ...]) -> Landing:
    return Landing(
        batch_hash=act.payload_hash,
        number=act.number,
        block_number=act.place.block_number,
        transaction_hash=act.place.transaction_hash,
        lander=act.lander,
        gas_used=act.gas_used,
        fees_micros=act.fees_micros,
        outcomes=outcomes,
    )
