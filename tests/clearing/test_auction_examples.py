"""Auctions whose outcome can be told by hand."""

import pytest
from auctions import LOT, MAX_LOTS, QUOTE, lots, net_price_nanos, order

from offbeat.clearing import MAX_NET_PRICE_NANOS, Clearing, clear, verify
from offbeat.core import limits

SPREAD = ((1, 1), (2, -1))
MIRROR = ((1, -1), (2, 1))
FLY = ((1, 1), (2, -2), (3, 1))
MARKET = limits.MAX_LIMIT_MICROS


def test_nobody_comes() -> None:
    assert clear([]) == Clearing((), {}, 0, 0, 0)


@pytest.mark.parametrize("side", [1, -1])
def test_one_side_only(side: int) -> None:
    orders = [order(side, 10, 5 * QUOTE), order(side, 3, 7 * QUOTE)]
    assert lots(clear(orders)) == [0, 0]


def test_a_bid_below_the_ask_trades_nothing() -> None:
    assert lots(clear([order(1, 10, 5 * QUOTE), order(-1, 10, -6 * QUOTE)])) == [0, 0]


def test_a_price_between_bid_and_ask_favours_neither() -> None:
    clearing = clear([order(1, 10, 10 * QUOTE), order(-1, 10, -5 * QUOTE)])
    assert lots(clearing) == [10, 10]
    assert clearing.prices_nanos[1] == 7_500_000_000
    assert clearing.surplus_femtos == clearing.bound_femtos == 5 * 10**9 * 10 * LOT


def test_a_strategy_and_its_mirror_image_meet_in_the_middle() -> None:
    orders = [order(SPREAD, 4, 3 * QUOTE), order(MIRROR, 4, -1 * QUOTE)]
    clearing = clear(orders)
    assert lots(clearing) == [4, 4]
    assert net_price_nanos(orders[0], clearing.prices_nanos) == 2 * 10**9


def test_the_order_that_is_filled_in_part_sets_the_price() -> None:
    orders = [order(1, 10, 10 * QUOTE), order(-1, 4, -2 * QUOTE), order(-1, 9, -5 * QUOTE)]
    clearing = clear(orders)
    assert lots(clearing) == [10, 4, 6]
    assert clearing.prices_nanos[1] == 5 * 10**9


def test_orders_that_just_meet_trade() -> None:
    clearing = clear([order(SPREAD, 7, 3_000_001), order(MIRROR, 5, -3_000_001)])
    assert lots(clearing) == [5, 5]
    assert clearing.surplus_femtos == clearing.bound_femtos == 0


def test_a_spread_trades_against_two_single_legs() -> None:
    orders = [order(SPREAD, 6, 5 * QUOTE), order(-1, 6, -9 * QUOTE), order(2, 6, 4 * QUOTE)]
    assert lots(clear(orders)) == [6, 6, 6]


def test_a_butterfly_trades_against_single_legs() -> None:
    wings = [order(-1, 5, -8 * QUOTE), order(-3, 5, -4 * QUOTE)]
    body = [order(2, 10, 6 * QUOTE)]
    assert lots(clear([order(FLY, 5, QUOTE), *wings, *body])) == [5, 5, 5, 10]


def test_negative_limits_on_both_sides_of_a_receiver() -> None:
    """One is paid to take on a spread, the other pays to be rid of it."""
    orders = [order(SPREAD, 3, -2 * QUOTE), order(MIRROR, 3, 3 * QUOTE)]
    clearing = clear(orders)
    assert lots(clearing) == [3, 3]
    assert -3 * 10**9 <= net_price_nanos(orders[0], clearing.prices_nanos) <= -2 * 10**9


def test_coprime_ratios_leave_at_most_a_few_lots() -> None:
    """Three of a against two of b: fills must be 2k and 3k."""
    orders = [order(((1, 3),), 1_000, 30 * QUOTE), order(((1, -2),), 1_499, -18 * QUOTE)]
    clearing = clear(orders)
    assert lots(clearing) == [998, 1_497]
    assert clearing.shortfall_micros <= 2 * LOT


