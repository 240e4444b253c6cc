"""The real markets that are replayed."""

from pathlib import Path

import pytest


def _folder(data_dir: Path, name: str) -> Path:
    if not (folder := data_dir / name).is_dir():
        pytest.skip(f"no {name} in {data_dir} (set OFFBEAT_DATA)")
    return folder


@pytest.fixture(scope="session")
def eth_folder(data_dir: Path) -> Path:
    return _folder(data_dir, "eth_options_2023-11-20")


@pytest.fixture(scope="session")
def btc_folder(data_dir: Path) -> Path:
    return _folder(data_dir, "btc_options_2025-12-05")
