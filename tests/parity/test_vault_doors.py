"""Who may open which door of the vault and of the settlement's other servants."""

import pytest
from compiled import artifact_of
from founding import SYMBOLS, Manner
from market import MICROS
from people import ALICE, CAROL, LANDER, OPERATOR, STRANGER
from showcase import Showcase
from world import World

from offbeat.chain import Contract
from offbeat.core import limits
from offbeat.core.ports import Receipt
from offbeat.rulebook import symbol_number

# Calls from within ----------------------------------------------------------------------------


def reentries(world: World, receipt: Receipt) -> list[bool]:
    """Whether each call that the token made on the way went through."""
    events = world.tokens["BTC"].events(receipt.logs, "Reentered")
    return [event.values["success"] for event in events]


def messages(world: World) -> dict[str, tuple[Contract, bytes]]:
    """What somebody might try: every door of the vault, and of the settlement's other servants."""
    vault, address = world.vault, world.tokens["BTC"].address
    no_batch = ([0] * limits.MAX_UNDERLYINGS, 0, [0] * 32, [0] * 32, 0, 0)
    calls = {
        "deposit": (vault, "deposit", b"BTC", address, 0, 1),
        "claim": (vault, "claim", address, b"BTC", address),
        "begin": (vault, "begin_batch", *no_batch),
        "end": (vault, "end_batch", address, 10**6, [(address, symbol_number("BTC"), 1)]),
        "bind": (vault, "bind", address),
    }
    return {name: (each[0], each[0].abi.encode_call(*each[1:])) for name, each in calls.items()}


DOORS = ("deposit", "claim", "end", "bind")


def set_reentry(world: World, door: str) -> None:
    contract, message = messages(world)[door]
    world.send(OPERATOR, world.tokens["BTC"], "set_reentry", contract.address, message)
    world.set_manner("BTC", Manner.REENTRANT)


@pytest.mark.parametrize("door", DOORS)
def test_a_payment_cannot_be_re_entered(showcase: Showcase, door: str) -> None:
    world = showcase.world
    set_reentry(world, door)
    submission = showcase.withdrawal(CAROL, "BTC").submission()
    receipt = world.transact(LANDER, world.settlement.address, world.calldata(submission))
    assert receipt.reverted is None
    assert reentries(world, receipt) == [False]
    assert world.claimable_micros(world.tokens["BTC"].address, "BTC") == 0
    assert world.tokens["BTC"].read("balanceOf", CAROL.address) == MICROS * 100


@pytest.mark.parametrize("door", DOORS)
def test_a_deposit_cannot_be_re_entered(world: World, door: str) -> None:
    set_reentry(world, door)
    before = world.vault.read("inbox_count")
    call = (b"BTC", CAROL.address, 0, MICROS)
    receipt = world.send(OPERATOR, world.vault, "deposit", *call)
    assert receipt.reverted is None
    assert reentries(world, receipt) == [False]
    assert world.vault.read("inbox_count") == before + 1


# Registration and ownership -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        (b"ETH\0\0", "symbol_invalid"),
        (b"USDC\0", "symbol_invalid"),
        (b"eth\0\0", "symbol_invalid"),
        (b"\0ETH\0", "symbol_invalid"),
        (b"E\0TH\0", "symbol_invalid"),
        (b"E-H\0\0", "symbol_invalid"),
        (bytes(5), "symbol_invalid"),
    ],
)
def test_symbols_that_cannot_be_registered(world: World, symbol: bytes, reason: str) -> None:
    call = (symbol, bytes(20))
    assert world.send(OPERATOR, world.vault, "register_underlying", *call).reverted == reason


@pytest.mark.parametrize(
    ("decimals", "reason"), [(5, "asset_unknown"), (6, None), (24, None), (25, "asset_unknown")]
)
def test_decimals_from_6_to_24(world: World, decimals: int, reason: str | None) -> None:
    token = Contract.deploy(world.sender(OPERATOR), artifact_of("OddToken"), "X", decimals, 0)
    receipt = world.send(OPERATOR, world.vault, "register_underlying", b"X", token.address)
    assert receipt.reverted == reason


def test_an_address_without_code_is_no_token(world: World) -> None:
    receipt = world.send(OPERATOR, world.vault, "register_underlying", b"X", STRANGER.address)
    assert receipt.reverted == "asset_unknown"


def test_there_is_room_for_eight_underlyings(world: World) -> None:
    free = limits.MAX_UNDERLYINGS - len(SYMBOLS)
    for number in range(free):
        receipt = world.send(
            OPERATOR, world.vault, "register_underlying", b"U%d" % number, bytes(20)
        )
        assert receipt.reverted is None
    receipt = world.send(OPERATOR, world.vault, "register_underlying", b"U9", bytes(20))
    assert receipt.reverted == "asset_unknown"


@pytest.mark.parametrize("role", ["vault", "authority", "expiry"])
def test_who_may_bind(world: World, role: str) -> None:
    contract: Contract = getattr(world, role)
    settlement = world.settlement.address
    assert world.send(STRANGER, contract, "bind", settlement).reverted == "owner_only"
    assert world.send(OPERATOR, contract, "bind", settlement).reverted == "already_bound"


def test_only_the_owner_registers(world: World) -> None:
    call = (b"X", bytes(20))
    assert world.send(STRANGER, world.vault, "register_underlying", *call).reverted == "owner_only"


def test_only_the_settlement_moves_claims_and_grants_and_pots(world: World) -> None:
    for door in ("begin", "end"):
        contract, message = messages(world)[door]
        assert world.transact(OPERATOR, contract.address, message).reverted == "owner_only"
    authorise = (bytes(32), 2, ALICE.account(), 0, 0, 0, 0, 0, 0)
    assert world.send(OPERATOR, world.authority, "authorise", *authorise).reverted == "owner_only"
    settle = (0, [0] * limits.MAX_ENTRIES, [0] * limits.MAX_ENTRIES, [0] * limits.MAX_ENTRIES, 0, 0)
    assert world.send(OPERATOR, world.expiry, "settle", *settle).reverted == "owner_only"
