"""A market on a real node: everything deployed, sixty-four funded traders, a report of 512 rows.

Nothing is put into storage by hand. Positions come from orders that earlier batches settled, and
every batch goes through the rulebook too, whose commitments must be those on chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from coincurve import PrivateKey

from gas_listing import PRICES_NANOS, SPOT, UNDERLYING
from offbeat.chain import AnvilChain, Quorum, Sender, deploy, deploy_dev_token
from offbeat.chain.contract import Contract, load_artifact
from offbeat.core import limits
from offbeat.core.ports import Receipt
from offbeat.instruments import Instrument
from offbeat.intents import (
    address_of,
    batch_digest,
    keccak256,
    report_digest,
    settlement_price_digest,
)
from offbeat.oracle import Report
from offbeat.rulebook import (
    GROUP_SHIFT,
    Applied,
    Batch,
    BatchRow,
    InboxItem,
    Rules,
    Section,
    State,
    Submission,
    apply,
    certify,
    enqueue,
    post_settlement_price,
    register_underlying,
    symbol_number,
)
from offbeat.rulebook import Quorum as RulebookQuorum

ETHER: Final = 10**18
N_TRADERS: Final = 64
REPORTERS_NEEDED: Final = 2
"""Of three."""
CASH: Final = "USDC"
BATCH_LIFE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Trader:
    """A key, and the account that it owns."""

    key: PrivateKey
    address: bytes
    account: int

    @classmethod
    def named(cls, name: str) -> "Trader":
        key = PrivateKey(keccak256(name.encode()))
        address = address_of(key)
        return cls(key, address, int.from_bytes(address) << 32)


@dataclass(frozen=True, slots=True)
class Table:
    """A batch's rows: which instruments, in order, and under which report if any."""

    instruments: tuple[Instrument, ...]
    report: Report | None = None

    @property
    def index(self) -> Mapping[int, int]:
        """The row of each instrument id."""
        return {each.id: row for row, each in enumerate(self.instruments)}


