"""``offbeat demo``: the network in a minute, and what its summary would say of a loss."""

import dataclasses

import pytest
from commands import Run

from offbeat.cli import demo as command
from offbeat.core.lifecycle import IntentStatus
from offbeat.sdk import IntentState
from offbeat.sim import LiveSummary
from offbeat.sim.live_summary import disputed_intents, lost_intents

STATE = IntentState(
    intent_hash="0x01",
    kind="Order",
    status=IntentStatus.FINAL,
    reason="",
    filled_micros=1_000,
    paid_micros=5,
    fee_micros=1,
    batch_hash=None,
    received_seconds=1,
    changed_seconds=2,
    cursor=3,
    message={},
)


@pytest.fixture
def summaries(monkeypatch: pytest.MonkeyPatch) -> list[LiveSummary]:
    """A shorter demo, and every summary that it makes."""
    monkeypatch.setattr(command, "ROUNDS", 4)
    monkeypatch.setattr(command, "KILL_ROUND", 2)
    monkeypatch.setattr(command, "RESTART_ROUND", 3)
    made: list[LiveSummary] = []
    summarise = command.summarise_live

    def keep(*arguments: object, **options: object) -> LiveSummary:
        made.append(summarise(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(command, "summarise_live", keep)
    return made


def test_a_killed_relay_loses_and_doubles_nothing(run: Run, summaries: list[LiveSummary]) -> None:
    answer = run("demo", "--json")
    assert answer.code == 0, answer.err
    (summary,) = summaries
    assert "relay 1 is killed" in answer.err
    said = answer.json
    assert said["ok"] is True
    assert (said["lost"], said["disputed"], said["refused"]) == ([], [], {})
    assert said["settled"] == said["settled_on_chain"] == said["fates"]["final"]
    # Each round has four pairs, and a quote with its cancellation.
    assert said["acknowledged"] == str(4 * (2 * 4 + 2))
    assert said["fates"]["cancelled"] == "4"
    assert summary.sent > 3 * summary.acknowledged
    assert sum(summary.landed_by.values()) == len(summary.batches)
    assert "somebody else" not in summary.landed_by
    assert not dataclasses.replace(summary, lost=("0x01",)).ok
    assert not dataclasses.replace(summary, disputed=("0x01",)).ok
    assert not dataclasses.replace(summary, settled=summary.settled - 1).ok


def test_what_has_not_ended_everywhere_is_lost() -> None:
    open_state = dataclasses.replace(STATE, status=IntentStatus.SETTLED)
    assert lost_intents(["0x01"], [{"0x01": STATE}, {"0x01": STATE}]) == ()
    assert lost_intents(["0x01"], [{"0x01": STATE}, {}]) == ("0x01",)
    assert lost_intents(["0x01"], [{"0x01": STATE}, {"0x01": open_state}]) == ("0x01",)


@pytest.mark.parametrize("name", ["filled_micros", "paid_micros", "fee_micros", "reason", "status"])
def test_relays_that_tell_different_stories_are_found_out(name: str) -> None:
    other = {"reason": "EXPIRED", "status": IntentStatus.CANCELLED}.get(name, 7)
    told = dataclasses.replace(STATE, **{name: other})
    assert disputed_intents(["0x01"], [{"0x01": STATE}, {"0x01": STATE}]) == ()
    assert disputed_intents(["0x01"], [{"0x01": STATE}, {"0x01": told}]) == ("0x01",)
    later = dataclasses.replace(STATE, cursor=9, changed_seconds=9)
    assert disputed_intents(["0x01"], [{"0x01": STATE}, {"0x01": later}]) == ()
