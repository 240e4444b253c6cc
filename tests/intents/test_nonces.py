import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, Reason
from offbeat.intents import Lane, is_spent, make_nonce, spend, split_nonce

TOP = 2**56 - 1


class NaiveLanes:
    """The same rules on plain sets: every number that was used, and the highest of each lane."""

    def __init__(self) -> None:
        self.used: list[set[int]] = []

    def floor(self, lane: int) -> int:
        return max(0, max(self.used[lane], default=0) - 255)

    def spend(self, lane: int, number: int) -> Reason | None:
        if lane >= 8 or lane > len(self.used):
            return Reason.NONCE_LANE
        if lane == len(self.used):
            self.used.append(set())
        if number in self.used[lane] or number < self.floor(lane):
            return Reason.NONCE_SPENT
        self.used[lane].add(number)
        return None


near_the_window = st.integers(0, 1_000) | st.sampled_from([TOP - 256, TOP - 255, TOP - 1, TOP])
steps = st.lists(st.tuples(st.integers(0, 9), near_the_window), max_size=60)


@given(steps)
def test_any_sequence_agrees_with_plain_sets(steps: list[tuple[int, int]]) -> None:
    lanes: tuple[Lane, ...] = ()
    naive = NaiveLanes()
    for lane, number in steps:
        nonce = make_nonce(lane, number)
        result = spend(lanes, nonce)
        expected = naive.spend(lane, number)
        if expected is not None:
            assert result is expected
        else:
            assert isinstance(result, tuple)
            lanes = result
            assert is_spent(lanes, nonce)
    for index, lane in enumerate(lanes):
        assert lane.floor == naive.floor(index)
        spent = {lane.floor + k for k in range(256) if lane.bitmap >> k & 1}
        assert spent == {n for n in naive.used[index] if n >= lane.floor}
        assert 0 <= lane.bitmap < 2**256


@given(st.permutations(range(256)))
def test_a_full_window_is_spent_in_any_order(numbers: list[int]) -> None:
    lanes: tuple[Lane, ...] = ()
    for number in numbers:
        result = spend(lanes, number)
        assert isinstance(result, tuple)
        lanes = result
    assert lanes == (Lane(0, 2**256 - 1),)


def test_the_last_bit_of_the_window_does_not_slide_it() -> None:
    assert spend((Lane(0, 1),), 255) == (Lane(0, 1 | 1 << 255),)


def test_the_first_number_beyond_the_window_slides_it_by_one() -> None:
    assert spend((Lane(0, 0b11),), 256) == (Lane(1, 1 | 1 << 255),)


def test_the_second_number_beyond_slides_it_by_two() -> None:
    assert spend((Lane(0, 0b111),), 257) == (Lane(2, 1 | 1 << 255),)


def test_sliding_spends_what_it_leaves_behind() -> None:
    slid = spend((Lane(),), 300)
    assert slid == (Lane(45, 1 << 255),)
    assert isinstance(slid, tuple)
    assert spend(slid, 44) is Reason.NONCE_SPENT
    assert spend(slid, 45) == (Lane(45, 1 << 255 | 1),)


@pytest.mark.parametrize(
    ("slide", "kept"), [(1, 1 << 254), (254, 1 << 1), (255, 1 << 0), (256, 0), (10_000, 0)]
)
def test_the_top_bit_survives_until_it_falls_off(slide: int, kept: int) -> None:
    lane = Lane(1_000, 1 << 255)
    assert spend((lane,), 1_255 + slide) == (Lane(1_000 + slide, kept | 1 << 255),)


def test_the_highest_number_leaves_no_room_above() -> None:
    lanes = spend((), TOP)
    assert lanes == (Lane(TOP - 255, 1 << 255),)
    assert isinstance(lanes, tuple)
    assert spend(lanes, TOP) is Reason.NONCE_SPENT
    assert spend(lanes, TOP - 256) is Reason.NONCE_SPENT
    assert spend(lanes, TOP - 255) == (Lane(TOP - 255, 1 << 255 | 1),)


def test_lanes_are_created_in_order() -> None:
    assert spend((), make_nonce(1, 0)) is Reason.NONCE_LANE
    assert spend((Lane(),), make_nonce(1, 0)) == (Lane(), Lane(0, 1))
    assert spend((Lane(),) * 7, make_nonce(7, 0)) == (*(Lane(),) * 7, Lane(0, 1))
    assert spend((Lane(),) * 8, make_nonce(8, 0)) is Reason.NONCE_LANE


def test_spending_changes_one_lane_and_no_argument() -> None:
    lanes = (Lane(5, 9), Lane(6, 8), Lane(7, 4))
    assert spend(lanes, make_nonce(1, 6)) == (Lane(5, 9), Lane(6, 9), Lane(7, 4))
    assert lanes == (Lane(5, 9), Lane(6, 8), Lane(7, 4))


def test_nothing_is_spent_in_a_lane_that_does_not_exist() -> None:
    assert not is_spent((), 0)
    assert not is_spent((Lane(10, 1),), make_nonce(1, 0))
    assert is_spent((Lane(10, 1),), 9)
    assert is_spent((Lane(10, 1),), 10)
    assert not is_spent((Lane(10, 1),), 11)
    assert not is_spent((Lane(10, 1),), 10_000)


def test_a_nonce_is_its_lane_and_number() -> None:
    assert make_nonce(3, 5) == 3 * 2**56 + 5
    assert split_nonce(make_nonce(255, TOP)) == (255, TOP)
    for lane, number in ((256, 0), (-1, 0), (0, 2**56), (0, -1)):
        with pytest.raises(InvalidInput) as caught:
            make_nonce(lane, number)
        assert caught.value.code == "integer_out_of_range"
