"""A batch in the making: chosen intents and fills, laid out as sections."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from offbeat.intents import Cancel, Delegate, Order, Transfer, has_market_condition
from offbeat.oracle import Report
from offbeat.relay.packing import pack_credit, pack_intent
from offbeat.relay.pending import Moment, Pending
from offbeat.relay.projection import Fill, Projection, RiskTables, dues_picos
from offbeat.rulebook import (
    GROUP_SHIFT,
    Account,
    Action,
    Batch,
    BatchRow,
    InboxItem,
    Mode,
    Section,
    State,
    account_id,
    symbol_number,
)

SCANNING: Final = frozenset({Mode.SCAN, Mode.REDUCE, Mode.LIQUIDATE})
_Origins = dict[tuple[int, int], Pending]


@dataclass(frozen=True, slots=True)
class Layout:
    """A drafted batch, and which intent stands behind each (section, action)."""

    batch: Batch
    origins: Mapping[tuple[int, int], Pending]


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that a batch is laid out from.

    ``touched`` are accounts to bring without any intent of theirs (to settle what has expired);
    ``settling`` are the groups (symbol and expiry) whose expired positions become cash.
    """

    state: State
    moment: Moment
    items: Sequence[InboxItem]
    fills: Sequence[Fill]
    prices_nanos: Mapping[int, int]
    touched: frozenset[int] = frozenset()
    settling: frozenset[int] = frozenset()

    def lay_out(self) -> Layout:
        """Sections in an order that lets transfers and settlements be paid before they are due."""
        fills_of: dict[int, list[Fill]] = defaultdict(list)
        for fill in self.fills:
            fills_of[fill.pending.account].append(fill)
        pairs = {(fill.pending.account, fill.pending.target) for fill in self.fills}
        paid = {target for sender, target in pairs if target not in (None, sender)}
        accounts = sorted(
            {*fills_of, *paid, *map(item_account, self.items), *self.touched},
            key=lambda account: self._rank(account, account in paid),
        )
        entries = {account: self._entries(account, fills_of[account]) for account in accounts}
        rows = sorted({row for listed in entries.values() for row in listed})
        modes = self._modes(accounts)
        needs_report = any(mode in SCANNING for mode in modes.values()) or any(
            isinstance(fill.pending.signed.intent, Order)
            and has_market_condition(fill.pending.signed.intent)
            for fill in self.fills
        )
        # A proof needs something to prove; nobody without a position needs a report either.
        report = self.moment.report if needs_report and rows else None
        places = {row: place for place, row in enumerate(rows)}
        actions, origins = self._actions(accounts, fills_of, places)
        sections = tuple(
            self._section(account, modes[account], entries[account], actions[account], places)
            for account in accounts
        )
        return Layout(self._batch(rows, report, sections), origins)

    def _rank(self, account: int, receives: bool) -> tuple[int, bool, int]:
        """Who pays comes before who is paid: into pots, and by transfer."""
        dues = dues_picos(self.state, account, self.settling)
        pays, is_paid = any(due < 0 for due in dues), any(due > 0 for due in dues)
        return is_paid + (is_paid and not pays), receives, account

    def _entries(self, account: int, fills: Sequence[Fill]) -> list[int]:
        """Instruments that the account holds, or may hold afterwards."""
        cash_symbol = self.state.rules.cash_symbol
        listed = set(listed_ids(self.state.account(account), self.settling))
        for fill in fills:
            listed |= fill.pending.instruments(cash_symbol)
        for item in self.items:
            if item_account(item) == account:
                listed |= item_instruments(item, cash_symbol)
        return sorted(listed)

    def _modes(self, accounts: Sequence[int]) -> dict[int, Mode]:
        """The cheapest test that each account passes; the rulebook has the last word."""
        rules = self.state.rules
        after = {each: Projection(self.state.account(each), rules.cash_symbol) for each in accounts}
        for item in self.items:
            after[item_account(item)].receive(item.symbol, item.amount_micros)
        for fill in self.fills:
            intent, target = fill.pending.signed.intent, fill.pending.target
            after[fill.pending.account].spend(fill, self.prices_nanos)
            if isinstance(intent, Transfer) and target is not None:
                after[target].receive(symbol_number(rules.cash_symbol), intent.amount_micros)
        report = self.moment.report
        tables = RiskTables.of(report) if report else None
        liquidated = {
            fill.pending.account
            for fill in self.fills
            if isinstance(fill.pending.signed.intent, Order) and not fill.pending.is_signed
        }
        return {
            account: Mode.LIQUIDATE if account in liquidated else after[account].mode(tables)
            for account in accounts
        }

    def _actions(
        self,
        accounts: Sequence[int],
        fills_of: Mapping[int, Sequence[Fill]],
        places: Mapping[int, int],
    ) -> tuple[Mapping[int, list[Action]], _Origins]:
        """Each account's actions: credits, then its intents; and where each intent stands."""
        cash = self.state.rules.cash_symbol
        actions: dict[int, list[Action]] = defaultdict(list)
        origins: _Origins = {}
        for index, item in enumerate(self.items):
            actions[item_account(item)].append(pack_credit(index, item.symbol, cash, places))
        n_credits = len(self.items)
        for section, account in enumerate(accounts):
            for fill in sorted(fills_of[account], key=_turn):
                origins[section, len(actions[account])] = fill.pending
                actions[account].append(
                    pack_intent(fill.pending.signed, places, fill.fee_micros, fill.fill_micros)
                )
                target = fill.pending.target
                if target is not None:
                    credit = pack_credit(n_credits, symbol_number(cash), cash, places)
                    actions[target].append(credit)
                    n_credits += 1
        return actions, origins

    def _section(
        self,
        account: int,
        mode: Mode,
        entries: Sequence[int],
        actions: Sequence[Action],
        places: Mapping[int, int],
    ) -> Section:
        record = self.state.account(account)
        held = {p.instrument_id: p.quantity_micros for p in record.positions}
        return Section(
            account=account,
            mode=mode,
            cash_micros=record.cash_micros,
            lanes=tuple((lane.floor, lane.bitmap) for lane in record.lanes),
            partials=tuple(partial.words for partial in record.partials),
            entries=tuple((places[row], held.get(row, 0)) for row in entries),
            actions=tuple(actions),
        )

    def _batch(
        self, rows: Sequence[int], report: Report | None, sections: tuple[Section, ...]
    ) -> Batch:
        return Batch(
            number=self.state.number + 1,
            parent=self.state.head,
            time_seconds=self.moment.time_seconds,
            not_after_seconds=self.moment.not_after_seconds,
            report_time_seconds=report.timestamp_seconds if report else 0,
            underlyings=_underlying_words(rows, report),
            rows=_rows(rows, report, self.prices_nanos),
            settling=sum(
                1 << place for place, row in enumerate(rows) if row >> GROUP_SHIFT in self.settling
            ),
            credits=tuple(self.items),
            sections=sections,
        )


