"""Following an intent: over streams that break, skip and lie low, and by asking where none is."""

from collections.abc import Iterator

import pytest
from people import ALICE
from scripted_relay import Fault, Ledger, ScriptedRelay, serving, unused_url

from offbeat.core import InvalidInput, OutcomeUnknown
from offbeat.core.lifecycle import IntentStatus
from offbeat.sdk import Client, IntentState

JOURNEY = [
    IntentStatus.RELAYED,
    IntentStatus.ORDERED,
    IntentStatus.CLEARED,
    IntentStatus.SETTLED,
    IntentStatus.FINAL,
]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def relay(ledger: Ledger) -> Iterator[ScriptedRelay]:
    made = ScriptedRelay(ledger)
    with serving(made):
        yield made


@pytest.fixture
def client(relay: ScriptedRelay) -> Iterator[Client]:
    with Client(relay.url, ALICE.key) as made:
        yield made


@pytest.fixture
def sent(client: Client) -> IntentState:
    return client.trade(client.covered_call("ETH-25DEC26-4000-C", quantity="2", limit="3310"))


def statuses(client: Client, sent: IntentState) -> list[IntentStatus]:
    return [state.status for state in client.watch(sent)]


def test_a_stream_tells_every_state_in_order(client: Client, sent: IntentState) -> None:
    assert statuses(client, sent) == JOURNEY


def test_a_gap_is_closed_from_the_cursor(
    client: Client, sent: IntentState, relay: ScriptedRelay
) -> None:
    relay.stream_faults.append("skip")
    assert statuses(client, sent) == JOURNEY
    first, second = relay.subscriptions
    assert (first.after, second.after) == (None, "1")


def test_a_dropped_stream_resumes_where_it_was(
    client: Client, sent: IntentState, relay: ScriptedRelay
) -> None:
    relay.stream_faults.append("drop")
    assert statuses(client, sent) == JOURNEY
    assert [each.after for each in relay.subscriptions] == [None, "1"]


@pytest.mark.parametrize("fault", ["refuse", "garbage"])
def test_without_streams_asking_tells_it_too(
    client: Client, sent: IntentState, relay: ScriptedRelay, fault: str
) -> None:
    relay.stream_faults.extend([fault] * 20)
    assert statuses(client, sent)[-1] is IntentStatus.FINAL
    assert "look" in relay.requests


def test_the_other_relay_goes_on_where_one_has_died(ledger: Ledger, sent: IntentState) -> None:
    other = ScriptedRelay(ledger)
    with serving(other), Client([unused_url(), other.url]) as watcher:
        assert statuses(watcher, sent) == JOURNEY


def test_what_nobody_knows_is_said_at_once(client: Client) -> None:
    with pytest.raises(InvalidInput) as caught:
        list(client.watch("0x" + "ab" * 32))
    assert caught.value.code == "intent_unknown"


def test_a_relay_that_has_not_heard_of_it_is_left_for_one_that_has(
    ledger: Ledger, sent: IntentState
) -> None:
    stranger, other = ScriptedRelay(Ledger()), ScriptedRelay(ledger)
    with serving(stranger, other), Client([stranger.url, other.url]) as watcher:
        assert statuses(watcher, sent) == JOURNEY
        assert watcher.intent(sent).status is IntentStatus.FINAL


def test_waiting_ends_with_the_truth_so_far(
    client: Client, sent: IntentState, ledger: Ledger
) -> None:
    ledger.script = ("ordered",)
    with pytest.raises(OutcomeUnknown) as caught:
        client.wait_final(sent, timeout_seconds=0.3)
    assert caught.value.code == "not_final"
    assert "ORDERED" in caught.value.message


@pytest.mark.parametrize("status", ["rejected", "cancelled", "expired"])
def test_every_end_is_an_end(
    client: Client, sent: IntentState, ledger: Ledger, status: str
) -> None:
    ledger.move(sent.intent_hash, status, reason="unhealthy")
    done = client.wait_final(sent, timeout_seconds=20)
    assert (done.status.name.lower(), done.reason, done.is_closed) == (status, "unhealthy", True)


def test_a_reorganisation_is_told_as_it_is(
    client: Client, sent: IntentState, ledger: Ledger
) -> None:
    ledger.script = ("cleared", "settled", "cleared", "settled", "final")
    told = [status.name.lower() for status in statuses(client, sent)]
    assert told == ["relayed", *ledger.script]


def test_asking_survives_a_bad_gateway(
    client: Client, sent: IntentState, relay: ScriptedRelay
) -> None:
    relay.stream_faults.extend(["refuse"] * 20)
    relay.faults.extend([Fault(502), Fault(status=None)])
    assert client.wait_final(sent, timeout_seconds=20).status is IntentStatus.FINAL
