"""The stream: a snapshot, then every change, and nothing missed by whoever comes back."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from api_desk import (
    ALICE,
    DOMAIN,
    UNLIMITED,
    Client,
    Desk,
    call_order,
    client_of,
    hash_of,
    serving,
    text_of,
)
from people import BOB
from websockets.exceptions import ConnectionClosed, InvalidStatus

from offbeat.core import Unavailable
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import IntentMoved, IntentRelayed
from offbeat.intents import Order, intent_hash
from offbeat.node.api import ApiLimits
from offbeat.rulebook import account_id

ALICES = "account:0x" + ALICE.address.hex() + "00000000"
STEPS = (IntentStatus.ORDERED, IntentStatus.CLEARED, IntentStatus.SETTLED, IntentStatus.FINAL)
NAMES = [step.name.lower() for step in STEPS]


def stream(
    desk: Desk, talk: Callable[[Client], Awaitable[None]], limits: ApiLimits = UNLIMITED
) -> None:
    """Let one client talk to the desk."""

    async def meet() -> None:
        async with serving(desk, limits) as address, client_of(address) as client:
            await talk(client)

    desk.use(limits)
    desk.run(meet())


def body_of(order: Order) -> Any:
    return json.loads(text_of(order))


def relayed(order: Order) -> IntentRelayed:
    account = account_id(order.owner, order.account).to_bytes(24)
    return IntentRelayed(intent_hash(order, DOMAIN), account, text_of(order))


async def submit(client: Client, *orders: Order) -> list[Any]:
    bodies = list(map(body_of, orders))
    answer = await client.ask(op="submit", id="1", intents=bodies)
    assert (answer["type"], answer["id"]) == ("submitted", "1")
    results: list[Any] = answer["results"]
    return results


async def move(desk: Desk, order: Order, *steps: IntentStatus) -> None:
    for step in steps:
        await desk.relay.store.append([IntentMoved(intent_hash(order, DOMAIN), step)], 7)


def test_intents_are_admitted_over_a_stream(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        order = call_order()
        results = await submit(client, order, order, call_order(BOB))
        assert [each["status"] for each in results] == [201, 200, 422]
        assert results[0]["intent"]["intent_hash"] == hash_of(order)
        broken = await client.ask(op="submit", id="2", intents=[{}, body_of(order)])
        assert [each["status"] for each in broken["results"]] == [400, 200]
        refused = await client.ask(op="submit", id="3", intents=[])
        assert (refused["type"], refused["id"]) == ("problem", "3")
        assert refused["problem"]["code"] == "array_length"

    stream(desk, talk)


def test_an_intent_is_followed_to_its_end(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        order = call_order()
        await submit(client, order)
        channel = f"intent:{hash_of(order)}"
        snapshot = await client.ask(op="subscribe", channel=channel)
        assert snapshot["type"] == "snapshot"
        assert [each["status"] for each in snapshot["intents"]] == ["relayed"]
        await move(desk, order, *STEPS)
        seq = snapshot["seq"]
        for name in NAMES:
            update = await client.hear()
            assert update["type"] == "update"
            assert (update["channel"], update["prev_seq"]) == (channel, seq)
            assert update["intent"]["status"] == name
            assert update["intent"]["cursor"] == update["seq"]
            seq = update["seq"]

    stream(desk, talk)


def test_an_unknown_intent_is_followed_from_its_birth(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        order = call_order()
        snapshot = await client.ask(op="subscribe", channel=f"intent:{hash_of(order)}")
        assert snapshot["intents"] == []
        await client.say(op="submit", id="1", intents=[body_of(order)])
        heard = {each["type"]: each for each in [await client.hear(), await client.hear()]}
        assert heard["update"]["intent"] == heard["submitted"]["results"][0]["intent"]

    stream(desk, talk)


def test_an_account_hears_of_its_own_intents_only(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        mine = [call_order(nonce=4), call_order(nonce=5)]
        await submit(client, mine[0])
        snapshot = await client.ask(op="subscribe", channel=ALICES)
        assert [each["intent_hash"] for each in snapshot["intents"]] == [hash_of(mine[0])]
        assert snapshot["account"]["record"]["owner"]
        other = call_order(BOB, nonce=0)
        body = json.loads(text_of(other, BOB))
        await client.ask(op="submit", id="1", intents=[body])
        await client.say(op="submit", id="2", intents=[body_of(mine[1])])
        heard = {each["type"]: each for each in [await client.hear(), await client.hear()]}
        assert heard["update"]["intent"]["intent_hash"] == hash_of(mine[1])

    stream(desk, talk)


def test_whoever_comes_back_misses_nothing(desk: Desk) -> None:
    order = call_order()
    channel = f"intent:{hash_of(order)}"
    seen: list[str] = []

    async def begin(client: Client) -> None:
        await submit(client, order)
        seen.append((await client.ask(op="subscribe", channel=channel))["seq"])

    async def come_back(client: Client) -> None:
        await move(desk, order, *STEPS[:2])
        await client.say(op="subscribe", channel=channel, after=seen[-1])
        await move(desk, order, *STEPS[2:])
        for name in NAMES:
            update = await client.hear()
            assert (update["prev_seq"], update["intent"]["status"]) == (seen[-1], name)
            seen.append(update["seq"])

    stream(desk, begin)
    stream(desk, come_back)


def test_a_place_too_long_ago_begins_with_a_snapshot(desk: Desk) -> None:
    order = call_order()

    async def talk(client: Client) -> None:
        await submit(client, order)
        await move(desk, order, *STEPS)
        channel = f"intent:{hash_of(order)}"
        answer = await client.ask(op="subscribe", channel=channel, after="0")
        assert answer["type"] == "snapshot"
        assert answer["intents"][0]["status"] == "final"

    stream(desk, talk, ApiLimits(requests_per_second=0, max_stream_replay=2))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"op": "subscribe", "channel": "intent:0x"}, "hex_invalid"),
        ({"op": "subscribe", "channel": "intent:0x" + "AB" * 32}, "channel_unknown"),
        ({"op": "subscribe", "channel": "account:0x" + "11" * 20}, "hex_invalid"),
        ({"op": "subscribe", "channel": "everything"}, "channel_unknown"),
        ({"op": "subscribe", "channel": ""}, "channel_unknown"),
        ({"op": "subscribe", "channel": "batches", "after": "99"}, "cursor_unknown"),
        ({"op": "subscribe", "channel": "batches", "after": "-1"}, "cursor_unknown"),
        ({"op": "subscribe", "channel": "batches", "after": "9" * 30}, "cursor_unknown"),
        ({"op": "subscribe", "channel": "batches", "after": 1}, "body_malformed"),
        ({"op": "subscribe"}, "body_malformed"),
        ({"op": "dance"}, "body_malformed"),
        ({"op": "submit", "id": 1, "intents": []}, "body_malformed"),
        ([], "body_malformed"),
    ],
)
def test_what_makes_no_sense_ends_nothing(desk: Desk, request_: Any, code: str) -> None:
    async def talk(client: Client) -> None:
        await client.connection.send(json.dumps(request_))
        answer = await client.hear()
        assert (answer["type"], answer["problem"]["code"]) == ("problem", code)
        await client.connection.send("{")
        assert (await client.hear())["problem"]["code"] == "json_invalid"
        assert (await client.ask(op="subscribe", channel="batches"))["type"] == "snapshot"

    stream(desk, talk)


def test_a_channel_that_is_left_stays_silent(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        await client.ask(op="subscribe", channel=ALICES)
        await client.say(op="unsubscribe", channel=ALICES)
        results = await submit(client, call_order())
        assert results[0]["status"] == 201
        assert (await client.ask(op="subscribe", channel="batches"))["channel"] == "batches"

    stream(desk, talk)


def test_channels_have_a_bound(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        for number in (1, 2, 2):
            await client.ask(op="subscribe", channel=f"intent:0x{number:064x}")
        answer = await client.ask(op="subscribe", channel="batches")
        assert (answer["channel"], answer["problem"]["code"]) == ("batches", "channels_full")

    stream(desk, talk, ApiLimits(requests_per_second=0, max_stream_channels=2))


def test_a_slow_client_loses_its_channel_and_may_resume_it(desk: Desk) -> None:
    """One message may wait; the ten news of one append come before any can be written."""
    orders = [call_order(nonce=nonce) for nonce in range(10, 20)]

    async def talk(client: Client) -> None:
        seen = (await client.ask(op="subscribe", channel=ALICES))["seq"]
        await desk.relay.store.append(list(map(relayed, orders)), 7)
        found, drops = [], 0
        while len(found) < len(orders):
            message = await client.hear()
            if message["type"] == "update":
                assert message["prev_seq"] == seen
                seen = message["seq"]
                found.append(message["intent"]["intent_hash"])
            else:
                assert (message["type"], message["channel"]) == ("problem", ALICES)
                assert message["problem"]["code"] == "stream_lagging"
                assert message["problem"]["retryable"] is True
                drops += 1
                await client.say(op="subscribe", channel=ALICES, after=seen)
        assert found == list(map(hash_of, orders))
        assert drops == 1

    stream(desk, talk, ApiLimits(requests_per_second=0, max_stream_backlog=1))
    assert "offbeat_stream_drops_total 1.0" in desk.get("/metrics").text


def test_a_client_that_says_nothing_is_let_go(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        with pytest.raises(ConnectionClosed) as closed:
            await client.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4408

    stream(desk, talk, ApiLimits(requests_per_second=0, stream_idle_seconds=0))


def test_streams_have_a_bound(desk: Desk) -> None:
    async def meet() -> None:
        async with serving(desk) as address, client_of(address):
            with pytest.raises(InvalidStatus) as refused:
                async with client_of(address):
                    pass
            assert refused.value.response.status_code == 503
            assert json.loads(refused.value.response.body or b"")["code"] == "streams_full"

    desk.use(ApiLimits(requests_per_second=0, max_streams=1))
    desk.run(meet())


def test_a_stream_has_the_rate_of_its_client(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        answers = [await client.ask(op="submit", id="1", intents=[]) for _ in range(3)]
        codes = [each["problem"]["code"] for each in answers]
        assert codes == ["array_length", "array_length", "rate_limited"]

    stream(desk, talk, ApiLimits(requests_per_second=1, burst_requests=3))


def test_a_store_that_is_away_is_told_and_waited_for(desk: Desk) -> None:
    async def talk(client: Client) -> None:
        desk.relay.trouble = [Unavailable("store_unavailable", "away")]
        answer = await client.ask(op="submit", id="1", intents=[body_of(call_order())])
        assert (answer["id"], answer["problem"]["code"]) == ("1", "store_unavailable")
        desk.relay.trouble = []
        desk.relay.bug = RuntimeError("the secret")
        answer = await client.ask(op="submit", id="2", intents=[body_of(call_order())])
        assert answer["problem"]["code"] == "internal"
        assert "secret" not in json.dumps(answer)
        desk.relay.bug = None
        await submit(client, call_order())

    stream(desk, talk)