def listed_ids(record: Account, settling: Collection[int]) -> frozenset[int]:
    """Ids of what an account brings into any batch: what it holds, and what that may become.

    What a pot pays in spot needs an entry to go to.
    """
    held = {position.instrument_id for position in record.positions}
    return frozenset(held | {row >> 88 << 88 for row in held if row >> GROUP_SHIFT in settling})


def item_account(item: InboxItem) -> int:
    """The account that an inbox item is for."""
    return account_id(item.owner, item.index)


def item_instruments(item: InboxItem, cash_symbol: str) -> frozenset[int]:
    """The spot that an inbox item brings, by instrument id; nothing for cash."""
    is_cash = item.symbol == symbol_number(cash_symbol)
    return frozenset() if is_cash else frozenset({item.symbol << 88})


def _turn(fill: Fill) -> tuple[bool, bool, int]:
    """An account's intents: what it cancels, whom it trusts, then by nonce.

    So nothing fills that is being cancelled, a new key's order counts, and neither does a lane
    come before the one that it follows, nor a window slide over what is still to be spent.
    """
    intent = fill.pending.signed.intent
    return not isinstance(intent, Cancel), not isinstance(intent, Delegate), intent.nonce


def _rows(
    rows: Sequence[int], report: Report | None, prices_nanos: Mapping[int, int]
) -> tuple[BatchRow, ...]:
    if report is None:
        return tuple(BatchRow(row, price_nanos=prices_nanos.get(row, 0)) for row in rows)
    known = {row.instrument_id: row for row in report.rows}
    return tuple(
        BatchRow(
            instrument_id=row,
            mark_micros=known[row].mark_micros,
            price_nanos=prices_nanos.get(row, 0),
            risk_word=int.from_bytes(known[row].risk_word),
        )
        for row in rows
    )


def _underlying_words(rows: Sequence[int], report: Report | None) -> tuple[int, ...]:
    """The report's underlyings, all of them; without a report just the rows' symbols."""
    if report is not None:
        return tuple(int.from_bytes(each.word) for each in report.underlyings)
    return tuple(symbol << 216 for symbol in sorted({row >> 88 for row in rows}))
