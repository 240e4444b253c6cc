"""Everything that anybody may do, in any order, on a market that leaps; relays build the batches.

After each act both sides agree, the vault covers every claim and every instrument nets to zero. In
the end the auditor, who shares no code with the rulebook, goes through the whole history: no
healthy account was liquidated, and none that was not healthy came to more risk.
"""

import os
from typing import Any

from conservation import assert_conserved
from drafting import Draft
from forcing import Queue
from founding import CASH
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from people import ALICE, BOB, CAROL, DAVE, PEOPLE, Person
from small_market import EXPIRIES, NOW, OPTIONS, SPOTS_MICROS, mark_micros, report_at
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Intent,
    Order,
    Transfer,
    Withdraw,
    intent_hash,
    make_nonce,
    sign,
)
from offbeat.oracle import Report
from offbeat.relay import Builder, Built, Moment, Pending, unsafe_accounts
from offbeat.rulebook import GROUP_SHIFT, Applied, Submission
from offbeat.sim.audit import audit

STEPS = int(os.environ.get("OFFBEAT_STATEFUL_STEPS", "30"))
EXAMPLES = int(os.environ.get("OFFBEAT_STATEFUL_EXAMPLES", "8"))
DOLLAR = 10**6
FUND = limits.INSURANCE_OWNER << 32
FAR_SECONDS = NOW + 10**7
FEE_MICROS = DOLLAR // 4
TRADERS = (ALICE, BOB, CAROL, DAVE)
NEAR = [each for each in OPTIONS["ETH"] if each.expiry_seconds == EXPIRIES[0]]
LATER = [each for each in OPTIONS["ETH"] if each.expiry_seconds == EXPIRIES[1]]
people = st.sampled_from((CAROL, DAVE, CAROL, DAVE, ALICE, BOB))


class Bottle:
    """A world with four traders, of whom Carol and Dave have little."""

    def __init__(self) -> None:
        self.world = World(EmbeddedChain(genesis_seconds=NOW - 3_600))
        for trader, dollars in ((ALICE, 10**7), (BOB, 10**7), (CAROL, 6_000), (DAVE, 20_000)):
            self.world.deposit(trader.account(), CASH, dollars * DOLLAR)
        self.world.deposit(BOB.account(), "ETH", 5 * DOLLAR)
        self.world.deposit(FUND, CASH, 10_000 * DOLLAR)
        draft = Draft(self.world, self.world.now, symbols={"BTC", "ETH"})
        draft.credit_all()
        assert draft.land() is None
        self.world.wait(NOW + 60 - self.world.now)


BOTTLES: list[Bottle] = []


