"""What a run amounts to, as plain values: the shape of the commands' JSON, field by field."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from offbeat.core import limits
from offbeat.instruments import Strategy
from offbeat.intents import Order
from offbeat.sim.audit import Verdict
from offbeat.sim.csv_table import RowFault
from offbeat.sim.engine import Run
from offbeat.sim.ledger import BatchRecord, Expired, Fate, Journey, Ledger
from offbeat.sim.scenario import Role
from offbeat.sim.tape import Refusal


@dataclass(frozen=True, slots=True)
class Counts:
    """Intents: ``sent`` with repeats, ``distinct`` without; the fates add up to the latter."""

    sent: int
    distinct: int
    duplicates_refused: int
    fates: Mapping[Fate, int]
    refused_by_reason: Mapping[str, int]
    by_session_key: int


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg by its Deribit name; a positive ratio buys."""

    instrument: str
    ratio: int


@dataclass(frozen=True, slots=True)
class Structure:
    """One agreed trade from its taker's side; a negative premium is received.

    ``agreed_premium_micros`` is quantity times signed limit, ``executed_premium_micros`` what the
    filled part really paid, without fees.
    """

    source: str
    strategy: Strategy
    legs: tuple[Leg, ...]
    quantity_micros: int
    filled_micros: int
    agreed_premium_micros: int
    executed_premium_micros: int
    batches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Premium:
    """What a structure's taker traded and paid in one batch."""

    source: str
    fill_micros: int
    premium_micros: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One settlement transaction. ``intents`` are those executed, ``orders`` the orders of them."""

    number: int
    time_seconds: int
    transaction: bytes
    considered: int
    intents: int
    orders: int
    accounts: int
    instruments: int
    credits: int
    payload_bytes: int
    gas: int
    gas_per_order: int | None
    fees_micros: int
    structures: tuple[Premium, ...]


@dataclass(frozen=True, slots=True)
class StrategyFills:
    """Orders of one strategy, quotes aside: how many there were, and how many traded at all."""

    strategy: Strategy
    orders: int
    filled_orders: int
    filled_micros: int
    premium_micros: int


@dataclass(frozen=True, slots=True)
class AloneGas:
    """A structure settled in a batch of its own, on a snapshot of the same chain and state."""

    source: str
    strategy: Strategy
    intents: int
    gas: int
    gas_per_intent: int


@dataclass(frozen=True, slots=True)
class Gas:
    """Gas of all batches, by what they were for; per intent, of those that trade.

    ``saving_bps`` is how much less an intent costs in the batches than alone.
    """

    total: int
    deposits: int
    expiries: int
    trading: int
    per_intent: int
    per_order: int
    alone: tuple[AloneGas, ...]
    alone_per_intent: int
    saving_bps: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything about a run; ``ok`` when nothing unexpected happened and the audit is clean."""

    market: str
    ok: bool
    intents: Counts
    actions: Mapping[str, int]
    strategies: tuple[StrategyFills, ...]
    structures: tuple[Structure, ...]
    not_replayed: tuple[Refusal, ...]
    faults: tuple[RowFault, ...]
    batches: tuple[Batch, ...]
    expiries: tuple[Expired, ...]
    gas: Gas
    fees_micros: int
    unexpected: tuple[str, ...]
    audit: Verdict

    def to_json(self) -> dict[str, Any]:
        """Its fields as a JSON object; numbers are numbers and hashes bytes."""
        return asdict(self) | {"audit": self.audit.to_json()}


def summarise(run: Run, verdict: Verdict) -> Summary:
    """The summary of a finished run under an auditor's verdict."""
    scenario, ledger = run.scenario, run.ledger
    takers = {each.name for each in scenario.participants if each.role is Role.TAKER}
    traded = [each for each in ledger.journeys.values() if _is_structure(each, takers)]
    return Summary(
        market=scenario.name,
        ok=verdict.ok and not ledger.unexpected,
        intents=_counts(ledger),
        actions=dict(
            Counter(
                type(each.intent).__name__.lower()
                for each in ledger.journeys.values()
                if each.fate is Fate.EXECUTED
            )
        ),
        strategies=_strategies(ledger),
        structures=tuple(map(_structure, traded)),
        not_replayed=scenario.refusals,
        faults=scenario.faults,
        batches=tuple(_batch(each, takers) for each in ledger.batches),
        expiries=tuple(ledger.expiries),
        gas=_gas(ledger),
        fees_micros=sum(each.landed.fees_micros for each in ledger.batches),
        unexpected=tuple(ledger.unexpected),
        audit=verdict,
    )


