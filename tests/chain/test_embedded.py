"""What the embedded chain promises beyond the port: a real node's gas, and no surprises."""

import subprocess
import sys

import pytest
import sha3
from compiled import artifact_of

from offbeat.chain import AnvilChain, Contract, EmbeddedChain, Sender, load_artifact
from offbeat.core import ChainError
from offbeat.core.ports import DevChain, Receipt

HOLDER, RECEIVER = bytes([1]) * 20, bytes([2]) * 20


def everyday_life(chain: DevChain) -> list[Receipt]:
    """Creations, cold and warm slots, refunds, reverts, and calldata that meets its floor."""
    sender = Sender(chain, sha3.keccak_256(b"deployer").digest())
    chain.fund(sender.address, 10**20)
    token = Contract.deploy(sender, load_artifact("DevToken"), "USDC", 6)
    probe = Contract.deploy(sender, artifact_of("Probe"), 7)
    calls = [
        (token, "mint", sender.address, 1_000),
        (token, "transfer", HOLDER, 400),
        (token, "transfer", HOLDER, 100),
        (token, "transfer", RECEIVER, 500),
        (token, "transfer", RECEIVER, 1),
        (token, "approve", RECEIVER, 5),
        (token, "approve", RECEIVER, 0),
        (probe, "note", 8),
        (probe, "note", 8),
        (probe, "spend"),
    ]
    receipts = [
        sender.transact(contract.address, contract.abi.encode_call(*call), gas_limit=200_000)
        for contract, *call in calls
    ]
    receipts.append(sender.transact(HOLDER, b"\x01" * 5_000, gas_limit=300_000))
    return receipts


@pytest.mark.anvil
def test_gas_and_outcomes_equal_a_real_node_s(embedded: EmbeddedChain, anvil: AnvilChain) -> None:
    ours, theirs = everyday_life(embedded), everyday_life(anvil)
    assert [each.gas_used for each in ours] == [each.gas_used for each in theirs]
    assert [each.reverted for each in ours] == [each.reverted for each in theirs]
    assert {each.reverted for each in ours} == {None, "balance_short", "value_same", "out_of_gas"}


def test_the_same_story_makes_the_same_blocks() -> None:
    stories = [EmbeddedChain(), EmbeddedChain()]
    receipts = [everyday_life(chain) for chain in stories]
    assert receipts[0] == receipts[1]
    assert stories[0].block() == stories[1].block()


def test_a_rewritten_past_runs_as_if_nothing_had_been_there(embedded: EmbeddedChain) -> None:
    snapshot = embedded.snapshot()
    first = everyday_life(embedded)
    embedded.restore(snapshot)
    assert everyday_life(embedded) == first


def test_mainnet_s_cap_on_a_transaction_s_gas_holds(embedded: EmbeddedChain) -> None:
    sender = Sender(embedded, sha3.keccak_256(b"deployer").digest())
    embedded.fund(sender.address, 10**20)
    with pytest.raises(ChainError) as refusal:
        sender.submit(HOLDER, b"", gas_limit=2**24 + 1)
    assert refusal.value.code == "transaction_refused"
    assert sender.transact(HOLDER, b"", gas_limit=2**24).reverted is None


def test_funding_adds_up(embedded: EmbeddedChain) -> None:
    embedded.fund(HOLDER, 10**18)
    embedded.fund(HOLDER, 5 * 10**9)
    assert embedded.balance(HOLDER) == 10**18 + 5 * 10**9


@pytest.mark.parametrize("reader", ["json.loads", "msgspec.json.decode"])
def test_beside_the_chain_nested_json_is_an_error_and_not_the_end(reader: str) -> None:
    module = reader.rpartition(".")[0]
    program = f"import {module}, offbeat.chain.pyevm; {reader}('[' * 10**6)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "RecursionError" in done.stderr
