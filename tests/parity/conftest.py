from collections.abc import Iterator

import pytest
from showcase import Showcase
from world import World

from offbeat.chain import EmbeddedChain, sender


@pytest.fixture(scope="session", autouse=True)
def _impatience() -> Iterator[None]:
    """A development node has mined before anybody asks twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "POLL_SECONDS", 0.002)
        yield


@pytest.fixture(
    scope="session", params=["embedded", pytest.param("anvil", marks=pytest.mark.anvil)]
)
def _showcase(request: pytest.FixtureRequest) -> Showcase:
    is_embedded = request.param == "embedded"
    chain = EmbeddedChain() if is_embedded else request.getfixturevalue("anvil_node")
    return Showcase(World(chain))


@pytest.fixture
def showcase(_showcase: Showcase) -> Iterator[Showcase]:
    """A world with a batch ready in it, on either chain; what a test does there is undone."""
    with _showcase.world.sandbox():
        yield _showcase


@pytest.fixture
def world(showcase: Showcase) -> World:
    """That world."""
    return showcase.world
