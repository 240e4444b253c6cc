"""A state without a chain, and a relay with every operator's keys to build batches on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from people import LANDER, REPORTERS, SEQUENCERS, Person
from small_market import NOW, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Domain,
    Intent,
    Order,
    batch_digest,
    intent_hash,
    keccak256,
    report_digest,
    sign,
)
from offbeat.oracle import Report
from offbeat.relay import Builder, Built, Moment, Pending
from offbeat.rulebook import (
    Account,
    Applied,
    Batch,
    InboxItem,
    Position,
    Quorum,
    Rejected,
    Rules,
    State,
    Submission,
    apply,
    certify,
    enqueue,
    symbol_number,
)

UNIT: Final = 1_000_000
TIME: Final = NOW + 3_600
LIFE_SECONDS: Final = 300
FAR: Final = NOW + 365 * 86_400
FEE_MICROS: Final = 250_000
DOMAIN: Final = Domain(1, b"\x0f" * 20)
TODAY: Final[Any] = object()
"""Stands for the report of the moment."""


def _quorum(people: tuple[Person, ...]) -> Quorum:
    return Quorum(tuple(each.address for each in people), 2)


RULES: Final = Rules(DOMAIN, _quorum(SEQUENCERS), _quorum(REPORTERS))


def _certificate(digest: bytes, people: tuple[Person, ...]) -> bytes:
    return certify(digest, {index: people[index].key for index in range(2)})


class Bench:
    """A state to be filled in, and batches built and applied on it, one after another."""

    def __init__(self, symbols: Iterable[str] = ("BTC", "ETH")) -> None:
        numbers = frozenset(map(symbol_number, symbols))
        self.state = State(RULES, time_seconds=TIME - 10, underlyings=numbers)
        self._numbers: defaultdict[int, int] = defaultdict(int)
        self.time_seconds = TIME

    # The state ----------------------------------------------------------------------------

    def give(
        self,
        person: Person,
        cash: int = 0,
        positions: Mapping[Instrument, int] | None = None,
        *,
        index: int = 0,
        **record: Any,
    ) -> Account:
        """Let an account have this record: cash and quantities in micros."""
        held = sorted((each.id, quantity) for each, quantity in (positions or {}).items())
        account = Account(
            owner=person.address,
            index=index,
            cash_micros=cash,
            positions=tuple(Position(*each) for each in held),
            **record,
        )
        self.state = replace(self.state, accounts={**self.state.accounts, account.id: account})
        return account

    def deposit(
        self, person: Person, micros: int, symbol: str = "USDC", *, index: int = 0, age: int = 5
    ) -> None:
        """A deposit that entered the inbox ``age`` seconds ago."""
        at_seconds = self.time_seconds - age
        item = InboxItem(person.address, index, symbol_number(symbol), micros, at_seconds)
        self.state = enqueue(self.state, item)

    # Intents ------------------------------------------------------------------------------

    def sign(self, person: Person, intent: Intent, signer: Person | None = None) -> Pending:
        """The intent as a relay admits it."""
        return Pending(sign(intent, (signer or person).key, DOMAIN), intent_hash(intent, DOMAIN))

    def act(
        self, kind: type[Any], person: Person, signer: Person | None = None, **fields: Any
    ) -> Pending:
        """A signed intent of one kind, with the account's next nonce and lasting long."""
        usual = {
            "owner": person.address,
            "account": 0,
            "valid_until_seconds": FAR,
            "max_fee_micros": UNIT,
        }
        fields = usual | fields
        if "nonce" not in fields:
            account = person.account(fields["account"])
            fields["nonce"] = self._numbers[account]
            self._numbers[account] += 1
        return self.sign(person, kind(**fields), signer)

    def order(
        self,
        person: Person,
        legs: Mapping[Instrument, int],
        limit: int,
        quantity: int = UNIT,
        **fields: Any,
    ) -> Pending:
        """A signed order: ratios by instrument, the limit and the quantity in micros."""
        signed = tuple(Leg(each, ratio) for each, ratio in sorted(legs.items()))
        return self.act(
            Order, person, legs=signed, limit_micros=limit, quantity_micros=quantity, **fields
        )

    # Batches ------------------------------------------------------------------------------

    def build(
        self,
        pending: Iterable[Pending] = (),
        report: Report | None = TODAY,
        *,
        fee_micros: int = FEE_MICROS,
        **settlement: frozenset[int],
    ) -> Built:
        """The batch of this moment."""
        chosen = report_at(self.time_seconds) if report is TODAY else report
        moment = Moment(self.time_seconds, self.time_seconds + LIFE_SECONDS, chosen)
        self._report = chosen
        return Builder(self.state, moment, fee_micros, **settlement).build(pending)

    def submission(self, batch: Batch) -> Submission:
        """A batch with all evidence."""
        payload, report = batch.encode(), self._report
        attestation, proof = b"", b""
        if batch.report_time_seconds:
            assert report is not None
            stated = (report.timestamp_seconds, report.underlyings_hash, report.rows_root)
            attestation = _certificate(report_digest(*stated, DOMAIN), REPORTERS)
            proof = report.prove([row.instrument_id for row in batch.rows]).encode()
        return Submission(
            payload=payload,
            certificate=_certificate(batch_digest(keccak256(payload), DOMAIN), SEQUENCERS),
            attestation=attestation,
            proof=proof,
        )

    def apply(self, batch: Batch) -> Applied | Rejected:
        """What the rules say of a batch at its last moment, fully certified."""
        block_time = self.time_seconds + LIFE_SECONDS
        return apply(self.state, self.submission(batch), block_time, LANDER.address)

    def land(self, built: Built) -> Applied:
        """Apply a built batch; the rules must accept it."""
        submission = self.submission(built.batch)
        assert built.payload == submission.payload
        assert built.proof == submission.proof
        result = self.apply(built.batch)
        assert not isinstance(result, Rejected), f"the rules refuse a built batch: {result.reason}"
        assert_within_bounds(built)
        signed = [each for each in result.outcomes if each.is_signed]
        assert {each.intent_hash: each.fill_micros for each in signed} == built.fills
        assert built.fills.keys().isdisjoint(built.refused)
        self.state = result.state
        return result

    def settle(self, pending: Iterable[Pending] = (), *args: Any, **named: Any) -> Built:
        """Build and land."""
        built = self.build(pending, *args, **named)
        self.land(built)
        return built


def assert_within_bounds(built: Built) -> None:
    """Every bound that has a name."""
    batch = built.batch
    assert len(built.payload) <= limits.MAX_PAYLOAD_BYTES
    assert len(batch.rows) <= limits.MAX_ROWS
    assert len(batch.sections) <= limits.MAX_ACCOUNTS
    assert len(batch.credits) <= limits.MAX_CREDITS
    assert len(built.proof) <= limits.MAX_PROOF_BYTES
    for section in batch.sections:
        assert len(section.actions) <= limits.MAX_ACTIONS
        assert len(section.entries) <= limits.MAX_ENTRIES
