"""Follows the chain: reads its blocks, rolls back what was reorganised away, finds our state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from offbeat.chain import Deployment, read_acts, read_facts, read_rules
from offbeat.core import ChainError, Unavailable
from offbeat.core.ports import Block, Chain
from offbeat.reconciliation import Diverged, Timeline, check
from offbeat.rulebook import Account, Rules, State

PAGE_BLOCKS: Final = 2_000
"""Blocks that one look takes in at most."""
UNREADABLE: Final = frozenset({"batch_not_in_calldata", "batch_unreadable", "event_unknown"})
"""What the chain may hold that nobody can follow: as bad as a divergence."""


@dataclass(slots=True)
class Follower:
    """One relay's eyes on the chain. Its methods block: they belong on a worker's thread."""

    chain: Chain
    deployment: Deployment
    timeline: Timeline
    is_current: bool = False
    """Whether our state is the latest block's, and the contracts agree with it."""
    _compared: State | None = None

    @classmethod
    def start(cls, chain: Chain, deployment: Deployment, kept_blocks: int) -> "Follower":
        """Before the first block."""
        return cls(chain, deployment, Timeline(read_rules(chain, deployment), kept_blocks))

    @property
    def rules(self) -> Rules:
        """What the deployment fixes."""
        return self.timeline.rules

    def forget(self) -> None:
        """Begin anew with the chain's first block."""
        self.timeline = Timeline(self.rules, self.timeline.kept_blocks)
        self.is_current = False
        self._compared = None

    def look(self) -> bool:
        """Follow what is new; whether anything was.

        Raises :class:`Diverged`, :class:`~offbeat.core.ChainError` and
        :class:`~offbeat.core.Unavailable`; then nothing has been followed.
        """
        latest = self.chain.block()
        ancestor = self._ancestor(latest)
        tip = self.timeline.tip
        if tip is not None and ancestor == latest.number:
            # The same block, or a node that is behind: there is nothing to learn from it.
            return self._vouch()
        last = min(latest.number, ancestor + PAGE_BLOCKS)
        blocks = self._blocks(ancestor, latest if last == latest.number else self.chain.block(last))
        acts = list(read_acts(self.chain, self.deployment, ancestor + 1, last))
        if self.chain.block(last).hash != blocks[-1].hash:
            raise Unavailable("chain_moved", "the chain was reorganised while it was being read")
        if tip is not None and ancestor < tip.block.number:
            self.timeline.roll_back(ancestor)
        self.is_current = False
        self.timeline.extend(blocks, acts)
        return last < latest.number or self._vouch()

    def _vouch(self) -> bool:
        """Be current, once the contracts agree; whether that is news."""
        is_news = not self.is_current
        if is_news:
            self._compare()
            self.is_current = True
        return is_news

    def _ancestor(self, latest: Block) -> int:
        """The latest block that we and the chain have in common."""
        tip = self.timeline.tip
        if tip is None:
            return self.deployment.first_block - 1
        number = min(latest.number, tip.block.number)
        while (ours := self.timeline.hash_at(number)) is not None:
            theirs = latest if number == latest.number else self.chain.block(number)
            if theirs.hash == ours:
                return number
            number -= 1
        raise ChainError("reorganisation_too_deep", f"block {number + 1} is not what it was")

    def _blocks(self, ancestor: int, last: Block) -> list[Block]:
        """The blocks after an ancestor, each the next one's parent; the latest ones will do."""
        first = max(ancestor + 1, last.number - self.timeline.kept_blocks + 1)
        blocks = [self.chain.block(number) for number in range(first, last.number)] + [last]
        for parent, child in pairwise(blocks):
            if child.parent_hash != parent.hash:
                raise Unavailable("chain_moved", "blocks do not follow one another")
        return blocks

    def _compare(self) -> None:
        """Hold what has changed against the contracts' storage; raises :class:`Diverged`.

        Our rules have judged every batch already; so this can only find what no rule foresaw.
        """
        tip = self.timeline.tip
        assert tip is not None, "a block was just followed"
        if tip.state is self._compared:
            return
        state = _changed(self._compared, tip.state)
        facts = read_facts(self.chain, self.deployment, state, tip.block.number)
        if self.chain.block(tip.block.number).hash != tip.block.hash:
            raise Unavailable("chain_moved", "the chain was reorganised while it was being read")
        differences = check(state, facts)
        if differences:
            raise Diverged(differences[0])
        self._compared = tip.state


def _changed(before: State | None, after: State) -> State:
    """The state with only those accounts, grants and pots that are not as they were."""
    if before is None:
        return after
    accounts: Mapping[int, Account] = {
        each: record
        for each, record in after.accounts.items()
        if before.accounts.get(each) is not record
    }
    grants = {pair: each for pair, each in after.grants.items() if before.grants.get(pair) != each}
    pots = {group: each for group, each in after.pots.items() if before.pots.get(group) != each}
    owed = {
        payee: micros
        for payee, micros in after.owed_micros.items()
        if before.owed_micros.get(payee) != micros
    }
    return replace(after, accounts=accounts, grants=grants, pots=pots, owed_micros=owed)
