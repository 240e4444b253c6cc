"""The summary says what happened: counts that add up, premiums, gas, and one verdict."""

from dataclasses import replace

import pytest
from scenes import PRICE_MICROS, expiry, trade

from offbeat.core import limits
from offbeat.instruments import Strategy
from offbeat.sim.audit import Check, Verdict, audit
from offbeat.sim.engine import ACTION_FEE_MICROS, Run, run_scenario
from offbeat.sim.ledger import Fate
from offbeat.sim.summarise import summarise
from offbeat.sim.summary import Summary


@pytest.fixture(scope="module")
def run() -> Run:
    return run_scenario(trade().build())


@pytest.fixture(scope="module")
def verdict(run: Run) -> Verdict:
    return audit(run.venue.chain, run.venue.deployment)


@pytest.fixture
def summary(run: Run, verdict: Verdict) -> Summary:
    return summarise(run, verdict)


def test_every_intent_is_counted_once(summary: Summary) -> None:
    counts = summary.intents
    assert (counts.sent, counts.distinct, counts.duplicates_refused) == (5, 3, 2)
    assert sum(counts.fates.values()) == counts.distinct
    assert {fate for fate, count in counts.fates.items() if count} == {
        Fate.FILLED,
        Fate.FILLED_IN_PART,
        Fate.REFUSED,
    }
    assert counts.refused_by_reason == {"signer_unauthorised": 1}


def test_structures_are_the_takers_and_carry_both_premiums(summary: Summary) -> None:
    filled, refused = summary.structures
    assert (filled.source, refused.source) == ("buyer", "victim")
    assert filled.agreed_premium_micros == PRICE_MICROS + 1_000_000
    assert PRICE_MICROS <= filled.executed_premium_micros <= filled.agreed_premium_micros
    assert (refused.filled_micros, refused.executed_premium_micros) == (0, 0)
    (single,) = summary.strategies
    assert (single.strategy, single.orders, single.filled_orders) == (Strategy.SINGLE, 2, 1)
    assert single.filled_micros == limits.QUANTITY_SCALE
    assert single.premium_micros == filled.executed_premium_micros


def test_batches_add_up_to_the_whole(summary: Summary, run: Run) -> None:
    deposits, traded = summary.batches
    assert (deposits.credits, deposits.intents, deposits.gas_per_order) == (3, 0, None)
    assert (traded.intents, traded.orders, traded.accounts) == (2, 2, 2)
    assert traded.gas_per_order == traded.gas // 2
    assert [each.source for each in traded.structures] == ["buyer"]
    gas = summary.gas
    assert (gas.deposits, gas.expiries, gas.trading) == (deposits.gas, 0, traded.gas)
    assert gas.total == deposits.gas + traded.gas
    assert gas.per_intent == gas.alone_per_intent == traded.gas // 2
    assert gas.saving_bps == 0
    pays = sum(each.pay_micros for each in run.ledger.journeys.values())
    assert summary.fees_micros == 2 * ACTION_FEE_MICROS + pays


def test_an_expiry_has_gas_of_its_own() -> None:
    run = run_scenario(expiry().build())
    summary = summarise(run, audit(run.venue.chain, run.venue.deployment))
    (expired,) = summary.expiries
    assert summary.ok
    assert summary.gas.expiries == summary.batches[expired.batch - 1].gas


def test_it_is_ok_only_without_surprises_and_with_a_clean_audit(run: Run, verdict: Verdict) -> None:
    assert summarise(run, verdict).ok
    broken = Check("accounts_healthy", 1, 1, ("an account is not",))
    objecting = replace(verdict, checks=(*verdict.checks[1:], broken))
    assert not summarise(run, objecting).ok
    surprised = replace(run, ledger=replace(run.ledger, unexpected=["a surprise"]))
    assert not summarise(surprised, verdict).ok
