"""One call, one intent: whatever answers are lost, late, refused or contradictory."""

import asyncio
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

from offbeat.core import InvalidInput, Refused, Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.intents import intent_hash, recover
from offbeat.sdk import AsyncClient, Client, OrderTerms, SendUnknown

CALL = "ETH-25DEC26-4000-C"


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


def order(client: Client | AsyncClient) -> OrderTerms:
    return client.covered_call(CALL, quantity="2", limit="3310")


def distinct(ledger: Ledger) -> set[str]:
    return {ledger.hash_of(signed) for signed in ledger.submissions}


def test_a_covered_call_is_signed_sent_and_seen_to_finality(client: Client, ledger: Ledger) -> None:
    sent = client.trade(order(client))
    assert sent.status is IntentStatus.RELAYED
    done = client.wait_final(sent, timeout_seconds=20)
    assert (done.status, done.filled) == (IntentStatus.FINAL, 2)
    (signed,) = ledger.submissions
    assert recover(intent_hash(signed.intent, DOMAIN), signed.signature) == ALICE.address


def test_a_lost_acknowledgement_is_looked_up_not_repeated(
    client: Client, relay: ScriptedRelay, ledger: Ledger
) -> None:
    relay.faults.append(LOST_ACK)
    assert client.trade(order(client)).status is IntentStatus.RELAYED
    assert [each for each in relay.requests if each != "account"] == ["submit", "look"]
    assert len(ledger.submissions) == 1


def test_a_lost_request_is_sent_again_word_for_word(
    client: Client, relay: ScriptedRelay, ledger: Ledger
) -> None:
    relay.faults.append(LOST_REQUEST)
    client.trade(order(client))
    assert [each for each in relay.requests if each != "account"] == ["submit", "look", "submit"]
    first, second = ledger.submissions
    assert first == second


def test_a_busy_relay_is_asked_again_without_a_look(client: Client, relay: ScriptedRelay) -> None:
    relay.faults.append(Fault(429, retry_after="0", code="rate_limited", retryable=True))
    client.trade(order(client))
    assert [each for each in relay.requests if each != "account"] == ["submit", "submit"]


def test_a_refusal_is_final_and_has_its_reason(client: Client, relay: ScriptedRelay) -> None:
    relay.faults.append(Fault(422, code="unhealthy"))
    with pytest.raises(Refused) as caught:
        client.trade(order(client))
    assert (caught.value.code, caught.value.retryable) == ("unhealthy", False)
    assert relay.requests.count("submit") == 1


def test_malformed_is_the_callers_fault(client: Client, relay: ScriptedRelay) -> None:
    relay.faults.append(Fault(400, code="field_type"))
    with pytest.raises(InvalidInput) as caught:
        client.trade(order(client))
    assert caught.value.code == "field_type"


def test_a_dead_relay_beside_a_live_one_costs_nothing(ledger: Ledger) -> None:
    alive = ScriptedRelay(ledger)
    with serving(alive), Client([unused_url(), alive.url], ALICE.key) as client:
        assert client.trade(order(client)).status is IntentStatus.RELAYED


def test_two_relays_of_two_stores_get_the_same_intent() -> None:
    one, other = ScriptedRelay(Ledger()), ScriptedRelay(Ledger())
    with serving(one, other):
        with Client([one.url, other.url], ALICE.key) as client:
            client.trade(order(client))
        # Closing has waited for the slower one.
        assert one.ledger.submissions == other.ledger.submissions
        assert len(one.ledger.submissions) == 1


def test_nobody_there_is_unavailable_and_certain() -> None:
    with Client([unused_url(), unused_url()], ALICE.key, domain=DOMAIN) as client:
        with pytest.raises(Unavailable) as caught:
            client.trade(order(client), timeout_seconds=0.5)
        assert caught.value.retryable


def test_what_nobody_can_say_is_unknown_and_names_the_hash(
    client: Client, relay: ScriptedRelay, ledger: Ledger
) -> None:
    relay.faults.extend([LOST_ACK, *(LOST_REQUEST,) * 20])
    with pytest.raises(SendUnknown) as caught:
        client.trade(order(client), timeout_seconds=1)
    assert {caught.value.intent_hash} == distinct(ledger)
    relay.faults.clear()
    assert client.intent(caught.value.intent_hash).status is IntentStatus.RELAYED
    assert client.send(caught.value.signed).intent_hash == caught.value.intent_hash


def test_many_tasks_at_once_use_many_nonces(relay: ScriptedRelay, ledger: Ledger) -> None:
    async def go() -> None:
        async with AsyncClient(relay.url, ALICE.key) as client:
            await asyncio.gather(*(client.trade(order(client)) for _ in range(40)))

    asyncio.run(go())
    assert sorted(signed.intent.nonce for signed in ledger.submissions) == list(range(40))
