"""Many intents at once: each has an end of its own, and none is guessed."""

from collections.abc import Iterator

import pytest
from people import ALICE
from scripted_relay import (
    DOMAIN,
    LOST_ACK,
    LOST_REQUEST,
    Fault,
    Ledger,
    ScriptedRelay,
    serving,
    unused_url,
)

from offbeat.core import Refused, Unavailable
from offbeat.intents import SignedIntent, intent_hash
from offbeat.sdk import Client, IntentState, SendUnknown


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def relays(ledger: Ledger) -> Iterator[tuple[ScriptedRelay, ScriptedRelay]]:
    pair = ScriptedRelay(ledger), ScriptedRelay(ledger)
    with serving(*pair):
        yield pair


Pair = tuple[ScriptedRelay, ScriptedRelay]


def signed(client: Client, count: int) -> list[SignedIntent]:
    terms = client.covered_call("ETH-25DEC26-4000-C", quantity="2", limit="3310")
    return [client.sign(terms) for _ in range(count)]


def name(each: SignedIntent) -> str:
    return f"0x{intent_hash(each.intent, DOMAIN).hex()}"


def test_arrays_of_64_go_to_every_relay_that_is_there(relays: Pair, ledger: Ledger) -> None:
    with Client([unused_url(), *(each.url for each in relays)], ALICE.key) as client:
        intents = signed(client, 70)
        ends = client.send_many([*intents, intents[0]])
    assert [each.intent_hash for each in ends if isinstance(each, IntentState)] == [
        *map(name, intents),
        name(intents[0]),
    ]
    for relay in relays:
        assert relay.requests.count("array") == 2
        assert "submit" not in relay.requests


def test_one_that_is_refused_stops_no_other(relays: Pair) -> None:
    with Client([each.url for each in relays], ALICE.key) as client:
        good, bad, also_good = intents = signed(client, 3)
        for relay in relays:
            relay.refused.add(name(bad))
        first, second, third = client.send_many(intents)
    assert isinstance(first, IntentState)
    assert isinstance(second, Refused)
    assert second.code == "unhealthy"
    assert isinstance(third, IntentState)
    assert (first.intent_hash, third.intent_hash) == (name(good), name(also_good))


def test_a_lost_answer_is_looked_after(relays: Pair, ledger: Ledger) -> None:
    relay = relays[0]
    relay.faults.append(LOST_ACK)
    with Client(relay.url, ALICE.key) as client:
        intents = signed(client, 3)
        ends = client.send_many(intents)
    assert all(isinstance(each, IntentState) for each in ends)
    assert {ledger.hash_of(each) for each in ledger.submissions} == set(map(name, intents))


@pytest.mark.parametrize("lost", [LOST_ACK, LOST_REQUEST])
def test_what_nobody_can_say_is_unknown(relays: Pair, lost: Fault) -> None:
    relay = relays[0]
    with Client(relay.url, ALICE.key) as client:
        intents = signed(client, 2)
        relay.faults.extend([lost, *[Fault(503, code="busy", retryable=True)] * 1_000])
        ends = client.send_many(intents, timeout_seconds=0.5)
        assert all(isinstance(each, SendUnknown) for each in ends), ends
        assert [each.intent_hash for each in ends if isinstance(each, SendUnknown)] == [
            *map(name, intents)
        ]
        relay.faults.clear()
        again = client.send_many(intents)
    assert all(isinstance(each, IntentState) for each in again)


def test_what_surely_did_not_arrive_is_no_doubt(relays: Pair) -> None:
    with Client(relays[0].url, ALICE.key) as teller:
        intents = signed(teller, 2)
    with Client(unused_url(), ALICE.key, domain=DOMAIN) as client:
        ends = client.send_many(intents, timeout_seconds=0.2)
    assert all(isinstance(each, Unavailable) for each in ends), ends
