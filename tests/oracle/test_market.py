"""What several views come to: no minority decides, and everybody gets the same report."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting import START, scaled, seen

from offbeat.core import InvalidInput
from offbeat.oracle import (
    SMILE_SCALE,
    ExpiryView,
    MarketView,
    Smile,
    agree,
    greatest_moves_bps,
    report_of,
    wrong_rows,
)

SMILE = Smile(*(round(value * SMILE_SCALE) for value in (0.002, 0.05, -0.3, 0.01, 0.1)))
BOUND = (1 << 62) - 1
smiles = st.builds(
    Smile,
    st.integers(-BOUND, BOUND),
    st.integers(0, BOUND),
    st.integers(-SMILE_SCALE, SMILE_SCALE),
    st.integers(-BOUND, BOUND),
    st.integers(0, BOUND),
)


def view(spot: int, forward: int = 3_000, smile: Smile = SMILE, *strikes: int) -> MarketView:
    return MarketView("ETH", spot, (ExpiryView(START + 1, forward, smile, strikes or (1, 2)),))


@given(st.permutations([seen(START, number) for number in range(3)]))
def test_order_does_not_matter(views: list[MarketView]) -> None:
    agreed = agree(views, 2)
    assert agreed == agree([seen(START, number) for number in range(3)], 2)
    report = report_of([agreed], START)
    assert wrong_rows(report) == ()
    assert len(report.rows) == 1 + 2 * sum(len(each.strikes_micros) for each in agreed.expiries)


@given(st.integers(1, 10**15), st.integers(1, 10**15), smiles)
def test_one_of_three_moves_nothing_beyond_the_others(
    spot: int, forward: int, smile: Smile
) -> None:
    honest = [view(3_000, 3_100), view(3_010, 3_120)]
    for views in permutations([*honest, view(spot, forward, smile)]):
        agreed = agree(views, 2)
        assert 3_000 <= agreed.spot_micros <= 3_010
        assert 3_100 <= agreed.expiries[0].forward_micros <= 3_120
        assert greatest_moves_bps(agreed, view(3_000, 3_100))[1] == 0


def test_what_only_one_lists_does_not_count() -> None:
    views = [view(1, 1, SMILE, 5, 6), view(1, 1, SMILE, 6, 7), MarketView("ETH", 1, ())]
    assert agree(views, 2).expiries[0].strikes_micros == (6,)
    assert agree(views, 3).expiries == ()
    settling = [replace(each, settling=((7, 10 * n + 10),)) for n, each in enumerate(views)]
    assert agree(settling, 3).settling == ((7, 20),)
    assert agree(settling[:2], 2).settling == ((7, 10),)
    assert agree([settling[0], *views[1:]], 2).settling == ()


def test_views_that_cannot_agree() -> None:
    with pytest.raises(InvalidInput, match="views_few"):
        agree([view(1)], 2)
    with pytest.raises(InvalidInput, match="views_differ"):
        agree([view(1), MarketView("BTC", 1, ())], 2)


def test_moves_are_the_greatest_of_any_part() -> None:
    before = seen(START)
    assert greatest_moves_bps(before, before) == (0, 0)
    assert greatest_moves_bps(before, scaled(before, 103))[0] == 300
    only_spot = replace(before, spot_micros=before.spot_micros * 98 // 100)
    assert greatest_moves_bps(before, only_spot) == (200, 0)
    wild = replace(before.expiries[-1], smile=replace(SMILE, a=SMILE_SCALE))
    moved = replace(before, expiries=(*before.expiries[:-1], wild))
    price_bps, volatility_bps = greatest_moves_bps(before, moved)
    assert price_bps == 0
    assert volatility_bps > 10_000


def test_expired_expiries_have_no_rows() -> None:
    seen_now = seen(START)
    first = seen_now.expiries[0].expiry_seconds
    ids = {inputs.expiry_seconds for inputs in report_of([seen_now], first).inputs}
    assert first not in ids
    assert first in {each.expiry_seconds for each in report_of([seen_now], first - 1).inputs}


@pytest.mark.parametrize("strikes", [(), (2, 1), (1, 1), (0, 1), (1 << 48,), tuple(range(1, 258))])
def test_strikes_are_checked(strikes: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="view_strikes"):
        ExpiryView(START, 1, SMILE, strikes)


def test_views_are_checked() -> None:
    expiry = ExpiryView(START, 1, SMILE, (1,))
    for bad, code in (
        (("eth", 1, ()), "instrument_symbol"),
        (("ETH", 0, ()), "spot_micros"),
        (("ETH", 1, (expiry, expiry)), "view_expiries"),
        (("ETH", 1, (), ((2, 1), (1, 1))), "view_expiries"),
        (("ETH", 1, (), ((1, 0),)), "view_settling"),
    ):
        with pytest.raises(InvalidInput, match=code):
            MarketView(*bad)
