"""Walks a chain from the deployment's first block and holds everything that settled to its word.

It trusts the chain's answers about calldata, events, storage and token balances, and no room that
had a hand in them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby

from offbeat.chain import Deployment, Event
from offbeat.core.ports import Chain
from offbeat.sim.audit.batch import BatchAudit
from offbeat.sim.audit.books import Asset, Books, Grant, Ledger, Pot
from offbeat.sim.audit.closing import Closing
from offbeat.sim.audit.desk import Flows
from offbeat.sim.audit.forced import Request
from offbeat.sim.audit.reader import (
    Malformed,
    read_calldata,
    read_credit,
    read_payload,
    symbol_text,
)
from offbeat.sim.audit.signatures import Domain, Quorum
from offbeat.sim.audit.verdict import Findings, Verdict


def audit(chain: Chain, deployment: Deployment) -> Verdict:
    """Everything that settled, from the first block to the latest, held to the protocol.

    Raises :class:`~offbeat.core.Unavailable` or :class:`~offbeat.core.ChainError` when the chain
    cannot be read. What is read and wrong is in the verdict.
    """
    return _Auditor(chain, deployment).run()


class _Auditor:
    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        self._chain = chain
        self._first_block = deployment.first_block
        self._last = chain.block()
        self._contracts = {
            role: deployment.contract(chain, role)
            for role in ("settlement", "vault", "authority", "expiry", "forced")
        }
        self._sequencers, self._reporters = (
            Quorum.read(deployment.contract(chain, role)) for role in ("sequencers", "reporters")
        )
        self._domain = Domain(deployment.chain_id, deployment.contracts["settlement"])
        self._books = Books(deployment.cash.symbol)
        self._findings = Findings()

    def run(self) -> Verdict:
        """Every transaction in order, then the closed books against the contracts."""
        for transaction_hash, events in groupby(
            self._events(), key=lambda each: each.log.transaction_hash
        ):
            self._findings.where = f"transaction 0x{transaction_hash.hex()}"
            try:
                self._transaction(list(events))
            except Malformed as error:
                self._expect("batches_readable", False, str(error))
        books = self._books
        Closing(books, self._findings, self._contracts, self._last.number).check()
        return Verdict(
            block_number=self._last.number,
            block_hash=self._last.hash,
            batches=books.number,
            accounts=len(books.records),
            intents=len(books.history.filled_micros),
            debt_micros=sum(max(0, -each.cash_micros) for each in books.records.values()),
            surplus_units=books.surplus_units,
            checks=self._findings.checks(),
        )

    def _events(self) -> Sequence[Event]:
        """Everything that the contracts said, in chain order."""
        events = [
            event
            for contract in self._contracts.values()
            for event in contract.events(
                self._chain.logs(contract.address, self._first_block, self._last.number)
            )
        ]
        return sorted(events, key=lambda each: (each.log.block_number, each.log.index))

    # One transaction ----------------------------------------------------------------------

    def _transaction(self, events: Sequence[Event]) -> None:
        """Book the batch that a transaction landed, if any, and hold its other events to it."""
        now = self._chain.block(events[0].log.block_number).timestamp_seconds
        by_name = defaultdict[str, list[Event]](list)
        for event in events:
            by_name[event.name].append(event)
        for event in by_name["AssetRegistered"]:
            asset = Asset(event.values["token"], event.values["unit"])
            self._books.assets[_symbol(event)] = asset
        flows = self._batches(by_name["BatchSettled"], now)
        self._grants(by_name["Delegated"], flows, now)
        self._debts(by_name["Owed"], flows)
        for event in by_name["Paid"]:
            self._payment(event)
        for event in by_name["InboxItem"]:
            self._deposit(event, now)
        for event in by_name["SettlementPrice"]:
            self._settlement_price(event, now)
        for event in events:
            if event.log.address == self._contracts["forced"].address:
                self._forced(event, now)

    def _batches(self, landed: Sequence[Event], now: int) -> Flows:
        """At most one batch in one direct call: what it moved, nothing where there is none."""
        if not landed:
            return Flows()
        transaction = self._chain.transaction(landed[0].log.transaction_hash)
        direct = transaction is not None and transaction.to == self._contracts["settlement"].address
        if transaction is None or not direct or len(landed) != 1:
            raise Malformed("not one direct call of the settlement contract")
        call = read_calldata(transaction.data)
        batch = read_payload(call.payload)
        said = landed[0].values
        same = (said["number"], said["payload_hash"]) == (batch.number, batch.hash)
        self._expect("batches_readable", same, f"the event says {said}")
        audit = BatchAudit(self._books, self._findings, self._domain, batch, now)
        flows = audit.run(call, self._sequencers, self._reporters)
        earned = (said["lander"], said["fees_micros"]) == (transaction.sender, flows.pool_micros)
        self._expect("cash_nets_to_zero", earned, f"{said}, but the pool is {flows.pool_micros}")
        self._books.owed[transaction.sender, self._books.cash_symbol] += flows.pool_micros
        return flows

    def _debts(self, events: Sequence[Event], flows: Flows) -> None:
        """The vault says that it owes what the batch withdrew, and nothing else."""
        said: Ledger = Counter()
        for event in events:
            said[event.values["account"], _symbol(event)] += event.values["amount_micros"]
        if said or flows.owed:
            self._expect("payments_made", said == flows.owed, f"owes {said}, not {flows.owed}")
        self._books.owed.update(flows.owed)

    def _payment(self, event: Event) -> None:
        symbol, amount = _symbol(event), event.values["amount_micros"]
        key = event.values["account"], symbol
        self._expect(
            "payments_made", amount <= self._books.owed[key], f"paid {amount} {symbol}, not owed"
        )
        self._books.owed[key] -= amount
        self._books.paid[symbol] += amount

    def _deposit(self, event: Event, now: int) -> None:
        credit = read_credit(event.values["head"], event.values["body"])
        in_turn = event.values["number"] == self._books.inbox_count + 1
        on_time = credit.enqueued_seconds == now
        self._expect("inbox_in_order", in_turn and on_time, f"item {event.values}")
        self._books.inbox_count += 1
        self._books.inbox.append(credit)
        self._books.deposited[credit.symbol] += credit.amount_micros

    def _forced(self, event: Event, now: int) -> None:
        """Requests come in at the end of the queue, and only the first one leaves its place."""
        queue, number = self._books.forced, event.values["number"]
        if event.name == "Forced":
            queue.append(Request.read(event.values))
            holds = queue[-1].enqueued_seconds == now
        else:
            holds = bool(queue) and queue[0].number == number
            if holds and event.name == "PassedOver":
                queue.rotate(-1)
            elif holds:
                queue.popleft()
        self._expect("inbox_in_order", holds, f"{event.name} {number}")

    # Outside batches ----------------------------------------------------------------------

    def _grants(self, events: Sequence[Event], flows: Flows, now: int) -> None:
        """The batch's delegations in their order; beyond them, what owners approve by a call."""
        said = [(each.values["owner"], each.values["delegate"], _grant(each)) for each in events]
        in_batch = said[: len(flows.granted)]
        if flows.granted:
            self._expect("grants_signed", in_batch == flows.granted, f"granted {in_batch}")
        for event, (owner, key, grant) in list(zip(events, said, strict=True))[len(in_batch) :]:
            transaction = self._chain.transaction(event.log.transaction_hash)
            by_owner = transaction is not None and transaction.sender == owner
            by_wallet = bool(self._chain.code(owner, event.log.block_number))
            self._expect("grants_signed", by_owner or by_wallet, f"0x{owner.hex()} had no say")
            old = self._books.grants.get((owner, key), Grant())
            lawful = grant in (old.followed_by(grant, now), old.followed_by(Grant(), now))
            self._expect("grants_signed", lawful, f"{grant} after {old}")
            self._books.grants[owner, key] = grant

    def _settlement_price(self, event: Event, now: int) -> None:
        """One price for each group, after its expiry, under the reporters' quorum."""
        group, price = event.values["group"], event.values["price_micros"]
        fresh = group not in self._books.pots and price > 0 and now >= group & 0xFFFFFFFF
        if self._expect("expiries_paid", fresh, f"price {price} of {group:#x}"):
            self._books.pots[group] = Pot(price)
        transaction = self._chain.transaction(event.log.transaction_hash)
        expiry = self._contracts["expiry"]
        if transaction is None or transaction.to != expiry.address:
            return  # Posted through another contract, whose calldata says nothing.
        *_, attestation = expiry.abi.decode_call(transaction.data)[1]
        symbol, expiry_seconds = symbol_text(group >> 32), group & 0xFFFFFFFF
        terms = {"underlying": symbol, "expiry": expiry_seconds, "price": price}
        digest = self._domain.digest("SettlementPrice", terms)
        attested = self._reporters.signed(digest, attestation)
        self._expect("expiries_paid", attested, f"price of {group:#x} without a quorum")

    def _expect(self, check: str, holds: bool, fault: str) -> bool:
        return self._findings.expect(check, holds, fault)


def _grant(event: Event) -> Grant:
    return Grant(event.values["scope"], event.values["expires"])


def _symbol(event: Event) -> str:
    """The asset that an event names, by number or by bytes."""
    symbol = event.values["symbol"]
    return symbol_text(symbol if isinstance(symbol, int) else int.from_bytes(symbol))
