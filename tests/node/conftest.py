"""An API on a made-up relay."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_desk import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        yield opened
