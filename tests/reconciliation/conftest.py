"""One history for the room's tests."""

import pytest
from story import new_world, tell
from world import World

from offbeat.chain import read_acts, read_facts, read_rules
from offbeat.rulebook import Rules
from offbeat.wire import Act, ChainFacts


@pytest.fixture(scope="session")
def told() -> World:
    world = new_world()
    tell(world)
    return world


@pytest.fixture(scope="session")
def rules(told: World) -> Rules:
    return read_rules(told.chain, told.deployment)


@pytest.fixture(scope="session")
def acts(told: World) -> tuple[Act, ...]:
    return tuple(read_acts(told.chain, told.deployment))


@pytest.fixture(scope="session")
def facts(told: World) -> ChainFacts:
    return read_facts(told.chain, told.deployment, told.state)
