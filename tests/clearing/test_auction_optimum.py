"""Against the best that exhaustive search can find."""

from collections.abc import Iterator, Sequence
from itertools import product

from auctions import LOT, QUOTE, books, order
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.clearing import AuctionOrder, clear


def balanced(orders: Sequence[AuctionOrder], sizes: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Every choice of one size per order, in micros, that nets to zero everywhere."""
    instruments = sorted({instrument for each in orders for instrument, _ in each.legs})
    rows = [[dict(each.legs).get(instrument, 0) for instrument in instruments] for each in orders]
    for fills in product(*sizes):
        if all(
            sum(row[k] * fill for row, fill in zip(rows, fills, strict=True)) == 0
            for k in range(len(instruments))
        ):
            yield list(fills)


def surplus(orders: Sequence[AuctionOrder], fills: Sequence[int]) -> int:
    return sum(each.limit_micros * 1_000 * fill for each, fill in zip(orders, fills, strict=True))


def every_lot(orders: Sequence[AuctionOrder]) -> list[range]:
    return [range(0, each.quantity_micros + 1, LOT) for each in orders]


LADDER_LEGS = st.sampled_from(
    [((1, 1),), ((2, 1),), ((3, 1),), ((1, 1), (2, -1)), ((2, 1), (3, -1)), ((1, 1), (3, -1))]
)


@st.composite
def network_books(draw: st.DrawFn) -> list[AuctionOrder]:
    """Single legs and verticals: a network matrix, whose vertices are whole."""
    values = (30, 20, 12)
    drawn = []
    for number in range(draw(st.integers(2, 6))):
        side = draw(st.sampled_from((1, -1)))
        legs = tuple((instrument, side * ratio) for instrument, ratio in draw(LADDER_LEGS))
        value = sum(ratio * values[instrument - 1] for instrument, ratio in legs) * QUOTE
        limit = value + draw(st.integers(-2 * QUOTE, 4 * QUOTE))
        drawn.append(order(legs, draw(st.integers(1, 3)), limit, key=bytes((number,))))
    return drawn


@given(network_books())
@settings(max_examples=100)
def test_single_legs_and_verticals_reach_the_optimum(orders: list[AuctionOrder]) -> None:
    best = max(surplus(orders, fills) for fills in balanced(orders, every_lot(orders)))
    clearing = clear(orders)
    assert clearing.surplus_femtos == best
    assert clearing.bound_femtos == best


@given(books(instruments=3, max_orders=5, max_lots=4, indivisible=False))
@settings(max_examples=60)
def test_the_optimum_lies_between_surplus_and_bound(orders: list[AuctionOrder]) -> None:
    best = max(surplus(orders, fills) for fills in balanced(orders, every_lot(orders)))
    clearing = clear(orders)
    assert clearing.surplus_femtos <= best <= clearing.bound_femtos


@st.composite
def blocks(draw: st.DrawFn) -> list[AuctionOrder]:
    """Fill-or-kill orders in one instrument."""
    drawn = []
    for number in range(draw(st.integers(2, 6))):
        side = draw(st.sampled_from((1, -1)))
        size = draw(st.sampled_from((10, 20, 30, 50)))
        limit = side * 10 * QUOTE + draw(st.integers(-20, 30)) * QUOTE // 10
        drawn.append(order(side, size, limit, least=size, key=bytes((number,))))
    return drawn


def best_sound_choice(orders: Sequence[AuctionOrder]) -> int:
    """Greatest surplus of whole blocks such that one price suits all of them."""
    best = 0
    for fills in balanced(orders, [(0, each.quantity_micros) for each in orders]):
        filled = [each for each, fill in zip(orders, fills, strict=True) if fill]
        bids = [each.limit_micros for each in filled if each.legs[0][1] > 0]
        asks = [-each.limit_micros for each in filled if each.legs[0][1] < 0]
        if filled and max(asks) <= min(bids):
            best = max(best, surplus(orders, fills))
    return best


@given(blocks())
@settings(max_examples=120)
def test_blocks_in_one_instrument_reach_the_best_that_one_price_supports(
    orders: list[AuctionOrder],
) -> None:
    best = best_sound_choice(orders)
    assert best * (1 - 1e-4) <= clear(orders).surplus_femtos <= best
