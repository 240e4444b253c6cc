"""What has happened on chain, from logs and calldata alone."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from offbeat.chain.abi import Event
from offbeat.chain.contract import Contract
from offbeat.chain.deployment import Deployment
from offbeat.core import ChainError, InvalidInput, Unavailable
from offbeat.core.ports import Chain, Log
from offbeat.intents import Delegation, SignedIntent, canonical_signature, recover
from offbeat.rulebook import ForcedItem, InboxItem, IntentWords
from offbeat.wire import (
    Act,
    BatchLanded,
    Deposited,
    Forced,
    ForcedCleared,
    ForcedPassedOver,
    Granted,
    Owed,
    Paid,
    Place,
    SettlementPricePosted,
    UnderlyingRegistered,
    decode_settle,
)

PAGE_BLOCKS: Final = 1_000
"""Blocks read at once: what bounds memory."""
_ROLES: Final = ("settlement", "vault", "authority", "expiry", "forced")


def read_acts(
    chain: Chain,
    deployment: Deployment,
    first_block: int | None = None,
    last_block: int | None = None,
) -> Iterator[Act]:
    """Every act in ``first_block..last_block``, in the order in which they happened.

    By default from the deployment to the latest block. Raises ``Unavailable("chain_moved")`` when
    a reorganisation removes what is being read, ``ChainError("batch_not_in_calldata")`` or
    ``ChainError("batch_unreadable")`` when nobody could rebuild a batch, and as the chain does.
    """
    contracts = {role: deployment.contract(chain, role) for role in _ROLES}
    first = deployment.first_block if first_block is None else first_block
    last = chain.block().number if last_block is None else last_block
    for start in range(first, last + 1, PAGE_BLOCKS):
        yield from _page(chain, deployment, contracts, start, min(start + PAGE_BLOCKS - 1, last))


def _page(
    chain: Chain, deployment: Deployment, contracts: dict[str, Contract], first: int, last: int
) -> Iterator[Act]:
    logs = [log for each in contracts.values() for log in chain.logs(each.address, first, last)]
    by_address = {each.address: each for each in contracts.values()}
    in_batches = _grants_of_batches(logs, contracts)
    for log in sorted(logs, key=_place):
        event = by_address[log.address].abi.decode_log(log)
        if event is None or _place(log) in in_batches:
            continue
        act = _batch(chain, event) if event.name == "BatchSettled" else _act(event)
        is_cash = isinstance(act, UnderlyingRegistered) and act.symbol == deployment.cash.symbol
        if not is_cash:
            yield act


def _place(log: Log) -> Place:
    return Place(log.block_number, log.index, log.transaction_hash)


def _grants_of_batches(logs: list[Log], contracts: dict[str, Contract]) -> set[Place]:
    """Grants that a batch itself has made: the rulebook makes them again, from its payload.

    They precede the batch's own event in its transaction. What follows it is somebody's answer to
    a payment, outside of the batch.
    """
    authority, settlement = contracts["authority"], contracts["settlement"]
    settled = {
        event.log.transaction_hash: event.log.index
        for event in settlement.events(logs, "BatchSettled")
    }
    return {
        _place(event.log)
        for event in authority.events(logs, "Delegated")
        if event.log.index < settled.get(event.log.transaction_hash, 0)
    }


def _act(event: Event) -> Act:
    place, values = _place(event.log), event.values
    match event.name:
        case "AssetRegistered":
            return UnderlyingRegistered(place, values["symbol"].rstrip(b"\0").decode())
        case "InboxItem":
            return Deposited(place, values["number"], _item(values["head"], values["body"]))
        case "Delegated":
            grant = Delegation(values["scope"], values["expires"])
            return Granted(place, values["owner"], values["delegate"], grant)
        case "SettlementPrice":
            return SettlementPricePosted(place, values["group"], values["price_micros"])
        case "Forced":
            return Forced(place, _forced(values))
        case "Cleared":
            return ForcedCleared(place, values["number"])
        case "PassedOver":
            return ForcedPassedOver(place, values["number"])
        case "Owed":
            return Owed(place, values["account"], values["symbol"], values["amount_micros"])
        case "Paid":
            return Paid(place, values["account"], values["symbol"], values["amount_micros"])
        case _:
            raise ChainError("event_unknown", f"an act that this version does not know: {event}")


def _forced(values: Mapping[str, Any]) -> ForcedItem:
    """A forced request, whose intent and signature its event holds whole."""
    words = IntentWords(*(values[name] for name in ("kind", "terms", "third", "fourth", "legs")))
    signature = canonical_signature(values["r"].to_bytes(32) + values["vs"].to_bytes(32))
    return ForcedItem(
        number=values["number"],
        digest=values["digest"],
        signed=SignedIntent(words.intent(values["account"]), signature),
        signer=recover(values["digest"], signature),
        enqueued_at_seconds=values["enqueued_at"],
        lapses_at_seconds=values["lapses_at"],
        fee_wei=values["fee"],
    )


def _batch(chain: Chain, event: Event) -> BatchLanded:
    """A batch, from the calldata of the transaction in which it landed."""
    log, values = event.log, event.values
    transaction = chain.transaction(log.transaction_hash)
    receipt = chain.receipt(log.transaction_hash)
    if transaction is None or receipt is None or receipt.block_number != log.block_number:
        raise Unavailable("chain_moved", "a batch disappeared while it was being read")
    if transaction.to != log.address:
        raise ChainError(
            "batch_not_in_calldata", f"batch {values['number']} came from inside a transaction"
        )
    try:
        submission = decode_settle(transaction.data)
    except InvalidInput as error:
        raise ChainError("batch_unreadable", f"batch {values['number']}: {error}") from error
    return BatchLanded(
        place=_place(log),
        number=values["number"],
        payload_hash=values["payload_hash"],
        submission=submission,
        block_time_seconds=chain.block(log.block_number).timestamp_seconds,
        lander=values["lander"],
        fees_micros=values["fees_micros"],
        gas_used=receipt.gas_used,
    )


def _item(head: int, body: int) -> InboxItem:
    return InboxItem(
        owner=(head >> 96).to_bytes(20),
        index=head >> 64 & 0xFFFFFFFF,
        symbol=head >> 24 & 0xFFFFFFFFFF,
        amount_micros=body >> 128,
        enqueued_at_seconds=body >> 64 & 0xFFFFFFFFFFFFFFFF,
    )
