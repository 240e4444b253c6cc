"""Whatever is sent to a relay, its batch is accepted, and whoever is left out is told the truth."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from motley import GROUP, Senders, any_state
from relay_bench import LIFE_SECONDS, TIME, Bench
from small_market import report_at

from offbeat.core import Reason, limits
from offbeat.intents import Order, Transfer
from offbeat.oracle import Report
from offbeat.relay import Built, Moment, Pending, Wait, rounds, screen
from offbeat.relay.draft import Layout
from offbeat.rulebook import GROUP_SHIFT, Fault, Rejected, State

EXAMPLES = int(os.environ.get("OFFBEAT_FUZZ_EXAMPLES", "100"))
SHORT_LOTS = 64
"""A divisible order whose limit is better than the price misses no more lots than that."""
REPORTS = (report_at(TIME), report_at(TIME), report_at(TIME, 110), report_at(TIME - 700), None)


class Witness:
    """Remembers for which reason each intent was in a draft that the rules refuse."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.reasons: defaultdict[bytes, set[Reason]] = defaultdict(set)

    def saw(self, layout: Layout, faults: tuple[Fault, ...]) -> None:
        """The rules themselves judge every draft that was inspected, fully certified."""
        verdict = self._bench.apply(layout.batch)
        if verdict == Rejected(Reason.CASH_UNBALANCED):
            for pending in layout.origins.values():
                self.reasons[pending.intent_hash].add(Reason.CASH_UNBALANCED)
        if faults:
            assert verdict == Rejected(faults[0].reason)
        for fault in faults:
            for (section, action), pending in layout.origins.items():
                if section == fault.section and fault.action in (None, action):
                    self.reasons[pending.intent_hash].add(fault.reason)


@contextmanager
def witnessed(bench: Bench) -> Iterator[Witness]:
    """Every draft that is inspected while building is seen."""
    witness, inspect = Witness(bench), rounds.Rounds._inspect

    def inspect_and_tell(self: rounds.Rounds, layout: Layout) -> tuple[Fault, ...]:
        faults = inspect(self, layout)
        witness.saw(layout, faults)
        return faults

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds.Rounds, "_inspect", inspect_and_tell)
        yield witness


@dataclass(frozen=True)
class Case:
    """A state, everything that waits, and what the relay is asked to do."""

    bench: Bench
    pending: list[Pending]
    report: Report | None
    fee_micros: int
    settlement: dict[str, frozenset[int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    bench = Bench()
    bench.state = any_state(draw, bench)
    settlement = {}
    accounts = sorted(bench.state.accounts)
    if accounts and draw(st.integers(0, 3)) == 3:
        touched = draw(st.sets(st.sampled_from(accounts)))
        settlement = {"touched": frozenset(touched), "settling": frozenset({GROUP})}
    return Case(
        bench=bench,
        pending=Senders(draw, bench).intents(14),
        report=draw(st.sampled_from(REPORTS)),
        fee_micros=draw(st.sampled_from((250_000, 250_000, 0))),
        settlement=settlement,
    )


@settings(max_examples=EXAMPLES)
@given(cases())
def test_a_batch_of_anything_is_accepted_at_once(case: Case) -> None:
    bench, state = case.bench, case.bench.state
    with witnessed(bench) as witness:
        built = bench.build(
            case.pending, case.report, fee_micros=case.fee_micros, **case.settlement
        )
    again = bench.build(case.pending, case.report, fee_micros=case.fee_micros, **case.settlement)
    assert again == built, "the same state, moment and intents make the same batch"
    bench.land(built)
    for reason in built.refused.values():
        event(reason)
    event(f"{min(len(built.fills), 6)} chosen")
    known = {each.intent_hash for each in case.pending}
    fates = [*built.fills, *built.refused, *built.waiting]
    assert len(fates) == len(known)
    assert set(fates) == known
    # Orders with one nonce crowd each other out of a batch before one of them fills.
    siblings = has_siblings(case.pending)
    for digest, why in built.waiting.items():
        event(why)
        if not siblings:
            assert_waits_for_a_reason(case, state, built, digest)
    for digest, reason in built.refused.items():
        screened = screened_for(state, case.pending, case.report, digest)
        if siblings:
            screened.add(Reason.NONCE_SPENT)
        assert reason in witness.reasons[digest] | screened


def assert_waits_for_a_reason(case: Case, state: State, built: Built, digest: bytes) -> None:
    """The reason can be told from the batch itself."""
    why = built.waiting[digest]
    pending = next(each for each in case.pending if each.intent_hash == digest)
    intent, record = pending.signed.intent, state.account(pending.account)
    match why:
        case Wait.UNMATCHED:
            assert isinstance(intent, Order)
            prices = built.prices_nanos
            net_nanos = sum(leg.ratio * prices[leg.instrument.id] for leg in intent.legs)
            suits = built.fills and net_nanos + 1_000 <= intent.limit_micros * 1_000
            whole = intent.min_fill_micros or len(record.partials) == limits.MAX_PARTIALS
            few = intent.quantity_micros <= SHORT_LOTS * limits.LOT_MICROS
            assert not suits or whole or few or has_halves(case.pending)
        case Wait.TURN:
            assert isinstance(intent, Transfer)
            taken = {section.account for section in built.batch.sections}
            assert {pending.account, pending.target} & taken
        case Wait.SETTLING:
            assert GROUP in case.settlement["settling"]
            assert any(each.instrument_id >> GROUP_SHIFT == GROUP for each in record.positions)
        case _:
            raise AssertionError(f"few intents, and yet: {why}")


def has_siblings(pending: list[Pending]) -> bool:
    """Whether two different orders have one nonce."""
    orders = {each.intent_hash: each.place for each in pending if each.is_order}
    return len(set(orders.values())) < len(orders)


def has_halves(pending: list[Pending]) -> bool:
    """Whether lots could end in halves, so that one more of them may suit nobody."""
    intents = [each.signed.intent for each in pending]
    legs = [leg for each in intents if isinstance(each, Order) for leg in each.legs]
    return any(abs(leg.ratio) > 1 for leg in legs)


def screened_for(
    state: State, pending: list[Pending], report: Report | None, digest: bytes
) -> set[Reason]:
    """Why an intent may not even be drafted, under the report or without it."""
    reasons = (
        screen(state, pending, Moment(TIME, TIME + LIFE_SECONDS, each))[1].get(digest)
        for each in (report, None)
    )
    return {reason for reason in reasons if reason is not None}
