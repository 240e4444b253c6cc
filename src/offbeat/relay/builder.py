"""From waiting intents to a batch that cannot be refused, except by time.

Everything that the contract will judge but the moment of landing is deterministic from the state,
the intents and the report. So a failing intent is dropped and the rest cleared again here, before
anybody certifies: one bad order never poisons a batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from offbeat.clearing import AuctionOrder, clear
from offbeat.core import Reason, limits
from offbeat.intents import Order, SignedIntent, Transfer
from offbeat.oracle import Multiproof
from offbeat.relay.draft import Draft, Layout
from offbeat.relay.pending import Moment, Pending, filled_micros, screen
from offbeat.relay.projection import Fill, fee_micros
from offbeat.relay.selection import within_bounds
from offbeat.rulebook import Batch, Fault, InboxItem, Rejected, State, account_id, inspect

MAX_ROUNDS = 24
"""Clear, inspect, drop: after so many rounds every order of a still faulty account is dropped."""


@dataclass(frozen=True, slots=True)
class Built:
    """A batch ready to be certified.

    ``refused`` says why each intent that was judged and left out cannot stand in this batch;
    intents in neither ``fills`` nor ``refused`` simply found no match or no room. ``fills`` are
    micros by intent hash, 0 for what is no order.
    """

    batch: Batch
    payload: bytes
    proof: Multiproof
    fills: Mapping[bytes, int]
    prices_nanos: Mapping[int, int]
    refused: Mapping[bytes, Reason]


@dataclass(slots=True)
class Builder:
    """Builds one batch after ``state`` for one moment.

    ``action_fee_micros`` is charged for each action, within what was signed. ``touched`` accounts
    come along without an intent, and the groups in ``settling`` (symbol and expiry, with a posted
    price) turn into cash.
    """

    state: State
    moment: Moment
    action_fee_micros: int
    touched: frozenset[int] = frozenset()
    settling: frozenset[int] = frozenset()
    refused: dict[bytes, Reason] = field(default_factory=dict)

    def build(self, pending: Sequence[Pending]) -> Built:
        """The batch; it may be empty, and is always one that ``apply`` accepts in time."""
        live, refused = screen(self.state, pending, self.moment)
        self.refused.update(refused)
        live = _one_way_transfers(_after_cancels(live))
        for round_number in range(MAX_ROUNDS + 1):
            fills, prices = self._clear(live)
            layout = self._draft(fills, prices).lay_out()
            faults = inspect(self.state, layout.batch.encode())
            if not faults:
                return self._finish(layout, fills, prices)
            assert not isinstance(faults, Rejected), f"drafted a malformed batch: {faults}"
            guilty = _guilty(layout, faults, fills, harsh=round_number >= MAX_ROUNDS - 1)
            self.refused.update(guilty)
            live = [each for each in live if each.intent_hash not in guilty]
        raise AssertionError("a batch without a faulty account still has a fault")

    def _draft(self, fills: Sequence[Fill], prices: Mapping[int, int]) -> Draft:
        return Draft(
            state=self.state,
            moment=self.moment,
            items=self._items(fills),
            fills=fills,
            prices_nanos=prices,
            touched=self.touched,
            settling=self.settling,
        )

    def _items(self, fills: Sequence[Fill]) -> list[InboxItem]:
        """The next items of the inbox, as many as leave room for this batch's transfers."""
        n_transfers = sum(isinstance(f.pending.signed.intent, Transfer) for f in fills)
        first = self.state.inbox_consumed + 1
        last = min(self.state.inbox_count, self.state.inbox_consumed + limits.MAX_CREDITS)
        return [self.state.inbox[n] for n in range(first, last + 1 - n_transfers)]

    def _clear(self, live: Sequence[Pending]) -> tuple[list[Fill], Mapping[int, int]]:
        """The auction's fills among the orders, with every other action, within the bounds."""
        others = [
            Fill(each, 0, fee_micros(each, 0, self.action_fee_micros))
            for each in live
            if not isinstance(each.signed.intent, Order)
        ][: limits.MAX_WITHDRAWALS]
        orders = [each for each in live if isinstance(each.signed.intent, Order)]
        while True:
            fills, prices = self._auction(orders)
            chosen = within_bounds(self.state, others, fills)
            if len(chosen) == len(fills):
                return others + fills, prices
            orders = [fill.pending for fill in chosen]

    def _auction(self, orders: Sequence[Pending]) -> tuple[list[Fill], Mapping[int, int]]:
        clearing = clear([self._auction_order(each) for each in orders])
        fills = [
            Fill(each, fill, fee_micros(each, fill, self.action_fee_micros))
            for each, fill in zip(orders, clearing.fills_micros, strict=True)
            if fill
        ]
        return fills, clearing.prices_nanos

    def _auction_order(self, each: Pending) -> AuctionOrder:
        order = each.signed.intent
        assert isinstance(order, Order), "only orders are auctioned"
        remaining = order.quantity_micros - filled_micros(self.state.account(each.account), each)
        return AuctionOrder(
            legs=tuple((leg.instrument.id, leg.ratio) for leg in order.legs),
            quantity_micros=remaining,
            min_fill_micros=min(order.min_fill_micros, remaining),
            limit_micros=order.limit_micros,
            key=each.intent_hash,
        )

    def _finish(self, layout: Layout, fills: Sequence[Fill], prices: Mapping[int, int]) -> Built:
        report = self.moment.report
        proof = Multiproof((), ())
        if layout.uses_report and report is not None:
            proof = report.prove([row.instrument_id for row in layout.batch.rows])
        return Built(
            batch=layout.batch,
            payload=layout.batch.encode(),
            proof=proof,
            fills={fill.pending.intent_hash: fill.fill_micros for fill in fills},
            prices_nanos=prices,
            refused=self.refused,
        )


def _after_cancels(live: Sequence[Pending]) -> list[Pending]:
    """Cancels first, then what moves money, then orders: nothing fills that is being cancelled."""
    return sorted(live, key=lambda each: isinstance(each.signed.intent, Order))


def _one_way_transfers(live: Sequence[Pending]) -> list[Pending]:
    """Leave out transfers to an account that sends one itself: it would have to come twice."""
    senders = {each.account for each in live if isinstance(each.signed.intent, Transfer)}
    return [each for each in live if _target(each.signed) not in senders]


def _target(signed: SignedIntent) -> int | None:
    intent = signed.intent
    if not isinstance(intent, Transfer):
        return None
    return account_id(intent.to_owner, intent.to_account)


def _guilty(
    layout: Layout, faults: Sequence[Fault], fills: Sequence[Fill], harsh: bool
) -> dict[bytes, Reason]:
    """Whose intents go: a faulty action's, or for poor health the account's latest."""
    guilty: dict[bytes, Reason] = {}
    for fault in faults:
        if fault.action is not None and (fault.section, fault.action) in layout.origins:
            guilty[layout.origins[fault.section, fault.action].intent_hash] = fault.reason
            continue
        account = layout.batch.sections[fault.section].account
        own = [fill.pending.intent_hash for fill in fills if fill.pending.account == account]
        assert own, f"an account without intents is refused: {fault.reason}"
        guilty.update(dict.fromkeys(own if harsh else own[-1:], fault.reason))
    return guilty
