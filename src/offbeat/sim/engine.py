"""Runs a scenario from first deposit to last batch, as a relay with one sequencer would."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from offbeat.chain import EmbeddedChain
from offbeat.core import InvalidInput, OffbeatError, Reason
from offbeat.core.ports import DevChain
from offbeat.intents import (
    Cancel,
    Delegation,
    Order,
    SignedIntent,
    intent_hash,
    is_spent,
    sign,
    verify,
)
from offbeat.relay import Builder, Built, Moment, Pending, unsafe_accounts
from offbeat.sim.alone import measure_alone, representatives
from offbeat.sim.ledger import BatchRecord, Execution, Journey, Ledger, Missed
from offbeat.sim.scenario import Round, Scenario, Settlement, Submission
from offbeat.sim.settling import expired_record, group_of, holders
from offbeat.sim.venue import Landed, Venue

ACTION_FEE_MICROS: Final = 250_000
"""What a run charges for each action: a quarter of the quote currency."""
DEPOSIT_LEAD_SECONDS: Final = 3_600
"""How long before the first round the chain begins; deposits happen in between."""
MAX_BATCHES_PER_ROUND: Final = 64

_OF_THE_MOMENT: Final = frozenset(
    {Reason.NOT_YET_VALID, Reason.MARKET_CONDITION, Reason.REPORT_MISSING, Reason.NONCE_SPENT}
)
"""Reasons for which an intent stays out of one batch and may fit another. A nonce that really is
spent shows in the state."""
_LAPSED: Final = frozenset({Reason.EXPIRED, Reason.LEG_EXPIRED})
"""How an order ends that nobody wanted in time: no fault of anybody's."""

Progress = Callable[[BatchRecord, Ledger], None]
"""Called after each batch that the contract and the rulebook agree on."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: the ledger, and the venue as it stands."""

    scenario: Scenario
    ledger: Ledger
    venue: Venue


def run_scenario(scenario: Scenario, on_batch: Progress | None = None) -> Run:
    """Run a whole scenario on an EVM in this process.

    Refusals that nobody foresaw are in the ledger. Raises ``OffbeatError`` where rulebook and
    contract disagree, or where a round does not end.
    """
    genesis_seconds = scenario.rounds[0].opens_seconds - DEPOSIT_LEAD_SECONDS
    engine = Engine(scenario, EmbeddedChain(genesis_seconds=genesis_seconds), on_batch)
    return Run(scenario, engine.run(), engine.venue)


