"""Settlement prices and quorums: what operators may say, and how often."""

import pytest
from market import HOUR_SECONDS, MICROS, expiries
from people import OPERATOR, REPORTERS, STRANGER, person
from showcase import Showcase
from world import World

from offbeat.chain import Contract, load_artifact
from offbeat.core import ChainError, limits
from offbeat.intents import settlement_price_digest
from offbeat.rulebook import certify

PRICE = 2_000 * MICROS


def post(world: World, symbol: str, expiry: int, price: int, *reporters: int) -> str | None:
    """Post a price under some reporters' names; the reason of a refusal."""
    digest = settlement_price_digest(symbol, expiry, price, world.domain)
    attestation = certify(digest, {number: REPORTERS[number].key for number in reporters})
    call = (symbol.encode(), expiry, price, attestation)
    return world.send(STRANGER, world.expiry, "post_settlement_price", *call).reverted


def test_a_price_is_fixed_once(showcase: Showcase) -> None:
    expiry = expiries(showcase.start_seconds)[0]
    assert post(showcase.world, "BTC", expiry, PRICE, 0, 2) is None
    assert post(showcase.world, "BTC", expiry, PRICE + 1, 0, 1) == "price_posted"
    pot = showcase.world.expiry.read("pots", int.from_bytes(b"BTC\0\0") << 32 | expiry)
    assert pot == (PRICE, 0, 0)


@pytest.mark.parametrize("reporters", [(), (0,), (2,)])
def test_a_price_needs_a_quorum(showcase: Showcase, reporters: tuple[int, ...]) -> None:
    expiry = expiries(showcase.start_seconds)[0]
    assert post(showcase.world, "BTC", expiry, PRICE, *reporters) == "report_quorum"


def test_no_price_before_its_expiry(world: World) -> None:
    assert post(world, "ETH", world.now + 1, PRICE, 0, 1) == "price_invalid"
    assert post(world, "ETH", world.now, PRICE, 0, 1) is None
    assert post(world, "ETH", 0, PRICE, 0, 1) == "price_invalid"


@pytest.mark.parametrize("price", [0, limits.MAX_MARK_MICROS + 1])
def test_prices_that_cannot_be(world: World, price: int) -> None:
    assert post(world, "ETH", world.now - HOUR_SECONDS, price, 0, 1) == "price_invalid"


def test_the_bounds_themselves_are_prices(world: World) -> None:
    for hours, price in ((1, 1), (2, limits.MAX_MARK_MICROS)):
        assert post(world, "ETH", world.now - hours * HOUR_SECONDS, price, 0, 1) is None


@pytest.mark.parametrize(
    ("signers", "threshold", "reason"),
    [
        ([], 0, "threshold_invalid"),
        ([OPERATOR.address], 0, "threshold_invalid"),
        ([OPERATOR.address], 2, "threshold_invalid"),
        ([OPERATOR.address, bytes(20)], 1, "signer_invalid"),
    ],
)
def test_quorums_that_cannot_be(
    world: World, signers: list[bytes], threshold: int, reason: str
) -> None:
    """A zero address would stand for every malformed signature."""
    sender = world.sender(OPERATOR)
    with pytest.raises(ChainError) as refusal:
        Contract.deploy(sender, load_artifact("CertifierEcdsa"), signers, threshold)
    assert refusal.value.code == reason


def test_the_largest_quorum(world: World) -> None:
    people = [person(f"signer {number}") for number in range(limits.MAX_SIGNERS)]
    addresses = [each.address for each in people]
    certifier = Contract.deploy(
        world.sender(OPERATOR), load_artifact("CertifierEcdsa"), addresses, len(people)
    )
    keys = {number: each.key for number, each in enumerate(people)}
    assert certifier.read("verify", b"\1" * 32, certify(b"\1" * 32, keys))
    del keys[0]
    assert not certifier.read("verify", b"\1" * 32, certify(b"\1" * 32, keys))