class AnyOrder(RuleBasedStateMachine):
    """One history."""

    @initialize()
    def open_the_bottle(self) -> None:
        if not BOTTLES:
            BOTTLES.append(Bottle())
        self.world = BOTTLES[0].world
        self._sandbox = self.world.sandbox()
        self._sandbox.__enter__()
        self.queue = Queue(self.world)
        self.percent = 100
        self.pending: dict[bytes, Pending] = {}
        self.numbers = dict.fromkeys(TRADERS, 0)
        self.world.wait(NOW + 60 - self.world.now)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            verdict = audit(self.world.chain, self.world.deployment)
            assert verdict.ok, [check for check in verdict.checks if not check.ok]
        finally:
            self._sandbox.__exit__(None, None, None)

    # The market ---------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((1, 30, 601, 3_601)))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @property
    def report(self) -> Report | None:
        """What reporters say; nothing any more once the first options have expired."""
        now = self.world.now
        return report_at(now, self.percent) if now < EXPIRIES[0] else None

    # What people do -----------------------------------------------------------------------

    @rule(person=people, dollars=st.integers(1, 5_000))
    def deposit(self, person: Person, dollars: int) -> None:
        self.world.deposit(person.account(), CASH, dollars * DOLLAR)

    @rule(dollars=st.integers(1, 50_000))
    def insure(self, dollars: int) -> None:
        self.world.deposit(FUND, CASH, dollars * DOLLAR)

    @rule(
        person=people,
        trades=st.lists(
            st.tuples(
                st.sampled_from(NEAR + LATER),
                st.sampled_from((1, -1, -1)),
                st.integers(1, 12),
                st.integers(-20, 60),
            ),
            min_size=1,
            max_size=3,
        ),
        at_once=st.sampled_from((True, True, False)),
    )
    def trade(
        self, person: Person, trades: list[tuple[Instrument, int, int, int]], at_once: bool
    ) -> None:
        """Somebody, and a maker who takes the other side at any price near the mark."""
        if self.report is None:
            return
        for option, side, contracts, edge in trades:
            mark = mark_micros(self.report, option)
            for who, way, more in ((person, side, edge), (BOB, -side, 60)):
                limit = way * mark + more * DOLLAR
                terms = {"quantity_micros": contracts * DOLLAR, "limit_micros": limit}
                self._send(Order(**self._envelope(who), legs=(Leg(option, way),), **terms))
        if at_once:
            self._land(self.report)

    @rule(person=people, dollars=st.integers(1, 20_000), is_forced=st.booleans())
    def withdraw(self, person: Person, dollars: int, is_forced: bool) -> None:
        terms = {"to": person.address, "asset": CASH, "amount_micros": dollars * DOLLAR}
        self._send(Withdraw(**self._envelope(person), **terms), is_forced)

    @rule(person=people, other=people, dollars=st.integers(1, 9_000), is_forced=st.booleans())
    def transfer(self, person: Person, other: Person, dollars: int, is_forced: bool) -> None:
        terms = {"to_owner": other.address, "to_account": 0, "amount_micros": dollars * DOLLAR}
        self._send(Transfer(**self._envelope(person), **terms), is_forced)

    @rule(person=people, back=st.integers(1, 6), is_forced=st.booleans())
    def cancel(self, person: Person, back: int, is_forced: bool) -> None:
        number = max(0, self.numbers[person] - back)
        self._send(Cancel(**self._envelope(person) | {"nonce": make_nonce(0, number)}), is_forced)

    @rule()
    def force_an_order(self) -> None:
        """The last order that somebody sent, into the queue as well."""
        orders = [e for e in self.pending.values() if isinstance(e.signed.intent, Order)]
        if orders:
            self.queue.force(orders[-1].signed.intent)

    @rule(with_report=st.booleans())
    def clear(self, with_report: bool) -> None:
        if self.world.state.forced:
            refusal = self.queue.clear(self.report if with_report else None)
            event(f"cleared a forced request: {refusal is None}")

    # What relays do -----------------------------------------------------------------------

    @rule(has_report=st.booleans())
    def batch(self, has_report: bool) -> None:
        self._land(self.report if has_report else None)

    @rule(
        person=st.sampled_from((CAROL, DAVE)),
        option=st.sampled_from(NEAR + LATER),
        contracts=st.integers(4, 16),
        percent=st.sampled_from((70, 78, 85, 92, 108, 115, 125, 140)),
    )
    def leap(self, person: Person, option: Instrument, contracts: int, percent: int) -> None:
        """Somebody sells, the market leaps, a maker quotes all, the unsafe are reduced."""
        self.percent = 100
        self.trade(person=person, trades=[(option, -1, contracts, 60)], at_once=True)
        self.percent = percent
        if self.report is None:
            return
        for listed in NEAR + LATER:
            mark = mark_micros(self.report, listed)
            for way in (1, -1):
                limit = way * mark - DOLLAR
                terms = {"quantity_micros": 12 * DOLLAR, "limit_micros": limit}
                self._send(Order(**self._envelope(ALICE), legs=(Leg(listed, way),), **terms))
        self._land(self.report)

    @precondition(lambda self: self.world.state.number > 8)
    @rule(percent=st.integers(50, 150))
    def expire(self, percent: int) -> None:
        """The first expiry passes, and everybody who holds it is settled."""
        if self.world.now < EXPIRIES[0]:
            self.world.wait(EXPIRIES[0] - self.world.now)
        group = NEAR[0].id >> GROUP_SHIFT
        if group not in self.world.state.pots:
            self.world.post_price("ETH", EXPIRIES[0], SPOTS_MICROS["ETH"] * percent // 100)
        holders = frozenset(
            account
            for account, record in self.world.state.accounts.items()
            if any(each.instrument_id >> GROUP_SHIFT == group for each in record.positions)
        )
        self._land(None, touched=holders, settling=frozenset({group}))

    # How ----------------------------------------------------------------------------------

    def _envelope(self, person: Person) -> dict[str, Any]:
        number = self.numbers[person]
        self.numbers[person] += 1
        return {
            "owner": person.address,
            "account": 0,
            "nonce": make_nonce(0, number),
            "valid_until_seconds": FAR_SECONDS,
            "max_fee_micros": FEE_MICROS,
        }

    def _send(self, intent: Intent, is_forced: bool = False) -> None:
        if is_forced:
            self.queue.force(intent)
            return
        domain = self.world.domain
        digest = intent_hash(intent, domain)
        self.pending[digest] = Pending(sign(intent, PEOPLE[intent.owner].key, domain), digest)

    def _land(self, report: Report | None, **settlement: frozenset[int]) -> None:
        state, now = self.world.state, max(self.world.now, self.world.state.time_seconds)
        forced = [Pending(item.signed, item.digest) for item in state.forced]
        unsafe = unsafe_accounts(state, report) if report else frozenset[int]()
        builder = Builder(
            state, Moment(now, now + 300, report), FEE_MICROS, unsafe=unsafe, **settlement
        )
        built = builder.build([*forced, *self.pending.values()])
        outcome = self.world.land(self._submission(built, report))
        if isinstance(outcome, Applied):
            assert built.liquidated <= unsafe
            _tell(built, settlement)
            done = [each for each in built.fills if each in self.pending]
            for digest in (*done, *built.refused):
                self.pending.pop(digest, None)
        else:
            # Only somebody's forced request, which this batch could not do, may stand against it.
            assert outcome.reason is Reason.INBOX_DUE
            event("a forced request stood against a batch")
            assert state.forced[0].due_at_seconds <= now

    def _submission(self, built: Built, report: Report | None) -> Submission:
        certificate = self.world.certify(built.payload)
        if not built.batch.report_time_seconds:
            return Submission(built.payload, certificate)
        assert report is not None
        return Submission(built.payload, certificate, self.world.attest(report), built.proof)

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "world"):
            assert_conserved(self.world)


def _tell(built: Built, settlement: dict[str, frozenset[int]]) -> None:
    """For `pytest --hypothesis-show-statistics`: how much of it all really happens."""
    covered = any(section.account == FUND and section.actions for section in built.batch.sections)
    for what, holds in (
        ("liquidated somebody", bool(built.liquidated)),
        ("the fund paid", covered and bool(built.liquidated)),
        ("settled an expiry", bool(settlement) and bool(built.batch.sections)),
        ("filled orders", any(built.fills.values())),
    ):
        if holds:
            event(what)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
