"""Landing batches on a chain that misbehaves: whatever it does, each batch lands once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pool_chain import GAS, SETTLEMENT, PoolChain

from offbeat.chain import RawTransaction, Signer
from offbeat.core import Unavailable
from offbeat.core.lifecycle import BatchStatus, TransactionStatus
from offbeat.core.store_port import BatchCertified, BatchMoved, Store, StoredTransaction
from offbeat.intents import keccak256
from offbeat.node.transmitter import Transmitter
from offbeat.relay import FeePolicy
from offbeat.store import open_store

POLICY = FeePolicy(patience_seconds=24, stagger_seconds=12)
KEYS = [keccak256(f"submitter {number}".encode()) for number in range(3)]
DEPTH = 3
RICH = 10**20


@dataclass(slots=True)
class Relay:
    """A transmitter, its store and its chain; time passes with the blocks."""

    chain: PoolChain
    store: Store
    transmitter: Transmitter
    keys: tuple[Signer, ...]

    @property
    def now_seconds(self) -> int:
        return self.chain.blocks[-1].timestamp_seconds

    async def certify(self, number: int = 1, *, own: bool = True) -> bytes:
        """A certified batch; its calldata."""
        calldata = f"batch {number}".encode()
        batch = BatchCertified(keccak256(calldata), number, calldata)
        await self.store.append([batch], self.now_seconds)
        if own:
            self.transmitter.landing(batch.batch_hash)
        return calldata

    async def follow(self, calldata: bytes) -> None:
        """What the follower would say of the batch."""
        batch = await self.store.batch(keccak256(calldata))
        assert batch is not None
        landed = self.chain.landings(calldata) > 0
        status = BatchStatus.SETTLED if landed else BatchStatus.CERTIFIED
        if batch.status is not status:
            await self.store.append([BatchMoved(batch.batch_hash, status)], self.now_seconds)

    async def live(self, *batches: bytes, blocks: int = 1) -> None:
        """Steps and blocks in turn."""
        for _ in range(blocks):
            await self.transmitter.step()
            self.chain.mine()
            for each in batches:
                await self.follow(each)

    async def transactions(self) -> list[StoredTransaction]:
        """The open ones."""
        return list(await self.store.open_transactions())


def scenario(test: Callable[[Relay], Coroutine[None, None, None]]) -> Callable[[Path], None]:
    """Run a coroutine with a relay of two submitters on a store of its own."""

    def run(tmp_path: Path) -> None:
        async def go() -> None:
            async with open_store(f"sqlite:///{tmp_path}/store.db") as store:
                await test(new_relay(PoolChain(), store))

        asyncio.run(go())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def new_relay(
    chain: PoolChain, store: Store, keys: slice = slice(0, 2), policy: FeePolicy = POLICY
) -> Relay:
    signers = tuple(map(Signer, KEYS[keys]))
    for each in signers:
        chain.balances[each.address] = RICH
    relay: Relay
    transmitter = Transmitter(
        store,
        chain,
        SETTLEMENT,
        signers,
        policy,
        finality_depth=DEPTH,
        clock=lambda: relay.now_seconds,
    )
    relay = Relay(chain, store, transmitter, signers)
    return relay


@scenario
async def test_a_batch_lands_and_its_transaction_becomes_final(relay: Relay) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    assert sent.status is TransactionStatus.PENDING
    assert sent.batch_hash == keccak256(batch)
    await relay.live(batch)
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    assert (sent.status, sent.block_number) == (TransactionStatus.MINED, 1)
    await relay.live(batch, blocks=DEPTH + 1)
    assert await relay.transactions() == []
    assert relay.chain.landings(batch) == 1
    assert len(relay.chain.sends) == 1
    final = await relay.store.transaction(sent.transaction_hash)
    assert final is not None
    assert final.status is TransactionStatus.FINAL


@scenario
async def test_what_became_final_while_nobody_looked_is_noted(relay: Relay) -> None:
    await relay.certify()
    await relay.transmitter.step()
    relay.chain.mine(DEPTH + 1)
    await relay.live(blocks=2)
    assert await relay.transactions() == []


@scenario
async def test_submitters_take_turns(relay: Relay) -> None:
    batches = []
    for number in (1, 2, 3):
        batches.append(await relay.certify(number))
        await relay.live(*batches)
    stored = await relay.transactions()
    assert [each.submitter for each in stored[:2]] != [stored[0].submitter] * 2
    assert all(relay.chain.landings(each) == 1 for each in batches)


@scenario
async def test_what_was_dropped_is_sent_again(relay: Relay) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    relay.chain.pool.clear()
    await relay.live(batch)
    assert relay.chain.landings(batch) == 1
    assert len(set(relay.chain.sends)) == 1


@scenario
async def test_a_lost_answer_is_looked_up_not_repeated(relay: Relay) -> None:
    relay.chain.lose_answers = True
    batch = await relay.certify()
    await relay.transmitter.step()
    assert [each.code for each in relay.transmitter.troubles()] == ["transaction_unanswered"]
    await relay.transmitter.step()
    assert len(relay.chain.sends) == 1
    relay.chain.mine()
    assert relay.chain.landings(batch) == 1


@scenario
async def test_a_lost_transaction_is_sent_again(relay: Relay) -> None:
    relay.chain.lose_answers = relay.chain.lose_transactions = True
    batch = await relay.certify()
    await relay.transmitter.step()
    relay.chain.lose_answers = relay.chain.lose_transactions = False
    await relay.live(batch)
    assert relay.chain.landings(batch) == 1


@scenario
async def test_a_base_fee_twenty_times_as_high_is_met(relay: Relay) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    relay.chain.base_fee_wei *= 20
    await relay.live(batch, blocks=4)
    assert relay.chain.landings(batch) == 1
    (mined,) = [
        each for each in await relay.transactions() if each.status is TransactionStatus.MINED
    ]
    assert mined.replaces is not None
    assert RawTransaction.decode(mined.raw).max_fee_wei >= relay.chain.base_fee_wei


@scenario
async def test_a_base_fee_above_the_cap_is_waited_for_and_said(relay: Relay) -> None:
    relay.chain.base_fee_wei = POLICY.max_fee_cap_wei + 1
    batch = await relay.certify()
    await relay.live(batch, blocks=3)
    assert await relay.transactions() == []
    assert {each.code for each in relay.transmitter.troubles()} == {"fee_cap_reached"}
    relay.chain.base_fee_wei = 10**9
    await relay.live(batch)
    assert relay.chain.landings(batch) == 1
    assert relay.transmitter.troubles() == ()


@scenario
async def test_whoever_cannot_pay_is_passed_over_and_named(relay: Relay) -> None:
    for number in (1, 2):
        poor = relay.keys[number % 2].address
        relay.chain.balances.update({each.address: RICH for each in relay.keys})
        relay.chain.balances[poor] = 0
        batch = await relay.certify(number)
        await relay.live(batch)
        assert relay.chain.landings(batch) == 1
    troubled = {each.code for each in relay.transmitter.troubles()}
    assert troubled <= {"submitter_unfunded"}


@scenario
async def test_a_submitter_that_runs_dry_after_signing_leaves_its_batch_to_another(
    relay: Relay,
) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    relay.chain.pool.clear()
    relay.chain.balances[sent.submitter] = 0
    await relay.live(batch, blocks=2)
    assert relay.chain.landings(batch) == 1


@scenario
async def test_nobody_can_pay(relay: Relay) -> None:
    relay.chain.balances.clear()
    batch = await relay.certify()
    await relay.transmitter.step()
    assert {each.code for each in relay.transmitter.troubles()} == {"submitter_unfunded"}
    assert await relay.transactions() == []
    relay.chain.balances[relay.keys[1].address] = RICH
    await relay.live(batch)
    assert relay.chain.landings(batch) == 1


@scenario
async def test_what_another_has_landed_is_not_sent(relay: Relay) -> None:
    batch = await relay.certify()
    relay.chain.land_elsewhere(batch)
    await relay.live(batch, blocks=3)
    assert relay.chain.sends == []


@scenario
async def test_what_another_has_landed_gets_no_higher_offer(relay: Relay) -> None:
    """Even before the journal says so: trying it says enough."""
    relay.chain.capacity = 0
    batch = await relay.certify()
    await relay.transmitter.step()
    relay.chain.land_elsewhere(batch)
    relay.chain.mine(4)
    await relay.transmitter.step()
    assert len(relay.chain.sends) == len(await relay.transactions()) == 1


@scenario
async def test_a_slot_whose_batch_landed_elsewhere_is_used_for_the_next(relay: Relay) -> None:
    relay.chain.capacity = 0
    first = await relay.certify(1)
    await relay.transmitter.step()
    (waiting,) = await relay.transactions()
    relay.chain.land_elsewhere(first)
    await relay.follow(first)
    second = await relay.certify(3)
    await relay.transmitter.step()
    newest = (await relay.transactions())[-1]
    assert (newest.replaces, newest.nonce) == (waiting.transaction_hash, waiting.nonce)
    relay.chain.capacity = 9
    await relay.live(first, second)
    assert relay.chain.landings(second) == 1
    assert all(reason is None for body in relay.chain.bodies for _, reason in body)


@scenario
async def test_a_slot_that_nobody_needs_is_used_up(relay: Relay) -> None:
    relay.chain.capacity = 0
    batch = await relay.certify()
    await relay.transmitter.step()
    relay.chain.land_elsewhere(batch)
    await relay.live(batch, blocks=3)
    (filler,) = [each for each in await relay.transactions() if each.batch_hash is None]
    terms = RawTransaction.decode(filler.raw)
    assert (terms.to, terms.value_wei, terms.data) == (filler.submitter, 0, b"")
    relay.chain.capacity = 9
    await relay.live(batch, blocks=2 * DEPTH)
    assert await relay.transactions() == []
    assert all(reason is None for body in relay.chain.bodies for _, reason in body)


@scenario
async def test_a_nonce_that_somebody_else_has_used_is_lost_and_the_batch_lands(
    relay: Relay,
) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    signer = next(each for each in relay.keys if each.address == sent.submitter)
    relay.chain.pool.clear()
    foreign = RawTransaction(31_337, sent.nonce, 10**9, 10**11, GAS, bytes(20), 0, b"")
    relay.chain.send(signer.sign(foreign))
    await relay.live(batch, blocks=2 * DEPTH)
    assert relay.chain.landings(batch) == 1
    lost = await relay.store.transaction(sent.transaction_hash)
    assert lost is not None
    assert lost.status is TransactionStatus.LOST


@scenario
async def test_a_gap_below_a_transaction_is_filled(relay: Relay) -> None:
    """Somebody used the key, we counted on it, and a reorganisation took that away."""
    signer = relay.keys[1]
    foreign = RawTransaction(31_337, 0, 10**9, 10**11, GAS, bytes(20), 0, b"")
    relay.chain.send(signer.sign(foreign))
    relay.chain.mine()
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    assert (sent.submitter, sent.nonce) == (signer.address, 1)
    relay.chain.reorganise(1, dropping=True)
    await relay.live(batch, blocks=2)
    assert relay.chain.landings(batch) == 1


@scenario
async def test_reorganisations_move_transactions_back_and_land_them_again(relay: Relay) -> None:
    for number, (depth, dropping) in enumerate([(1, False), (2, True), (DEPTH, True)], 1):
        batch = await relay.certify(number)
        await relay.live(batch)
        await relay.live(batch, blocks=depth - 1)
        relay.chain.reorganise(depth, dropping=dropping)
        await relay.follow(batch)
        await relay.live(batch, blocks=3)
        assert relay.chain.landings(batch) == 1
        await relay.live(batch, blocks=DEPTH + 1)
        assert await relay.transactions() == []


@scenario
async def test_a_late_receipt_changes_nothing(relay: Relay) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    relay.chain.lied[sent.transaction_hash] = None
    await relay.live(batch, blocks=DEPTH - 1)
    assert len(relay.chain.sends) == 1
    relay.chain.lied.clear()
    await relay.live(batch, blocks=DEPTH + 1)
    final = await relay.store.transaction(sent.transaction_hash)
    assert final is not None
    assert final.status is TransactionStatus.FINAL


@scenario
async def test_wrong_receipts_are_not_believed(relay: Relay) -> None:
    relay.chain.capacity = 0
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    relay.chain.capacity = 9
    other = await relay.certify(7)
    await relay.transmitter.step()
    relay.chain.mine()
    real = relay.chain.receipt(sent.transaction_hash)
    assert real is not None
    relay.chain.reorganise(1, dropping=True)
    present = relay.chain.blocks[-1]
    wrongs = [
        replace(real, block_hash=bytes(32)),
        replace(real, block_number=99),
        replace(
            real,
            transaction_hash=bytes(32),
            block_number=present.number,
            block_hash=present.hash,
        ),
    ]
    for wrong in wrongs:
        relay.chain.lied[sent.transaction_hash] = wrong
        await relay.transmitter.step()
        stored = await relay.store.transaction(sent.transaction_hash)
        assert stored is not None
        assert stored.status is TransactionStatus.PENDING
    relay.chain.lied.clear()
    await relay.live(batch, other, blocks=2)
    assert relay.chain.landings(batch) == relay.chain.landings(other) == 1


@scenario
async def test_a_forged_receipt_of_a_real_block_delays_but_does_not_stop(relay: Relay) -> None:
    batch = await relay.certify()
    await relay.transmitter.step()
    (sent,) = await relay.transactions()
    relay.chain.pool.clear()
    relay.chain.mine()
    await relay.transmitter.step()
    relay.chain.mine()
    real = relay.chain.receipt(sent.transaction_hash)
    assert real is not None
    relay.chain.reorganise(1, dropping=True)
    block = relay.chain.blocks[-1]
    relay.chain.lied[sent.transaction_hash] = replace(
        real, block_number=block.number, block_hash=block.hash
    )
    await relay.live(batch, blocks=6)
    assert relay.chain.landings(batch) == 1


@pytest.mark.parametrize("method", ["block", "nonce", "receipt", "call", "estimate_gas"])
def test_an_absent_node_is_an_error_and_the_next_step_goes_on(tmp_path: Path, method: str) -> None:
    @scenario
    async def test(relay: Relay) -> None:
        batch = await relay.certify()
        if method == "receipt":
            await relay.transmitter.step()
        relay.chain.faults[method] = [Unavailable("node_unavailable", "gone")]
        with pytest.raises(Unavailable):
            await relay.transmitter.step()
        await relay.live(batch)
        assert relay.chain.landings(batch) == 1

    test(tmp_path)


def test_two_relays_leave_each_other_time_and_land_once(tmp_path: Path) -> None:
    @scenario
    async def test(first: Relay) -> None:
        second = new_relay(first.chain, first.store, slice(2, 3))
        batch = await first.certify()
        await second.transmitter.step()
        assert first.chain.sends == []
        await first.transmitter.step()
        await second.transmitter.step()
        assert len(first.chain.sends) == 1
        first.chain.capacity = 0
        first.chain.mine(2)
        await second.transmitter.step()
        assert len(first.chain.sends) == 1
        first.chain.capacity = 9
        await first.live(batch)
        assert first.chain.landings(batch) == 1

    test(tmp_path)


def test_a_batch_whose_relay_has_died_is_landed_by_another(tmp_path: Path) -> None:
    @scenario
    async def test(first: Relay) -> None:
        second = new_relay(first.chain, first.store, slice(2, 3))
        silent = await first.certify(1)
        await second.live(silent, blocks=4)
        assert first.chain.landings(silent) == 1
        half_done = await first.certify(2)
        await first.transmitter.step()
        first.chain.pool.clear()
        await second.live(half_done, blocks=8)
        assert first.chain.landings(half_done) == 1
        await second.live(half_done, blocks=DEPTH + 1)
        open_now = await first.transactions()
        assert {each.submitter for each in open_now} <= {each.address for each in first.keys}

    test(tmp_path)


def test_a_relay_without_keys_lands_nothing_and_does_not_mind(tmp_path: Path) -> None:
    @scenario
    async def test(first: Relay) -> None:
        watcher = new_relay(first.chain, first.store, slice(0, 0))
        await watcher.certify()
        await watcher.live(blocks=5)
        assert first.chain.sends == []
        assert watcher.transmitter.troubles() == ()

    test(tmp_path)