class Engine:
    """Admits, batches and settles a scenario's intents on one venue."""

    def __init__(
        self, scenario: Scenario, chain: DevChain, on_batch: Progress | None = None
    ) -> None:
        self.scenario = scenario
        self.ledger = Ledger()
        rounds = scenario.rounds
        symbols = {each.symbol for round_ in rounds for each in round_.report.underlyings}
        self.venue = Venue(chain, scenario.name, sorted(symbols))
        self._on_batch = on_batch
        self._pending: dict[bytes, Pending] = {}
        self._busy_until_seconds = 0

    def run(self) -> Ledger:
        """Deposit, then for each round as many batches as find something to do."""
        for participant in self.scenario.participants:
            self.venue.deposit(participant)
        for round_ in self.scenario.rounds:
            if self._is_over(round_):
                continue
            while self._inbox_waits:
                self._batch(round_, ())
            for settlement in round_.settlements:
                self._settle_expiry(round_, settlement)
            for submission in round_.submissions:
                self._receive(submission)
            self._trade(round_)
        self._judge()
        return self.ledger

    # Intake -------------------------------------------------------------------------------

    def _receive(self, submission: Submission) -> None:
        """Sign as the scenario says, send as often as it says, and take it in once."""
        domain = self.venue.state.rules.domain
        signed = sign(submission.intent, submission.signer_key, domain)
        digest = intent_hash(signed.intent, domain)
        for _ in range(submission.copies):
            if digest in self.ledger.journeys:
                self.ledger.duplicates += 1
                continue
            journey = self.ledger.journeys[digest] = Journey(submission)
            pending = Pending(signed, digest)
            journey.refusal = self._check(signed) or self._check_nonce(pending)
            if journey.refusal is None:
                self._pending[digest] = pending

    def _check(self, signed: SignedIntent) -> str | None:
        """Why nobody may take the intent in; the code of a malformed one, a reason otherwise."""
        try:
            return verify(
                signed.intent,
                signed.signature,
                self.venue.state.rules.domain,
                holds_until_seconds=self.venue.chain.block().timestamp_seconds,
                delegations=self._delegation,
            )
        except InvalidInput as error:
            return error.code

    def _check_nonce(self, pending: Pending) -> Reason | None:
        """``NONCE_SPENT``, unless it is free, or held by the partial fill that it is about."""
        account, intent = self.venue.state.account(pending.account), pending.signed.intent
        known = next((each for each in account.partials if each.nonce == intent.nonce), None)
        if known is None:
            return Reason.NONCE_SPENT if is_spent(account.lanes, intent.nonce) else None
        ours = known.intent_hash == pending.intent_hash or isinstance(intent, Cancel)
        return None if ours else Reason.NONCE_SPENT

    def _delegation(self, owner: bytes, key: bytes) -> Delegation | None:
        return self.venue.state.grants.get((owner, key))

    @property
    def _inbox_waits(self) -> bool:
        return self.venue.state.inbox_count > self.venue.state.inbox_consumed

    # Batches ------------------------------------------------------------------------------

    def _trade(self, round_: Round) -> None:
        for _ in range(MAX_BATCHES_PER_ROUND):
            if self._batch(round_, self._pending.values()) is None:
                return
        raise OffbeatError("round_endless", f"more than {MAX_BATCHES_PER_ROUND} batches in a round")

    def _settle_expiry(self, round_: Round, settlement: Settlement) -> None:
        """Post the price and turn every position of the expiry into cash or spot, in one batch."""
        self.venue.post_price(settlement, round_.opens_seconds)
        group = group_of(settlement)
        touched = holders(self.venue.state, group)
        landed = self._batch(round_, (), touched=touched, settling=frozenset({group}))
        if landed is None:
            return
        expired = expired_record(settlement, landed, touched)
        self.ledger.expiries.append(expired)
        if not expired.is_dust or holders(landed.after, group):
            self.ledger.unexpected.append(f"{settlement.name} leaves something behind")

    def _batch(
        self,
        round_: Round,
        pending: Iterable[Pending],
        touched: frozenset[int] = frozenset(),
        settling: frozenset[int] = frozenset(),
    ) -> Landed | None:
        """Build and land one batch; None if there was nothing to land."""
        chosen = tuple(pending)
        built = self._builder(round_, touched, settling).build(chosen)
        for digest, reason in built.refused.items():
            self._refuse(digest, reason)
        if not built.batch.sections:
            return None
        if round_.lag_seconds > built.batch.not_after_seconds - built.batch.time_seconds:
            self._miss(round_, built)
            return None
        self._measure_alone(round_, built)
        landed = self.venue.land(built, round_.report, round_.lag_seconds)
        record = BatchRecord(landed, len(chosen), self._executions(landed))
        self._drop_spent(record)
        self.ledger.batches.append(record)
        if self._on_batch is not None:
            self._on_batch(record, self.ledger)
        return landed

    def _miss(self, round_: Round, built: Built) -> None:
        lag_seconds, batch = round_.lag_seconds, built.batch
        reason = self.venue.miss(built, round_.report, lag_seconds)
        self.ledger.missed.append(Missed(batch.number, batch.time_seconds, lag_seconds, reason))
        self._busy_until_seconds = batch.time_seconds + lag_seconds

    def _is_over(self, round_: Round) -> bool:
        """Whether another batch was on its way when this round's would have to be built."""
        return bool(round_.lag_seconds) and round_.opens_seconds < self._now_seconds

    @property
    def _now_seconds(self) -> int:
        """The earliest moment for another batch."""
        mined_seconds = self.venue.chain.block().timestamp_seconds
        return max(mined_seconds + 1, self._busy_until_seconds)

    def _builder(
        self,
        round_: Round,
        touched: frozenset[int] = frozenset(),
        settling: frozenset[int] = frozenset(),
    ) -> Builder:
        state = self.venue.state
        opens = max(round_.opens_seconds, self._now_seconds, state.time_seconds)
        moment = Moment(opens, max(opens, round_.closes_seconds), round_.report)
        unsafe = frozenset[int]() if settling else unsafe_accounts(state, round_.report)
        return Builder(state, moment, ACTION_FEE_MICROS, touched, settling, unsafe)

    def _refuse(self, digest: bytes, reason: Reason) -> None:
        """Drop what can never execute; keep what another moment may still suit."""
        journey = self.ledger.journeys[digest]
        if reason in _OF_THE_MOMENT and journey.submission.expected != reason:
            return
        del self._pending[digest]
        if reason not in _LAPSED or journey.submission.expected == reason:
            journey.refusal = reason

    def _executions(self, landed: Landed) -> tuple[Execution, ...]:
        executions = []
        for outcome in landed.outcomes:
            if not outcome.is_signed:
                continue
            journey = self.ledger.journeys[outcome.intent_hash]
            journey.fill_micros += outcome.fill_micros
            journey.pay_micros += outcome.pay_micros
            journey.fee_micros += outcome.fee_micros
            journey.batches.append(landed.built.batch.number)
            executions.append(
                Execution(journey, outcome.fill_micros, outcome.pay_micros, outcome.fee_micros)
            )
        return tuple(executions)

    def _drop_spent(self, record: BatchRecord) -> None:
        """Forget what is done, and what a cancellation has ended before it was."""
        done = {outcome.intent_hash for outcome in record.landed.outcomes}
        cancelling = {
            (each.journey.intent.owner, each.journey.intent.account)
            for each in record.executions
            if isinstance(each.journey.intent, Cancel)
        }
        for digest, pending in list(self._pending.items()):
            reason = self._check_nonce(pending)
            if reason is None:
                continue
            del self._pending[digest]
            journey, intent = self.ledger.journeys[digest], pending.signed.intent
            if isinstance(intent, Order) and (intent.owner, intent.account) in cancelling:
                journey.is_cancelled = True
            elif digest not in done:
                journey.refusal = reason

    # Measuring and judging ----------------------------------------------------------------

    def _measure_alone(self, round_: Round, built: Built) -> None:
        """Once for each strategy, before the shared batch lands."""
        filled = [self._pending[digest] for digest in built.fills]
        for subject in representatives(filled, self.ledger).values():
            alone = measure_alone(
                self.venue,
                self._builder(round_),
                round_.report,
                self._pending.values(),
                subject,
                self.ledger,
            )
            if alone is not None:
                self.ledger.alone.append(alone)

    def _judge(self) -> None:
        """Everything that the scenario foresaw happened, and the contracts hold what we hold."""
        for journey in self.ledger.journeys.values():
            if journey.surprise is not None:
                self.ledger.unexpected.append(f"{journey.submission.source}: {journey.surprise}")
        self.ledger.unexpected.extend(map(str, self.venue.divergences()))
