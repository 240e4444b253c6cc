"""Three reporters as processes, each with its own key and eyes; one lies wildly, then one dies."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from founding import deploy_offbeat, deploy_tokens
from http_server import rpc_server
from people import OPERATOR, REPORTERS

from offbeat.chain import Deployment, EmbeddedChain, Sender, read_rules
from offbeat.node.report_feed import Signed, newest
from offbeat.oracle import Report, wrong_rows
from offbeat.rulebook import Rules
from offbeat.sim.live_market import live_spot_micros

SUPPORT = Path(__file__).resolve().parent.parent / "support"
PATIENCE_SECONDS = 40
TRUTH_BPS = 100
T = TypeVar("T")


class Trio:
    """The processes, by number, and what a relay would make of their answers."""

    def __init__(self, folder: Path, rpc: str, deployment: Deployment, rules: Rules) -> None:
        self._folder = folder
        self._rpc = rpc
        self._file = folder / "deployment.json"
        self._file.write_text(json.dumps(deployment.to_json()))
        self._rules = rules
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in REPORTERS]
        self.urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets]
        for each in self._sockets:
            each.close()

    @contextmanager
    def running(self, number: int, percent: int = 100) -> Iterator[subprocess.Popen[bytes]]:
        """One reporter, which sees ``percent`` of every true price."""
        key = self._folder / f"key{number}"
        key.write_text(REPORTERS[number].key.to_hex())
        peers = [f"--peer={url}" for at, url in enumerate(self.urls) if at != number]
        command = [
            *(sys.executable, str(SUPPORT / "lying_reporter.py"), str(percent)),
            *("reporter", "run", "--rpc", self._rpc, "--deployment", str(self._file)),
            *("--key", str(key), "--source", f"invented:{number}", "--interval", "4"),
            *("--port", self.urls[number].rpartition(":")[2], *peers),
        ]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(SUPPORT)}) as process:
            try:
                yield process
            finally:
                process.terminate()

    def report(self, after_seconds: int = 0) -> Report:
        """The next attested report that is later than that."""

        def attested() -> Report | None:
            answers = [self._ask(url, "report") for url in self.urls]
            found = newest([Signed.from_json(raw) for raw in answers if raw], self._rules)
            if found is None or found.report.timestamp_seconds <= after_seconds:
                return None
            return found.report

        return _eventually(attested)

    def refusal(self, number: int, after_seconds: int) -> str:
        """Why a reporter has refused a report that is later than that."""

        def refused() -> str | None:
            raw = self._ask(self.urls[number], "livez") or {"refusals": {}}
            late = [why for at, why in raw["refusals"].items() if int(at) > after_seconds]
            return late[0] if late else None

        return _eventually(refused)

    @staticmethod
    def _ask(url: str, what: str) -> dict | None:  # type: ignore[type-arg]
        try:
            response = httpx.get(f"{url}/{what}", timeout=5)
        except httpx.HTTPError:
            return None
        return response.json() if response.status_code == 200 else None


def _eventually(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)
    return found


def _is_true(report: Report) -> bool:
    spot_micros = report.underlyings[0].spot_micros
    truth = live_spot_micros(report.timestamp_seconds)
    return abs(spot_micros - truth) * 10_000 <= truth * TRUTH_BPS


@pytest.fixture
def trio(embedded: EmbeddedChain, tmp_path: Path) -> Iterator[Trio]:
    operator = Sender(embedded, OPERATOR.key.secret)
    embedded.fund(operator.address, 10**24)
    deployment = deploy_offbeat(operator, deploy_tokens(operator))
    rules = read_rules(embedded, deployment)
    with rpc_server(embedded) as url:
        yield Trio(tmp_path, url, deployment, rules)


def test_a_liar_moves_nothing_the_dead_stop_nothing_and_a_liar_with_one_honest_gets_nowhere(
    trio: Trio,
) -> None:
    with ExitStack() as stack:
        stack.enter_context(trio.running(0))
        liar = stack.enter_context(trio.running(1, percent=300))
        other = stack.enter_context(trio.running(2))
        first = trio.report()
        assert _is_true(first)
        assert wrong_rows(first) == ()
        liar.kill()
        liar.wait()
        second = trio.report(first.timestamp_seconds)
        assert _is_true(second)
        stack.enter_context(trio.running(1, percent=30))
        other.kill()
        other.wait()
        assert "disagreement" in trio.refusal(0, second.timestamp_seconds)
