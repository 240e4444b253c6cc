"""From a finished run and its audit to the summary."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from offbeat.core import limits
from offbeat.instruments import Strategy
from offbeat.intents import Order
from offbeat.sim.audit import Verdict, audit
from offbeat.sim.engine import Run
from offbeat.sim.ledger import BatchRecord, Fate, Journey, Ledger
from offbeat.sim.scenario import Role
from offbeat.sim.summary import (
    AloneGas,
    Batch,
    Counts,
    Gas,
    Leg,
    Premium,
    StrategyFills,
    Structure,
    Summary,
)


def conclude(run: Run) -> Summary:
    """Let the auditor judge a finished run, and sum it up.

    Raises ``OffbeatError`` where the chain cannot be read.
    """
    return summarise(run, audit(run.venue.chain, run.venue.deployment))


def summarise(run: Run, verdict: Verdict) -> Summary:
    """The summary of a finished run under an auditor's verdict."""
    scenario, ledger = run.scenario, run.ledger
    roles = {each.name: each.role for each in scenario.participants}
    takers = {name for name, role in roles.items() if role is Role.TAKER}
    counterparties = {
        each.submission.source: each.fill_micros
        for each in ledger.journeys.values()
        if roles[each.submission.sender] is Role.COUNTERPARTY
    }
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
        strategies=_strategies(traded),
        structures=tuple(_structure(each, counterparties) for each in traded),
        not_replayed=scenario.refusals,
        faults=scenario.faults,
        batches=tuple(_batch(each, takers) for each in ledger.batches),
        expiries=tuple(ledger.expiries),
        gas=_gas(ledger),
        fees_micros=sum(each.landed.fees_micros for each in ledger.batches),
        unexpected=tuple(ledger.unexpected),
        audit=verdict,
    )


def _is_structure(journey: Journey, takers: Collection[str]) -> bool:
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


def _strategies(traded: Sequence[Journey]) -> tuple[StrategyFills, ...]:
    """In the order in which the strategies are defined."""
    by_strategy = {
        strategy: [each for each in traded if each.strategy is strategy] for strategy in Strategy
    }
    return tuple(
        StrategyFills(
            strategy=strategy,
            orders=len(own),
            filled_orders=sum(bool(each.batches) for each in own),
            filled_micros=sum(each.fill_micros for each in own),
            premium_micros=sum(each.pay_micros for each in own),
        )
        for strategy, own in by_strategy.items()
        if own
    )


def _structure(journey: Journey, counterparties: Mapping[str, int]) -> Structure:
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
        counterparty_filled_micros=counterparties.get(journey.submission.source),
        batches=tuple(journey.batches),
    )


def _batch(record: BatchRecord, takers: Collection[str]) -> Batch:
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
