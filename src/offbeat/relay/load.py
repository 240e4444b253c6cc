"""What one batch can carry: every bound of its bytes, its proof and its gas."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from offbeat.core import ceil_div, limits
from offbeat.intents import Withdraw
from offbeat.oracle import Report
from offbeat.relay import gas
from offbeat.relay.draft import item_account, item_instruments, listed_ids
from offbeat.relay.pending import Pending
from offbeat.rulebook import GROUP_SHIFT, InboxItem, State

_MAX_WORDS: Final = limits.MAX_PAYLOAD_BYTES // 32
_HEADER_WORDS: Final = 3 + limits.MAX_UNDERLYINGS
_ROW_WORDS: Final = 2
_CREDIT_WORDS: Final = 2
_SECTION_WORDS: Final = 2
_PAIR_WORDS: Final = 2
_ACTION_WORDS: Final = 6
_ENTRIES_PER_WORD: Final = 4


@dataclass(frozen=True, slots=True)
class ProofSize:
    """How many nodes it takes to prove some of a report's rows, without hashing any.

    ``places`` are the rows' nodes in the tree of :mod:`offbeat.oracle`, whose root is node 0 and
    in which node i stands above 2i+1 and 2i+2. ``paths`` are the rows' nodes and all above them.
    """

    places: Mapping[int, int]
    n_rows: int = 0
    paths: frozenset[int] = frozenset()

    @classmethod
    def of(cls, report: Report | None) -> Self:
        """Of nothing yet. Without a report nothing is ever to be proven."""
        if report is None:
            return cls({})
        last = 2 * len(report.rows) - 2
        return cls({row.instrument_id: last - index for index, row in enumerate(report.rows)})

    @property
    def nodes(self) -> int:
        """Every node on a path has one of its children there, or both; the proof has the others.

        With p nodes on the paths of k rows, p − k have children and p − 1 are some, so
        2 (p − k) − (p − 1) are missing.
        """
        return len(self.paths) - 2 * self.n_rows + 1 if self.n_rows else 0

    def with_rows(self, rows: Collection[int]) -> "ProofSize":
        """With further rows."""
        if not self.places or not rows:
            return self
        added: set[int] = set()
        for row in rows:
            node = self.places[row]
            while node not in self.paths and node not in added:
                added.add(node)
                node = (node - 1) // 2 if node else 0
        return replace(self, n_rows=self.n_rows + len(rows), paths=self.paths | added)


@dataclass(slots=True)
class Load:
    """What a batch carries so far. Each ``add_…`` adds something if it fits, and says whether."""

    state: State
    settling: frozenset[int] = frozenset()
    proof: ProofSize = field(default_factory=lambda: ProofSize({}))
    words: int = _HEADER_WORDS
    gas: int = gas.FIXED_GAS + _HEADER_WORDS * gas.WORD_GAS
    rows: frozenset[int] = frozenset()
    entries: dict[int, frozenset[int]] = field(default_factory=dict)
    actions: Counter[int] = field(default_factory=Counter)
    n_credits: int = 0
    n_withdrawals: int = 0

    def copy(self) -> "Load":
        """A load that may grow apart from this one."""
        return replace(self, entries=dict(self.entries), actions=Counter(self.actions))

    def add_account(self, account: int) -> bool:
        """An account that does nothing."""
        return self._add({account: frozenset()}, ())

    def add_item(self, item: InboxItem) -> bool:
        """The next item of the inbox, with the account that it is for."""
        account = item_account(item)
        opened = item_instruments(item, self.state.rules.cash_symbol)
        return self._add({account: opened}, (account,), n_credits=1)

    def add_intent(self, pending: Pending) -> bool:
        """An intent, with its account and the one that it pays."""
        intent, target = pending.signed.intent, pending.target
        opened = {pending.account: pending.instruments(self.state.rules.cash_symbol)}
        acting = [pending.account]
        if target is not None:
            opened.setdefault(target, frozenset())
            acting.append(target)
        return self._add(
            opened,
            acting,
            n_credits=int(target is not None),
            n_withdrawals=int(isinstance(intent, Withdraw)),
            action_gas=gas.action_gas(intent),
        )

    @property
    def is_full(self) -> bool:
        """Whether not even one more action fits."""
        return self.words + _ACTION_WORDS > _MAX_WORDS

    def _add(
        self,
        opened: Mapping[int, frozenset[int]],
        acting: Sequence[int],
        n_credits: int = 0,
        n_withdrawals: int = 0,
        action_gas: int = 0,
    ) -> bool:
        """Accounts with what they open, and one action for each of ``acting``."""
        entries = {account: self._listed(account) | ids for account, ids in opened.items()}
        new_rows = frozenset().union(*entries.values()) - self.rows
        actions = Counter(acting)
        words = _CREDIT_WORDS * n_credits + _ACTION_WORDS * len(acting) + _ROW_WORDS * len(new_rows)
        words += sum(map(self._section_words, entries, entries.values()))
        more_gas = action_gas + gas.CREDIT_GAS * n_credits + gas.WORD_GAS * words
        more_gas += self._rows_gas(new_rows) + sum(
            map(self._section_gas, entries, entries.values())
        )
        proof = self.proof.with_rows(new_rows)
        fits = (
            self.words + words <= _MAX_WORDS
            and self.gas + more_gas <= gas.MAX_BATCH_GAS
            and len(self.rows) + len(new_rows) <= limits.MAX_ROWS
            and proof.nodes <= limits.MAX_PROOF_NODES
            and len(self.entries.keys() | entries.keys()) <= limits.MAX_ACCOUNTS
            and self.n_credits + n_credits <= limits.MAX_CREDITS
            and self.n_withdrawals + n_withdrawals <= limits.MAX_WITHDRAWALS
            and all(self.actions[each] + n <= limits.MAX_ACTIONS for each, n in actions.items())
            and all(len(listed) <= limits.MAX_ENTRIES for listed in entries.values())
        )
        if fits:
            self.words += words
            self.gas += more_gas
            self.rows |= new_rows
            self.proof = proof
            self.entries |= entries
            self.actions += actions
            self.n_credits += n_credits
            self.n_withdrawals += n_withdrawals
        return fits

    def _listed(self, account: int) -> frozenset[int]:
        """The entries of an account so far."""
        known = self.entries.get(account)
        if known is not None:
            return known
        return listed_ids(self.state.account(account), self.settling)

    def _section_words(self, account: int, listed: frozenset[int]) -> int:
        """What these entries add to the account's section, or the section to the batch."""
        words = ceil_div(len(listed), _ENTRIES_PER_WORD)
        if account in self.entries:
            return words - ceil_div(len(self.entries[account]), _ENTRIES_PER_WORD)
        record = self.state.account(account)
        pairs = len(record.lanes) + len(record.partials)
        return _SECTION_WORDS + _PAIR_WORDS * pairs + words

    def _section_gas(self, account: int, listed: frozenset[int]) -> int:
        """The same in gas, beside the words."""
        known = self.entries.get(account)
        if known is not None:
            return gas.ENTRY_GAS * (len(listed) - len(known))
        settled = sum(row >> GROUP_SHIFT in self.settling for row in listed)
        is_new = account not in self.state.accounts
        cost = gas.ACCOUNT_GAS + gas.NEW_ACCOUNT_GAS * is_new
        return cost + gas.ENTRY_GAS * len(listed) + gas.SETTLED_ENTRY_GAS * settled

    def _rows_gas(self, rows: Collection[int]) -> int:
        if not self.settling:
            return gas.ROW_GAS * len(rows)
        settled = {row >> GROUP_SHIFT for row in rows} & self.settling
        opened = settled - {row >> GROUP_SHIFT for row in self.rows}
        return gas.ROW_GAS * len(rows) + gas.GROUP_GAS * len(opened)
