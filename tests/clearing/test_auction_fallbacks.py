"""When a step fails, the outcome gets smaller, never unsound."""

import numpy as np
import pytest
from auctions import QUOTE, lots, order

from offbeat.clearing import AuctionOrder, Flaw, auction, clear, verify
from offbeat.clearing.book import Book, Integers, Mask
from offbeat.clearing.lots import obstacles, whole_lots
from offbeat.clearing.prices import beyond_bounds, whole_prices
from offbeat.clearing.relaxation import Relaxation
from offbeat.clearing.solver import Budget, Stuck
from offbeat.core import limits

PAIR = [order(1, 5, 3 * QUOTE), order(-1, 5, -QUOTE)]


def stuck(*_: object, **__: object) -> None:
    raise Stuck


def none(*_: object, **__: object) -> None:
    return None


def flawed(*_: object) -> Flaw:
    return Flaw.LIMIT_VIOLATED


@pytest.mark.parametrize(
    ("step", "substitute"),
    [("choose", stuck), ("whole_lots", none), ("whole_prices", stuck), ("verify", flawed)],
)
def test_nothing_trades(monkeypatch: pytest.MonkeyPatch, step: str, substitute: object) -> None:
    assert lots(clear(PAIR)) == [5, 5]
    monkeypatch.setattr(auction, step, substitute)
    clearing = clear(PAIR)
    assert lots(clearing) == [0, 0]
    assert clearing.prices_nanos == {1: 0}
    assert verify(PAIR, clearing) is None


