"""Foreign wallets sign from nothing but a real relay's ``/v1/domain``, and are accepted."""

import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from api_desk import UNLIMITED, in_thread, serving_app
from people import CAROL
from relay_house import DEADLINE_SECONDS, House, until

from offbeat.node.api import create_app
from offbeat.store import open_store

REPOSITORY = Path(__file__).resolve().parents[2]
WALLETS = Path(__file__).resolve().parent / "wallets"


MICROS = 10**6


@pytest.fixture
def relay_url(tmp_path: Path, house: House) -> Iterator[str]:
    """A relay on a chain, where Carol has what her short puts could cost."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[str]:
        async with (
            open_store(f"sqlite:///{tmp_path}/store.db") as store,
            house.relay(store) as relay,
            house.lander(store),
            serving_app(create_app(relay, UNLIMITED)) as address,
        ):
            house.deposit(CAROL, 40_000 * MICROS)
            await until(lambda: relay.view.settled.inbox_consumed == 1)
            yield address

    with in_thread(serve) as found:
        yield found


@pytest.mark.parametrize("wallet", ["viem", "ethers"])
def test_a_wallet_signs_from_the_domain_alone(wallet: str, relay_url: str) -> None:
    node = shutil.which("node")
    if node is None or not (REPOSITORY / "node_modules" / wallet).is_dir():
        pytest.skip(f"no node or no {wallet} (`npm install` brings it)")
    command = [node, f"{wallet}.mjs", relay_url, f"0x{CAROL.key.secret.hex()}", "7"]
    done = subprocess.run(
        command, cwd=WALLETS, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert answers.keys() == {"Order", "Cancel", "Withdraw", "Transfer", "Delegate"}
    for kind, answer in answers.items():
        assert (answer["code"], answer.get("kind")) == (201, kind), answer
        body = {"primaryType": kind} | {name: answer[name] for name in ("message", "signature")}
        again = httpx.post(f"{relay_url}/v1/intents", json=body)
        assert (again.status_code, again.json()["intent_hash"]) == (200, answer["intent_hash"])
    # The contract recovers the same signer: what needs nobody else executes.
    for kind in ("Withdraw", "Transfer"):
        until_executed(f"{relay_url}/v1/intents/{answers[kind]['intent_hash']}")


def until_executed(url: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (intent := httpx.get(url).json())["status"] not in {"settled", "final"}:
        assert time.monotonic() < deadline, intent
        time.sleep(0.02)