def test_a_price_that_no_whole_nano_expresses_trades_nothing() -> None:
    assert lots(clear([order(((1, 3),), 5, 1), order(((1, -3),), 5, -1)])) == [0, 0]
    assert lots(clear([order(((1, 3),), 5, 3), order(((1, -3),), 5, -3)])) == [5, 5]


def test_a_trader_may_cross_with_themselves() -> None:
    both = [order(1, 5, 3 * QUOTE, key=b"me"), order(-1, 5, -2 * QUOTE, key=b"me")]
    assert lots(clear(both)) == [5, 5]


def test_equal_orders_share_what_there_is() -> None:
    clearing = clear([order(1, 4, 3 * QUOTE)] * 3 + [order(-1, 6, -QUOTE)])
    assert sum(lots(clearing)[:3]) == 6
    assert lots(clearing)[3] == 6


def test_one_lot_and_the_greatest_quantity() -> None:
    assert lots(clear([order(1, 1, QUOTE), order(-1, MAX_LOTS, -QUOTE)])) == [1, 1]
    whole = clear([order(1, MAX_LOTS, 2 * QUOTE), order(-1, MAX_LOTS, -QUOTE)])
    assert lots(whole) == [MAX_LOTS, MAX_LOTS]


def test_a_market_order_pays_what_the_others_ask() -> None:
    clearing = clear([order(1, 5, MARKET), order(-1, 9, -7 * QUOTE)])
    assert lots(clearing) == [5, 5]
    assert clearing.prices_nanos[1] == 7 * 10**9


def test_a_limit_beyond_the_greatest_price_counts_as_it() -> None:
    clearing = clear([order(1, 9, MARKET), order(-1, 5, -7 * QUOTE)])
    assert lots(clearing) == [5, 5]
    assert clearing.prices_nanos[1] == MAX_NET_PRICE_NANOS


def test_nobody_can_ask_for_more_than_the_greatest_price() -> None:
    assert lots(clear([order(1, 5, MARKET), order(-1, 5, -MARKET)])) == [0, 0]


def test_extreme_limits_of_some_leave_the_others_their_market() -> None:
    """A market order sets the greatest price; two of it would suit even an order out of reach."""
    beyond = -3 * MAX_NET_PRICE_NANOS // 2_000
    wild = [order(1, 9, MARKET), order(-1, 5, -QUOTE), order(((1, -2),), 5, beyond)]
    clearing = clear([*wild, order(2, 5, 3 * QUOTE), order(-2, 5, -QUOTE)])
    assert lots(clearing) == [5, 5, 0, 5, 5]


def test_a_chain_of_extreme_limits_does_not_overflow() -> None:
    """Each order lets the next instrument be worth a thousand times the one before."""
    edge = MAX_NET_PRICE_NANOS // 1_000
    chain = [order(((k, -1_000), (k + 1, 1)), 1, edge, key=b"%d" % k) for k in range(1, 9)]
    orders = [order(1, 1_000, edge), *chain, order(-9, 1, -QUOTE), order(10, 5, QUOTE)]
    clearing = clear([*orders, order(-10, 5, -QUOTE)])
    assert lots(clearing)[-2:] == [5, 5]


def test_the_highest_ratios_trade_with_their_mirror_image() -> None:
    legs = ((1, 1_000), (2, -999), (3, 997), (4, -991))
    mirror = tuple((instrument, -ratio) for instrument, ratio in legs)
    assert lots(clear([order(legs, 8, 5 * QUOTE), order(mirror, 8, -4 * QUOTE)])) == [8, 8]


def test_markets_without_a_common_instrument_do_not_meet() -> None:
    orders = [order(1, 5, 3 * QUOTE), order(-2, 5, -QUOTE), order(2, 5, 2 * QUOTE)]
    assert lots(clear(orders)) == [0, 5, 5]


