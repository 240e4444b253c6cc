"""Batches as the API shows them: what the journal says of one, and what its payload says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from offbeat.core import Reason
from offbeat.core.store_port import StoredBatch
from offbeat.intents import Domain, Order, address_text, intent_hash
from offbeat.node.api.carried import carried_intents
from offbeat.node.api.showing import hash_text
from offbeat.node.service import Service
from offbeat.rulebook import Batch, decode
from offbeat.wire import BatchView, decode_settle


@dataclass(frozen=True, slots=True)
class Contents:
    """What a batch's payload says; ``prices_nanos`` are of what was traded, by instrument id."""

    batch: Batch
    intents: tuple[bytes, ...]
    accounts: frozenset[int]
    prices_nanos: Mapping[int, int]
    fees_micros: int


@lru_cache(256)
def contents_of(submission: bytes, domain: Domain) -> Contents:
    """What the calldata of ``settle`` carries."""
    batch = decode(decode_settle(submission).payload)
    assert not isinstance(batch, Reason), "a certified payload is well-formed"
    carried = tuple(carried_intents(batch))
    orders = [each.intent for each in carried if isinstance(each.intent, Order)]
    traded = {leg.instrument.id for order in orders for leg in order.legs}
    return Contents(
        batch=batch,
        intents=tuple(intent_hash(each.intent, domain) for each in carried),
        accounts=frozenset(section.account for section in batch.sections),
        prices_nanos={
            row.instrument_id: row.price_nanos for row in batch.rows if row.instrument_id in traded
        },
        fees_micros=sum(each.fee_micros + each.pay_micros for each in carried),
    )


async def describe_batch(service: Service, row: StoredBatch) -> BatchView:
    """A batch as the store has it; the lander is known where a relay on this store landed it."""
    contents = contents_of(row.submission, service.rules.domain)
    batch = contents.batch
    transaction, gas_used = None, await service.gas_used(row)
    if row.transaction_hash is not None:
        transaction = await service.store.transaction(row.transaction_hash)
    return BatchView(
        number=str(row.number),
        batch_hash=f"0x{row.batch_hash.hex()}",
        status=row.status.name.lower(),
        reason=row.reason,
        parent_hash=f"0x{batch.parent.hex()}",
        time_seconds=str(batch.time_seconds),
        not_after_seconds=str(batch.not_after_seconds),
        transaction_hash=hash_text(row.transaction_hash),
        lander=None if transaction is None else address_text(transaction.submitter),
        gas_used=None if gas_used is None else str(gas_used),
        fees_micros=str(contents.fees_micros),
        prices_nanos={f"{each:#034x}": str(nanos) for each, nanos in contents.prices_nanos.items()},
        intents=[f"0x{each.hex()}" for each in contents.intents],
    )
