"""From waiting intents to a batch that cannot be refused, except by time.

Everything that the contract will judge but the moment of landing is deterministic from the state,
the intents and the report. So a failing intent is dropped and the rest cleared again here, before
anybody certifies: one bad order never poisons a batch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from offbeat.core import InvalidInput, Reason, limits
from offbeat.oracle import Report
from offbeat.relay.draft import item_account, item_instruments
from offbeat.relay.liquidation import liquidation_orders
from offbeat.relay.load import Load, ProofSize
from offbeat.relay.pending import Coverage, Moment, Pending, screen
from offbeat.relay.rounds import Rounds
from offbeat.relay.waits import Wait
from offbeat.rulebook import GROUP_SHIFT, Batch, InboxItem, State, symbol_number


@dataclass(frozen=True, slots=True)
class Built:
    """A batch ready to be certified.

    Every intent is in one of three: ``fills`` in micros, 0 for what is no order; ``refused``, as it
    cannot stand in this batch, for a reason that the rules give; ``waiting``, though it is in
    order. ``liquidated`` are the accounts that it reduces. ``proof`` is the encoded multiproof of
    the rows, empty without a report. ``gas`` is more than landing takes.
    """

    batch: Batch
    payload: bytes
    proof: bytes
    fills: Mapping[bytes, int]
    prices_nanos: Mapping[int, int]
    refused: Mapping[bytes, Reason]
    waiting: Mapping[bytes, Wait]
    liquidated: frozenset[int]
    gas: int


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds one batch after ``state`` for one moment.

    ``action_fee_micros`` is charged for each action, within what was signed. ``touched`` accounts
    come along without an intent, and the groups in ``settling`` (symbol and expiry, with a posted
    price) turn into cash; what does not fit stays for another batch. Whoever holds positions that
    settle does nothing else in the batch, and a batch that settles, or must bring what the report
    does not have, goes without the report. ``unsafe`` accounts are liquidated, as far as they may
    be and somebody takes it: see :func:`~offbeat.relay.unsafe_accounts`. At most ``most_items`` of
    the inbox are taken, where something else needs the room.
    """

    state: State
    moment: Moment
    action_fee_micros: int
    touched: frozenset[int] = frozenset()
    settling: frozenset[int] = frozenset()
    unsafe: frozenset[int] = frozenset()
    most_items: int = limits.MAX_CREDITS

    def build(self, pending: Iterable[Pending]) -> Built:
        """The batch; it may be empty, and is always one that ``apply`` accepts in time.

        Earlier intents come first. Raises :class:`InvalidInput` with ``BATCH_EARLY`` for a moment
        before the last batch's.
        """
        if self.moment.time_seconds < self.state.time_seconds:
            raise InvalidInput(Reason.BATCH_EARLY, "the last batch is later than this moment")
        report = self._usable_report()
        load, items = self._take_items(report)
        if len(items) < limits.ENOUGH_CREDITS and any(
            map(self._is_due, self._waiting[len(items) :])
        ):
            # Without a report there is nothing to be proven, so that more may fit.
            report = None
            load, items = self._take_items(report)
        moment = replace(self.moment, report=report)
        touched = frozenset(each for each in sorted(self.touched) if load.add_account(each))
        live, refused = screen(self.state, pending, moment)
        for account in sorted(self.unsafe):
            live += liquidation_orders(self.state, account, moment, self.action_fee_micros)
        settles = {each.intent_hash: Wait.SETTLING for each in live if self._settles(each.account)}
        rounds = Rounds(
            state=self.state,
            moment=moment,
            action_fee_micros=self.action_fee_micros,
            load=load,
            items=items,
            touched=touched,
            settling=self.settling,
            live=[each for each in live if each.intent_hash not in settles],
            refused=refused,
            waiting=settles,
        )
        layout, fills, prices = rounds.run()
        batch, proof = layout.batch, b""
        if report is not None and batch.report_time_seconds:
            proof = report.prove([row.instrument_id for row in batch.rows]).encode()
        for fill in fills:
            assert load.add_intent(fill.pending), "chosen beyond what a batch can carry"
        return Built(
            batch=batch,
            payload=batch.encode(),
            proof=proof,
            fills={
                fill.pending.intent_hash: fill.fill_micros
                for fill in fills
                if fill.pending.is_signed
            },
            liquidated=frozenset(
                fill.pending.account
                for fill in fills
                if fill.fill_micros and not fill.pending.is_signed
            ),
            prices_nanos=prices,
            refused=rounds.refused,
            waiting=rounds.waiting,
            gas=load.gas,
        )

    def _usable_report(self) -> Report | None:
        """The report, if the contract takes it for this batch and whatever must come is in it."""
        report, state = self.moment.report, self.state
        if report is None or self.settling:
            return None
        latest = self.moment.time_seconds
        earliest = self.moment.not_after_seconds - limits.REPORT_MAX_AGE_SECONDS
        is_timely = max(earliest, state.report_time_seconds) <= report.timestamp_seconds <= latest
        symbols = {symbol_number(each.symbol) for each in report.underlyings}
        if not (is_timely and symbols <= state.underlyings):
            return None
        coverage = Coverage.of(report)
        touched = all(coverage.holds_record(state.account(each)) for each in self.touched)
        return report if touched else None

    def _take_items(self, report: Report | None) -> tuple[Load, list[InboxItem]]:
        """The next items of the inbox, as many as fit and the report covers."""
        load = Load(self.state, self.settling, ProofSize.of(report))
        coverage, taken = Coverage.of(report), []
        for item in self._waiting:
            if not (self._covers(coverage, item) and load.add_item(item)):
                break
            taken.append(item)
        return load, taken

    @property
    def _waiting(self) -> list[InboxItem]:
        """The items that a batch could take if it had room."""
        first = self.state.inbox_consumed + 1
        last = min(self.state.inbox_count, self.state.inbox_consumed + self.most_items)
        return [self.state.inbox[number] for number in range(first, last + 1)]

    def _is_due(self, item: InboxItem) -> bool:
        return item.enqueued_at_seconds + limits.INBOX_DELAY_SECONDS <= self.moment.time_seconds

    def _covers(self, coverage: Coverage, item: InboxItem) -> bool:
        record = self.state.account(item_account(item))
        opened = item_instruments(item, self.state.rules.cash_symbol)
        return coverage.holds_record(record) and coverage.holds(opened)

    def _settles(self, account: int) -> bool:
        """Whether the account holds positions that this batch turns into cash."""
        groups = {p.instrument_id >> GROUP_SHIFT for p in self.state.account(account).positions}
        return not groups.isdisjoint(self.settling)
