"""History from logs and calldata alone, on a chain where everything has happened once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from doctored import doctored
from people import ALICE, BOB, LANDER, OPERATOR
from story import GENESIS, UNIT, certify, new_world, tell
from world import World

from offbeat.chain import AnvilChain, history, read_acts, read_facts, read_rules
from offbeat.core import ChainError, Unavailable
from offbeat.core.ports import Chain, Log, Transaction
from offbeat.reconciliation import check, rebuild
from offbeat.relay import Builder, Moment
from offbeat.wire import (
    Act,
    BatchLanded,
    Deposited,
    Granted,
    Owed,
    Paid,
    SettlementPricePosted,
    UnderlyingRegistered,
)


@pytest.fixture(scope="module")
def told() -> World:
    world = new_world()
    tell(world)
    return world


@pytest.fixture(scope="module")
def acts(told: World) -> list[Act]:
    return list(read_acts(told.chain, told.deployment))


def test_every_kind_of_act_is_there_in_the_order_of_the_chain(acts: list[Act]) -> None:
    kinds = [type(act).__name__ for act in acts]
    in_batches = (BatchLanded, Owed, Paid)
    outside = (UnderlyingRegistered, Deposited, Granted, SettlementPricePosted)
    assert set(kinds) == {each.__name__ for each in (*in_batches, *outside)}
    assert [act.place for act in acts] == sorted(act.place for act in acts)


def test_cash_is_no_underlying(acts: list[Act]) -> None:
    symbols = [act.symbol for act in acts if isinstance(act, UnderlyingRegistered)]
    assert symbols == ["BTC", "ETH", "SOL"]


def test_a_grant_that_a_batch_makes_is_left_to_the_batch(acts: list[Act], told: World) -> None:
    grants = {(act.owner, act.key) for act in acts if isinstance(act, Granted)}
    assert len(grants) == 1
    assert len(told.state.grants) == 2


def test_a_batch_comes_with_what_its_transaction_says(acts: list[Act], told: World) -> None:
    batches = [act for act in acts if isinstance(act, BatchLanded)]
    assert [batch.number for batch in batches] == [1, 2, 3, 4]
    assert batches[-1].payload_hash == told.state.head
    for batch in batches:
        receipt = told.chain.receipt(batch.place.transaction_hash)
        block = told.chain.block(batch.place.block_number)
        assert receipt is not None
        assert batch.gas_used == receipt.gas_used
        assert batch.block_time_seconds == block.timestamp_seconds
        assert batch.lander == LANDER.address


@pytest.mark.parametrize("page_blocks", [1, 2, 7])
def test_pages_do_not_show(
    told: World, acts: list[Act], page_blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE_BLOCKS", page_blocks)
    assert list(read_acts(told.chain, told.deployment)) == acts


def test_a_range_is_what_lies_in_it(told: World, acts: list[Act]) -> None:
    middle = acts[len(acts) // 2].place.block_number
    before = list(read_acts(told.chain, told.deployment, last_block=middle))
    after = list(read_acts(told.chain, told.deployment, first_block=middle + 1))
    assert before + after == acts
    assert list(read_acts(told.chain, told.deployment, middle + 1, middle)) == []


def _doctored_logs(chain: Chain, change: Callable[[tuple[Log, ...]], tuple[Log, ...]]) -> Chain:
    def logs(address: bytes, first_block: int, last_block: int) -> tuple[Log, ...]:
        return change(chain.logs(address, first_block, last_block))

    return doctored(chain, logs=logs)


def test_logs_may_come_in_any_order(told: World, acts: list[Act]) -> None:
    backwards = _doctored_logs(told.chain, lambda logs: logs[::-1])
    assert list(read_acts(backwards, told.deployment)) == acts


def test_a_grant_behind_the_batch_in_its_transaction_is_nobody_elses(
    told: World, acts: list[Act]
) -> None:
    """A token that is being paid out may act on its own account."""

    def moved_behind(logs: tuple[Log, ...]) -> tuple[Log, ...]:
        return tuple(
            replace(log, index=log.index + 9)
            if log.address == told.authority.address
            and log.index == 0
            and log.transaction_hash == last_grant
            else log
            for log in logs
        )

    batches = {act.place.transaction_hash for act in acts if isinstance(act, BatchLanded)}
    authority_logs = told.chain.logs(told.authority.address, 0, told.chain.block().number)
    (last_grant,) = {log.transaction_hash for log in authority_logs} & batches
    read = read_acts(_doctored_logs(told.chain, moved_behind), told.deployment)
    assert sum(isinstance(act, Granted) for act in read) == 2


# What a lander or a node may do to us


@pytest.fixture
def bare_batch(told: World) -> bytes:
    """Calldata of a batch with nothing but a credit in it."""
    moment = Moment(told.now, told.now + 300, None)
    built = Builder(told.state, moment, 0).build(())
    return told.calldata(certify(told, built, None))


@pytest.mark.parametrize("offset", [1 << 64, (1 << 256) - 32])
@pytest.mark.parametrize("argument", [2, 3])
def test_a_lander_cannot_hide_a_batch_behind_wild_offsets(
    told: World, bare_batch: bytes, argument: int, offset: int
) -> None:
    at = 4 + 32 * argument
    wild = bare_batch[:at] + offset.to_bytes(32) + bare_batch[at + 32 :]
    with told.sandbox():
        receipt = told.transact(LANDER, told.settlement.address, wild)
        assert receipt.reverted is None
        state = rebuild(
            read_rules(told.chain, told.deployment), read_acts(told.chain, told.deployment)
        )
        assert state.number == told.state.number + 1


def test_a_lander_cannot_hide_a_batch_behind_dirty_padding(told: World, bare_batch: bytes) -> None:
    end = 4 + int.from_bytes(bare_batch[4 + 32 : 4 + 64]) + 32 + 2 * 65
    assert bare_batch[end : end + 30] == bytes(30)
    with told.sandbox():
        dirty = bare_batch[:end] + b"\xff" * 30 + bare_batch[end + 30 :]
        assert told.transact(LANDER, told.settlement.address, dirty).reverted is None
        *_, last = read_acts(told.chain, told.deployment)
        assert isinstance(last, BatchLanded)
        assert last.number == told.state.number + 1


def _doctored_transaction(chain: Chain, **changes: Any) -> Chain:
    def transaction(transaction_hash: bytes) -> Transaction | None:
        found = chain.transaction(transaction_hash)
        return found and replace(found, **changes)

    return doctored(chain, transaction=transaction)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": b"\xaa" * 20}, "batch_not_in_calldata"),
        ({"to": None}, "batch_not_in_calldata"),
        ({"data": b"\0" * 4}, "batch_unreadable"),
    ],
)
def test_a_batch_that_nobody_can_read_is_an_error(
    told: World, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ChainError) as refusal:
        list(read_acts(_doctored_transaction(told.chain, **changes), told.deployment))
    assert refusal.value.code == code


@pytest.mark.parametrize("method", ["transaction", "receipt"])
def test_a_batch_that_disappears_means_that_the_chain_has_moved(told: World, method: str) -> None:
    forgetful = doctored(told.chain, **{method: lambda _: None})
    with pytest.raises(Unavailable) as refusal:
        list(read_acts(forgetful, told.deployment))
    assert refusal.value.code == "chain_moved"
    assert refusal.value.retryable


@pytest.mark.anvil
def test_a_real_node_tells_the_same_story(anvil: AnvilChain) -> None:
    """At the end a deposit, a batch and a deposit stand in one block."""
    anvil.set_time(GENESIS)
    world = World(anvil)
    tell(world)
    moment = Moment(world.now, world.now + 300, None)
    built = Builder(world.state, moment, 0, touched=frozenset({ALICE.account()})).build(())
    deposit = world.vault.abi.encode_call("deposit", b"USDC", BOB.address, 0, UNIT)
    calls = (
        (OPERATOR, world.vault.address, deposit),
        (LANDER, world.settlement.address, world.calldata(certify(world, built, None))),
        (OPERATOR, world.vault.address, deposit),
    )
    with _one_block(anvil):
        for person, to, data in calls:
            world.sender(person).submit(to, data, gas_limit=3_000_000)
    *_, first, second, third = read_acts(anvil, world.deployment)
    assert len({act.place.block_number for act in (first, second, third)}) == 1
    assert {type(act) for act in (first, second, third)} == {Deposited, BatchLanded}
    state = rebuild(read_rules(anvil, world.deployment), read_acts(anvil, world.deployment))
    assert state.number == world.state.number + 1
    assert check(state, read_facts(anvil, world.deployment, state)) == ()


@contextmanager
def _one_block(anvil: AnvilChain) -> Iterator[None]:
    """Everything that is sent inside is mined together at the end."""
    anvil._rpc.ask(lambda _: None, "evm_setAutomine", False)
    try:
        yield
        anvil.mine()
    finally:
        anvil._rpc.ask(lambda _: None, "evm_setAutomine", True)
