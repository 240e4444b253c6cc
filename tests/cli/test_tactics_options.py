"""offbeat trade with stops, alternatives and slices: what arrives at the relay."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Run
from people import ALICE
from scripted_relay import Ledger, ScriptedRelay, serving

TRADE = ("trade", "covered-call", "ETH-25DEC26-4000-C", "--quantity", "2", "--limit", "3310")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def relay(
    ledger: Ledger, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[ScriptedRelay]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", ALICE.key.to_hex())
    made = ScriptedRelay(ledger)
    with serving(made):
        yield made


def test_a_stop_is_signed(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    for option, bounds in (("--stop-below", (0, 2_900 * 10**6)), ("--stop-above", (29 * 10**8, 0))):
        assert run(*TRADE, option, "2900", "--yes", "--relay", relay.url).code == 0
        order = ledger.submissions[-1].intent
        assert (order.spot_min_micros, order.spot_max_micros) == bounds


def test_one_cancels_the_other(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    options = ("--oco", "3500", "--stop-above", "3400", "--yes", "--relay", relay.url, "--json")
    answer = run(*TRADE, *options)
    assert (answer.code, len(answer.json["intents"])) == (0, 2)
    target, stop = (signed.intent for signed in ledger.submissions)
    assert target.nonce == stop.nonce
    assert (target.limit_micros, target.spot_min_micros) == (3_310 * 10**6, 0)
    assert (stop.limit_micros, stop.spot_min_micros) == (3_500 * 10**6, 3_400 * 10**6)


def test_slices_follow_one_another(run: Run, relay: ScriptedRelay, ledger: Ledger) -> None:
    options = ("--slices", "4", "--slice-seconds", "120", "--yes", "--relay", relay.url)
    assert run(*TRADE, *options).code == 0
    orders = [signed.intent for signed in ledger.submissions]
    assert [each.quantity_micros for each in orders] == [500_000] * 4
    assert len({each.nonce for each in orders}) == 4
    starts = [each.valid_from_seconds for each in orders]
    assert starts == [starts[0] + 120 * number for number in range(4)]


@pytest.mark.parametrize(
    "options",
    [
        ("--oco", "3500"),
        ("--oco", "3500", "--stop-above", "3400", "--slices", "2"),
        ("--slices", "0"),
        ("--slices", "2", "--dry-run"),
    ],
)
def test_what_does_not_go_together(
    run: Run, relay: ScriptedRelay, ledger: Ledger, options: tuple[str, ...]
) -> None:
    assert run(*TRADE, *options, "--yes", "--relay", relay.url).code == 2
    assert ledger.submissions == []
