"""Nonces: each handed out once, never one that cancels what waits."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, Unavailable, limits
from offbeat.intents import Lane, make_nonce, split_nonce
from offbeat.sdk.nonces import LaneUse, NonceLedger, beyond_all

ACCOUNT = 7
NEW = LaneUse((), ())


def take(
    ledger: NonceLedger, use: LaneUse = NEW, lane: int | None = None, until: int = 100, now: int = 0
) -> int:
    return ledger.take(ACCOUNT, use, lane=lane, valid_until_seconds=until, now_seconds=now)


def test_the_lowest_free_number_comes_first() -> None:
    ledger, use = NonceLedger(), LaneUse((Lane(10, 0b101),), (11,))
    assert [take(ledger, use) for _ in range(3)] == [11, 13, 14]


def test_threads_never_share_a_number() -> None:
    ledger = NonceLedger()
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take(ledger), range(200)))
    assert sorted(taken) == list(range(200))


def test_a_full_window_goes_on_in_the_next_lane_or_stops() -> None:
    ledger = NonceLedger()
    for _ in range(limits.LANE_WINDOW):
        take(ledger)
    with pytest.raises(Unavailable) as caught:
        take(ledger, lane=0)
    assert caught.value.code == "nonces_exhausted"
    use = LaneUse((Lane(),), ())
    assert take(ledger, use) == make_nonce(1, 0)


def test_what_went_nowhere_and_what_is_over_is_free_again() -> None:
    ledger = NonceLedger()
    assert take(ledger, until=5) == 0
    assert take(ledger) == 1
    ledger.release(ACCOUNT, 1)
    assert take(ledger) == 1
    assert take(ledger, now=6) == 0


@pytest.mark.parametrize("lane", [-1, 1, 8])
def test_lanes_open_in_order(lane: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        take(NonceLedger(), lane=lane)
    assert caught.value.code == "nonce_lane"


def test_a_lane_that_open_intents_will_create_counts() -> None:
    assert take(NonceLedger(), LaneUse((), (3, 0)), lane=1) == make_nonce(1, 0)


@given(st.integers(0, 2**40), st.integers(0, 2**256 - 1), st.integers(0, 255))
def test_a_number_never_slides_the_window(floor: int, bitmap: int, ahead: int) -> None:
    use = LaneUse((Lane(floor, bitmap),), (floor + ahead,))
    try:
        lane, number = split_nonce(take(NonceLedger(), use, lane=0))
    except Unavailable:
        assert bitmap >> ahead == (1 << (256 - ahead)) - 1
        return
    assert (lane, floor + ahead <= number < floor + 256) == (0, True)
    assert not bitmap >> (number - floor) & 1


@given(st.integers(0, 2**40), st.lists(st.integers(0, 2**41), max_size=4))
def test_cancelling_all_leaves_everything_behind(floor: int, numbers: list[int]) -> None:
    new_floor = beyond_all(Lane(floor), numbers) - (limits.LANE_WINDOW - 1)
    assert new_floor > max(floor + limits.LANE_WINDOW - 1, *numbers, 0)
