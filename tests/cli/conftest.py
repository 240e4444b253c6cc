"""Commands run in this process; what they print and return is caught."""

import json
from pathlib import Path

import pytest
from commands import Answer, Run, Write
from story import new_world, tell
from world import World

from offbeat import chain
from offbeat.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("OFFBEAT_DEPLOYMENT", "OFFBEAT_RPC_URL", "OFFBEAT_PRIVATE_KEY"):
        monkeypatch.delenv(name, raising=False)

    def go(*arguments: object) -> Answer:
        code = main([str(each) for each in arguments])
        return Answer(code, *capsys.readouterr())

    return go


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Put a JSON value, or text, into a file of its own; its path."""

    def put(content: object, name: str | None = None) -> str:
        path = tmp_path / (name or f"{len(list(tmp_path.iterdir()))}.json")
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return put


@pytest.fixture(scope="session")
def told() -> World:
    world = new_world()
    tell(world)
    return world


@pytest.fixture
def node(told: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Every URL leads to the chain where everything has happened once."""
    monkeypatch.setattr(chain, "RpcChain", lambda _url: told.chain)
    return told


@pytest.fixture
def deployment_file(told: World, write: Write) -> str:
    return write(told.deployment.to_json(), "deployment.json")
