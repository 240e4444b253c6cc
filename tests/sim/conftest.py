"""Where the real market data stand: OFFBEAT_DATA, or beside the repository."""

import os
from pathlib import Path

import pytest

_DATA = Path(os.environ.get("OFFBEAT_DATA", Path(__file__).parents[3] / "shared" / "data"))


def _folder(name: str) -> Path:
    if not (folder := _DATA / name).is_dir():
        pytest.skip(f"no {name} in {_DATA}: set OFFBEAT_DATA")
    return folder


@pytest.fixture(scope="session")
def eth_folder() -> Path:
    return _folder("eth_options_2023-11-20")


@pytest.fixture(scope="session")
def btc_folder() -> Path:
    return _folder("btc_options_2025-12-05")
