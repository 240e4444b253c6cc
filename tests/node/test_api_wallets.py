"""Foreign wallets sign from nothing but ``/v1/domain``, and are accepted."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from api_desk import UNLIMITED, FakeRelay, in_thread, plain_view, serving_app
from people import CAROL

from offbeat.node.api import create_app
from offbeat.store import open_store

REPOSITORY = Path(__file__).resolve().parents[2]
WALLETS = Path(__file__).resolve().parent / "wallets"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        async with (
            open_store(f"sqlite:///{tmp_path}/store.db") as store,
            serving_app(create_app(FakeRelay(store, plain_view()), UNLIMITED)) as address,
        ):
            yield address

    with in_thread(serve) as found:
        yield found


@pytest.mark.parametrize("wallet", ["viem", "ethers"])
def test_a_wallet_signs_from_the_domain_alone(wallet: str, url: str) -> None:
    node = shutil.which("node")
    if node is None or not (REPOSITORY / "node_modules" / wallet).is_dir():
        pytest.skip(f"no node or no {wallet} (`npm install` brings it)")
    command = [node, f"{wallet}.mjs", url, f"0x{CAROL.key.secret.hex()}", "7"]
    done = subprocess.run(
        command, cwd=WALLETS, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert answers.keys() == {"Order", "Cancel", "Withdraw", "Transfer", "Delegate"}
    for kind, answer in answers.items():
        assert (answer["code"], answer.get("kind")) == (201, kind), answer
