"""Small builders of auction orders, random books of every kind, and who could pay what."""

from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hypothesis import strategies as st

from offbeat.clearing import AuctionOrder, Clearing
from offbeat.core import limits

BENCH = Path(__file__).resolve().parents[2] / "bench"
LOT = limits.LOT_MICROS
QUOTE = limits.QUOTE_SCALE
MAX_LOTS = limits.MAX_QUANTITY_MICROS // LOT

Legs = tuple[tuple[int, int], ...]


def order(
    legs: Legs | int, lots: int, limit_micros: int, *, least: int = 0, key: bytes = b""
) -> AuctionOrder:
    """An order in lots; a bare ``legs`` of ±k is one leg in instrument k."""
    if isinstance(legs, int):
        legs = ((abs(legs), 1 if legs > 0 else -1),)
    return AuctionOrder(legs, lots * LOT, least * LOT, limit_micros, key)


def lots(clearing: Clearing) -> list[int]:
    """Fills in lots."""
    return [fill // LOT for fill in clearing.fills_micros]


def net_price_nanos(order_: AuctionOrder, prices: Mapping[int, int]) -> int:
    """Price of one contract of the order's strategy."""
    return sum(ratio * prices[instrument] for instrument, ratio in order_.legs)


def margin_nanos(order_: AuctionOrder, prices: Mapping[int, int]) -> int:
    """Limit less net price."""
    return order_.limit_micros * 1_000 - net_price_nanos(order_, prices)


def payments_micros(orders: Sequence[AuctionOrder], clearing: Clearing) -> list[int]:
    """What each filled order pays, as the protocol rounds it."""
    return [
        min(
            -(-net_price_nanos(each, clearing.prices_nanos) * fill // 10**9),
            each.limit_micros * fill // 10**6,
        )
        for each, fill in zip(orders, clearing.fills_micros, strict=True)
        if fill
    ]


@st.composite
def books(
    draw: st.DrawFn,
    *,
    instruments: int = 4,
    max_orders: int = 12,
    max_lots: int = 40,
    ratios: tuple[int, ...] = (1, 1, 1, 2, 3),
    indivisible: bool = True,
    spreads: bool = False,
) -> list[AuctionOrder]:
    """Orders around common values, so that many cross, with limits on a coarse or a fine grid.

    With ``spreads`` each has one leg, or two of opposite sign.
    """
    values = draw(st.lists(st.integers(1, 50), min_size=instruments, max_size=instruments))
    tick = draw(st.sampled_from((1, 1_000, QUOTE)))
    drawn = []
    for number in range(draw(st.integers(1, max_orders))):
        chosen = st.sets(st.integers(0, instruments - 1), min_size=1, max_size=4)
        legs = tuple(
            (instrument, draw(st.sampled_from(ratios)) * draw(st.sampled_from((1, -1))))
            for instrument in sorted(draw(chosen))
        )
        if spreads:
            opposite = [leg for leg in legs if leg[1] * legs[0][1] < 0]
            legs = (legs[0], *opposite[:1])
        value = sum(ratio * values[instrument] for instrument, ratio in legs) * QUOTE
        limit = (value + draw(st.integers(-3 * QUOTE, 4 * QUOTE))) // tick * tick
        size = draw(st.integers(1, max_lots))
        least = draw(st.integers(0, size)) if indivisible and draw(st.booleans()) else 0
        drawn.append(order(legs, size, limit, least=least, key=number.to_bytes(2, "big")))
    return drawn


def synthetic_book(
    orders: int, instruments: int = 500, *, seed: int = 1, indivisible: float = 0.0
) -> list[AuctionOrder]:
    """The book that the benchmark clears; see ``bench/books.py``."""
    spec = spec_from_file_location("books", BENCH / "books.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    book: list[AuctionOrder] = module.synthetic_book(
        orders, instruments, seed=seed, indivisible=indivisible
    )
    return book
