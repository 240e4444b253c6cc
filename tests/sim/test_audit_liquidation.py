"""The auditor follows fair liquidations, and sees the others that a corrupt contract lets pass."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from drafting import Claim, Draft
from liquidations import SOLD, WRITER, bankrupt, cover, insure, liquidation, sell
from market import MICROS
from planted import planted
from showcase import Showcase
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core.ports import Chain
from offbeat.sim.audit import audit


@pytest.fixture(scope="module")
def _insured() -> Showcase:
    showcase = Showcase(World(EmbeddedChain()))
    sell(showcase)
    insure(showcase)
    return showcase


@pytest.fixture
def insured(_insured: Showcase) -> Iterator[Showcase]:
    """The writer has sold, and there is something in the fund; what a test does is undone."""
    with _insured.world.sandbox():
        yield _insured


def given_away(showcase: Showcase) -> Draft:
    """The fund pays into an account that nobody liquidates."""
    draft = showcase.empty()
    cover(draft, MICROS)
    draft.part(WRITER).acts.append(Claim(0))
    return draft


LIES: Final[dict[str, Callable[[Showcase], Draft]]] = {
    "of the healthy": lambda showcase: liquidation(showcase, 780, 780),
    "too dear": lambda showcase: liquidation(showcase, 850, 867.501),
    "too much": lambda showcase: liquidation(showcase, 850, 850, SOLD),
    "too generous": lambda showcase: bankrupt(showcase, 1_200, 10_001 * MICROS),
    "given away": given_away,
}


def objections(world: World, chain: Chain) -> set[str]:
    return {check.name for check in audit(chain, world.deployment).checks if not check.ok}


@pytest.mark.parametrize("lie", LIES)
def test_an_unfair_one_is_seen(insured: Showcase, lie: str) -> None:
    draft = LIES[lie](insured)
    assert draft.land() is not None
    chain = planted(insured.world, draft.submission())
    assert "liquidations_fair" in objections(insured.world, chain)


@pytest.mark.parametrize("is_bankrupt", [False, True])
def test_a_fair_one_is_followed(insured: Showcase, is_bankrupt: bool) -> None:
    if is_bankrupt:
        draft = bankrupt(insured, 1_200, 10_000 * MICROS)
    else:
        draft = liquidation(insured, 850, 867)
    assert draft.land() is None
    assert not objections(insured.world, insured.world.chain)