class Market:
    """The contracts on ``chain``, the operators' keys, and the state that follows the chain."""

    def __init__(self, chain: AnvilChain) -> None:
        self.chain = chain
        self.sequencer = Trader.named("sequencer")
        self.reporters = [Trader.named(f"reporter {number}") for number in range(3)]
        self.traders = [Trader.named(f"trader {number}") for number in range(N_TRADERS)]
        self._lander_key = keccak256(b"lander")
        chain.fund(address_of(self._lander_key), 1_000 * ETHER)
        self.lander = Sender(chain, self._lander_key)
        self.cash = deploy_dev_token(self.lander, CASH, 6)
        self.spot = deploy_dev_token(self.lander, "ETH", 18)
        sequencers = (self.sequencer.address,)
        reporters = tuple(each.address for each in self.reporters)
        self.deployment = deploy(
            self.lander,
            sequencers=Quorum(sequencers, 1),
            reporters=Quorum(reporters, REPORTERS_NEEDED),
            cash=self.cash,
            underlyings=[self.spot],
        )
        self.domain = self.deployment.domain
        rules = Rules(
            self.domain, RulebookQuorum(sequencers, 1), RulebookQuorum(reporters, REPORTERS_NEEDED)
        )
        self.state = register_underlying(State(rules), "ETH")
        self.settlement = self.deployment.contract(chain, "settlement")
        self.vault = self.deployment.contract(chain, "vault")
        for token in (self.cash, self.spot):
            contract = Contract(chain, token.address, load_artifact("DevToken"))
            contract.write(self.lander, "mint", self.lander.address, 10**60)
            contract.write(self.lander, "approve", self.vault.address, 10**60)

    def checkpoint(self) -> tuple[int, State]:
        """A moment to come back to."""
        return self.chain.snapshot(), self.state

    def restore(self, checkpoint: tuple[int, State]) -> tuple[int, State]:
        """Come back, and take the checkpoint anew: each one serves once."""
        snapshot, self.state = checkpoint
        self.chain.restore(snapshot)
        self.lander = Sender(self.chain, self._lander_key)
        return self.checkpoint()

    @property
    def now_seconds(self) -> int:
        """The time of a batch that is made now."""
        return self.chain.block().timestamp_seconds

    def deposit(self, trader: Trader, symbol: str, amount_micros: int) -> Receipt:
        """Queue a deposit for a trader."""
        receipt = self.vault.write(
            self.lander, "deposit", symbol.encode(), trader.address, 0, amount_micros
        )
        time_seconds = self.chain.block(receipt.block_number).timestamp_seconds
        item = InboxItem(trader.address, 0, symbol_number(symbol), amount_micros, time_seconds)
        self.state = enqueue(self.state, item)
        return receipt

    def wait_until(self, time_seconds: int) -> None:
        """Let time pass without a batch."""
        self.chain.set_time(time_seconds)
        self.chain.mine()

    def post_price(self, expiry_seconds: int, price_micros: int) -> Receipt:
        """Fix the settlement price of an expiry."""
        digest = settlement_price_digest("ETH", expiry_seconds, price_micros, self.domain)
        group = SPOT.id >> GROUP_SHIFT | expiry_seconds
        self.state = post_settlement_price(self.state, group, price_micros)
        return self.deployment.contract(self.chain, "expiry").write(
            self.lander,
            "post_settlement_price",
            b"ETH",
            expiry_seconds,
            price_micros,
            self.attest(digest),
        )

    def settle(
        self,
        table: Table,
        sections: Sequence[Section],
        credits: Sequence[InboxItem] = (),
        settling: int = 0,
    ) -> "Landed":
        """Land a batch; raises where rulebook and chain disagree or refuse it."""
        batch = self._batch(table, sections, credits, settling)
        submission = self._certify(batch, table)
        calldata = self.settlement.abi.encode_call(
            "settle",
            submission.payload,
            submission.certificate,
            submission.attestation,
            submission.proof,
        )
        block_time = self.now_seconds + 1
        applied = apply(self.state, submission, block_time, self.lander.address)
        assert isinstance(applied, Applied), applied
        receipt = self.lander.transact(self.settlement.address, calldata)
        assert receipt.reverted is None, receipt.reverted
        self.state = applied.state
        for section in sections:
            commitment = self.settlement.read("commitments", section.account)
            assert commitment == self.state.account(section.account).commitment
        proof_nodes = max(0, len(submission.proof) // 32 - limits.MAX_PROOF_FLAG_WORDS)
        return Landed(receipt.gas_used, calldata, len(table.instruments), proof_nodes)

    def _batch(
        self,
        table: Table,
        sections: Sequence[Section],
        credits: Sequence[InboxItem],
        settling: int,
    ) -> Batch:
        reported = {row.instrument_id: row for row in table.report.rows} if table.report else {}
        rows = []
        for instrument in table.instruments:
            row = reported.get(instrument.id)
            price_nanos = PRICES_NANOS[instrument.id]
            risk_word = int.from_bytes(row.risk_word) if row else 0
            mark_micros = row.mark_micros if row else 0
            rows.append(BatchRow(instrument.id, mark_micros, price_nanos, risk_word))
        return Batch(
            number=self.state.number + 1,
            parent=self.state.head,
            time_seconds=self.now_seconds,
            not_after_seconds=self.now_seconds + BATCH_LIFE_SECONDS,
            report_time_seconds=table.report.timestamp_seconds if table.report else 0,
            underlyings=_underlyings(table.report),
            rows=tuple(rows),
            settling=settling,
            credits=tuple(credits),
            sections=tuple(sections),
        )

    def _certify(self, batch: Batch, table: Table) -> Submission:
        payload = batch.encode()
        digest = batch_digest(keccak256(payload), self.domain)
        certificate = certify(digest, {0: self.sequencer.key})
        if table.report is None:
            return Submission(payload, certificate)
        report = table.report
        stated = report_digest(
            report.timestamp_seconds, report.underlyings_hash, report.rows_root, self.domain
        )
        proof = report.prove([each.id for each in table.instruments])
        return Submission(payload, certificate, self.attest(stated), proof.encode())

    def attest(self, digest: bytes) -> bytes:
        """The reporters' attestation of a digest."""
        keys = {index: self.reporters[index].key for index in range(REPORTERS_NEEDED)}
        return certify(digest, keys)


def _underlyings(report: Report | None) -> tuple[int, ...]:
    stated = report.underlyings if report else (UNDERLYING,)
    return tuple(int.from_bytes(each.word) for each in stated)


@dataclass(frozen=True, slots=True)
class Landed:
    """One batch's transaction: its gas, its calldata, and the size of its proof."""

    gas: int
    calldata: bytes
    rows: int
    proof_nodes: int
