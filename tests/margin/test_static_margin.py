"""The static test against a plain reading of its rule, and against settlements drawn at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind
from offbeat.margin import Holding, static_test

NEAR, FAR = 1_774_598_400, 1_798_185_600
CONTRACT = 10**6
DOLLAR = 10**6
SPOT = Instrument.spot("ETH")

Holdings = st.SearchStrategy[list[Holding]]
Groups = dict[tuple[str, int], list[Holding]]


def option(kind: Kind, strike_dollars: int, expiry_seconds: int = NEAR) -> Instrument:
    return Instrument("ETH", kind, expiry_seconds, strike_dollars * DOLLAR)


def call(strike_dollars: int, expiry_seconds: int = NEAR) -> Instrument:
    return option(Kind.CALL, strike_dollars, expiry_seconds)


def put(strike_dollars: int, expiry_seconds: int = NEAR) -> Instrument:
    return option(Kind.PUT, strike_dollars, expiry_seconds)


def payoff_picos(instrument: Instrument, quantity_micros: int, price_micros: int) -> int:
    above = price_micros - instrument.strike_micros
    return quantity_micros * max(above if instrument.kind is Kind.CALL else -above, 0)


def expiry_groups(positions: list[Holding]) -> tuple[Groups, dict[str, int]]:
    """(underlying, expiry) → options, and the spot held per underlying."""
    groups: Groups = {}
    spot: dict[str, int] = {}
    for instrument, quantity in sorted(positions):
        if instrument.kind is Kind.SPOT:
            spot[instrument.underlying] = quantity
        else:
            key = (instrument.underlying, instrument.expiry_seconds)
            groups.setdefault(key, []).append((instrument, quantity))
    return groups, spot


def covers(positions: list[Holding]) -> dict[tuple[str, int], int] | None:
    """How much spot each expiry uses up, None where there is not enough."""
    groups, spot = expiry_groups(positions)
    used = {}
    for key in sorted(groups):
        calls = sum(q for item, q in groups[key] if item.kind is Kind.CALL)
        used[key] = max(0, -calls)
        if used[key] > spot.get(key[0], 0):
            return None
        spot[key[0]] = spot.get(key[0], 0) - used[key]
    return used


def settled_picos(options: list[Holding], cover_micros: int, price_micros: int) -> int:
    return cover_micros * price_micros + sum(
        payoff_picos(item, quantity, price_micros) for item, quantity in options
    )


def test_covered_call_needs_no_cash_and_one_lot_less_spot_is_unbounded() -> None:
    short = (call(4000), -2 * CONTRACT)
    assert static_test([short, (SPOT, 2 * CONTRACT)], 0).passes
    uncovered = static_test([short, (SPOT, 2 * CONTRACT - 1000)], 10**20)
    assert not uncovered.passes
    assert uncovered.deficit_picos is None


def test_cash_secured_put_needs_its_strike_to_the_last_micro() -> None:
    positions = [(put(3000), -CONTRACT)]
    assert static_test(positions, 3000 * DOLLAR).passes
    short_by_one = static_test(positions, 3000 * DOLLAR - 1)
    assert not short_by_one.passes
    assert short_by_one.deficit_picos == CONTRACT


@pytest.mark.parametrize(
    ("positions", "worst_dollars"),
    [
        ([(call(4000), CONTRACT), (call(4500), -CONTRACT)], 0),
        ([(call(4000), -CONTRACT), (call(4500), CONTRACT)], -500),
        ([(put(4000), CONTRACT), (put(4500), -CONTRACT)], -500),
        (
            [
                (put(3000), CONTRACT),
                (put(3400), -CONTRACT),
                (call(4000), -CONTRACT),
                (call(4500), CONTRACT),
            ],
            -500,
        ),
        ([(call(4000), CONTRACT), (call(4100), -2 * CONTRACT), (call(4200), CONTRACT)], 0),
        ([(call(4000), -CONTRACT), (put(3000), -CONTRACT), (SPOT, CONTRACT)], -3000),
        ([(put(4000, NEAR), -CONTRACT), (put(4000, FAR), CONTRACT)], -4000),
        ([(call(4000, NEAR), CONTRACT), (put(3000, FAR), -CONTRACT)], -3000),
    ],
    ids=[
        "long vertical",
        "short call vertical",
        "short put vertical",
        "iron condor",
        "butterfly",
        "covered strangle",
        "put calendar",
        "gain of another expiry",
    ],
)
def test_known_strategies_need_their_textbook_loss(
    positions: list[Holding], worst_dollars: int
) -> None:
    assert static_test(positions, 0).worst_picos == worst_dollars * DOLLAR * CONTRACT


def test_a_far_call_does_not_cover_a_near_one() -> None:
    assert (
        static_test([(call(4000, NEAR), -CONTRACT), (call(4000, FAR), CONTRACT)], 0).worst_picos
        is None
    )


def test_each_unit_of_spot_covers_one_expiry_only() -> None:
    shorts = [(call(4000, NEAR), -CONTRACT), (call(4000, FAR), -CONTRACT)]
    assert static_test([*shorts, (SPOT, 2 * CONTRACT)], 0).passes
    assert not static_test([*shorts, (SPOT, 2 * CONTRACT - 1000)], 10**20).passes


def test_spot_of_another_underlying_covers_nothing() -> None:
    other = Instrument.spot("ETHX")
    assert static_test([(call(4000), -CONTRACT), (other, CONTRACT)], 10**20).worst_picos is None


def test_spot_itself_is_worth_nothing_here() -> None:
    assert static_test([(SPOT, 10 * CONTRACT)], 0).worst_picos == 0
    assert static_test([(SPOT, 10 * CONTRACT)], -1).deficit_picos == CONTRACT


def test_negative_spot_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        static_test([(SPOT, -1000)], 0)
    assert refused.value.code == "spot_negative"


@given(data=st.data(), cash_micros=st.integers(-(10**14), 10**14))
def test_equals_the_minimum_over_zero_and_every_strike(
    all_holdings: Holdings, data: st.DataObject, cash_micros: int
) -> None:
    held = data.draw(all_holdings)
    used = covers(held)
    result = static_test(held, cash_micros)
    if used is None:
        assert result.worst_picos is None
        return
    groups, _ = expiry_groups(held)
    total = sum(
        min(
            0,
            *(
                settled_picos(options, used[key], price)
                for price in (0, *(item.strike_micros for item, _ in options))
            ),
        )
        for key, options in groups.items()
    )
    assert result.worst_picos == total
    assert result.passes == (cash_micros * 10**6 + total >= 0)


@given(data=st.data())
def test_no_settlement_leaves_a_passing_account_in_debt(
    all_holdings: Holdings, data: st.DataObject
) -> None:
    held = data.draw(all_holdings)
    bare = static_test(held, 0)
    if bare.worst_picos is None:
        return
    cash_micros = -(bare.worst_picos // 10**6)
    assert static_test(held, cash_micros).passes
    used = covers(held)
    cash_picos = cash_micros * 10**6
    for key, options in expiry_groups(held)[0].items():
        price = data.draw(st.integers(0, 10**11))
        cash_picos += settled_picos(options, used[key], price)
    assert cash_picos >= 0


@given(data=st.data())
def test_order_of_positions_does_not_matter(all_holdings: Holdings, data: st.DataObject) -> None:
    held = data.draw(all_holdings)
    assert static_test(held, 5) == static_test(data.draw(st.permutations(held)), 5)
