"""Clear, inspect, drop, and clear again, until a batch has no fault left."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from offbeat.clearing import MAX_INSTRUMENTS, MAX_ORDERS, AuctionOrder, clear
from offbeat.core import Reason
from offbeat.intents import Cancel, Delegate, Order
from offbeat.relay.draft import Draft, Layout, item_account
from offbeat.relay.dust import dust_bearers
from offbeat.relay.liquidation import covers
from offbeat.relay.load import Load
from offbeat.relay.pending import Moment, Pending, filled_micros
from offbeat.relay.projection import Fill, fee_micros
from offbeat.relay.selection import choose
from offbeat.relay.waits import Wait
from offbeat.rulebook import Fault, InboxItem, Rejected, State, inspect

PATIENCE: Final = 12
"""After so many rounds a fault costs its account every order in this batch, and after twice as
many nobody has orders in it: building ends."""
SIBLING_ROUNDS: Final = 3
"""After so many rounds only the first order of each nonce stays."""

Prices = Mapping[int, int]


@dataclass(slots=True)
class Rounds:
    """One batch being built. ``load`` holds what it brings whatever is chosen: items, ``touched``.

    ``refused`` collects why intents cannot stand in the batch, ``waiting`` why the others of those
    that are left out do not. Mended instead: an account in bad health pays
    no fee for what costs it nothing else (``_free``), and an order of one that cannot remember
    another partial fill is filled whole or not at all (``_whole``).
    """

    state: State
    moment: Moment
    action_fee_micros: int
    load: Load
    items: Sequence[InboxItem]
    touched: frozenset[int]
    settling: frozenset[int]
    live: list[Pending]
    refused: dict[bytes, Reason]
    waiting: dict[bytes, Wait] = field(default_factory=dict)
    _free: set[bytes] = field(default_factory=set)
    _whole: set[bytes] = field(default_factory=set)

    def run(self) -> tuple[Layout, list[Fill], Prices]:
        """A layout that ``apply`` accepts, with its fills and prices."""
        for number in count():
            others, fills, prices = self._clear(with_orders=number < 2 * PATIENCE)
            chosen = others + fills
            if self._yield_to_liquidation(chosen) or self._part_siblings(fills, number):
                continue
            chosen += self._covers(chosen, prices)
            layout = self._draft(chosen, prices).lay_out()
            faults = self._inspect(layout)
            if faults:
                self._answer(layout, faults, chosen, prices, is_patient=number < PATIENCE)
            elif not self._drop_dust(chosen, prices):
                for fill in chosen:
                    self.waiting.pop(fill.pending.intent_hash, None)
                return layout, chosen, prices
        raise AssertionError("every round drops something")

    # Choosing -----------------------------------------------------------------------------

    def _clear(self, with_orders: bool) -> tuple[list[Fill], list[Fill], Prices]:
        """Every other action that fits, and the auction's fills among the orders that do."""
        load = self.load.copy()
        self._await(self.live, Wait.NO_ROOM)
        one_way = list(_one_way(self.live))
        self._await((each for each in self.live if each.target is not None), Wait.TURN)
        self._await(one_way, Wait.NO_ROOM)
        others = [Fill(each, 0, self._fee(each, 0)) for each in one_way if load.add_intent(each)]
        if not with_orders:
            self._await(filter(_is_order, self.live), Wait.SET_ASIDE)
            return others, [], {}
        orders = self._orders()
        fills, prices = self._auction(orders)
        self._await(orders, Wait.UNMATCHED)
        chosen = choose(load, fills)
        if len(chosen) < len(fills):
            self._await(map(_pending, fills), Wait.NO_ROOM)
            self._await(map(_pending, chosen), Wait.UNMATCHED)
            fills, prices = self._auction([fill.pending for fill in chosen])
        return others, fills, prices

    def _await(self, pending: Iterable[Pending], why: Wait) -> None:
        """Note why these are left out, if nothing else changes it."""
        for each in pending:
            if each.is_signed:
                self.waiting[each.intent_hash] = why

    def _orders(self) -> list[Pending]:
        """The earliest orders, as many as one auction takes."""
        orders: list[Pending] = []
        instruments: set[int] = set()
        for each in self.live:
            if _is_order(each) and len(orders) < MAX_ORDERS:
                wider = instruments | each.instruments(self.state.rules.cash_symbol)
                if len(wider) <= MAX_INSTRUMENTS:
                    instruments = wider
                    orders.append(each)
        return orders

    def _auction(self, orders: Sequence[Pending]) -> tuple[list[Fill], Prices]:
        clearing = clear([self._auction_order(each) for each in orders])
        fills = [
            Fill(each, fill, self._fee(each, fill))
            for each, fill in zip(orders, clearing.fills_micros, strict=True)
            if fill
        ]
        return fills, clearing.prices_nanos

    def _auction_order(self, each: Pending) -> AuctionOrder:
        order = each.signed.intent
        assert isinstance(order, Order), "only orders are auctioned"
        remaining = order.quantity_micros - filled_micros(self.state.account(each.account), each)
        least = remaining if each.intent_hash in self._whole else order.min_fill_micros
        return AuctionOrder(
            legs=tuple((leg.instrument.id, leg.ratio) for leg in order.legs),
            quantity_micros=remaining,
            min_fill_micros=min(least, remaining),
            limit_micros=order.limit_micros,
            key=each.intent_hash,
        )

    def _fee(self, each: Pending, fill_micros: int) -> int:
        if each.intent_hash in self._free:
            return 0
        return fee_micros(each, fill_micros, self.action_fee_micros)

    def _yield_to_liquidation(self, chosen: Sequence[Fill]) -> bool:
        """Whether an account that is reduced was to do something else: then it does not."""
        reduced = {fill.pending.account for fill in chosen if not fill.pending.is_signed}
        own = [each for each in self.live if each.is_signed and each.account in reduced]
        self._await(own, Wait.LIQUIDATION)
        self._forget({each.intent_hash for each in own})
        return bool(own)

    def _part_siblings(self, fills: Sequence[Fill], number: int) -> bool:
        """Whether orders with one nonce were to fill together: then the first one of them stays.

        Others of these nonces go; after ``SIBLING_ROUNDS`` of every nonce that several have.
        """
        chosen = [fill.pending for fill in fills if fill.pending.is_signed]
        crowded = {place for place, n in Counter(each.place for each in chosen).items() if n > 1}
        if not crowded:
            return False
        first: dict[tuple[int, int], Pending] = {}
        own = [each for each in self.live if each.is_signed and each.is_order]
        for each in chosen + own:
            first.setdefault(each.place, each)
        for each in own:
            is_meant = number >= SIBLING_ROUNDS or each.place in crowded
            if is_meant and first[each.place] is not each:
                self._refuse(each, Reason.NONCE_SPENT)
        return True

    def _covers(self, chosen: Sequence[Fill], prices: Prices) -> list[Fill]:
        """What the insurance fund gives in this batch, as far as there is room."""
        found = covers(self.state, self.moment, chosen, prices)
        load = self.load.copy()
        for fill in chosen if found else ():
            load.add_intent(fill.pending)
        return [fill for fill in found if load.add_intent(fill.pending)]

    # Judging ------------------------------------------------------------------------------

    def _draft(self, fills: Sequence[Fill], prices: Prices) -> Draft:
        return Draft(
            state=self.state,
            moment=self.moment,
            items=self.items,
            fills=fills,
            prices_nanos=prices,
            touched=self.touched,
            settling=self.settling,
        )

    def _inspect(self, layout: Layout) -> tuple[Fault, ...]:
        faults = inspect(self.state, layout.batch.encode())
        if isinstance(faults, Rejected):
            raise AssertionError(f"drafted a malformed batch: {faults.reason}")
        return faults

    def _answer(
        self,
        layout: Layout,
        faults: Sequence[Fault],
        chosen: Sequence[Fill],
        prices: Prices,
        is_patient: bool,
    ) -> None:
        """Drop or mend one intent for each fault, or without patience all of the account's."""
        idle: set[int] = set()
        # A credit is unknown where the transfer that makes it has failed, a fault in itself.
        causes = [each for each in faults if each.reason is not Reason.CREDIT_UNKNOWN]
        assert causes, "a credit is missing though no transfer has failed"
        for fault in causes:
            account = layout.batch.sections[fault.section].account
            own = [fill for fill in chosen if fill.pending.account == account]
            if not own:
                assert fault.reason is Reason.POT_SHORT, f"refused with no intent: {fault.reason}"
                idle.add(account)
            elif not is_patient:
                self._await(map(_pending, own), Wait.SET_ASIDE)
                self._forget({fill.pending.intent_hash for fill in own})
            elif fault.action is not None:
                self._refuse(layout.origins[fault.section, fault.action], fault.reason)
            else:
                self._refuse_culprit(self._culprit(account, chosen, prices), fault.reason)
        if idle:
            self._relieve(idle)

    def _culprit(self, account: int, chosen: Sequence[Fill], prices: Prices) -> Fill:
        """The latest intent without which the account is in order; failing that, the latest.

        What costs it nothing is no cause.
        """
        around = [fill for fill in chosen if account in (fill.pending.account, fill.pending.target)]
        suspects = [fill for fill in around if fill.pending.account == account and _costs(fill)]
        for fill in reversed(suspects):
            layout = self._draft([each for each in around if each is not fill], prices).lay_out()
            faulty = {layout.batch.sections[each.section].account for each in self._inspect(layout)}
            if account not in faulty:
                return fill
        return suspects[-1]

    def _refuse_culprit(self, fill: Fill, reason: Reason) -> None:
        """An act that costs its fee alone goes free rather than away."""
        if _costs_only_its_fee(fill):
            self._free.add(fill.pending.intent_hash)
        else:
            self._refuse(fill.pending, reason)

    def _refuse(self, pending: Pending, reason: Reason) -> None:
        if reason is Reason.PARTIALS_FULL and pending.intent_hash not in self._whole:
            self._whole.add(pending.intent_hash)
            return
        if pending.is_signed:
            self.refused[pending.intent_hash] = reason
        self.waiting.pop(pending.intent_hash, None)
        self._forget({pending.intent_hash})

    def _forget(self, hashes: set[bytes]) -> None:
        self.live = [each for each in self.live if each.intent_hash not in hashes]

    def _relieve(self, creditors: set[int]) -> None:
        """Ask less of a settlement in which these are due what nobody has paid in yet.

        Accounts that owe in one group and are due in another may wait for each other; within one
        group, who owes comes first.
        """
        if len(self.settling) > 1:
            self.settling = frozenset({min(self.settling)})
        elif creditors <= self.touched.difference(map(item_account, self.items)):
            self.touched -= creditors
        else:
            self.settling = frozenset()

    def _drop_dust(self, chosen: Sequence[Fill], prices: Prices) -> bool:
        """Whether the pool would be negative; then the orders go that leave the most dust."""
        bearers = dust_bearers(chosen, prices)
        for each in bearers:
            self._refuse(each, Reason.CASH_UNBALANCED)
        return bool(bearers)


def _pending(fill: Fill) -> Pending:
    return fill.pending


def _is_order(pending: Pending) -> bool:
    return isinstance(pending.signed.intent, Order)


def _costs_only_its_fee(fill: Fill) -> bool:
    return isinstance(fill.pending.signed.intent, Cancel | Delegate)


def _costs(fill: Fill) -> bool:
    return fill.fee_micros > 0 or not _costs_only_its_fee(fill)


def _one_way(live: Sequence[Pending]) -> Iterator[Pending]:
    """All but orders, and of the transfers those that leave every account sender or receiver.

    An account that is both would have to stand in the batch twice; to pay oneself is no matter.
    """
    senders: set[int] = set()
    receivers: set[int] = set()
    for each in live:
        if _is_order(each):
            continue
        if each.target is not None and each.target != each.account:
            if each.account in receivers or each.target in senders:
                continue
            senders.add(each.account)
            receivers.add(each.target)
        yield each