def _is_structure(journey: Journey, takers: Iterable[str]) -> bool:
    submission = journey.submission
    return submission.sender in takers and submission.label in set(Strategy)


def _counts(ledger: Ledger) -> Counts:
    journeys = ledger.journeys.values()
    fates = Counter(each.fate for each in journeys)
    return Counts(
        sent=len(journeys) + ledger.duplicates,
        distinct=len(journeys),
        duplicates_refused=ledger.duplicates,
        fates={fate: fates[fate] for fate in Fate},
        refused_by_reason=dict(Counter(str(each.refusal) for each in journeys if each.refusal)),
        by_session_key=sum(each.by_session_key and bool(each.batches) for each in journeys),
    )


def _strategies(ledger: Ledger) -> tuple[StrategyFills, ...]:
    """In the order in which the strategies are defined; without quotes."""
    orders: dict[Strategy, list[Journey]] = {strategy: [] for strategy in Strategy}
    for each in ledger.journeys.values():
        if each.strategy is not None and each.submission.label == each.strategy:
            orders[each.strategy].append(each)
    return tuple(
        StrategyFills(
            strategy=strategy,
            orders=len(own),
            filled_orders=sum(bool(each.batches) for each in own),
            filled_micros=sum(each.fill_micros for each in own),
            premium_micros=sum(each.pay_micros for each in own),
        )
        for strategy, own in orders.items()
        if own
    )


def _structure(journey: Journey) -> Structure:
    order = journey.intent
    assert isinstance(order, Order), "only orders have a strategy"
    return Structure(
        source=journey.submission.source,
        strategy=Strategy(journey.submission.label),
        legs=tuple(Leg(leg.instrument.name, leg.ratio) for leg in order.legs),
        quantity_micros=order.quantity_micros,
        filled_micros=journey.fill_micros,
        agreed_premium_micros=order.limit_micros * order.quantity_micros // limits.QUANTITY_SCALE,
        executed_premium_micros=journey.pay_micros,
        batches=tuple(journey.batches),
    )


def _batch(record: BatchRecord, takers: Iterable[str]) -> Batch:
    landed = record.landed
    batch, gas = landed.built.batch, landed.receipt.gas_used
    orders = record.orders
    return Batch(
        number=batch.number,
        time_seconds=landed.time_seconds,
        transaction=landed.receipt.transaction_hash,
        considered=record.considered,
        intents=len(record.executions),
        orders=orders,
        accounts=len(batch.sections),
        instruments=len(batch.rows),
        credits=len(batch.credits),
        payload_bytes=len(landed.built.payload),
        gas=gas,
        gas_per_order=gas // orders if orders else None,
        fees_micros=landed.fees_micros,
        structures=tuple(
            Premium(each.journey.submission.source, each.fill_micros, each.pay_micros)
            for each in record.executions
            if _is_structure(each.journey, takers)
        ),
    )


def _gas(ledger: Ledger) -> Gas:
    expiries = {each.batch for each in ledger.expiries}
    trading = [each for each in ledger.batches if each.executions]
    gas_traded = sum(each.gas for each in trading)
    gas_expired = sum(each.gas for each in ledger.batches if each.number in expiries)
    total = sum(each.gas for each in ledger.batches)
    per_intent = gas_traded // max(1, sum(len(each.executions) for each in trading))
    alone = sum(each.gas for each in ledger.alone) // max(1, sum(e.intents for e in ledger.alone))
    return Gas(
        total=total,
        deposits=total - gas_expired - gas_traded,
        expiries=gas_expired,
        trading=gas_traded,
        per_intent=per_intent,
        per_order=gas_traded // max(1, sum(each.orders for each in trading)),
        alone=tuple(
            AloneGas(each.source, each.strategy, each.intents, each.gas, each.gas // each.intents)
            for each in ledger.alone
        ),
        alone_per_intent=alone,
        saving_bps=limits.BPS * (alone - per_intent) // alone if alone else 0,
    )
