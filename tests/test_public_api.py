"""Each room's ``__all__`` is its public API: complete, sorted, documented, and leading upwards."""

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import offbeat

ROOMS = sorted(
    module.name
    for module in pkgutil.iter_modules(offbeat.__path__)
    if module.ispkg and module.name != "cli"
)


@pytest.fixture(params=ROOMS)
def room(request: pytest.FixtureRequest) -> ModuleType:
    return import_module(f"offbeat.{request.param}")


def test_every_room_says_what_it_is(room: ModuleType) -> None:
    assert inspect.getdoc(room)


def test_what_a_room_lists_exists_and_stands_once(room: ModuleType) -> None:
    names = list(room.__all__)
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(room, name) is not None


def test_what_a_room_lists_is_documented(room: ModuleType) -> None:
    for name in room.__all__:
        value = getattr(room, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert inspect.getdoc(value), f"{room.__name__}.{name} has no docstring"


def test_rooms_speak_to_each_other_through_their_packages() -> None:
    """Nobody reaches past another room's ``__init__``; core's ports and limits are meant to be."""
    source = Path(offbeat.__file__).parent
    offenders = [
        f"{path.relative_to(source)}: {name}"
        for path in source.rglob("*.py")
        for name in _imported_modules(path)
        if _reaches_past(name, path.relative_to(source).parts[0])
    ]
    assert not offenders


def _imported_modules(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    return [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    ]


def _reaches_past(module: str, own_room: str) -> bool:
    parts = module.split(".")
    if parts[0] != "offbeat" or len(parts) < 3:
        return False
    return parts[1] != own_room and parts[1] != "core"
