"""The transmitter against a real node and the real contracts."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from people import ALICE
from story import FEE_MICROS, UNIT, certify
from world import World

from offbeat.chain import AnvilChain, Signer
from offbeat.core.lifecycle import TransactionStatus
from offbeat.core.store_port import BatchCertified, Store, StoredTransaction
from offbeat.intents import keccak256
from offbeat.node import Transmitter
from offbeat.relay import Builder, FeePolicy, Moment
from offbeat.store import open_store

pytestmark = pytest.mark.anvil

KEYS = [keccak256(f"anvil submitter {number}".encode()) for number in range(2)]
POLICY = FeePolicy(patience_seconds=10, stagger_seconds=0)
NOW = 1_700_000_000


class Stage:
    """A deployment with a deposit, and a relay that is to land the batch that credits it."""

    def __init__(self, chain: AnvilChain, store: Store) -> None:
        self.chain, self.store = chain, store
        self.world = World(chain)
        self.seconds = NOW
        self.signers = [Signer(key) for key in KEYS]
        for each in self.signers:
            chain.fund(each.address, 10**20)
        self.transmitter = Transmitter(
            store,
            chain,
            self.world.settlement.address,
            self.signers,
            POLICY,
            finality_depth=2,
            clock=lambda: self.seconds,
        )

    async def certify(self) -> None:
        """A deposit, and a certified batch that credits it."""
        world = self.world
        world.deposit(ALICE.account(), "USDC", UNIT)
        moment = Moment(world.now - 1, world.now + 300, None)
        built = Builder(world.state, moment, FEE_MICROS).build(())
        calldata = world.calldata(certify(world, built, None))
        batch_hash = keccak256(built.payload)
        await self.store.append(
            [BatchCertified(batch_hash, world.state.number + 1, calldata)], self.seconds
        )

    def ask(self, method: str, *params: object) -> None:
        """A command to anvil."""
        self.chain._rpc.ask(lambda _: None, method, *params)

    def landed(self) -> int:
        """The contract's latest batch."""
        number: int = self.world.settlement.read("progress")[0]
        return number

    async def only(self) -> list[StoredTransaction]:
        """Transactions that are open."""
        return list(await self.store.open_transactions())


def on_anvil(
    test: Callable[[Stage], Coroutine[Any, Any, None]],
) -> Callable[[AnvilChain, Path], None]:
    """Run a coroutine on a fresh deployment; anvil mines again afterwards."""

    def run(anvil: AnvilChain, tmp_path: Path) -> None:
        async def go() -> None:
            async with open_store(f"sqlite:///{tmp_path}/store.db") as store:
                stage = Stage(anvil, store)
                await stage.certify()
                try:
                    await test(stage)
                finally:
                    stage.ask("anvil_dropAllTransactions")
                    stage.ask("evm_setAutomine", True)

        asyncio.run(go())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@on_anvil
async def test_it_lands_and_is_followed_to_the_end(stage: Stage) -> None:
    await stage.transmitter.step()
    stage.chain.mine()  # the node may answer before it mines
    assert stage.landed() == 1
    stage.chain.mine(2)
    await stage.transmitter.step()
    await stage.transmitter.step()
    assert await stage.only() == []


@on_anvil
async def test_a_dropped_transaction_is_sent_again(stage: Stage) -> None:
    stage.ask("evm_setAutomine", False)
    await stage.transmitter.step()
    stage.ask("anvil_dropAllTransactions")
    await stage.transmitter.step()
    stage.chain.mine()
    assert stage.landed() == 1
    assert len(await stage.only()) == 1


@on_anvil
async def test_a_base_fee_twenty_times_as_high_is_met(stage: Stage) -> None:
    stage.ask("evm_setAutomine", False)
    await stage.transmitter.step()
    base_fee_wei = stage.chain.block().base_fee_wei * 20
    # This node mines what it has taken at any base fee, so it must forget it.
    stage.ask("anvil_dropAllTransactions")
    stage.ask("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))
    stage.chain.mine()
    stage.seconds += POLICY.patience_seconds
    await stage.transmitter.step()
    stage.chain.mine()
    assert stage.landed() == 1
    await stage.transmitter.step()
    statuses = {each.replaces is None: each.status for each in await stage.only()}
    assert statuses == {True: TransactionStatus.PENDING, False: TransactionStatus.MINED}
    stage.chain.mine(3)
    await stage.transmitter.step()
    await stage.transmitter.step()
    assert await stage.only() == []


@on_anvil
async def test_a_submitter_out_of_funds_is_passed_over(stage: Stage) -> None:
    for each in stage.signers:
        stage.ask("anvil_setBalance", "0x" + each.address.hex(), "0x0")
    await stage.transmitter.step()
    assert {each.code for each in stage.transmitter.troubles()} == {"submitter_unfunded"}
    stage.chain.fund(sorted(each.address for each in stage.signers)[0], 10**20)
    await stage.transmitter.step()
    stage.chain.mine()
    assert stage.landed() == 1


@on_anvil
async def test_a_reorganisation_is_followed_by_another_landing(stage: Stage) -> None:
    snapshot = stage.chain.snapshot()
    await stage.transmitter.step()
    stage.chain.mine()
    await stage.transmitter.step()
    assert [each.status for each in await stage.only()] == [TransactionStatus.MINED]
    stage.chain.restore(snapshot)
    assert stage.landed() == 0
    await stage.transmitter.step()
    stage.chain.mine()
    await stage.transmitter.step()
    assert stage.landed() == 1
    assert len(await stage.only()) == 1


@on_anvil
async def test_what_somebody_else_has_landed_is_left_alone(stage: Stage) -> None:
    (batch,) = await stage.store.open_batches()
    stage.world.transact(ALICE, stage.world.settlement.address, batch.submission)
    assert stage.landed() == 1
    await stage.transmitter.step()
    assert await stage.only() == []
