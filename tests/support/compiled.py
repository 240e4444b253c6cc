"""Contracts that do not ship: compiled when a test asks for them."""

import functools
import importlib.util
from pathlib import Path
from types import ModuleType

from offbeat.chain import Artifact

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


@functools.cache
def build_script() -> ModuleType:
    """`contracts/build.py`, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("contracts_build", CONTRACTS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def artifact_of(name: str) -> Artifact:
    """One of `contracts/testing`, with the settings of those that ship."""
    artifact = build_script().compile_contract(CONTRACTS / "testing" / f"{name}.vy")
    return Artifact.from_json(artifact)
