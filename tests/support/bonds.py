"""Reporters with bonds, and whoever challenges their rows, on a chain of their own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from founding import CASH, deploy_offbeat, deploy_tokens
from people import ALICE, BOB, OPERATOR, REPORTERS, STRANGER, Person

from offbeat.chain import Challenges, Sender
from offbeat.core import ChainError
from offbeat.core.ports import DevChain
from offbeat.intents import report_digest
from offbeat.oracle import Report
from offbeat.rulebook import certify

BOND = 1_000_000_000
DEPOSIT = 50_000_000
INSURANCE = bytes(19) + b"\x99"
PURSE = 10**15


class Bonds:
    """Three reporters, each with :data:`BOND` behind its word; Alice and Bob have money."""

    def __init__(self, chain: DevChain) -> None:
        self.chain = chain
        people = (OPERATOR, STRANGER, ALICE, BOB, *REPORTERS)
        self._people = people
        self._senders = self._fresh_senders()
        for each in people:
            chain.fund(each.address, 10**24)
        tokens = deploy_tokens(self._senders[OPERATOR])
        self.cash = tokens[CASH]
        self.deployment = deploy_offbeat(self._senders[OPERATOR], tokens)
        self._contract = Challenges.deploy(
            self._senders[OPERATOR], self.deployment, insurance=INSURANCE, deposit=DEPOSIT
        ).contract
        for each in people:
            self.cash.write(self._senders[OPERATOR], "mint", each.address, PURSE)
            self.cash.write(self._senders[each], "approve", self._contract.address, PURSE)
        for each in REPORTERS:
            self.of(each).bond(each.address, BOND)

    def of(self, person: Person) -> Challenges:
        """The contract as somebody sees it."""
        return Challenges(self._senders[person], self._contract.address)

    def now(self) -> int:
        """The last block's time."""
        return self.chain.block().timestamp_seconds

    def wait(self, seconds: int) -> None:
        """Let that much time pass."""
        self.chain.set_time(self.now() + seconds)
        self.chain.mine()

    def attest(self, report: Report, reporters: Sequence[int] = (0, 1)) -> bytes:
        """The signatures of some reporters."""
        digest = report_digest(
            report.timestamp_seconds,
            report.underlyings_hash,
            report.rows_root,
            self.deployment.domain,
        )
        return certify(digest, {number: REPORTERS[number].key for number in reporters})

    def bonds(self) -> list[int]:
        """What stands behind each reporter."""
        return [self._contract.read("bonds", each.address) for each in REPORTERS]

    def claimable(self, address: bytes) -> int:
        """What an address may claim."""
        amount: int = self._contract.read("claimable", address)
        return amount

    def is_covered(self) -> bool:
        """Whether the contract holds all that it owes to the people here."""
        owed = sum(self.bonds()) + self.claimable(INSURANCE)
        owed += sum(self.claimable(each.address) for each in self._people)
        held: int = self.cash.read("balanceOf", self._contract.address)
        return held >= owed

    @contextmanager
    def sandbox(self) -> Iterator[None]:
        """Undo whatever happens inside."""
        snapshot = self.chain.snapshot()
        try:
            yield
        finally:
            self.chain.restore(snapshot)
            # Senders count their own transactions.
            self._senders = self._fresh_senders()

    def _fresh_senders(self) -> dict[Person, Sender]:
        return {each: Sender(self.chain, each.key.secret) for each in self._people}


def refusal(act: object, *args: object) -> str | None:
    """The reason why the contract refuses an act, if it does."""
    assert callable(act)
    try:
        act(*args)
    except ChainError as error:
        return error.code
    return None