class TestMinimumFills:
    def test_met(self) -> None:
        orders = [order(1, 9, 3 * QUOTE, least=5), order(-1, 6, -QUOTE)]
        assert lots(clear(orders)) == [6, 6]

    def test_missed_by_one_lot(self) -> None:
        orders = [order(1, 9, 3 * QUOTE, least=7), order(-1, 6, -QUOTE)]
        assert lots(clear(orders)) == [0, 0]

    def test_fill_or_kill_takes_all_or_nothing(self) -> None:
        orders = [order(1, 9, 3 * QUOTE, least=9), order(-1, 9, -QUOTE, least=9)]
        assert lots(clear(orders)) == [9, 9]

    def test_a_small_better_offer_does_not_keep_two_blocks_apart(self) -> None:
        blocks = [order(1, 100, 12 * QUOTE, least=100), order(-1, 100, -10 * QUOTE, least=100)]
        small = order(-1, 50, -9 * QUOTE, least=50)
        assert lots(clear([*blocks, small])) == [100, 100, 0]

    def test_a_divisible_better_offer_does_keep_them_apart(self) -> None:
        """At any price that suits both blocks it would have to be filled, and one block is not."""
        blocks = [order(1, 100, 12 * QUOTE, least=100), order(-1, 100, -10 * QUOTE, least=100)]
        clearing = clear([*blocks, order(-1, 50, -9 * QUOTE)])
        assert lots(clearing) == [0, 0, 0]

    def test_two_blocks_that_only_fit_together(self) -> None:
        orders = [
            order(1, 100, 12 * QUOTE, least=100),
            order(-1, 60, -10 * QUOTE, least=60),
            order(-1, 40, -11 * QUOTE, least=40),
            order(-1, 70, -9 * QUOTE, least=70),
        ]
        assert lots(clear(orders)) == [100, 60, 40, 0]

    def test_never_against_the_limit_though_the_surplus_would_be_greater(self) -> None:
        """The block would have to be subsidised by the small order's surplus."""
        orders = [
            order(1, 90, 10 * QUOTE),
            order(1, 10, 100 * QUOTE),
            order(-1, 100, -15 * QUOTE, least=100),
        ]
        assert lots(clear(orders)) == [0, 0, 0]


def test_parity_of_a_block_and_a_ratio_spread() -> None:
    """An odd block against an order that moves two at a time: the block stands aside."""
    orders = [
        order(1, 201, 10 * QUOTE, least=201),
        order(((1, -2), (2, 1)), 200, -15 * QUOTE),
        order(-2, 300, -QUOTE),
        order(1, 100, 9 * QUOTE, least=100),
    ]
    clearing = clear(orders)
    assert verify(orders, clearing) is None
    assert lots(clearing) == [0, 50, 50, 100]


def test_a_block_stands_aside_rather_than_a_divisible_order_that_the_prices_suit() -> None:
    """Pairs meet an odd block; two strategies, each the other's mirror, cannot help."""
    both = ((1, 1), (2, 1)), ((1, -1), (2, -1))
    clearing = clear(
        [
            *(order(legs, 1, side * 20) for legs, side in zip(both, (1, -1), strict=True)),
            order(-1, 1, -10, least=1),
            order(1, 1, 10),
            order(((1, -2),), 1, -20),
            order(((1, 2),), 1_000, 21),
        ]
    )
    assert lots(clearing)[-1] >= 1
    assert clearing.shortfall_micros == 0


def test_a_book_that_balances_in_thirds_of_a_lot_does_not_trade() -> None:
    """Three lots of the first order match one of each other: two lots of it match none."""
    others = [((1, 1), (2, 1)), ((0, 1), (1, -1), (2, 1), (3, -1)), ((0, -1), (2, 1), (3, 1))]
    limits_micros = [2_000_000, 3, 1_000_000]
    chain = [order(legs, 1, limit) for legs, limit in zip(others, limits_micros, strict=True)]
    assert lots(clear([order(-2, 3, -QUOTE), *chain])) == [3, 1, 1, 1]
    clearing = clear([order(-2, 2, -QUOTE), *chain])
    assert lots(clearing) == [0, 0, 0, 0]
    assert clearing.shortfall_micros == 2 * LOT
