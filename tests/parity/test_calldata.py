"""What only a transaction can get wrong: its calldata, and who sends it."""

from collections.abc import Callable

import pytest
from compiled import artifact_of
from eth_account import Account
from founding import Manner
from people import LANDER, OPERATOR, STRANGER, Person
from showcase import Showcase
from world import World

from offbeat.chain import Contract, wait_for_receipt
from offbeat.core import Reason
from offbeat.rulebook import Applied
from offbeat.wire import decode_settle

WORD = 32
HEAD_BYTES = 4 + 4 * WORD
"""Selector and four offsets. The compiler's own check refuses a shorter call, without a word."""


@pytest.fixture
def calldata(showcase: Showcase) -> bytes:
    """A call that lands, if nothing is done to it."""
    return showcase.world.calldata(showcase.draft().submission())


def refusal(world: World, data: bytes) -> str | None:
    """How the contract answers; a refusal must change nothing."""
    receipt = world.transact(LANDER, world.settlement.address, data)
    if receipt.reverted is not None:
        world.assert_same()
    return receipt.reverted


def test_the_exact_call_lands(world: World, calldata: bytes) -> None:
    assert refusal(world, calldata) is None


@pytest.mark.parametrize("keep", ["all but a byte", "all but a word", "half", "offsets only"])
def test_truncated(world: World, calldata: bytes, keep: str) -> None:
    lengths = {"all but a byte": -1, "all but a word": -WORD, "half": len(calldata) // 2}
    cut = calldata[: lengths.get(keep, HEAD_BYTES)]
    assert refusal(world, cut) == Reason.CALLDATA_LENGTH


def test_truncated_anywhere(world: World, calldata: bytes) -> None:
    """The EVM reads zeros past the end: no cut may pass for a shorter batch."""
    for length in range(HEAD_BYTES, len(calldata), 3 * WORD):
        receipt = world.transact(LANDER, world.settlement.address, calldata[:length])
        assert receipt.reverted == Reason.CALLDATA_LENGTH
    for length in range(0, HEAD_BYTES, WORD):
        receipt = world.transact(LANDER, world.settlement.address, calldata[:length])
        assert receipt.reverted == "reverted"
    world.assert_same()


@pytest.mark.parametrize("more", [1, WORD, 1_000])
def test_overlong(world: World, calldata: bytes, more: int) -> None:
    assert refusal(world, calldata + bytes(more)) == Reason.CALLDATA_LENGTH


@pytest.mark.parametrize("argument", range(4))
def test_an_argument_that_claims_to_be_longer(world: World, calldata: bytes, argument: int) -> None:
    at = 4 + int.from_bytes(calldata[4 + argument * WORD :][:WORD])
    length = int.from_bytes(calldata[at : at + WORD])
    data = calldata[:at] + (length + WORD).to_bytes(WORD) + calldata[at + WORD :]
    assert refusal(world, data) == Reason.CALLDATA_LENGTH


def _dirty_padding(data: bytes) -> bytes:
    """The certificate's 130 bytes end in 30 that mean nothing."""
    at = 4 + int.from_bytes(data[4 + WORD :][:WORD])
    end = at + WORD + int.from_bytes(data[at : at + WORD])
    return data[:end] + b"\xff" * (-end % WORD + 4) + data[end + -end % WORD + 4 :]


def _swapped(data: bytes) -> bytes:
    """Certificate and attestation, of one length, stand the other way round."""
    certificate, attestation = data[4 + WORD : 4 + 2 * WORD], data[4 + 2 * WORD : 4 + 3 * WORD]
    one, other = 4 + int.from_bytes(certificate), 4 + int.from_bytes(attestation)
    size = other - one
    moved = data[:one] + data[other : other + size] + data[one:other] + data[other + size :]
    return moved[: 4 + WORD] + attestation + certificate + moved[4 + 3 * WORD :]


@pytest.mark.parametrize("encode", [_dirty_padding, _swapped])
def test_what_lands_in_another_encoding_reads_the_same(
    showcase: Showcase, encode: Callable[[bytes], bytes]
) -> None:
    """Nobody can land a batch from whose calldata the records cannot be rebuilt."""
    submission = showcase.draft().submission()
    data = showcase.world.calldata(submission)
    other = encode(data)
    assert other != data
    assert refusal(showcase.world, other) is None
    assert decode_settle(other) == submission


# Who sends it ---------------------------------------------------------------------------------


def test_a_contract_cannot_land(showcase: Showcase) -> None:
    """The payload would stand in no transaction's calldata."""
    world = showcase.world
    data = world.calldata(showcase.empty(with_report=False).submission())
    caller = _caller(world, data)
    receipt = world.send(OPERATOR, caller, "transfer", STRANGER.address, 0)
    (event,) = caller.events(receipt.logs, "Reentered")
    assert event.values == {"success": False}
    world.assert_same()
    assert refusal(world, data) is None


def test_a_key_with_code_cannot_land(world: World, calldata: bytes) -> None:
    """EIP-7702 lets one address be a transaction's origin and the code that calls."""
    code = _caller(world, b"").address
    _set_code(world, LANDER, code)
    assert world.chain.code(LANDER.address) == bytes.fromhex("ef0100") + code
    assert refusal(world, calldata) == Reason.LANDER_CONTRACT
    _set_code(world, LANDER, bytes(20))
    assert refusal(world, calldata) is None


def _caller(world: World, message: bytes) -> Contract:
    """A contract that sends a message to the settlement when it is told to move nothing."""
    token = Contract.deploy(
        world.sender(OPERATOR), artifact_of("OddToken"), "X", 6, Manner.REENTRANT
    )
    token.write(world.sender(OPERATOR), "set_reentry", world.settlement.address, message)
    return token


def _set_code(world: World, person: Person, code: bytes) -> None:
    """Let a key delegate to code, or (to the zero address) to none."""
    chain, key = world.chain, person.key.secret
    nonce = chain.nonce(person.address)
    common = {"chainId": chain.chain_id}
    authorization = Account.sign_authorization(common | {"address": code, "nonce": nonce + 1}, key)
    transaction = common | {
        "type": 4,
        "nonce": nonce,
        "gas": 100_000,
        "maxFeePerGas": 2 * chain.block().base_fee_wei,
        "maxPriorityFeePerGas": 0,
        "to": person.address,
        "value": 0,
        "data": b"",
        "authorizationList": [authorization],
    }
    sent = chain.send(bytes(Account.sign_transaction(transaction, key).raw_transaction))
    # A waiting authorisation does not count as a nonce yet; a mined one does.
    wait_for_receipt(chain, sent, timeout_seconds=60)
    world.forget_senders()


def test_landing_twice_is_refused(showcase: Showcase) -> None:
    world, submission = showcase.world, showcase.draft().submission()
    assert isinstance(world.land(submission), Applied)
    assert world.land(submission).reason == Reason.BATCH_PARENT  # type: ignore[union-attr]
