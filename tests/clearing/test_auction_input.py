"""Malformed orders are refused with a stable code; the last good value next to each is not."""

import pytest
from auctions import LOT, QUOTE, order

from offbeat.clearing import MAX_INSTRUMENTS, MAX_ORDERS, AuctionOrder, clear
from offbeat.core import InvalidInput, limits

ONE = ((1, 1),)
TOP = limits.MAX_QUANTITY_MICROS // LOT * LOT


def plain(
    legs: tuple[tuple[int, int], ...] = ONE,
    quantity: int = 10 * LOT,
    min_fill: int = 0,
    limit: int = QUOTE,
) -> AuctionOrder:
    return AuctionOrder(legs, quantity, min_fill, limit)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (plain(legs=()), "legs_invalid"),
        (plain(legs=tuple((i, 1) for i in range(limits.MAX_LEGS + 1))), "legs_invalid"),
        (plain(legs=((1, 0),)), "legs_invalid"),
        (plain(legs=((1, limits.MAX_RATIO + 1),)), "legs_invalid"),
        (plain(legs=((1, -limits.MAX_RATIO - 1),)), "legs_invalid"),
        (plain(legs=((1, 10**30),)), "legs_invalid"),
        (plain(legs=((1, 1), (1, 1))), "legs_invalid"),
        (plain(legs=((2, 1), (1, 1))), "legs_invalid"),
        (plain(quantity=0), "quantity_invalid"),
        (plain(quantity=-LOT), "quantity_invalid"),
        (plain(quantity=LOT + 1), "quantity_invalid"),
        (plain(quantity=TOP + LOT), "quantity_invalid"),
        (plain(quantity=10**30), "quantity_invalid"),
        (plain(min_fill=-LOT), "min_fill_invalid"),
        (plain(min_fill=1), "min_fill_invalid"),
        (plain(min_fill=11 * LOT), "min_fill_invalid"),
        (plain(limit=limits.MAX_LIMIT_MICROS + 1), "limit_invalid"),
        (plain(limit=-limits.MAX_LIMIT_MICROS - 1), "limit_invalid"),
    ],
)
def test_malformed_orders(bad: AuctionOrder, code: str) -> None:
    good = order(-1, 10, -QUOTE)
    for orders in ([bad], [good, bad], [bad, good]):
        with pytest.raises(InvalidInput) as caught:
            clear(orders)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "good",
    [
        plain(legs=tuple((i, 1) for i in range(limits.MAX_LEGS))),
        plain(legs=((1, limits.MAX_RATIO), (2, -limits.MAX_RATIO))),
        plain(legs=((0, 1), (2**128 - 1, -1))),
        plain(quantity=LOT),
        plain(quantity=TOP, min_fill=TOP),
        plain(min_fill=10 * LOT),
        plain(limit=limits.MAX_LIMIT_MICROS),
        plain(limit=-limits.MAX_LIMIT_MICROS),
        plain(limit=0),
    ],
)
def test_orders_at_the_edge(good: AuctionOrder) -> None:
    assert clear([good]).fills_micros == (0,)


def test_one_order_too_many() -> None:
    most = [order(1, 1, 1)] * MAX_ORDERS
    assert not any(clear(most).fills_micros)
    with pytest.raises(InvalidInput, match="too_many_orders"):
        clear([*most, order(1, 1, 1)])


def test_one_instrument_too_many() -> None:
    most = [order(k, 1, 1) for k in range(1, MAX_INSTRUMENTS + 1)]
    assert not any(clear(most).fills_micros)
    with pytest.raises(InvalidInput, match="too_many_instruments"):
        clear([*most, order(MAX_INSTRUMENTS + 1, 1, 1)])
