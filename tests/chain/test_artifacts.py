"""What ships is what the sources compile to."""

import pytest
from compiled import CONTRACTS, build_script

from offbeat.chain import load_artifact
from offbeat.core import InvalidInput


def test_shipped_artifacts_and_generated_constants_equal_a_fresh_build() -> None:
    assert build_script().build(check=True) == []


def test_every_contract_ships_and_nothing_else_does() -> None:
    shipped = {path.stem for path in build_script().ARTIFACTS.glob("*.json")}
    assert shipped == {path.stem for path in CONTRACTS.glob("*.vy")}


def test_artifacts_load_by_name_only() -> None:
    assert load_artifact("DevToken").name == "DevToken"
    for name in ("Nonesuch", "../abi", ""):
        with pytest.raises(InvalidInput) as refusal:
            load_artifact(name)
        assert refusal.value.code == "artifact_unknown"
