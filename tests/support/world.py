"""Offbeat twice: the contracts on a chain, and the rulebook's state beside them.

Every act is a real transaction through the chain's port and, at the same moment, a step of
``offbeat.rulebook``. The two must agree in every outcome, or ``World`` fails.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from founding import (
    ABUNDANCE,
    CASH,
    SYMBOLS,
    THRESHOLD,
    Manner,
    addresses,
    deploy_offbeat,
    deploy_tokens,
    some_keys,
)
from people import LANDER, OPERATOR, REPORTERS, SEQUENCERS, STRANGER, TRADERS, Person

from offbeat.chain import Contract, Sender
from offbeat.core import ChainError
from offbeat.core.ports import MAX_TRANSACTION_GAS, DevChain, Receipt
from offbeat.intents import (
    Delegation,
    Domain,
    batch_digest,
    keccak256,
    report_digest,
    settlement_price_digest,
)
from offbeat.oracle import Report
from offbeat.rulebook import (
    Applied,
    InboxItem,
    Pot,
    Quorum,
    Rejected,
    Rules,
    State,
    Submission,
    apply,
    certify,
    enqueue,
    grant,
    post_settlement_price,
    register_underlying,
    symbol_number,
)
from offbeat.rulebook.chain_events import next_grant


class World:
    """A deployment with its state. ``lander`` lands batches unless somebody else is named.

    ETH's token returns nothing, and BTC's refuses to pay Erin.
    """

    def __init__(self, chain: DevChain) -> None:
        self.chain = chain
        self._senders: dict[Person, Sender] = {}
        for each in (OPERATOR, LANDER, STRANGER, *TRADERS):
            chain.fund(each.address, 10**24)
        self.tokens = deploy_tokens(self.sender(OPERATOR))
        self.deployment = deploy_offbeat(self.sender(OPERATOR), self.tokens)
        self.settlement, self.vault, self.authority, self.expiry = (
            self.deployment.contract(chain, role)
            for role in ("settlement", "vault", "authority", "expiry")
        )
        for token in self.tokens.values():
            token.write(self.sender(OPERATOR), "mint", OPERATOR.address, ABUNDANCE)
            token.write(self.sender(OPERATOR), "approve", self.vault.address, ABUNDANCE)
        self.tokens["BTC"].write(self.sender(OPERATOR), "set_blocked", TRADERS[-1].address, True)
        quorums = (Quorum(addresses(group), THRESHOLD) for group in (SEQUENCERS, REPORTERS))
        self.state = State(Rules(self.deployment.domain, *quorums, CASH))
        for symbol in SYMBOLS:
            self.state = register_underlying(self.state, symbol)
        self.paid_micros: Counter[tuple[bytes, int]] = Counter()
        self._next_seconds = 0

    @contextmanager
    def sandbox(self) -> Iterator["World"]:
        """What happens inside is undone afterwards."""
        before = self.state, self.paid_micros.copy(), self.chain.snapshot()
        try:
            yield self
        finally:
            self.state, self.paid_micros, snapshot = before
            self.chain.restore(snapshot)
            self.forget_senders()
            self._next_seconds = 0

    # Time ---------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The timestamp of the next transaction's block."""
        return max(self._next_seconds, self.chain.block().timestamp_seconds + 1)

    def wait(self, seconds: int) -> None:
        """Let time pass before the next transaction."""
        self._next_seconds = self.now + seconds

    def sender(self, person: Person) -> Sender:
        """Somebody who sends transactions."""
        if person not in self._senders:
            self._senders[person] = Sender(self.chain, person.key.secret)
        return self._senders[person]

    def forget_senders(self) -> None:
        """Count everybody's transactions anew: they were undone, or made elsewhere."""
        self._senders.clear()

    def send(self, person: Person, contract: Contract, name: str, *args: object) -> Receipt:
        """A transaction at ``now``, reverted or not."""
        data = contract.abi.encode_call(name, *args)
        return self.transact(person, contract.address, data)

    def transact(self, person: Person, to: bytes, data: bytes) -> Receipt:
        """The same with raw calldata."""
        self.chain.set_time(self.now)
        return self.sender(person).transact(to, data, gas_limit=MAX_TRANSACTION_GAS)

    # Outside batches ----------------------------------------------------------------------

    def deposit(self, account: int, symbol: str, amount_micros: int) -> InboxItem:
        """Queue a deposit; raises ``ChainError`` with the reason of a refusal."""
        owner, index = (account >> 32).to_bytes(20), account & 0xFFFFFFFF
        item = InboxItem(owner, index, symbol_number(symbol), amount_micros, self.now)
        call = (symbol.encode(), owner, index, amount_micros)
        receipt = _succeeded(self.send(OPERATOR, self.vault, "deposit", *call))
        (event,) = self.vault.events(receipt.logs, "InboxItem")
        self.state = enqueue(self.state, item)
        assert event.values == {
            "number": self.state.inbox_count,
            "head": item.words[0],
            "body": item.words[1],
        }
        return item

    def post_price(self, symbol: str, expiry_seconds: int, price_micros: int) -> int:
        """Fix a settlement price; the group (symbol and expiry) that it is for."""
        digest = settlement_price_digest(symbol, expiry_seconds, price_micros, self.domain)
        attestation = certify(digest, some_keys(REPORTERS))
        call = (symbol.encode(), expiry_seconds, price_micros, attestation)
        _succeeded(self.send(STRANGER, self.expiry, "post_settlement_price", *call))
        group = symbol_number(symbol) << 32 | expiry_seconds
        self.state = post_settlement_price(self.state, group, price_micros)
        self._assert_pot(group, self.state.pots[group])
        return group

    def approve_delegate(self, owner: Person, key: bytes, scope: int, expires: int) -> str | None:
        """Grant or revoke on chain, without a batch; the reason of a refusal."""
        old = self.state.grants.get((owner.address, key))
        expected = next_grant(old, scope, expires, self.now)
        receipt = self.send(owner, self.authority, "approve_delegate", key, scope, expires)
        assert receipt.reverted == (None if expected else "delegate_invalid")
        if expected:
            self.state = grant(self.state, owner.address, key, expected)
            self._assert_grant((owner.address, key), expected)
        return receipt.reverted

    def set_manner(self, symbol: str, manner: Manner) -> None:
        """Make BTC's or ETH's token odd."""
        _succeeded(self.send(OPERATOR, self.tokens[symbol], "set_manner", manner))

    def claimable_micros(self, address: bytes, symbol: str) -> int:
        """What the vault owes to an address."""
        micros: int = self.vault.read("claimable_micros", address, symbol_number(symbol))
        return micros

    def claim(self, account: bytes, symbol: str) -> None:
        """Push a claim to its account; a token may refuse once more."""
        call = (account, symbol.encode(), account)
        self._note_payments(_succeeded(self.send(STRANGER, self.vault, "claim", *call)))
        key = account, symbol_number(symbol)
        self._assert_owed(key, self.state.owed_micros.get(key, 0))

    # Batches ------------------------------------------------------------------------------

    @property
    def domain(self) -> Domain:
        """Where everybody signs."""
        return self.deployment.domain

    def attest(self, report: Report) -> bytes:
        """The reporters' attestation of a report."""
        stated = (report.timestamp_seconds, report.underlyings_hash, report.rows_root)
        return certify(report_digest(*stated, self.domain), some_keys(REPORTERS))

    def certify(self, payload: bytes) -> bytes:
        """The sequencers' certificate of a payload."""
        return certify(batch_digest(keccak256(payload), self.domain), some_keys(SEQUENCERS))

    def calldata(self, submission: Submission) -> bytes:
        """The call that lands a batch."""
        return self.settlement.abi.encode_call(
            "settle",
            submission.payload,
            submission.certificate,
            submission.attestation,
            submission.proof,
        )

    def land(self, submission: Submission, lander: Person = LANDER) -> Applied | Rejected:
        """Land a batch on both sides; they must agree."""
        expected = apply(self.state, submission, self.now, lander.address)
        reason = expected.reason if isinstance(expected, Rejected) else None
        receipt = self.transact(lander, self.settlement.address, self.calldata(submission))
        assert receipt.reverted == reason, f"Python says {reason}, the EVM {receipt.reverted}"
        if isinstance(expected, Applied):
            before, self.state = self.state, expected.state
            (event,) = self.settlement.events(receipt.logs, "BatchSettled")
            assert event.values == {
                "number": self.state.number,
                "payload_hash": self.state.head,
                "lander": lander.address,
                "fees_micros": expected.fees_micros,
            }
            self._note_payments(receipt)
            self.assert_same(before)
        return expected

    # Comparison ---------------------------------------------------------------------------

    def assert_same(self, before: State | None = None) -> None:
        """Everything that the contracts store is what the state says.

        With the state ``before``, only what changed since is looked at.
        """
        state, old = self.state, before or State(self.state.rules)
        assert self.settlement.read("head") == state.head
        assert self.settlement.read("progress") == (
            state.number,
            state.time_seconds,
            state.report_time_seconds,
            state.certified_time_seconds,
        )
        assert self.vault.read("inbox_consumed") == state.inbox_consumed
        assert self.vault.read("inbox_count") == state.inbox_count
        for account, record in _changes(old.accounts, state.accounts):
            assert self.settlement.read("commitments", account) == record.commitment
        for parties, delegation in _changes(old.grants, state.grants):
            self._assert_grant(parties, delegation)
        for group, pot in _changes(old.pots, state.pots):
            self._assert_pot(group, pot)
        for key, owed_micros in _changes(old.owed_micros, state.owed_micros):
            self._assert_owed(key, owed_micros)

    def _assert_grant(self, parties: tuple[bytes, bytes], delegation: Delegation) -> None:
        packed = delegation.scope << 64 | delegation.expires_seconds
        assert self.authority.read("grants", *parties) == packed

    def _assert_pot(self, group: int, pot: Pot) -> None:
        stored = pot.price_micros, pot.cash_micros, pot.spot_micros
        assert self.expiry.read("pots", group) == stored

    def _assert_owed(self, key: tuple[bytes, int], owed_micros: int) -> None:
        claimable_micros = self.vault.read("claimable_micros", *key)
        assert claimable_micros + self.paid_micros[key] == owed_micros

    def _note_payments(self, receipt: Receipt) -> None:
        for event in self.vault.events(receipt.logs, "Paid"):
            values = event.values
            self.paid_micros[values["account"], values["symbol"]] += values["amount_micros"]


def _changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    return ((key, value) for key, value in after.items() if before.get(key) is not value)


def _succeeded(receipt: Receipt) -> Receipt:
    if receipt.reverted is not None:
        raise ChainError(receipt.reverted, "reverted")
    return receipt
