"""The judge itself: each rule, broken alone, is named."""

from dataclasses import replace

import pytest
from auctions import LOT, QUOTE, order

from offbeat.clearing import MAX_NET_PRICE_NANOS, Clearing, Flaw, clear, verify
from offbeat.core import limits

ORDERS = [
    order(1, 10, 10 * QUOTE),
    order(-1, 4, -2 * QUOTE, least=3),
    order(-1, 9, -5 * QUOTE),
    order(((1, 1), (2, -1)), 6, QUOTE),
]
GOOD = clear(ORDERS)


def broken(**changes: object) -> Flaw | None:
    return verify(ORDERS, replace(GOOD, **changes))  # type: ignore[arg-type]


def fills(*micros: int) -> tuple[int, ...]:
    return micros


def test_the_untouched_clearing_passes() -> None:
    assert [fill // LOT for fill in GOOD.fills_micros] == [10, 4, 6, 0]
    assert verify(ORDERS, GOOD) is None


@pytest.mark.parametrize(
    ("fills_micros", "flaw"),
    [
        (fills(10 * LOT, 4 * LOT, 6 * LOT), Flaw.FILLS_MISALIGNED),
        (fills(10 * LOT, 4 * LOT, 6 * LOT, 0, 0), Flaw.FILLS_MISALIGNED),
        (fills(-LOT, 4 * LOT, -5 * LOT, 0), Flaw.FILL_NEGATIVE),
        (fills(10 * LOT - 1, 4 * LOT, 6 * LOT - 1, 0), Flaw.FILL_BROKEN_LOT),
        (fills(8 * LOT, 2 * LOT, 6 * LOT, 0), Flaw.BELOW_MIN_FILL),
        (fills(11 * LOT, 4 * LOT, 7 * LOT, 0), Flaw.OVERFILLED),
        (fills(10 * LOT, 4 * LOT, 7 * LOT, LOT), Flaw.LIMIT_VIOLATED),
        (fills(10 * LOT, 4 * LOT, 5 * LOT, 0), Flaw.INSTRUMENT_UNBALANCED),
    ],
)
def test_fills(fills_micros: tuple[int, ...], flaw: Flaw) -> None:
    assert broken(fills_micros=fills_micros) is flaw


def test_a_fill_at_the_minimum_is_enough() -> None:
    micros = fills(9 * LOT, 3 * LOT, 6 * LOT, 0)
    assert broken(fills_micros=micros) is Flaw.SURPLUS_MISSTATED
    assert GOOD.surplus_femtos > 0


def test_a_price_out_of_range() -> None:
    edge = limits.MAX_PRICE_NANOS
    assert broken(prices_nanos={**GOOD.prices_nanos, 77: edge}) is None
    assert broken(prices_nanos={**GOOD.prices_nanos, 77: edge + 1}) is Flaw.PRICE_BOUNDS
    assert broken(prices_nanos={**GOOD.prices_nanos, 77: -edge - 1}) is Flaw.PRICE_BOUNDS


def test_a_price_that_is_missing() -> None:
    assert broken(prices_nanos={1: GOOD.prices_nanos[1]}) is Flaw.PRICE_MISSING


@pytest.mark.parametrize(("nanos", "seller_is_hurt"), [(0, False), (-1, True)])
def test_a_limit_holds_to_the_last_nano(nanos: int, seller_is_hurt: bool) -> None:
    pair = [order(1, 3, 2 * QUOTE), order(-1, 3, -QUOTE)]
    price = 10**9 + nanos
    margins = 2 * 10**9 - price, price - 10**9
    surplus = sum(margins) * 3 * LOT
    clearing = Clearing((3 * LOT, 3 * LOT), {1: price}, surplus, surplus, 0)
    assert verify(pair, clearing) is (Flaw.LIMIT_VIOLATED if seller_is_hurt else None)


def test_nobody_pays_more_than_the_greatest_price_even_if_the_limit_allows() -> None:
    pair = [order(1, 3, limits.MAX_LIMIT_MICROS), order(-1, 3, -QUOTE)]
    clearing = Clearing((3 * LOT, 3 * LOT), {1: MAX_NET_PRICE_NANOS + 1}, 0, 0, 0)
    assert verify(pair, clearing) is Flaw.LIMIT_VIOLATED


@pytest.mark.parametrize(
    ("field", "flaw"),
    [
        ("surplus_femtos", Flaw.SURPLUS_MISSTATED),
        ("bound_femtos", Flaw.BOUND_MISSTATED),
        ("shortfall_micros", Flaw.SHORTFALL_MISSTATED),
    ],
)
@pytest.mark.parametrize("change", [1, -1])
def test_a_figure_that_is_off_by_one(field: str, flaw: Flaw, change: int) -> None:
    assert broken(**{field: getattr(GOOD, field) + change}) is flaw


def test_worse_prices_for_the_same_fills_raise_the_bound() -> None:
    """The bound is the prices' own: it cannot be flattered."""
    prices = {**GOOD.prices_nanos, 1: GOOD.prices_nanos[1] + 10**9}
    assert broken(prices_nanos=prices) is Flaw.BOUND_MISSTATED
