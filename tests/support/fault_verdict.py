"""What must hold when all is over: journal, chain and auditor agree, and everything has ended."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fault_network import Network
from store_tables import dump_views

from offbeat.chain import Deployment, read_acts, read_facts, read_rules
from offbeat.core.lifecycle import BatchStatus, IntentStatus
from offbeat.core.ports import Chain
from offbeat.core.store_port import START, IntentRelayed, Store, StoredIntent
from offbeat.intents import Intent, Order
from offbeat.reconciliation import check, rebuild
from offbeat.sim.audit import audit
from offbeat.sim.audit.payload import CREDIT
from offbeat.sim.audit.reader import read_calldata, read_payload
from offbeat.sim.audit.signatures import Domain
from offbeat.store import open_store
from offbeat.store.database import open_database

QUIET_SECONDS = 90


@dataclass
class Executions:
    """What the auditor's reader finds in the calldata of what landed, by intent hash."""

    times: Counter[bytes] = field(default_factory=Counter)
    filled_micros: Counter[bytes] = field(default_factory=Counter)
    fee_micros: Counter[bytes] = field(default_factory=Counter)
    batches: list[bytes] = field(default_factory=list)


async def until_quiet(network: Network) -> None:
    """Wait until nothing is open any more."""
    async with open_store(network.store_url) as store, asyncio.timeout(QUIET_SECONDS):
        while (
            await store.open_intents(limit=1)
            or await store.open_batches(limit=1)
            or await store.open_transactions(limit=1)
        ):
            await asyncio.sleep(0.2)


async def assert_all_well(
    network: Network, acknowledged: Mapping[bytes, Intent]
) -> Counter[IntentStatus]:
    """Nothing lost, nothing twice, everybody of one opinion; how the acknowledged have ended."""
    chain, deployment = network.chain, network.deployment
    executions = await asyncio.to_thread(_assert_chain_well, chain, deployment)
    async with open_store(network.store_url) as store:
        rows = await _rows(store)
        assert acknowledged.keys() <= rows.keys(), "acknowledged, and not in the journal"
        assert executions.times.keys() <= rows.keys(), "settled, and not in the journal"
        for intent_hash, row in rows.items():
            _assert_ended(row, executions, acknowledged.get(intent_hash))
        for batch_hash in executions.batches:
            batch = await store.batch(batch_hash)
            assert batch is not None
            assert batch.status is BatchStatus.FINAL
        before = await asyncio.to_thread(_dump, network.store_url)
        await store.rebuild()
        assert await asyncio.to_thread(_dump, network.store_url) == before
    return Counter(rows[each].status for each in acknowledged)


def _assert_ended(row: StoredIntent, executions: Executions, intent: Intent | None) -> None:
    at = f"0x{row.intent_hash.hex()}: {row.status.name} {row.reason}"
    assert not row.status.is_open, at
    assert row.reason or row.status is IntentStatus.FINAL, at
    assert row.filled_micros == executions.filled_micros[row.intent_hash], at
    assert row.fee_micros == executions.fee_micros[row.intent_hash], at
    times = executions.times[row.intent_hash]
    if intent is None:
        return
    if isinstance(intent, Order):
        assert row.filled_micros <= intent.quantity_micros, at
        assert bool(times) == bool(row.filled_micros), at
    else:
        assert times == (row.status is IntentStatus.FINAL), at


def _assert_chain_well(chain: Chain, deployment: Deployment) -> Executions:
    verdict = audit(chain, deployment)
    assert verdict.ok, [each for each in verdict.checks if not each.ok]
    rules = read_rules(chain, deployment)
    number = chain.block().number
    state = rebuild(rules, read_acts(chain, deployment, last_block=number))
    assert check(state, read_facts(chain, deployment, state, number)) == ()
    executions = _executions(chain, deployment)
    assert len(executions.batches) == verdict.batches == state.number
    assert len(executions.times) == verdict.intents
    return executions


def _executions(chain: Chain, deployment: Deployment) -> Executions:
    domain = Domain(deployment.chain_id, deployment.contracts["settlement"])
    settlement = deployment.contract(chain, "settlement")
    logs = chain.logs(settlement.address, deployment.first_block, chain.block().number)
    found = Executions()
    for event in settlement.events(logs, "BatchSettled"):
        transaction = chain.transaction(event.log.transaction_hash)
        assert transaction is not None
        batch = read_payload(read_calldata(transaction.data).payload)
        found.batches.append(batch.hash)
        for section in batch.sections:
            for action in section.actions:
                if action.kind != CREDIT:
                    digest = domain.digest(action.type, action.message)
                    found.times[digest] += 1
                    found.filled_micros[digest] += action.fill_micros
                    found.fee_micros[digest] += action.fee_micros
    return found


async def _rows(store: Store) -> dict[bytes, StoredIntent]:
    """Every intent that the journal has ever taken in."""
    rows: dict[bytes, StoredIntent] = {}
    after = START
    while page := await store.journal(after=after):
        after = page[-1].cursor
        for each in page:
            if isinstance(each.entry, IntentRelayed):
                row = await store.intent(each.entry.intent_hash)
                assert row is not None
                rows[row.intent_hash] = row
    return rows


def _dump(url: str) -> dict[str, list[object]]:
    database = open_database(url)
    try:
        return dump_views(database)
    finally:
        database.close()
