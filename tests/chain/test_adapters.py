"""All adapters keep one contract: the same tests on the embedded chain, on a real node, and on
the embedded chain behind its own JSON-RPC server."""

from collections.abc import Callable, Iterator

import pytest
import sha3
from compiled import artifact_of
from http_server import rpc_server

from offbeat.chain import AnvilChain, Contract, EmbeddedChain, Sender, wait_for_receipt
from offbeat.core import ChainError, InvalidInput, OutcomeUnknown
from offbeat.core.ports import DevChain

NEW_ACCOUNT = bytes(range(20))


@pytest.fixture(scope="module")
def served_node() -> Iterator[AnvilChain]:
    with rpc_server(EmbeddedChain()) as url:
        node = AnvilChain(url)
        node.stop_clock()
        yield node


@pytest.fixture
def served(served_node: AnvilChain) -> Iterator[AnvilChain]:
    snapshot = served_node.snapshot()
    yield served_node
    served_node.restore(snapshot)


@pytest.fixture(params=["embedded", "served", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> DevChain:
    kind: DevChain = request.getfixturevalue(request.param)
    return kind


@pytest.fixture
def deployer(new_sender: Callable[[str], Sender]) -> Sender:
    return new_sender("deployer")


@pytest.fixture
def probe(deployer: Sender) -> Contract:
    return Contract.deploy(deployer, artifact_of("Probe"), 7)


def test_deployed_code_has_the_size_that_the_artifact_states(
    chain: DevChain, probe: Contract
) -> None:
    assert len(chain.code(probe.address)) == artifact_of("Probe").deployed_bytes
    assert chain.code(NEW_ACCOUNT) == b""


def test_constructor_arguments_and_storage(chain: DevChain, probe: Contract) -> None:
    assert probe.read("START") == 7
    assert chain.storage(probe.address, 0) == 7
    assert chain.storage(probe.address, 1) == 0


def test_constructor_revert_names_its_reason(deployer: Sender) -> None:
    with pytest.raises(ChainError) as refusal:
        Contract.deploy(deployer, artifact_of("Probe"), 0)
    assert refusal.value.code == "start_invalid"


def test_transaction_leaves_receipt_log_and_calldata(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    receipt = probe.write(deployer, "note", 8)
    assert receipt.reverted is None
    assert receipt.created is None
    assert receipt.block_number == chain.block().number
    assert receipt.block_hash == chain.block().hash
    transaction = chain.transaction(receipt.transaction_hash)
    assert transaction is not None
    assert (transaction.sender, transaction.to) == (deployer.address, probe.address)
    assert transaction.block_number == receipt.block_number
    assert probe.abi.decode_call(transaction.data) == ("note", (8,))
    (event,) = probe.events(receipt.logs)
    assert event.name == "Noted"
    assert event.values == {
        "who": deployer.address,
        "word": sha3.keccak_256((8).to_bytes(32, "big")).digest(),
        "value": 8,
    }


def test_logs_come_from_the_asked_blocks_and_contract_only(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    other = Contract.deploy(deployer, artifact_of("Probe"), 7)
    blocks = [probe.write(deployer, "note", number).block_number for number in (1, 2, 3)]
    other.write(deployer, "note", 9)
    logs = chain.logs(probe.address, blocks[1], chain.block().number)
    assert [event.values["value"] for event in probe.events(logs)] == [2, 3]
    assert probe.events(logs, "Other") == ()
    assert chain.logs(probe.address, 0, blocks[0] - 1) == ()


def test_call_reverts_with_the_contract_s_word(probe: Contract) -> None:
    assert probe.read("note", 8) is None
    with pytest.raises(ChainError) as refusal:
        probe.read("note", 7)
    assert refusal.value.code == "value_same"


@pytest.mark.parametrize(
    ("prose", "message"), [(True, "reverted: This is a sentence."), (False, "reverted")]
)
def test_revert_without_a_code(probe: Contract, prose: bool, message: str) -> None:
    with pytest.raises(ChainError) as refusal:
        probe.read("fail", prose)
    assert refusal.value.code == "reverted"
    assert message in refusal.value.message


def test_mined_failure_keeps_its_reason_and_changes_nothing(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    receipt = deployer.transact(probe.address, probe.abi.encode_call("note", 7), gas_limit=200_000)
    assert receipt.reverted == "value_same"
    assert receipt.logs == ()
    assert chain.nonce(deployer.address) == 2
    assert probe.read("value") == 7


def test_mined_failure_by_time_is_explained_at_its_own_block(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    deadline = chain.block().timestamp_seconds + 100
    chain.set_time(deadline)
    probe.write(deployer, "note_before", deadline, 8, gas_limit=200_000)
    chain.set_time(deadline + 1)
    receipt = deployer.transact(
        probe.address, probe.abi.encode_call("note_before", deadline, 9), gas_limit=200_000
    )
    chain.mine(3)
    late = chain.receipt(receipt.transaction_hash)
    assert late is not None
    assert (receipt.reverted, late.reverted) == ("expired", "expired")
    assert probe.read("value") == 8


def test_running_out_of_gas_is_told_apart(deployer: Sender, probe: Contract) -> None:
    data = probe.abi.encode_call("spend")
    receipt = deployer.transact(probe.address, data, gas_limit=100_000)
    assert receipt.reverted == "out_of_gas"
    assert receipt.gas_used == 100_000


def test_estimate_refuses_what_would_revert(deployer: Sender, probe: Contract) -> None:
    with pytest.raises(ChainError) as refusal:
        probe.write(deployer, "note", 7)
    assert refusal.value.code == "value_same"
    assert probe.write(deployer, "note", 8).reverted is None


def test_time_is_the_caller_s(chain: DevChain, deployer: Sender, probe: Contract) -> None:
    start = chain.block().timestamp_seconds
    chain.set_time(start + 1_000)
    assert chain.block().timestamp_seconds == start
    receipt = probe.write(deployer, "note", 8)
    assert chain.block(receipt.block_number).timestamp_seconds == start + 1_000
    chain.mine(2)
    assert chain.block().timestamp_seconds == start + 1_002
    assert probe.read("where")[2] == start + 1_002
    with pytest.raises(ChainError) as refusal:
        chain.set_time(start + 1_002)
    assert refusal.value.code == "time_backwards"


def test_past_blocks_answer_as_they_were(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    before = chain.block()
    probe.write(deployer, "note", 8)
    assert probe.read("value", block=before.number) == 7
    assert probe.read("value") == 8
    assert probe.read("where", block=before.number) == (
        chain.chain_id,
        before.number,
        before.timestamp_seconds,
        bytes(20),
    )
    assert chain.block().parent_hash == before.hash
    with pytest.raises(ChainError) as refusal:
        chain.block(chain.block().number + 1)
    assert refusal.value.code == "block_unknown"


def test_transactions_are_counted_as_of_a_block(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    before = chain.block().number
    probe.write(deployer, "note", 8)
    assert chain.nonce(deployer.address, before) == 1
    assert chain.nonce(deployer.address, before + 1) == 2 == chain.nonce(deployer.address)


def test_calls_carry_their_sender(probe: Contract) -> None:
    assert probe.read("where", sender=NEW_ACCOUNT)[3] == NEW_ACCOUNT


def test_structs_arrays_and_strings_travel_both_ways(probe: Contract) -> None:
    pairs = [(NEW_ACCOUNT, 5), (bytes(20), -6)]
    assert probe.read("swap", pairs[0], pairs) == ((NEW_ACCOUNT, -5), tuple(pairs), "swapped")


def test_overloads_are_told_apart_by_their_arguments(probe: Contract) -> None:
    assert (probe.read("add", 2), probe.read("add", 2, 3)) == (3, 5)
    with pytest.raises(InvalidInput) as refusal:
        probe.read("add", 1, 2, 3)
    assert refusal.value.code == "abi_mismatch"
    with pytest.raises(InvalidInput):
        probe.read("add", -1)


def test_value_moves_and_balances_tell(chain: DevChain, deployer: Sender) -> None:
    before = chain.balance(deployer.address)
    receipt = deployer.transact(NEW_ACCOUNT, b"", value_wei=5, gas_limit=21_000)
    assert receipt.gas_used == 21_000
    assert chain.balance(NEW_ACCOUNT) == 5
    assert chain.balance(deployer.address) == before - 5 - 21_000 * receipt.gas_price_wei


def test_sending_twice_is_harmless(
    chain: DevChain, deployer: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    send = chain.send
    monkeypatch.setattr(chain, "send", lambda raw: (sent.append(raw), send(raw))[1])
    transaction_hash = deployer.submit(NEW_ACCOUNT, b"", value_wei=1, gas_limit=21_000)
    assert wait_for_receipt(chain, transaction_hash, 5).reverted is None
    assert send(sent[0]) == transaction_hash
    assert chain.balance(NEW_ACCOUNT) == 1


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\x02\xc0", b"\xff" * 40])
def test_garbage_is_refused(chain: DevChain, raw: bytes) -> None:
    with pytest.raises(ChainError) as refusal:
        chain.send(raw)
    assert refusal.value.code == "transaction_refused"


def test_refused_transaction_gives_its_number_back(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    with pytest.raises(ChainError) as refusal:
        deployer.submit(NEW_ACCOUNT, b"", gas_limit=20_999)
    assert refusal.value.code == "transaction_refused"
    assert probe.write(deployer, "note", 8).reverted is None


def test_unknown_hashes_are_none(chain: DevChain) -> None:
    assert chain.transaction(bytes(32)) is None
    assert chain.receipt(bytes(32)) is None
    with pytest.raises(OutcomeUnknown) as unknown:
        wait_for_receipt(chain, bytes(32), 0)
    assert unknown.value.code == "receipt_timeout"


def test_restore_forgets_what_came_after(
    chain: DevChain, deployer: Sender, probe: Contract
) -> None:
    before = chain.block()
    snapshot = chain.snapshot()
    receipt = probe.write(deployer, "note", 8)
    chain.restore(snapshot)
    assert chain.block() == before
    assert chain.receipt(receipt.transaction_hash) is None
    assert chain.logs(probe.address, 0, before.number + 1) == ()
    assert probe.read("value") == 7
    with pytest.raises(ChainError) as refusal:
        chain.restore(snapshot)
    assert refusal.value.code == "snapshot_unknown"
