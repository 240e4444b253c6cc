"""Runs a scenario from first deposit to last batch, and keeps what a summary needs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from offbeat.core import InvalidInput, Reason
from offbeat.core.ports import DevChain
from offbeat.instruments import recognise
from offbeat.intents import Delegation, Order, SignedIntent, intent_hash, sign, verify
from offbeat.relay import Builder, Moment, Pending
from offbeat.sim.scenario import Round, Scenario, Submission
from offbeat.sim.venue import Landed, Venue

ACTION_FEE_MICROS: Final = 250_000
"""What the run charges for each action: a quarter of the quote currency."""
DEPOSIT_LEAD_SECONDS: Final = 3_600
"""How long before the first round the chain begins; deposits happen in between."""

Progress = Callable[[Landed, "Ledger"], None]
"""Called after each batch, for whoever shows a live table."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One order's fill in one batch: how much, and what it paid (negative received)."""

    intent_hash: bytes
    submission: Submission
    fill_micros: int
    pay_micros: int
    fee_micros: int

    @property
    def strategy(self) -> str:
        """The standard name of what was traded."""
        intent = self.submission.intent
        assert isinstance(intent, Order), "only orders execute"
        return recognise(intent.legs).value


@dataclass(slots=True)
class Ledger:
    """Everything that happened, by intent hash and by batch.

    ``duplicates`` counts repeats of an intent that was known already, ``refused`` says why an
    intent can never execute, ``batches`` pairs each landed batch with its executions.
    """

    intents: dict[bytes, Submission] = field(default_factory=dict)
    duplicates: int = 0
    refused: dict[bytes, str] = field(default_factory=dict)
    batches: list[tuple[Landed, tuple[Execution, ...]]] = field(default_factory=list)
    filled_micros: Counter[bytes] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)


class Engine:
    """Admits, batches and settles a scenario's intents on one venue."""

    def __init__(
        self, scenario: Scenario, chain: DevChain, on_batch: Progress | None = None
    ) -> None:
        self.scenario = scenario
        self.ledger = Ledger()
        symbols = sorted(
            {each.symbol for round_ in scenario.rounds for each in round_.report.underlyings}
        )
        self.venue = Venue(chain, scenario.name, symbols)
        self._on_batch = on_batch
        self._pending: dict[bytes, Pending] = {}

    def run(self) -> Ledger:
        """Deposit, then one or more batches for each round until nothing more fills in it."""
        for participant in self.scenario.participants:
            self.venue.deposit(participant)
        for round_ in self.scenario.rounds:
            self._credit_deposits(round_)
            for submission in round_.submissions:
                self._admit(submission)
            self._settle_round(round_)
        self._judge()
        return self.ledger

    def _credit_deposits(self, round_: Round) -> None:
        """Batches of nothing but inbox items, until few enough wait for the round's own batch."""
        while self.venue.state.inbox_count - self.venue.state.inbox_consumed:
            self._batch(round_, ())

    def _admit(self, submission: Submission) -> None:
        """Sign as the scenario says, send as often as it says, and take it in once."""
        domain = self.venue.state.rules.domain
        signed = sign(submission.intent, submission.signer_key, domain)
        digest = intent_hash(signed.intent, domain)
        for _ in range(submission.copies):
            if digest in self.ledger.intents:
                self.ledger.duplicates += 1
                continue
            self.ledger.intents[digest] = submission
            reason = self._check_signer(signed)
            if reason is None:
                self._pending[digest] = Pending(signed, digest)
            else:
                self.ledger.refused[digest] = reason

    def _check_signer(self, signed: SignedIntent) -> Reason | str | None:
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

    def _delegation(self, owner: bytes, key: bytes) -> Delegation | None:
        return self.venue.state.grants.get((owner, key))

    def _settle_round(self, round_: Round) -> None:
        while self._batch(round_, tuple(self._pending.values())):
            pass

    def _batch(self, round_: Round, pending: tuple[Pending, ...]) -> bool:
        """Build and land one batch; whether there was anything to land."""
        state = self.venue.state
        now = self.venue.chain.block().timestamp_seconds + 1
        opens = max(round_.opens_seconds, now, state.time_seconds)
        moment = Moment(opens, max(opens, round_.closes_seconds), round_.report)
        built = Builder(state, moment, ACTION_FEE_MICROS).build(pending)
        for digest, reason in built.refused.items():
            self._refuse(digest, reason)
        if not built.batch.sections:
            return False
        landed = self.venue.land(built, round_.report)
        self._record(landed)
        return True

    def _refuse(self, digest: bytes, reason: Reason) -> None:
        """Drop what can never execute; keep what another moment may still suit."""
        if reason not in WAITING or self.ledger.intents[digest].expected == reason:
            self.ledger.refused.setdefault(digest, reason)
            self._pending.pop(digest, None)

    def _record(self, landed: Landed) -> None:
        executions = []
        for outcome in landed.outcomes:
            submission = self.ledger.intents[outcome.intent_hash]
            self.ledger.filled_micros[outcome.intent_hash] += outcome.fill_micros
            intent = submission.intent
            if isinstance(intent, Order):
                executions.append(
                    Execution(
                        outcome.intent_hash,
                        submission,
                        outcome.fill_micros,
                        outcome.pay_micros,
                        outcome.fee_micros,
                    )
                )
            if not isinstance(intent, Order) or outcome.filled_micros == intent.quantity_micros:
                self._pending.pop(outcome.intent_hash, None)
        self.ledger.batches.append((landed, tuple(executions)))
        if self._on_batch:
            self._on_batch(landed, self.ledger)

    def _judge(self) -> None:
        """Every refusal that the scenario foresaw happened, for the reason foreseen."""
        for digest, submission in self.ledger.intents.items():
            reason = self.ledger.refused.get(digest)
            if submission.expected is not None and reason != submission.expected:
                self.ledger.unexpected.append(
                    f"{submission.source}: expected {submission.expected}, got {reason}"
                )


WAITING: Final = frozenset({Reason.NOT_YET_VALID, Reason.MARKET_CONDITION, Reason.REPORT_MISSING})
"""Refusals of the moment, not of the intent."""
