"""The queue of forced requests as the chain tells it, and a chain that tells it wrongly."""

import pytest

from offbeat.intents import Cancel, Domain, sign
from offbeat.reconciliation import Diverged, follow
from offbeat.rulebook import ForcedItem, Quorum, Rules, State
from offbeat.wire import Act, Forced, ForcedCleared, ForcedPassedOver, Place

DOMAIN = Domain(1, b"\x01" * 20)
NOBODY = Quorum((b"\x02" * 20,), 1)
PLACE = Place(1, 0, bytes(32))


def request(number: int) -> ForcedItem:
    cancel = Cancel(
        owner=b"\x03" * 20, account=0, nonce=number, valid_until_seconds=9, max_fee_micros=0
    )
    return ForcedItem(
        number=number,
        digest=number.to_bytes(32),
        signed=sign(cancel, b"\x04" * 32, DOMAIN),
        signer=b"\x03" * 20,
        enqueued_at_seconds=number,
        lapses_at_seconds=9,
        fee_wei=number,
    )


def queue_after(*acts: Act) -> list[int]:
    state = State(Rules(DOMAIN, NOBODY, NOBODY))
    for act in acts:
        state = follow(state, act)
    return [item.number for item in state.forced]


IN = [Forced(PLACE, request(number)) for number in (1, 2, 3)]


def test_it_is_a_queue() -> None:
    assert queue_after(*IN) == [1, 2, 3]
    assert queue_after(*IN, ForcedCleared(PLACE, 1)) == [2, 3]
    assert queue_after(*IN, ForcedPassedOver(PLACE, 1)) == [2, 3, 1]
    assert queue_after(*IN, ForcedPassedOver(PLACE, 1), ForcedCleared(PLACE, 2)) == [3, 1]


@pytest.mark.parametrize("act", [ForcedCleared(PLACE, 2), ForcedPassedOver(PLACE, 2)])
def test_only_the_first_leaves_its_place(act: Act) -> None:
    with pytest.raises(Diverged):
        queue_after(*IN, act)
    with pytest.raises(Diverged):
        queue_after(act)
