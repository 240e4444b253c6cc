"""A batch in the making: chosen intents and fills, laid out as sections."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from offbeat.instruments import Instrument
from offbeat.intents import Order, Transfer, Withdraw, has_market_condition
from offbeat.oracle import Report
from offbeat.relay.packing import pack_credit, pack_intent
from offbeat.relay.pending import Moment, Pending
from offbeat.relay.projection import Fill, Projection, due_picos, gives
from offbeat.rulebook import (
    GROUP_SHIFT,
    Batch,
    BatchRow,
    InboxItem,
    Mode,
    Section,
    State,
    account_id,
    symbol_number,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A drafted batch, and which intent stands behind each (section, action)."""

    batch: Batch
    origins: Mapping[tuple[int, int], Pending]
    uses_report: bool


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
        by_account: dict[int, list[Fill]] = defaultdict(list)
        for fill in self.fills:
            by_account[fill.pending.account].append(fill)
        receivers = [_owner(item) for item in self.items]
        transfers = _transfers(self.fills)
        accounts = set(by_account) | set(receivers) | self.touched
        accounts |= {target for target, _ in transfers}
        ordered = sorted(accounts, key=lambda account: self._rank(account, transfers))
        rows = self._row_ids(accounts)
        places = {instrument: place for place, instrument in enumerate(rows)}
        modes = {
            account: self._mode(account, by_account[account], transfers) for account in ordered
        }
        uses_report = any(mode in (Mode.SCAN, Mode.REDUCE) for mode in modes.values()) or any(
            isinstance(fill.pending.signed.intent, Order)
            and has_market_condition(fill.pending.signed.intent)
            for fill in self.fills
        )
        sections, origins = self._sections(ordered, by_account, places, modes)
        return Layout(self._batch(rows, uses_report, sections), origins, uses_report)

    def _sections(
        self,
        ordered: Sequence[int],
        by_account: Mapping[int, list[Fill]],
        places: Mapping[int, int],
        modes: Mapping[int, Mode],
    ) -> tuple[tuple[Section, ...], dict[tuple[int, int], Pending]]:
        credits_of: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for index, item in enumerate(self.items):
            credits_of[_owner(item)].append((index, item.symbol))
        n_credits = len(self.items)
        cash = self.state.rules.cash_symbol
        sections, origins = [], {}
        for place, account in enumerate(ordered):
            actions = [pack_credit(i, symbol, cash, places) for i, symbol in credits_of[account]]
            for fill in by_account[account]:
                origins[place, len(actions)] = fill.pending
                actions.append(
                    pack_intent(fill.pending.signed, places, fill.fee_micros, fill.fill_micros)
                )
                intent = fill.pending.signed.intent
                if isinstance(intent, Transfer):
                    target = account_id(intent.to_owner, intent.to_account)
                    credits_of[target].append((n_credits, symbol_number(cash)))
                    n_credits += 1
            record = self.state.account(account)
            held = {p.instrument_id: p.quantity_micros for p in record.positions}
            entries = sorted(set(held) | self._opened(account, by_account[account]))
            sections.append(
                Section(
                    account=account,
                    mode=modes[account],
                    cash_micros=record.cash_micros,
                    lanes=tuple((lane.floor, lane.bitmap) for lane in record.lanes),
                    partials=tuple(partial.words for partial in record.partials),
                    entries=tuple((places[i], held.get(i, 0)) for i in entries),
                    actions=tuple(actions),
                )
            )
        return tuple(sections), origins

    def _batch(
        self, rows: Sequence[int], uses_report: bool, sections: tuple[Section, ...]
    ) -> Batch:
        report = self.moment.report if uses_report else None
        settling = sum(
            1 << place for place, row in enumerate(rows) if row >> GROUP_SHIFT in self.settling
        )
        return Batch(
            number=self.state.number + 1,
            parent=self.state.head,
            time_seconds=self.moment.time_seconds,
            not_after_seconds=self.moment.not_after_seconds,
            report_time_seconds=report.timestamp_seconds if report else 0,
            underlyings=_underlying_words(rows, report),
            rows=self._rows(rows, report),
            settling=settling,
            credits=tuple(self.items),
            sections=sections,
        )

    def _rows(self, rows: Sequence[int], report: Report | None) -> tuple[BatchRow, ...]:
        known = {row.instrument_id: row for row in report.rows} if report else {}
        return tuple(
            BatchRow(
                instrument_id=row,
                mark_micros=known[row].mark_micros if report else 0,
                price_nanos=self.prices_nanos.get(row, 0),
                risk_word=int.from_bytes(known[row].risk_word) if report else 0,
            )
            for row in rows
        )

    def _row_ids(self, accounts: set[int]) -> list[int]:
        """Every instrument that an account of the batch holds, opens or is credited."""
        rows: set[int] = set()
        by_account: dict[int, list[Fill]] = defaultdict(list)
        for fill in self.fills:
            by_account[fill.pending.account].append(fill)
        for account in accounts:
            rows |= {p.instrument_id for p in self.state.account(account).positions}
            rows |= self._opened(account, by_account[account])
        return sorted(rows)

    def _opened(self, account: int, fills: Sequence[Fill]) -> set[int]:
        """Instruments that the account's actions may put into its record."""
        cash = symbol_number(self.state.rules.cash_symbol)
        opened: set[int] = set()
        for fill in fills:
            intent = fill.pending.signed.intent
            if isinstance(intent, Order):
                opened |= {leg.instrument.id for leg in intent.legs}
            elif isinstance(intent, Withdraw) and symbol_number(intent.asset) != cash:
                opened.add(Instrument.spot(intent.asset).id)
        for item in self.items:
            if _owner(item) == account and item.symbol != cash:
                opened.add(item.symbol << 88)
        for position in self.state.account(account).positions:
            # What the pot may pay in spot needs an entry to go to.
            if position.instrument_id >> GROUP_SHIFT in self.settling:
                opened.add(position.instrument_id >> 88 << 88)
        return opened

    def _mode(
        self, account: int, fills: Sequence[Fill], transfers: Sequence[tuple[int, int]]
    ) -> Mode:
        """The cheapest test that the account passes; the rulebook has the last word."""
        if not any(gives(fill) for fill in fills):
            return Mode.HOLD
        cash = symbol_number(self.state.rules.cash_symbol)
        after = Projection.of(self.state.account(account), self.settling)
        for item in self.items:
            if _owner(item) == account:
                after.receive(item.symbol, item.amount_micros, cash)
        for target, amount in transfers:
            if target == account:
                after.receive(cash, amount, cash)
        for fill in fills:
            after.spend(fill, self.prices_nanos, cash)
        return after.mode(self.moment.report)

    def _rank(self, account: int, transfers: Sequence[tuple[int, int]]) -> tuple[bool, bool, int]:
        """Who pays comes before who is paid: into pots, and by transfer."""
        receives = any(target == account for target, _ in transfers)
        return due_picos(self.state, account, self.settling) > 0, receives, account


def _owner(item: InboxItem) -> int:
    return account_id(item.owner, item.index)


def _transfers(fills: Sequence[Fill]) -> list[tuple[int, int]]:
    intents = (fill.pending.signed.intent for fill in fills)
    return [
        (account_id(intent.to_owner, intent.to_account), intent.amount_micros)
        for intent in intents
        if isinstance(intent, Transfer)
    ]


def _underlying_words(rows: Sequence[int], report: Report | None) -> tuple[int, ...]:
    """The report's underlyings, all of them; without a report just the rows' symbols."""
    if report is not None:
        return tuple(int.from_bytes(each.word) for each in report.underlyings)
    return tuple(symbol << 216 for symbol in sorted({row >> 88 for row in rows}))
