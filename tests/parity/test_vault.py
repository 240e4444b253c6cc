"""Collateral in and out with tokens as they really are: odd decimals, odd manners."""

import pytest
from conservation import assert_conserved
from founding import CASH, DECIMALS, Manner
from market import MICROS
from people import ALICE, BOB, CAROL, ERIN, OPERATOR, STRANGER
from showcase import Showcase
from world import World

from offbeat.core import ChainError, limits
from offbeat.rulebook import Applied, Mode, symbol_number

OWNERS = {CASH: ALICE, "BTC": CAROL, "ETH": ALICE}


def held(world: World, symbol: str) -> int:
    return world.vault.read("assets", symbol_number(symbol))[2]


def deposit_refused(world: World, account: int, symbol: str, micros: int) -> str:
    """The reason; nothing may have moved."""
    before = world.vault.read("inbox_count"), held(world, symbol)
    with pytest.raises(ChainError) as refusal:
        world.deposit(account, symbol, micros)
    assert (world.vault.read("inbox_count"), held(world, symbol)) == before
    return refusal.value.code


# Tokens that behave ---------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", OWNERS)
def test_six_eight_and_eighteen_decimals(showcase: Showcase, symbol: str) -> None:
    """USDC, a token of 8 decimals, and one of 18 whose transfers return nothing."""
    world, owner = showcase.world, OWNERS[symbol]
    token, unit = world.tokens[symbol], 10 ** (DECIMALS[symbol] - 6)
    vault_before = token.read("balanceOf", world.vault.address)
    world.deposit(owner.account(), symbol, 1_234_567)
    assert token.read("balanceOf", world.vault.address) == vault_before + 1_234_567 * unit
    assert isinstance(world.land(showcase.withdrawal(owner, symbol, 7).submission()), Applied)
    assert token.read("balanceOf", owner.address) == 7 * unit
    assert world.claimable_micros(owner.address, symbol) == 0
    assert_conserved(world)


def test_tokens_sent_past_the_inbox_belong_to_nobody(showcase: Showcase) -> None:
    world = showcase.world
    before = held(world, "BTC")
    world.send(OPERATOR, world.tokens["BTC"], "transfer", world.vault.address, 10**8)
    assert held(world, "BTC") == before
    assert isinstance(world.land(showcase.withdrawal(CAROL, "BTC").submission()), Applied)
    assert held(world, "BTC") == before - MICROS


# Deposits that are refused --------------------------------------------------------------------


@pytest.mark.parametrize("manner", [Manner.REFUSING, Manner.GREEDY])
def test_a_token_that_delivers_less_is_refused(world: World, manner: int) -> None:
    world.set_manner("BTC", manner)
    assert deposit_refused(world, CAROL.account(), "BTC", MICROS) == "transfer_refused"


@pytest.mark.parametrize(
    ("symbol", "micros", "reason"),
    [
        (CASH, 0, "amount_invalid"),
        (CASH, limits.MAX_DEPOSIT_MICROS, "amount_invalid"),
        (CASH, 2**255, "amount_invalid"),
        ("ETH", limits.MAX_QUANTITY_MICROS, "amount_invalid"),
        ("SOL", 1, "asset_unknown"),
        ("DOGE", 1, "asset_unknown"),
    ],
)
def test_what_cannot_be_deposited(world: World, symbol: str, micros: int, reason: str) -> None:
    """The caps are for everything that is held: some is held already."""
    assert deposit_refused(world, ALICE.account(), symbol, micros) == reason


def test_the_cap_can_be_reached_and_not_passed(world: World) -> None:
    left = limits.MAX_QUANTITY_MICROS - held(world, "ETH")
    assert deposit_refused(world, BOB.account(), "ETH", left + 1) == "amount_invalid"
    world.deposit(BOB.account(), "ETH", left)
    assert held(world, "ETH") == limits.MAX_QUANTITY_MICROS


@pytest.mark.parametrize(("owner", "index"), [(bytes(20), 0), (ALICE.address, 2**32)])
def test_accounts_that_cannot_be(world: World, owner: bytes, index: int) -> None:
    call = (CASH.encode(), owner, index, MICROS)
    assert world.send(OPERATOR, world.vault, "deposit", *call).reverted == "amount_invalid"


# Payments that fail ---------------------------------------------------------------------------


@pytest.mark.parametrize("manner", [Manner.REFUSING, Manner.BURNING])
def test_a_refused_payment_stays_claimable_and_the_batch_stands(
    showcase: Showcase, manner: int
) -> None:
    world = showcase.world
    world.set_manner("BTC", manner)
    before = held(world, "BTC")
    assert isinstance(world.land(showcase.withdrawal(CAROL, "BTC").submission()), Applied)
    assert world.claimable_micros(CAROL.address, "BTC") == MICROS
    world.claim(CAROL.address, "BTC")
    assert (world.claimable_micros(CAROL.address, "BTC"), held(world, "BTC")) == (MICROS, before)
    world.set_manner("BTC", Manner.PLAIN)
    world.claim(CAROL.address, "BTC")
    assert (world.claimable_micros(CAROL.address, "BTC"), held(world, "BTC")) == (
        0,
        before - MICROS,
    )
    assert_conserved(world)


def test_one_refused_payment_does_not_stop_the_next(showcase: Showcase) -> None:
    """Erin's address is blocked by the token; Carol's payment follows in the same batch."""
    world = showcase.world
    draft = showcase.withdrawal(ERIN, "BTC")
    draft.act(showcase.withdrawal(CAROL, "BTC").parts[0].acts[0].intent)  # type: ignore[union-attr]
    draft.part(CAROL.account()).mode = Mode.STATIC
    assert isinstance(world.land(draft.submission()), Applied)
    assert (
        world.claimable_micros(ERIN.address, "BTC"),
        world.claimable_micros(CAROL.address, "BTC"),
    ) == (
        MICROS,
        0,
    )


def test_only_the_account_itself_sends_its_claim_elsewhere(showcase: Showcase) -> None:
    world = showcase.world
    assert isinstance(world.land(showcase.withdrawal(ERIN, "BTC").submission()), Applied)
    call = (ERIN.address, b"BTC", STRANGER.address)
    assert world.send(STRANGER, world.vault, "claim", *call).reverted == "owner_only"
    assert world.send(ERIN, world.vault, "claim", *call).reverted is None
    assert world.tokens["BTC"].read("balanceOf", STRANGER.address) == MICROS * 100
    assert world.claimable_micros(ERIN.address, "BTC") == 0


def test_nothing_is_claimed_twice(showcase: Showcase) -> None:
    world = showcase.world
    assert isinstance(world.land(showcase.withdrawal(ERIN, "BTC").submission()), Applied)
    world.send(OPERATOR, world.tokens["BTC"], "set_blocked", ERIN.address, False)
    for _ in range(2):
        world.claim(ERIN.address, "BTC")
    assert world.tokens["BTC"].read("balanceOf", ERIN.address) == MICROS * 100
