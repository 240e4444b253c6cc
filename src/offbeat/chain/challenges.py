"""Reporters' bonds and challenges of their rows: one sender's view of `Challenge.vy`."""

from typing import Final

from offbeat.chain.contract import Contract, load_artifact
from offbeat.chain.deployment import Deployment
from offbeat.chain.sender import Sender
from offbeat.core import limits
from offbeat.core.ports import Receipt
from offbeat.oracle import ExpiryInputs, Report, Row

_MAX_WORDS: Final = limits.MAX_UNDERLYINGS


class Challenges:
    """One challenge contract. Amounts are in the cash token's smallest unit.

    Methods that put a deposit or a bond at stake need the token's allowance for ``contract``. Every
    method raises ``ChainError`` with the contract's own reason where it refuses.
    """

    def __init__(self, sender: Sender, address: bytes) -> None:
        self.sender = sender
        self.contract = Contract(sender.chain, address, load_artifact("Challenge"))

    @classmethod
    def deploy(
        cls, sender: Sender, deployment: Deployment, *, insurance: bytes, deposit: int
    ) -> "Challenges":
        """A challenge contract for a deployment's reporters; ``insurance`` is who gains."""
        created = Contract.deploy(
            sender,
            load_artifact("Challenge"),
            deployment.contracts["settlement"],
            deployment.contracts["reporters"],
            deployment.cash.address,
            insurance,
            deposit,
        )
        return cls(sender, created.address)

    def bond(self, signer: bytes, amount: int) -> Receipt:
        """Add to the bond of a reporter (an address)."""
        return self.contract.write(self.sender, "bond", signer, amount)

    def request_withdrawal(self, amount: int) -> Receipt:
        """Begin to withdraw from the sender's own bond."""
        return self.contract.write(self.sender, "request_withdrawal", amount)

    def withdraw(self) -> Receipt:
        """Make what was requested claimable, once the delay is over."""
        return self.contract.write(self.sender, "withdraw")

    def claim(self, account: bytes) -> Receipt:
        """Pay an account (an address) what it may claim."""
        return self.contract.write(self.sender, "claim", account)

    def challenge(self, report: Report, instrument_id: int, attestation: bytes) -> Receipt:
        """Have one row computed again; raises ``InvalidInput`` as :meth:`Report.prove_inputs`."""
        row, inputs, proof = report.prove_inputs(instrument_id)
        return self.contract.write(
            self.sender,
            "challenge",
            _statement(report, row),
            _words(inputs),
            attestation,
            proof.encode(),
        )

    def demand(self, report: Report, instrument_id: int, attestation: bytes) -> Receipt:
        """Demand the inputs of a row; raises ``InvalidInput`` as :meth:`Report.prove`."""
        proof = report.prove([instrument_id])
        row = next(each for each in report.rows if each.instrument_id == instrument_id)
        return self.contract.write(
            self.sender,
            "demand",
            _statement(report, row),
            attestation,
            proof.encode(),
        )

    def answer(self, report: Report, instrument_id: int, attestation: bytes) -> Receipt:
        """Answer a demand, for its deposit; raises as :meth:`challenge`."""
        row, inputs, proof = report.prove_inputs(instrument_id)
        return self.contract.write(
            self.sender,
            "answer",
            _statement(report, row),
            _words(inputs),
            attestation,
            proof.encode(),
        )

    def punish_silence(self, report: Report, instrument_id: int, attestation: bytes) -> Receipt:
        """Slash for a demand that went without an answer."""
        row = next(each for each in report.rows if each.instrument_id == instrument_id)
        return self.contract.write(
            self.sender, "punish_silence", _statement(report, row), attestation, report.rows_root
        )

    def is_right(self, report: Report, row: Row, inputs: ExpiryInputs) -> bool:
        """Whether the contract would find a row right, proofs and signatures aside."""
        right: bool = self.contract.read("is_right", _statement(report, row), _words(inputs))
        return right


def _statement(report: Report, row: Row) -> tuple[int, list[int], int, int, int]:
    """The contract's ``Statement`` of one row of a report."""
    given = [int.from_bytes(each.word) for each in report.underlyings]
    padded = given + [0] * (_MAX_WORDS - len(given))
    return (
        report.timestamp_seconds,
        padded,
        len(given),
        int.from_bytes(row.word),
        int.from_bytes(row.risk_word),
    )


def _words(inputs: ExpiryInputs) -> tuple[int, int]:
    """The contract's ``Inputs``."""
    terms, smile = inputs.words
    return int.from_bytes(terms), int.from_bytes(smile)
