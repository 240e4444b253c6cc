"""The queue of forced requests, as one sender sees it: into it, out of it, what it costs."""

from typing import Final

from offbeat.chain.contract import Contract
from offbeat.chain.deployment import Deployment
from offbeat.chain.sender import Sender
from offbeat.core import ChainError
from offbeat.core.ports import Chain, Receipt
from offbeat.instruments import Instrument
from offbeat.intents import Order, SignedIntent, Withdraw
from offbeat.oracle import Report
from offbeat.rulebook import ForcedItem, IntentWords, State, account_id, signature_words

_SYMBOL_SHIFT: Final = 88


class ForcedQueue:
    """One deployment's queue.

    Every transaction is waited for, and raises ``ChainError`` with the contract's own reason where
    it is refused, else as :class:`Sender` does.
    """

    def __init__(self, sender: Sender, deployment: Deployment) -> None:
        self._sender = sender
        self._contract = deployment.contract(sender.chain, "forced")

    def force(self, signed: SignedIntent) -> Receipt:
        """Queue a signed intent, at the sender's cost."""
        return self._transact("force", *force_args(signed), value_wei=fee_wei(self._contract))

    def clear(
        self, state: State, report: Report | None = None, attestation: bytes = b""
    ) -> Receipt:
        """Take the first request out of the queue and earn its fee, with a report as evidence."""
        return self._transact("clear", *clear_args(state, report, attestation))

    def pass_over(self) -> Receipt:
        """Put the first request, an order that a batch has left, behind the others."""
        return self._transact("pass_over")

    def _transact(self, name: str, *args: object, value_wei: int = 0) -> Receipt:
        data = self._contract.abi.encode_call(name, *args)
        receipt = self._sender.transact(self._contract.address, data, value_wei=value_wei)
        if receipt.reverted is not None:
            raise ChainError(receipt.reverted, f"{name} reverted")
        return receipt


def read_force_fee_wei(chain: Chain, deployment: Deployment) -> int:
    """What the next request costs."""
    return fee_wei(deployment.contract(chain, "forced"))


def fee_wei(queue: Contract) -> int:
    """The same, of the contract."""
    fee: int = queue.read("fee")
    return fee


def force_args(signed: SignedIntent) -> tuple[object, ...]:
    """The arguments of ``force``."""
    intent = signed.intent
    words = IntentWords.of(intent)
    account = account_id(intent.owner, intent.account)
    parts = words.kind, words.terms, words.third, words.fourth, words.legs
    return account, *parts, *signature_words(signed.signature)


def clear_args(
    state: State, report: Report | None = None, attestation: bytes = b""
) -> tuple[object, ...]:
    """The arguments of ``clear`` for the first request: its account's record, and the report's rows
    of whatever counts, as far as there are such rows."""
    item = state.forced[0]
    record = state.account(item.account)
    if report is None:
        return record.words, 0, (), (), b"", b""
    wanted = _instruments(item, state)
    rows = [row for row in report.rows if row.instrument_id in wanted]
    words = [int.from_bytes(word) for row in rows for word in (row.word, row.risk_word)]
    proof = report.prove([row.instrument_id for row in rows]).encode() if rows else b""
    underlyings = [int.from_bytes(each.word) for each in report.underlyings]
    return record.words, report.timestamp_seconds, underlyings, words, attestation, proof


def _instruments(item: ForcedItem, state: State) -> set[int]:
    """All that the account holds, or may hold afterwards."""
    intent = item.signed.intent
    ids = {position.instrument_id for position in state.account(item.account).positions}
    if isinstance(intent, Order):
        ids |= {leg.instrument.id for leg in intent.legs}
    elif isinstance(intent, Withdraw) and intent.asset != state.rules.cash_symbol:
        ids.add(Instrument.spot(intent.asset).id)
    return ids | {each >> _SYMBOL_SHIFT << _SYMBOL_SHIFT for each in ids}
