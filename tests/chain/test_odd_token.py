"""The odd tokens are as odd as they say: tests elsewhere rely on it."""

import pytest
import sha3
from compiled import artifact_of

from offbeat.chain import Contract, EmbeddedChain, Sender
from offbeat.core import ChainError

HOLDER = bytes([1]) * 20
SILENT, REFUSING, GREEDY, BURNING, REENTRANT = (1 << bit for bit in range(5))


@pytest.fixture
def owner(embedded: EmbeddedChain) -> Sender:
    sender = Sender(embedded, sha3.keccak_256(b"owner").digest())
    embedded.fund(sender.address, 10**20)
    return sender


def odd_token(owner: Sender, manner: int) -> Contract:
    token = Contract.deploy(owner, artifact_of("OddToken"), "ODD", 18, manner)
    token.write(owner, "mint", owner.address, 1_000)
    return token


@pytest.mark.parametrize(
    ("manner", "answer", "received"),
    [
        (0, (1).to_bytes(32, "big"), 500),
        (SILENT, b"", 500),
        (REFUSING, bytes(32), 0),
        (GREEDY, (1).to_bytes(32, "big"), 495),
    ],
)
def test_what_a_transfer_returns_and_delivers(
    owner: Sender, manner: int, answer: bytes, received: int
) -> None:
    token = odd_token(owner, manner)
    data = token.abi.encode_call("transfer", HOLDER, 500)
    assert owner.chain.call(token.address, data, sender=owner.address) == answer
    assert owner.transact(token.address, data).reverted is None
    assert token.read("balanceOf", HOLDER) == received


def test_blocked_accounts_can_neither_pay_nor_be_paid(owner: Sender) -> None:
    token = odd_token(owner, 0)
    for blocked in (HOLDER, owner.address):
        token.write(owner, "set_blocked", blocked, True)
        with pytest.raises(ChainError) as refusal:
            token.write(owner, "transfer", HOLDER, 1)
        assert refusal.value.code == "blocked"
        token.write(owner, "set_blocked", blocked, False)
    token.write(owner, "transfer", HOLDER, 1)


def test_burning_leaves_no_gas(owner: Sender) -> None:
    token = odd_token(owner, BURNING)
    receipt = owner.transact(
        token.address, token.abi.encode_call("transfer", HOLDER, 1), gas_limit=300_000
    )
    assert (receipt.reverted, receipt.gas_used) == ("out_of_gas", 300_000)


def test_reentry_happens_before_the_move(owner: Sender) -> None:
    token = odd_token(owner, REENTRANT)
    message = token.abi.encode_call("mint", HOLDER, 7)
    token.write(owner, "set_reentry", token.address, message)
    receipt = token.write(owner, "transfer", HOLDER, 1)
    assert [event.name for event in token.events(receipt.logs)] == [
        "Transfer",
        "Reentered",
        "Transfer",
    ]
    assert token.read("balanceOf", HOLDER) == 8


def test_allowances_bind(owner: Sender) -> None:
    token = odd_token(owner, 0)
    with pytest.raises(ChainError) as refusal:
        token.write(owner, "transferFrom", owner.address, HOLDER, 10)
    assert refusal.value.code == "allowance_short"
    token.write(owner, "approve", owner.address, 10)
    token.write(owner, "transferFrom", owner.address, HOLDER, 10)
    assert token.read("balanceOf", HOLDER) == 10
