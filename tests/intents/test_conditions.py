from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import Reason
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Order,
    check_leg_expiries,
    check_market,
    check_window,
    fee_bound_micros,
    has_market_condition,
)


@pytest.mark.parametrize(
    ("time", "not_after", "reason"),
    [
        (100, 200, None),
        (99, 200, Reason.NOT_YET_VALID),
        (100, 201, Reason.EXPIRED),
        (150, 150, None),
        (99, 201, Reason.NOT_YET_VALID),
    ],
)
def test_a_batch_must_land_within_the_orders_window(
    make_order: Callable[..., Order], time: int, not_after: int, reason: Reason | None
) -> None:
    order = make_order(valid_from_seconds=100, valid_until_seconds=200)
    assert check_window(order, time, not_after) is reason


def test_other_intents_only_end() -> None:
    cancel = Cancel(
        owner=b"\x11" * 20, account=0, nonce=0, valid_until_seconds=200, max_fee_micros=0
    )
    assert check_window(cancel, 0, 200) is None
    assert check_window(cancel, 0, 201) is Reason.EXPIRED


def test_every_option_outlives_the_batch(make_order: Callable[..., Order]) -> None:
    near, far = (Instrument.parse(f"ETH-{day}DEC26-4000-C") for day in (24, 25))
    order = make_order(legs=(Leg(near, -1), Leg(far, 1)))
    assert check_leg_expiries(order, near.expiry_seconds - 1) is None
    assert check_leg_expiries(order, near.expiry_seconds) is Reason.LEG_EXPIRED


def test_spot_never_expires(make_order: Callable[..., Order]) -> None:
    order = make_order(legs=(Leg(Instrument.spot("ETH"), 1),))
    assert check_leg_expiries(order, 2**64) is None


@pytest.mark.parametrize(
    ("low", "high", "spot", "reason"),
    [
        (0, 0, 0, None),
        (0, 0, 2**64 - 1, None),
        (100, 0, 99, Reason.MARKET_CONDITION),
        (100, 0, 100, None),
        (100, 0, 2**64 - 1, None),
        (0, 200, 0, None),
        (0, 200, 200, None),
        (0, 200, 201, Reason.MARKET_CONDITION),
        (100, 200, 99, Reason.MARKET_CONDITION),
        (100, 200, 150, None),
        (100, 200, 201, Reason.MARKET_CONDITION),
        (200, 100, 150, Reason.MARKET_CONDITION),
    ],
)
def test_the_market_must_be_within_the_orders_bounds(
    make_order: Callable[..., Order], low: int, high: int, spot: int, reason: Reason | None
) -> None:
    order = make_order(spot_min_micros=low, spot_max_micros=high)
    assert check_market(order, spot) is reason
    assert has_market_condition(order) == bool(low or high)


@given(cuts=st.sets(st.integers(1, 9_999), max_size=20), max_fee=st.integers(0, 2**64 - 1))
def test_fills_never_pay_more_than_the_order_allows(
    cuts: set[int], max_fee: int, make_order: Callable[..., Order]
) -> None:
    order = make_order(quantity_micros=10_000_000, max_fee_micros=max_fee)
    ends = [0, *sorted(cuts), 10_000]
    fills = [1_000 * (end - start) for start, end in pairwise(ends)]
    assert sum(fills) == order.quantity_micros
    assert sum(fee_bound_micros(order, fill) for fill in fills) <= max_fee


def test_the_fee_bound_is_the_share_rounded_down(make_order: Callable[..., Order]) -> None:
    order = make_order(quantity_micros=3_000, max_fee_micros=100)
    assert [fee_bound_micros(order, fill) for fill in (0, 1_000, 2_000, 3_000)] == [0, 33, 66, 100]
