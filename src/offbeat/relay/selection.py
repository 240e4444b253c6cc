"""What one batch can carry: its bounds, and which fills to keep where there are too many."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from offbeat.core import ceil_div, limits
from offbeat.intents import Order, Withdraw
from offbeat.oracle import Report
from offbeat.relay.draft import item_account, item_instruments, listed_ids
from offbeat.relay.pending import Pending
from offbeat.relay.projection import Fill
from offbeat.rulebook import InboxItem, State

_MAX_WORDS: Final = limits.MAX_PAYLOAD_BYTES // 32
_HEADER_WORDS: Final = 3 + limits.MAX_UNDERLYINGS
_ROW_WORDS: Final = 2
_CREDIT_WORDS: Final = 2
_SECTION_WORDS: Final = 2
_PAIR_WORDS: Final = 2
_ACTION_WORDS: Final = 6
_ENTRIES_PER_WORD: Final = 4


def row_bound(report: Report | None) -> int:
    """How many rows a batch may have so that the proof of any of them is short enough.

    In a tree of height h, k leaves need at most ``k * (h - floor(log2 k))`` further nodes: below
    the level that k nodes fill, each leaf has one sibling a level at most.
    """
    if report is None:
        return limits.MAX_ROWS
    height = (len(report.rows) - 1).bit_length()
    k = limits.MAX_ROWS
    while k > 1 and k * (height - (k.bit_length() - 1)) > limits.MAX_PROOF_NODES:
        k -= 1
    return k


@dataclass(slots=True)
class Load:
    """What a batch carries so far. Each ``add_…`` adds something if it fits, and says whether.

    ``max_rows`` is what the report's proofs allow.
    """

    state: State
    settling: frozenset[int] = frozenset()
    max_rows: int = limits.MAX_ROWS
    words: int = _HEADER_WORDS
    rows: set[int] = field(default_factory=set)
    entries: dict[int, frozenset[int]] = field(default_factory=dict)
    actions: Counter[int] = field(default_factory=Counter)
    n_credits: int = 0
    n_withdrawals: int = 0

    def copy(self) -> "Load":
        """A load that may grow apart from this one."""
        return Load(
            self.state,
            self.settling,
            self.max_rows,
            self.words,
            set(self.rows),
            dict(self.entries),
            Counter(self.actions),
            self.n_credits,
            self.n_withdrawals,
        )

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
        opened = {pending.account: pending.instruments(self.state.rules.cash_symbol)}
        if pending.target is None:
            is_withdrawal = isinstance(pending.signed.intent, Withdraw)
            return self._add(opened, (pending.account,), n_withdrawals=int(is_withdrawal))
        opened.setdefault(pending.target, frozenset())
        return self._add(opened, (pending.account, pending.target), n_credits=1)

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
    ) -> bool:
        """Accounts with what they open, and one action for each of ``acting``."""
        entries = {account: self._listed(account) | ids for account, ids in opened.items()}
        rows = self.rows.union(*entries.values())
        actions = Counter(acting)
        words = self.words + _CREDIT_WORDS * n_credits + _ACTION_WORDS * len(acting)
        words += _ROW_WORDS * (len(rows) - len(self.rows))
        words += sum(map(self._section_words, entries, entries.values()))
        fits = (
            words <= _MAX_WORDS
            and len(rows) <= self.max_rows
            and len(self.entries.keys() | entries.keys()) <= limits.MAX_ACCOUNTS
            and self.n_credits + n_credits <= limits.MAX_CREDITS
            and self.n_withdrawals + n_withdrawals <= limits.MAX_WITHDRAWALS
            and all(self.actions[each] + n <= limits.MAX_ACTIONS for each, n in actions.items())
            and all(len(listed) <= limits.MAX_ENTRIES for listed in entries.values())
        )
        if fits:
            self.words, self.rows = words, rows
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


def choose(load: Load, fills: Sequence[Fill]) -> list[Fill]:
    """Fills of orders that fit on top of ``load``, in the given order; all if they fit.

    What is chosen must clear again by itself. So after each fill come those that take its other
    side, the earliest first; whatever order is earliest opens the next round.
    """
    unseen = {id(fill): fill for fill in fills}
    takers: dict[tuple[int, bool], deque[Fill]] = defaultdict(deque)
    for fill in fills:
        for instrument, change in _changes(fill):
            takers[instrument, change > 0].append(fill)
    unmatched: dict[int, int] = {}
    chosen: set[int] = set()
    while unseen and not load.is_full:
        fill = _next_taker(unmatched, takers, unseen) or next(iter(unseen.values()))
        del unseen[id(fill)]
        if not load.add_intent(fill.pending):
            continue
        chosen.add(id(fill))
        for instrument, change in _changes(fill):
            unmatched[instrument] = unmatched.get(instrument, 0) + change
    return [fill for fill in fills if id(fill) in chosen]


def _next_taker(
    unmatched: Mapping[int, int],
    takers: Mapping[tuple[int, bool], deque[Fill]],
    unseen: Mapping[int, Fill],
) -> Fill | None:
    """The earliest fill on the other side of something that is not balanced yet."""
    for instrument, net in unmatched.items():
        if net == 0 or (instrument, net < 0) not in takers:
            continue
        queue = takers[instrument, net < 0]
        while queue and id(queue[0]) not in unseen:
            queue.popleft()
        if queue:
            return queue[0]
    return None


def _changes(fill: Fill) -> list[tuple[int, int]]:
    """What a fill does to each instrument's total."""
    order = fill.pending.signed.intent
    assert isinstance(order, Order), "only orders fill"
    return [(leg.instrument.id, leg.ratio * fill.fill_micros) for leg in order.legs]
