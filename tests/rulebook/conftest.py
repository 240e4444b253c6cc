import pytest
from showcase import Showcase
from world import World

from offbeat.chain import EmbeddedChain


@pytest.fixture(scope="session")
def showcase() -> Showcase:
    """A world with a batch ready in it. Tests here read its state and land nothing."""
    return Showcase(World(EmbeddedChain()))
