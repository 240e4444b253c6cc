"""What holds for every book: verified by integers, and by nothing that the auction computed."""

import json
import random
import subprocess
import sys
from math import gcd

import pytest
from auctions import LOT, QUOTE, books, lots, margin_nanos, order, payments_micros, synthetic_book
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.clearing import AuctionOrder, Clearing, clear, verify
from offbeat.core import limits

UGLY = (1, 7, 64, 97, 991, 997, 1_000)


def regret_femtos(orders: list[AuctionOrder], clearing: Clearing) -> int:
    """What the orders left short would have gained at the clearing prices."""
    return sum(
        max(0, margin_nanos(each, clearing.prices_nanos)) * (each.quantity_micros - fill)
        for each, fill in zip(orders, clearing.fills_micros, strict=True)
    )


def assert_sound(orders: list[AuctionOrder], clearing: Clearing) -> None:
    assert verify(orders, clearing) is None
    assert clearing.bound_femtos - clearing.surplus_femtos == regret_femtos(orders, clearing)
    for each, fill in zip(orders, clearing.fills_micros, strict=True):
        short = each.quantity_micros - fill
        if each.min_fill_micros == 0 and margin_nanos(each, clearing.prices_nanos) >= 1_000:
            assert short <= clearing.shortfall_micros
    payments = payments_micros(orders, clearing)
    assert sum(payments) > -len(payments) or not payments
    assert sum(payments) < len(payments) or not payments


@given(books())
def test_every_outcome_is_sound(orders: list[AuctionOrder]) -> None:
    assert_sound(orders, clear(orders))


@given(books(instruments=6, max_orders=25, max_lots=10**6, ratios=UGLY))
@settings(max_examples=60)
def test_coprime_and_coarse_ratios(orders: list[AuctionOrder]) -> None:
    assert_sound(orders, clear(orders))


RATIO = st.integers(-limits.MAX_RATIO, limits.MAX_RATIO).filter(bool)


@given(
    st.lists(RATIO, min_size=1, max_size=4), st.integers(-(10**12), 10**12), st.integers(1, 10**6)
)
def test_a_strategy_trades_at_its_very_limit(ratios: list[int], limit: int, size: int) -> None:
    """If whole prices can express it: the only one that suits both sides."""
    legs = tuple(enumerate(ratios))
    mirror = tuple((instrument, -ratio) for instrument, ratio in legs)
    orders = [order(legs, size, limit), order(mirror, size, -limit)]
    clearing = clear(orders)
    is_whole = limit * 1_000 % gcd(*ratios) == 0
    assert lots(clearing) == ([size, size] if is_whole else [0, 0])
    assert_sound(orders, clearing)


@given(books(instruments=2, max_orders=20, max_lots=limits.MAX_QUANTITY_MICROS // LOT))
@settings(max_examples=60)
def test_quantities_up_to_the_greatest(orders: list[AuctionOrder]) -> None:
    assert_sound(orders, clear(orders))


@given(books(max_orders=10), st.data())
@settings(max_examples=60)
def test_extreme_limits(orders: list[AuctionOrder], data: st.DataObject) -> None:
    extremes = (limits.MAX_LIMIT_MICROS, 10**15, 10**13, -(10**13), -limits.MAX_LIMIT_MICROS)
    wild = [
        AuctionOrder(
            each.legs,
            each.quantity_micros,
            each.min_fill_micros,
            data.draw(st.sampled_from((each.limit_micros, *extremes))),
            each.key,
        )
        for each in orders
    ]
    clearing = clear(wild)
    assert verify(wild, clearing) is None


@given(books(indivisible=False, ratios=(1,), spreads=True))
def test_single_lots_of_divisible_orders_are_not_forgotten(orders: list[AuctionOrder]) -> None:
    """Whoever the prices suit is filled to within a lot in books of single legs and spreads.

    Their balances are a network's, whose vertices are whole (Hoffman and Kruskal, 1956).
    """
    assert clear(orders).shortfall_micros <= LOT


@given(books(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_the_input_does_not_matter(
    orders: list[AuctionOrder], rng: random.Random
) -> None:
    clearing = clear(orders)
    places = list(range(len(orders)))
    rng.shuffle(places)
    shuffled = clear([orders[place] for place in places])
    assert shuffled.prices_nanos == clearing.prices_nanos
    assert list(shuffled.fills_micros) == [clearing.fills_micros[place] for place in places]


@given(books(), st.integers(-(10**9), 10**9))
@settings(max_examples=40)
def test_a_market_in_another_instrument_is_another_auction(
    orders: list[AuctionOrder], value_micros: int
) -> None:
    pair = [order(91, 5, value_micros + QUOTE), order(-91, 5, QUOTE - value_micros)]
    together = clear([*orders, *pair])
    assert lots(together)[-2:] == [5, 5]
    assert together.prices_nanos[91] == value_micros * 1_000
    assert_sound([*orders, *pair], together)


PROGRAM = """
import json
from auctions import synthetic_book
from offbeat.clearing import clear
clearing = clear(synthetic_book(600, 100, indivisible=0.1))
print(json.dumps([list(clearing.fills_micros), sorted(clearing.prices_nanos.items())]))
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_agrees_and_prints_nothing_else(hash_seed: str) -> None:
    path = ":".join(entry for entry in sys.path if entry)
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    clearing = clear(synthetic_book(600, 100, indivisible=0.1))
    expected = [
        list(clearing.fills_micros),
        [list(x) for x in sorted(clearing.prices_nanos.items())],
    ]
    assert json.loads(result.stdout) == expected