def test_as_rounds_run_out_coarser_orders_stand_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_ratios_of_one(book: Book, active: Mask, *others: object) -> Integers | None:
        if (active & (book.legs.coarseness > 1)).any():
            return None
        return whole_lots(book, active, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(auction, "whole_lots", only_ratios_of_one)
    monkeypatch.setattr(auction, "obstacles", lambda *_: np.zeros(4, np.bool_))
    pairs = [order(((2, 3),), 5, 3 * QUOTE), order(((2, -3),), 5, -QUOTE)]
    assert lots(clear([*PAIR, *pairs])) == [5, 5, 0, 0]


def everyone(book: Book) -> Mask:
    return np.ones(len(book.limit), np.bool_)


class TestPrices:
    """Three instruments whose prices are thirds of a micro, were they not whole nanos."""

    ORDERS = (
        order(((1, 1), (2, 1)), 5, 10),
        order(((2, 1), (3, 1)), 5, 11),
        order(((1, 1), (3, 1)), 5, 12),
        order(((1, 3),), 5, 17),
    )

    def test_rounding_alone_would_violate_a_limit_and_room_does_not(self) -> None:
        book = Book.of(self.ORDERS)
        duals = np.array([17_000 / 3, 13_000 / 3, 19_000 / 3])
        assert book.margins(np.rint(duals).astype(np.int64)).min() < 0
        prices = whole_prices(book, everyone(book), duals, Budget(1_000))
        assert book.margins(prices).min() >= 0
        assert np.abs(prices - duals).max() < 20

    def test_only_filled_orders_need_room(self) -> None:
        book = Book.of(self.ORDERS)
        duals = np.array([17_000 / 3, 13_000 / 3, 19_000 / 3])
        prices = whole_prices(book, ~everyone(book), duals, Budget(0))
        assert (prices == np.rint(duals)).all()

    def test_prices_out_of_range_name_their_orders(self) -> None:
        book = Book.of([order(1, 1, 1, key=b"a"), order(2, 1, 1, key=b"b")])
        edge = float(limits.MAX_PRICE_NANOS // 2)
        assert beyond_bounds(book, np.array([edge, -edge * 1.01])).tolist() == [False, True]


class TestLots:
    def book_at_the_price(self, orders: list[AuctionOrder]) -> Book:
        return Book.of(
            [
                AuctionOrder(o.legs, o.quantity_micros, o.min_fill_micros, 0, b"%d" % k)
                for k, o in enumerate(orders)
            ]
        )

    def settle(self, orders: list[AuctionOrder], vertex: list[float]) -> list[int] | None:
        book = self.book_at_the_price(orders)
        margins = np.zeros(len(orders), np.int64)
        fills = whole_lots(book, everyone(book), margins, np.array(vertex))
        return None if fills is None else fills.tolist()

    def test_whole_fills_stay(self) -> None:
        assert self.settle([order(1, 5, 0), order(-1, 9, 0)], [5.0, 5.0]) == [5, 5]

    def test_broken_fills_are_made_whole(self) -> None:
        fills = self.settle(
            [order(((1, 2),), 9, 0), order(((1, -3),), 9, 0), order(-1, 1, 0)], [4.7, 2.8, 1.0]
        )
        assert fills is not None
        assert 2 * fills[0] == 3 * fills[1] + fills[2]

    def test_a_minimum_that_was_met_stays_met(self) -> None:
        fills = self.settle([order(1, 9, 0, least=6), order(-1, 9, 0)], [5.6, 5.9])
        assert fills is not None
        assert fills[0] == fills[1] >= 6

    def test_an_odd_block_against_pairs_stands_aside(self) -> None:
        orders = [order(1, 5, 0, least=5), order(1, 4, 0, least=4), order(((1, -2),), 9, 0)]
        vertex = [5.0, 4.0, 4.5]
        assert self.settle(orders, vertex) is None
        book = self.book_at_the_price(orders)
        margins = np.zeros(3, np.int64)
        aside = obstacles(book, everyone(book), margins, np.array(vertex))
        assert aside.tolist() == [True, False, False]

    def test_the_coarsest_of_the_broken_fills_stand_aside(self) -> None:
        orders = [order(((1, ratio),), 9, 0) for ratio in (2, -3, 1, -5, 4)]
        book = self.book_at_the_price(orders)
        vertex = np.array([2.5, 1.5, 1.0, 3.0, 3.5])
        aside = obstacles(book, everyone(book), np.zeros(5, np.int64), vertex)
        assert aside.tolist() == [False, True, False, False, True]

    def test_orders_too_coarse_to_balance_stand_aside_first(self) -> None:
        orders = [order(((1, 9),), 9, 0), order(-1, 50, 0), order(((2, 9),), 9, 0), order(-2, 9, 0)]
        book = self.book_at_the_price(orders)
        vertex = np.array([2.6, 23.4, 1.0, 9.0])
        aside = obstacles(book, everyone(book), np.zeros(4, np.int64), vertex)
        assert aside.tolist() == [True, False, False, False]


class TestRelaxation:
    def test_shading_ends_a_trade_at_a_tie_but_no_other(self) -> None:
        for edge, volume in ((0, 0.0), (1, 5.0)):
            book = Book.of([order(1, 5, QUOTE + edge, key=b"a"), order(-1, 5, -QUOTE, key=b"b")])
            relaxation = Relaxation(book, Budget(1_000))
            assert relaxation.solve(everyone(book))[0].tolist() == [5.0, 5.0]
            relaxation.shade(np.array([True, False]))
            assert relaxation.solve(everyone(book))[0].tolist() == [volume, volume]

    def test_a_held_order_gets_its_minimum_or_the_solver_is_stuck(self) -> None:
        book = Book.of([order(1, 5, -QUOTE, least=3, key=b"a"), order(-1, 2, -QUOTE, key=b"b")])
        held = np.array([True, False])
        with pytest.raises(Stuck):
            Relaxation(book, Budget(1_000)).solve(everyone(book), held)
        book = Book.of([order(1, 5, -QUOTE, least=3, key=b"a"), order(-1, 4, -QUOTE, key=b"b")])
        fills, surplus = Relaxation(book, Budget(1_000)).solve(everyone(book), held)
        assert fills.tolist() == [3.0, 3.0]
        assert surplus < 0

    def test_what_the_other_side_cannot_fill_is_out_of_reach(self) -> None:
        book = Book.of([order(1, 10**6, QUOTE, key=b"a"), order(((1, -2),), 7, -QUOTE, key=b"b")])
        assert book.reach().tolist() == [15, 7]


def test_margins_are_exact_beyond_64_bits() -> None:
    legs = tuple((k, 1_000) for k in range(4))
    book = Book.of([order(legs, 1, 0, key=b"a"), order(((0, 1),), 1, 5, key=b"b")])
    top = np.full(4, limits.MAX_PRICE_NANOS, np.int64)
    assert book.margins(top).tolist() == [-(2**61), -(2**61)]
    assert book.margins(np.full(4, 7)).tolist() == [-28_000, 4_993]
