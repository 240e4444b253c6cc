"""A venue in a bottle: a chain, the contracts, one sequencer, and the state that follows them.

``replay`` and ``demo`` trade here. Signatures, auction, rulebook and EVM are the real ones; only
the network between them is missing, and time is what the scenario says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coincurve import PrivateKey

from offbeat.chain import (
    Contract,
    Deployment,
    Sender,
    Token,
    deploy,
    deploy_dev_token,
    load_artifact,
)
from offbeat.chain import Quorum as ChainQuorum
from offbeat.core import ChainError, OffbeatError
from offbeat.core.ports import DevChain, Receipt
from offbeat.intents import address_of, batch_digest, keccak256, report_digest
from offbeat.oracle import Report
from offbeat.relay import Built
from offbeat.rulebook import (
    Applied,
    InboxItem,
    Outcome,
    Quorum,
    Rejected,
    Rules,
    State,
    Submission,
    apply,
    certify,
    enqueue,
    register_underlying,
    symbol_number,
)
from offbeat.sim.cast import derive_test_key
from offbeat.sim.scenario import Participant

CASH_SYMBOL: Final = "USDC"
CASH_DECIMALS: Final = 6
SPOT_DECIMALS: Final = 18
N_REPORTERS: Final = 3
REPORTER_THRESHOLD: Final = 2
FUNDS_WEI: Final = 10**24
ABUNDANCE: Final = 10**60


@dataclass(frozen=True, slots=True)
class Landed:
    """A batch on chain: what it was, what it did, and the transaction that carried it."""

    built: Built
    submission: Submission
    outcomes: tuple[Outcome, ...]
    fees_micros: int
    receipt: Receipt


class Venue:
    """Deploys everything on a development chain whose clock we command, then lands batches.

    ``seed`` derives the operators' test keys. ``state`` follows the chain through the rulebook;
    a disagreement of the two is a fault of ours and raises.
    """

    def __init__(self, chain: DevChain, seed: str, underlyings: Sequence[str]) -> None:
        self.chain = chain
        self._sequencer = PrivateKey(derive_test_key(seed, "sequencer"))
        self._reporters = [
            PrivateKey(derive_test_key(seed, f"reporter-{number}")) for number in range(N_REPORTERS)
        ]
        key = derive_test_key(seed, "relay")
        chain.fund(address_of(key), FUNDS_WEI)
        self.relay = Sender(chain, key)
        cash = deploy_dev_token(self.relay, CASH_SYMBOL, CASH_DECIMALS)
        spot = [deploy_dev_token(self.relay, symbol, SPOT_DECIMALS) for symbol in underlyings]
        sequencers = (address_of(self._sequencer),)
        reporters = tuple(address_of(key) for key in self._reporters)
        self.deployment: Deployment = deploy(
            self.relay,
            sequencers=ChainQuorum(sequencers, 1),
            reporters=ChainQuorum(reporters, REPORTER_THRESHOLD),
            cash=cash,
            underlyings=spot,
        )
        self.state = State(
            Rules(
                domain=self.deployment.domain,
                sequencers=Quorum(sequencers, 1),
                reporters=Quorum(reporters, REPORTER_THRESHOLD),
                cash_symbol=CASH_SYMBOL,
            )
        )
        for symbol in underlyings:
            self.state = register_underlying(self.state, symbol)
        self._settlement = self.deployment.contract(chain, "settlement")
        self._vault = self.deployment.contract(chain, "vault")
        for token in (cash, *spot):
            self._stock(token)

    def deposit(self, participant: Participant) -> None:
        """Mint what a participant brings and queue it in the inbox."""
        spot = dict(participant.spot_micros)
        for token in (self.deployment.cash, *self.deployment.underlyings):
            is_cash = token.symbol == CASH_SYMBOL
            amount = participant.cash_micros if is_cash else spot.get(token.symbol, 0)
            if amount:
                self._deposit(token.symbol, participant.address, amount)

    def certify(self, built: Built, report: Report) -> Submission:
        """Sequencers sign the payload, reporters the report, where the batch uses it."""
        domain = self.state.rules.domain
        digest = batch_digest(keccak256(built.payload), domain)
        attestation = b""
        if built.batch.report_time_seconds:
            stated = report_digest(
                report.timestamp_seconds, report.underlyings_hash, report.rows_root, domain
            )
            keys = dict(enumerate(self._reporters[:REPORTER_THRESHOLD]))
            attestation = certify(stated, keys)
        return Submission(
            payload=built.payload,
            certificate=certify(digest, {0: self._sequencer}),
            attestation=attestation,
            proof=built.proof.nodes,
            proof_flags=built.proof.flags,
        )

    def land(self, built: Built, report: Report) -> Landed:
        """Certify and settle a batch, on chain and in the rulebook, at the batch's own time."""
        submission = self.certify(built, report)
        block_time = max(built.batch.time_seconds, self.chain.block().timestamp_seconds + 1)
        result = apply(self.state, submission, block_time, self.relay.address)
        if isinstance(result, Rejected):
            raise OffbeatError(result.reason, "the builder made a batch that the rules refuse")
        self.chain.set_time(block_time)
        receipt = self.submit(submission)
        if receipt.reverted is not None:
            raise ChainError(receipt.reverted, "the contract refused what the rulebook accepts")
        self._require_same(result)
        self.state = result.state
        return Landed(built, submission, result.outcomes, result.fees_micros, receipt)

    def submit(self, submission: Submission) -> Receipt:
        """The settlement transaction, mined."""
        return self.relay.transact(
            self._settlement.address,
            self._settlement.abi.encode_call(
                "settle",
                submission.payload,
                submission.certificate,
                submission.attestation,
                submission.proof,
                flag_words(submission.proof_flags),
            ),
        )

    def _stock(self, token: Token) -> None:
        """Mint more of a development token than anybody will deposit, and let the vault take it."""
        contract = Contract(self.chain, token.address, load_artifact("DevToken"))
        contract.write(self.relay, "mint", self.relay.address, ABUNDANCE)
        contract.write(self.relay, "approve", self._vault.address, ABUNDANCE)

    def _deposit(self, symbol: str, owner: bytes, amount_micros: int) -> None:
        receipt = self._vault.write(self.relay, "deposit", symbol.encode(), owner, 0, amount_micros)
        item = InboxItem(
            owner=owner,
            index=0,
            symbol=symbol_number(symbol),
            amount_micros=amount_micros,
            enqueued_at_seconds=self.chain.block(receipt.block_number).timestamp_seconds,
        )
        self.state = enqueue(self.state, item)

    def _require_same(self, result: Applied) -> None:
        """Every account that the batch touched has the commitment that the rulebook computed."""
        for outcome in result.outcomes:
            expected = result.state.accounts[outcome.account].commitment
            if self._settlement.read("commitments", outcome.account) != expected:
                raise ChainError("divergence", f"account {outcome.account:#x} differs on chain")


def flag_words(flags: Sequence[bool]) -> list[int]:
    """A multiproof's flags, 256 to a word, the first in the lowest bit."""
    packed = sum(1 << position for position, flag in enumerate(flags) if flag)
    n_words = -(-len(flags) // 256)
    return [packed >> 256 * word & (1 << 256) - 1 for word in range(n_words)]
