"""What every room's tests share: chains, data, hypothesis' profile, a list of what did not run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sha3
from anvil_process import anvil_process, find_anvil
from hypothesis import HealthCheck, settings

from offbeat.chain import AnvilChain, EmbeddedChain, Sender
from offbeat.core.ports import DevChain

REPOSITORY = Path(__file__).resolve().parent.parent
ETHER = 10**18

# A slow machine is no failure: nothing here asserts time. CI repeats the same examples.
settings.register_profile(
    "offbeat",
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("offbeat")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Published vectors and market data, which live outside the repository."""
    path = Path(os.environ.get("OFFBEAT_DATA", REPOSITORY.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no shared data at {path} (set OFFBEAT_DATA)")
    return path


@pytest.fixture(scope="session")
def anvil_node() -> Iterator[AnvilChain]:
    """One real node for the whole run; use `anvil`."""
    if find_anvil() is None:
        pytest.skip("no anvil (`make anvil` installs it where npm is present)")
    with anvil_process() as chain:
        yield chain


@pytest.fixture
def anvil(anvil_node: AnvilChain) -> Iterator[AnvilChain]:
    """A real node, put back afterwards as it was."""
    snapshot = anvil_node.snapshot()
    yield anvil_node
    anvil_node.restore(snapshot)


@pytest.fixture
def embedded() -> EmbeddedChain:
    """An empty chain in this process."""
    return EmbeddedChain()


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> DevChain:
    """Either kind of chain: the test runs on both."""
    kind: DevChain = request.getfixturevalue(request.param)
    return kind


@pytest.fixture
def new_sender(chain: DevChain) -> Callable[[str], Sender]:
    """A funded sender for each named role."""

    def make(role: str) -> Sender:
        sender = Sender(chain, sha3.keccak_256(role.encode()).digest())
        chain.fund(sender.address, 1_000 * ETHER)
        return sender

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every test that did not run, and why."""
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        skipped.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    for reason, nodes in skipped.items():
        terminalreporter.section(f"DID NOT RUN ({len(nodes)}): {reason}", bold=True, yellow=True)
        terminalreporter.write_line("\n".join(nodes))
