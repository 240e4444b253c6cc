"""Best bids and asks of what waits at a relay."""

import itertools
from dataclasses import replace

import pytest
from api_desk import CALL, NOW_SECONDS, PUT, UNLIMITED, Desk, call_order, text_of
from people import ALICE, BOB, Person

from offbeat.core.lifecycle import IntentStatus
from offbeat.core.store_port import IntentMoved
from offbeat.instruments import Leg
from offbeat.node.api import quotes

_nonces = itertools.count(100)
UNIT = 1_000_000


def wait(
    desk: Desk, ratio: int, limit_micros: int, person: Person = ALICE, **more: object
) -> bytes:
    """Let an order for calls wait at the relay; its hash."""
    changes = {"legs": (Leg(CALL, ratio),), "limit_micros": limit_micros, "nonce": next(_nonces)}
    answer = desk.post("/v1/intents", text_of(call_order(person, **(changes | more)), person))
    assert answer.status_code == 201
    return bytes.fromhex(answer.json()["intent_hash"][2:])


def best(desk: Desk) -> tuple[str | None, str | None]:
    """Best bid and ask of the call."""
    listed = desk.get("/v1/instruments").json()
    [view] = [each for each in listed if each["instrument_name"] == CALL.name]
    return view["best_bid_micros"], view["best_ask_micros"]


@pytest.fixture(autouse=True)
def looked_up_always(desk: Desk) -> None:
    desk.use(replace(UNLIMITED, quotes_seconds=0))


def test_the_best_of_several_is_told(desk: Desk) -> None:
    assert best(desk) == (None, None)
    wait(desk, 1, 5 * UNIT)
    wait(desk, 1, 7 * UNIT, BOB)
    wait(desk, -1, -9 * UNIT)
    wait(desk, -1, -8 * UNIT, BOB)
    assert best(desk) == (str(7 * UNIT), str(8 * UNIT))


def test_a_ratio_is_divided_against_whoever_asks(desk: Desk) -> None:
    wait(desk, 3, 10 * UNIT)
    wait(desk, -3, -10 * UNIT, BOB)
    assert best(desk) == ("3333333", "3333334")


@pytest.mark.parametrize(
    "more",
    [
        {"valid_from_seconds": NOW_SECONDS + 60},
        {"spot_min_micros": 1},
        {"legs": tuple(sorted((Leg(CALL, 1), Leg(PUT, 1)), key=lambda leg: leg.instrument))},
    ],
)
def test_what_depends_on_more_is_no_quote(desk: Desk, more: dict[str, object]) -> None:
    wait(desk, 1, 5 * UNIT, **more)
    assert best(desk) == (None, None)


def test_what_no_longer_waits_is_no_quote(desk: Desk) -> None:
    name = wait(desk, 1, 5 * UNIT)
    assert best(desk) == (str(5 * UNIT), None)
    desk.run(desk.relay.store.append([IntentMoved(name, IntentStatus.CANCEL_PENDING)], 1))
    assert best(desk) == (None, None)


def test_nothing_is_told_where_too_many_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "MAX_QUOTING", 2)
    for limit in (1, 2):
        wait(desk, 1, limit * UNIT)
    assert best(desk) == (str(2 * UNIT), None)
    wait(desk, 1, 3 * UNIT)
    assert best(desk) == (None, None)


def test_nothing_is_looked_up_twice_in_a_second(desk: Desk) -> None:
    desk.use(replace(UNLIMITED, quotes_seconds=3_600))
    wait(desk, 1, 5 * UNIT)
    assert best(desk) == (str(5 * UNIT), None)
    wait(desk, 1, 6 * UNIT)
    assert best(desk) == (str(5 * UNIT), None)
