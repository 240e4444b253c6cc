"""One look at the chain, as far as our transactions and batches go. Blocks: run it in a thread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from offbeat.core import ChainError
from offbeat.core.ports import MAX_TRANSACTION_GAS, Chain
from offbeat.core.store_port import StoredBatch, StoredTransaction
from offbeat.relay import Mined, Outlook, Sent, Trial, Wallet

GAS_HEADROOM_PERCENT = 25
"""Added to an estimate: the state may change before the transaction is mined."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The contract that takes batches, our submitters, and how deep the final block lies."""

    settlement: bytes
    submitters: tuple[bytes, ...]
    finality_depth: int


def look(
    chain: Chain, watched: Watched, sent: Sequence[Sent], certified: Sequence[StoredBatch]
) -> Outlook:
    """Everything that the decision needs, as of now.

    Receipts come before trials: a batch whose receipt is seen is judged by a state that knows it.
    Raises as the chain does.
    """
    latest = chain.block()
    final_number = max(0, latest.number - watched.finality_depth)
    stored = [each.stored for each in sent]
    submitters = {*watched.submitters, *(each.submitter for each in stored)}
    wallets = {
        each: Wallet(
            mined_nonce=chain.nonce(each, latest.number),
            final_nonce=chain.nonce(each, final_number),
            balance_wei=chain.balance(each),
        )
        for each in submitters
    }
    mined = _mined(chain, stored)
    return Outlook(
        final_number=final_number,
        base_fee_wei=latest.base_fee_wei,
        tip_wei=chain.tip_wei(),
        wallets=wallets,
        mined=mined,
        waiting=frozenset(_waiting(chain, watched, stored, mined)),
        trials=_trials(chain, watched, sent, certified),
    )


def _mined(chain: Chain, stored: Iterable[StoredTransaction]) -> dict[bytes, Mined]:
    """Receipts that hold: of the transaction asked for, and in a block of the present chain."""
    found: dict[bytes, Mined] = {}
    for each in stored:
        receipt = chain.receipt(each.transaction_hash)
        if receipt is None or receipt.transaction_hash != each.transaction_hash:
            continue
        try:
            block = chain.block(receipt.block_number)
        except ChainError as error:
            if error.code != "block_unknown":
                raise
            continue
        if block.hash == receipt.block_hash:
            found[each.transaction_hash] = Mined(block.number, receipt.reverted or "")
    return found


def _waiting(
    chain: Chain,
    watched: Watched,
    stored: Iterable[StoredTransaction],
    mined: Mapping[bytes, Mined],
) -> Iterable[bytes]:
    """Those of our transactions that the node keeps in its pool."""
    for each in stored:
        if each.submitter in watched.submitters and each.transaction_hash not in mined:
            found = chain.transaction(each.transaction_hash)
            if found is not None and found.block_number is None:
                yield each.transaction_hash


def _trials(
    chain: Chain, watched: Watched, sent: Iterable[Sent], certified: Iterable[StoredBatch]
) -> dict[bytes, Trial]:
    """What landing each batch would do on the latest state. Its gas is estimated once."""
    known_gas = {each.stored.batch_hash: each.gas_limit for each in sent}
    return {
        each.batch_hash: _try(chain, watched, each, known_gas.get(each.batch_hash))
        for each in certified
        if watched.submitters
    }


def _try(chain: Chain, watched: Watched, batch: StoredBatch, known_gas: int | None) -> Trial:
    sender = watched.submitters[0]
    try:
        chain.call(watched.settlement, batch.submission, sender=sender)
        if known_gas is not None:
            return Trial("", known_gas)
        estimate = chain.estimate_gas(sender, watched.settlement, batch.submission)
    except ChainError as error:
        if error.code.startswith("node_"):
            raise
        return Trial(error.code, 0)
    generous = estimate * (100 + GAS_HEADROOM_PERCENT) // 100
    return Trial("", max(estimate, min(generous, MAX_TRANSACTION_GAS)))
