from collections.abc import Iterator

import pytest
from showcase import Showcase
from world import World

from offbeat.chain import EmbeddedChain


@pytest.fixture(scope="session")
def _showcase() -> Showcase:
    return Showcase(World(EmbeddedChain()))


@pytest.fixture
def showcase(_showcase: Showcase) -> Iterator[Showcase]:
    """A world with a batch ready in it; what a test does there is undone."""
    with _showcase.world.sandbox():
        yield _showcase


@pytest.fixture
def world(showcase: Showcase) -> World:
    """That world."""
    return showcase.world
