"""What every room's tests share: chains, data, hypothesis' profile, a list of what did not run."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every test that did not run, and why."""
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        skipped.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    for reason, nodes in skipped.items():
        terminalreporter.section(f"DID NOT RUN ({len(nodes)}): {reason}", bold=True, yellow=True)
        terminalreporter.write_line("\n".join(nodes))
