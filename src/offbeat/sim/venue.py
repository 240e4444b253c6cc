"""A venue in a bottle: a chain, the contracts, their operators, and the state that follows them.

``replay`` and ``demo`` trade here. Signatures, auction, rulebook and EVM are the real ones; only
the network between them is missing, and time is what the scenario says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coincurve import PrivateKey

from offbeat.chain import (
    Contract,
    Gateway,
    Quorum,
    Sender,
    Token,
    deploy,
    deploy_dev_token,
    load_artifact,
    read_acts,
    read_facts,
    read_rules,
)
from offbeat.core import ChainError, OffbeatError, Reason
from offbeat.core.ports import DevChain, Receipt
from offbeat.intents import (
    address_of,
    batch_digest,
    keccak256,
    report_digest,
    settlement_price_digest,
)
from offbeat.oracle import Report
from offbeat.reconciliation import Divergence, check, follow
from offbeat.relay import Built
from offbeat.rulebook import Applied, Outcome, Rejected, State, Submission, apply, certify
from offbeat.sim.cast import CASH_ASSET, derive_test_key
from offbeat.sim.scenario import Participant, Settlement

CASH_DECIMALS: Final = 6
SPOT_DECIMALS: Final = 18
N_REPORTERS: Final = 3
REPORTER_THRESHOLD: Final = 2
FUNDS_WEI: Final = 10**24
ABUNDANCE: Final = 10**60
"""Token units: more than anybody will ever deposit."""


@dataclass(frozen=True, slots=True)
class Landed:
    """A batch on chain: what it was, what it did to whom, and the transaction that carried it."""

    built: Built
    time_seconds: int
    before: State
    after: State
    outcomes: tuple[Outcome, ...]
    fees_micros: int
    receipt: Receipt


class Venue:
    """Deploys everything on a development chain whose clock we command, then lands batches.

    ``seed`` derives the operators' test keys. ``state`` follows the chain through the rulebook;
    where the two disagree, ``ChainError`` is raised.
    """

    def __init__(self, chain: DevChain, seed: str, underlyings: Sequence[str]) -> None:
        self.chain = chain
        self._sequencer = PrivateKey(derive_test_key(seed, "sequencer"))
        self._reporters = [
            PrivateKey(derive_test_key(seed, f"reporter-{number}")) for number in range(N_REPORTERS)
        ]
        self._relay_key = derive_test_key(seed, "relay")
        relay = Sender(chain, self._relay_key)
        chain.fund(relay.address, FUNDS_WEI)
        self.deployment = deploy(
            relay,
            sequencers=Quorum((address_of(self._sequencer),), 1),
            reporters=Quorum(tuple(map(address_of, self._reporters)), REPORTER_THRESHOLD),
            cash=deploy_dev_token(relay, CASH_ASSET, CASH_DECIMALS),
            underlyings=[deploy_dev_token(relay, each, SPOT_DECIMALS) for each in underlyings],
        )
        self._gateway = Gateway(relay, self.deployment)
        for token in self._tokens:
            self._stock(token)
        self.state = State(read_rules(chain, self.deployment))
        self._next_block = self.deployment.first_block
        self._catch_up()

    def deposit(self, participant: Participant) -> None:
        """Queue what a participant brings in the inbox."""
        amounts = {CASH_ASSET: participant.cash_micros, **dict(participant.spot_micros)}
        for symbol, amount_micros in amounts.items():
            if amount_micros:
                self._gateway.deposit(symbol, participant.address, 0, amount_micros)
        self._catch_up()

    def post_price(self, settlement: Settlement, time_seconds: int) -> Receipt:
        """Fix the price of an expiry at ``time_seconds``, signed by a quorum of reporters."""
        self._wait_until(time_seconds)
        terms = (settlement.symbol, settlement.expiry_seconds, settlement.price_micros)
        digest = settlement_price_digest(*terms, self.state.rules.domain)
        receipt = self._gateway.post_settlement_price(*terms, self._attest(digest))
        self._catch_up()
        return receipt

    def certify(self, built: Built, report: Report) -> Submission:
        """Sequencers sign the payload, reporters the report, where the batch uses it."""
        domain = self.state.rules.domain
        digest = batch_digest(keccak256(built.payload), domain)
        attestation = b""
        if built.batch.report_time_seconds:
            attestation = self._attest(
                report_digest(
                    report.timestamp_seconds, report.underlyings_hash, report.rows_root, domain
                )
            )
        return Submission(
            payload=built.payload,
            certificate=certify(digest, {0: self._sequencer}),
            attestation=attestation,
            proof=built.proof,
        )

    def miss(self, built: Built, report: Report, lag_seconds: int) -> Reason:
        """Certify a batch and land it when it is over: why rulebook and contract both refuse it.

        Raises ``OffbeatError("batch_landed")`` where either of them does not, or for another
        reason.
        """
        submission, relay = self.certify(built, report), self._gateway.sender.address
        time_seconds = self._wait_until(built.batch.time_seconds + lag_seconds)
        result = apply(self.state, submission, time_seconds, relay)
        try:
            self._gateway.settle(submission)
        except ChainError as error:
            if isinstance(result, Rejected) and error.code == result.reason:
                return result.reason
        raise OffbeatError("batch_landed", f"batch {built.batch.number} should be refused")

    def land(self, built: Built, report: Report, lag_seconds: int = 0) -> Landed:
        """Certify and settle a batch, in the rulebook and on chain, so long after its own time.

        Raises ``OffbeatError`` if the rules refuse it, ``ChainError`` if the contract does, or
        with code ``divergence`` if an account's commitment is not what the rulebook computed.
        """
        submission = self.certify(built, report)
        before, relay = self.state, self._gateway.sender.address
        time_seconds = self._wait_until(built.batch.time_seconds + lag_seconds)
        result = apply(before, submission, time_seconds, relay)
        if isinstance(result, Rejected):
            raise OffbeatError(result.reason, "the builder made a batch that the rules refuse")
        receipt = self._gateway.settle(submission)
        self._require_same(built, result)
        self.state = result.state
        self._next_block = receipt.block_number + 1
        return Landed(
            built,
            time_seconds,
            before,
            result.state,
            result.outcomes,
            result.fees_micros,
            receipt,
        )

    def gas_of(self, built: Built, report: Report) -> int:
        """What a batch would cost if it landed now; the chain is put back afterwards."""
        snapshot = self.chain.snapshot()
        # A sender counts its own transactions, so this one must not outlive the snapshot.
        trial = Gateway(Sender(self.chain, self._relay_key), self.deployment)
        try:
            self._wait_until(built.batch.time_seconds)
            return trial.settle(self.certify(built, report)).gas_used
        finally:
            self.chain.restore(snapshot)

    def divergences(self) -> tuple[Divergence, ...]:
        """Where the state and the contracts' storage disagree; none where all is well."""
        return check(self.state, read_facts(self.chain, self.deployment, self.state))

    @property
    def _tokens(self) -> tuple[Token, ...]:
        return self.deployment.cash, *self.deployment.underlyings

    def _stock(self, token: Token) -> None:
        """Mint what all participants will deposit through the relay, and let the vault take it."""
        contract = Contract(self.chain, token.address, load_artifact("DevToken"))
        relay, vault = self._gateway.sender, self.deployment.contracts["vault"]
        contract.write(relay, "mint", relay.address, ABUNDANCE)
        contract.write(relay, "approve", vault, ABUNDANCE)

    def _attest(self, digest: bytes) -> bytes:
        return certify(digest, dict(enumerate(self._reporters[:REPORTER_THRESHOLD])))

    def _wait_until(self, time_seconds: int) -> int:
        """Set the next block's time, as early as possible; returns it."""
        time_seconds = max(time_seconds, self.chain.block().timestamp_seconds + 1)
        self.chain.set_time(time_seconds)
        return time_seconds

    def _catch_up(self) -> None:
        """Follow what happened on chain outside of batches."""
        for act in read_acts(self.chain, self.deployment, self._next_block):
            self.state = follow(self.state, act)
        self._next_block = self.chain.block().number + 1

    def _require_same(self, built: Built, result: Applied) -> None:
        settlement = self.deployment.contract(self.chain, "settlement")
        for section in built.batch.sections:
            expected = result.state.account(section.account).commitment
            if settlement.read("commitments", section.account) != expected:
                raise ChainError("divergence", f"account {section.account:#x} differs on chain")
