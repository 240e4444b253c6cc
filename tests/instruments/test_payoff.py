from math import erf, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.instruments import (
    Instrument,
    Kind,
    Leg,
    Payoff,
    calendar,
    intrinsic_micros,
    near_expiry_bounds,
    payoff_at_expiry,
    reverse,
    settlement_bounds,
    value_at_near_expiry,
    vertical,
)

NEAR, FAR = 1_000, 2_000
MAX_STRIKE = 12
# Every strike lies well below, so the last slope rules from here on.
HIGH = 40


def legs_of(expiries: list[int]) -> st.SearchStrategy[list[Leg]]:
    """One to four sorted legs with tiny strikes, so that every price can be tried."""
    option = st.builds(
        Instrument,
        st.just("ETH"),
        st.sampled_from([Kind.CALL, Kind.PUT]),
        st.sampled_from(expiries),
        st.integers(1, MAX_STRIKE),
    )
    instruments = st.lists(
        option | st.just(Instrument.spot("ETH")), min_size=1, max_size=4, unique=True
    )
    ratios = st.integers(-4, 4).filter(bool)
    return instruments.map(sorted).flatmap(
        lambda chosen: st.tuples(*(st.builds(Leg, st.just(i), ratios) for i in chosen)).map(list)
    )


ONE_EXPIRY = legs_of([NEAR])
TWO_EXPIRIES = legs_of([NEAR, FAR])
PREMIUMS = st.integers(-30, 30)


def brute_value(legs: list[Leg], price: int) -> int:
    total = 0
    for leg in legs:
        match leg.instrument.kind:
            case Kind.SPOT:
                total += leg.ratio * price
            case Kind.CALL if price > leg.instrument.strike_micros:
                total += leg.ratio * (price - leg.instrument.strike_micros)
            case Kind.PUT if price < leg.instrument.strike_micros:
                total += leg.ratio * (leg.instrument.strike_micros - price)
    return total


def brute_extrema(legs: list[Leg]) -> tuple[int | None, int | None]:
    values = [brute_value(legs, price) for price in range(HIGH)]
    still_moving = values[-1] - values[-2]
    return (
        None if still_moving < 0 else min(values),
        None if still_moving > 0 else max(values),
    )


class TestIntrinsic:
    @pytest.mark.parametrize(
        ("kind", "price_micros", "expected"),
        [
            (Kind.CALL, 99, 0),
            (Kind.CALL, 100, 0),
            (Kind.CALL, 101, 1),
            (Kind.PUT, 101, 0),
            (Kind.PUT, 100, 0),
            (Kind.PUT, 99, 1),
            (Kind.PUT, 0, 100),
        ],
    )
    def test_options(self, kind: Kind, price_micros: int, expected: int) -> None:
        assert intrinsic_micros(Instrument("ETH", kind, NEAR, 100), price_micros) == expected

    def test_spot(self) -> None:
        assert intrinsic_micros(Instrument.spot("ETH"), 7) == 7

    @pytest.mark.parametrize(
        "instrument", [Instrument.spot("ETH"), Instrument.parse("A-1JAN30-1-P")]
    )
    def test_no_price_is_negative(self, instrument: Instrument) -> None:
        with pytest.raises(InvalidInput) as caught:
            intrinsic_micros(instrument, -1)
        assert caught.value.code == "price_negative"


class TestPayoff:
    @given(ONE_EXPIRY)
    def test_value_equals_brute_force_at_every_price(self, legs: list[Leg]) -> None:
        payoff = payoff_at_expiry(legs)
        for price in range(HIGH):
            assert payoff.value_micros(price) == brute_value(legs, price)

    @given(ONE_EXPIRY)
    def test_slope_holds_for_ever(self, legs: list[Leg]) -> None:
        assert payoff_at_expiry(legs).value_micros(10**30) == brute_value(legs, 10**30)

    @given(ONE_EXPIRY, PREMIUMS)
    def test_extrema_equal_brute_force(self, legs: list[Leg], premium: int) -> None:
        payoff = payoff_at_expiry(legs)
        least, most = brute_extrema(legs)
        assert (payoff.least_micros, payoff.most_micros) == (least, most)
        assert payoff.max_profit_micros(premium) == (None if most is None else most - premium)
        assert payoff.max_loss_micros(premium) == (None if least is None else premium - least)

    @given(ONE_EXPIRY, PREMIUMS)
    def test_break_evens_part_loss_from_no_loss(self, legs: list[Leg], premium: int) -> None:
        # Far enough: a profit of at most 4·4·12 + 30 micros changes sign by then at any slope.
        losing = [brute_value(legs, price) < premium for price in range(400)]
        expected = tuple(
            price
            for price in range(399)
            if not losing[price] and (losing[price + 1] or (price > 0 and losing[price - 1]))
        )
        assert payoff_at_expiry(legs).break_evens_micros(premium) == expected

    @given(ONE_EXPIRY, PREMIUMS)
    def test_the_other_side_wins_what_this_side_loses(self, legs: list[Leg], premium: int) -> None:
        ours, theirs = payoff_at_expiry(legs), payoff_at_expiry(reverse(legs))
        assert theirs.max_profit_micros(-premium) == ours.max_loss_micros(premium)
        assert theirs.max_loss_micros(-premium) == ours.max_profit_micros(premium)

    def test_a_fractional_break_even_rounds_to_the_side_that_does_not_lose(self) -> None:
        three_calls = payoff_at_expiry([Leg(Instrument("ETH", Kind.CALL, NEAR, 100), 3)])
        assert three_calls.break_evens_micros(10) == (104,)  # 103 1/3
        assert three_calls.break_evens_micros(9) == (103,)
        assert three_calls.break_evens_micros(8) == (103,)  # 102 2/3
        sold = payoff_at_expiry([Leg(Instrument("ETH", Kind.CALL, NEAR, 100), -3)])
        assert sold.break_evens_micros(-10) == (103,)
        assert sold.break_evens_micros(-9) == (103,)
        assert sold.break_evens_micros(-8) == (102,)

    def test_a_free_lunch_and_a_sure_loss_have_no_break_even(self) -> None:
        payoff = payoff_at_expiry(vertical("ETH", NEAR, Kind.CALL, 100, 110))
        assert payoff.break_evens_micros(0) == ()
        assert payoff.max_loss_micros(-1) == -1
        assert payoff.break_evens_micros(11) == ()
        assert payoff.max_profit_micros(11) == -1
        # One micro inside, there is one.
        assert payoff.break_evens_micros(1) == (101,)
        assert payoff.break_evens_micros(10) == (110,)

    def test_value_refuses_a_negative_price(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            Payoff((0,), (0,), 1).value_micros(-1)
        assert caught.value.code == "price_negative"

    @pytest.mark.parametrize(
        ("legs", "code"),
        [
            ((), "legs_count"),
            (calendar("ETH", NEAR, FAR, Kind.CALL, 100), "legs_expiries"),
            (tuple(reversed(vertical("ETH", NEAR, Kind.CALL, 1, 2))), "legs_unsorted"),
        ],
    )
    def test_refuses(self, legs: tuple[Leg, ...], code: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            payoff_at_expiry(legs)
        assert caught.value.code == code


def black_76_micros(option: Instrument, forward_micros: int) -> int:
    """Undiscounted, at 80 % volatility over a tenth of a year."""
    deviation = 0.8 * sqrt(0.1)
    strike = option.strike_micros
    if forward_micros == 0:
        return intrinsic_micros(option, 0)
    upper = log(forward_micros / strike) / deviation + deviation / 2
    normal = [(1 + erf(d / sqrt(2))) / 2 for d in (upper, upper - deviation)]
    call = forward_micros * normal[0] - strike * normal[1]
    is_call = option.kind is Kind.CALL
    return round(call if is_call else call - forward_micros + strike)


class TestSeveralExpiries:
    def test_near_value_settles_the_near_and_asks_for_the_far(self) -> None:
        legs = [Leg(Instrument.spot("ETH"), 2), *calendar("ETH", NEAR, FAR, Kind.PUT, 100)]
        asked = []

        def far_value(instrument: Instrument, price_micros: int) -> int:
            asked.append((instrument, price_micros))
            return 33

        assert value_at_near_expiry(legs, 90, far_value) == 2 * 90 - 10 + 33
        assert asked == [(Instrument("ETH", Kind.PUT, FAR, 100), 90)]

    @given(ONE_EXPIRY, st.integers(0, HIGH))
    def test_one_expiry_is_all_near(self, legs: list[Leg], price: int) -> None:
        def never(instrument: Instrument, price_micros: int) -> int:
            raise AssertionError

        assert value_at_near_expiry(legs, price, never) == brute_value(legs, price)
        payoff = payoff_at_expiry(legs)
        assert near_expiry_bounds(legs) == (payoff, payoff)
        assert settlement_bounds(legs) == (payoff.least_micros, payoff.most_micros)

    @given(TWO_EXPIRIES, st.integers(0, HIGH))
    def test_near_bounds_hold_under_black_76(self, legs: list[Leg], price: int) -> None:
        scale = 10**6
        rounding_micros = sum(abs(leg.ratio) for leg in legs)
        legs = [
            Leg(
                Instrument(
                    "ETH",
                    leg.instrument.kind,
                    leg.instrument.expiry_seconds,
                    leg.instrument.strike_micros * scale,
                ),
                leg.ratio,
            )
            for leg in legs
        ]
        lower, upper = near_expiry_bounds(legs)
        price *= scale
        value = value_at_near_expiry(legs, price, black_76_micros)
        assert lower.value_micros(price) - rounding_micros <= value
        assert value <= upper.value_micros(price) + rounding_micros

    @pytest.mark.parametrize("kind", [Kind.CALL, Kind.PUT])
    def test_a_calendar_loses_its_premium_at_most(self, kind: Kind) -> None:
        legs = calendar("ETH", NEAR, FAR, kind, 100)
        lower, upper = near_expiry_bounds(legs)
        assert lower.max_loss_micros(3) == 3
        assert upper.max_profit_micros(3) == 97
        # And its seller the reverse.
        lower, upper = near_expiry_bounds(reverse(legs))
        assert lower.max_loss_micros(-3) == 97
        assert upper.max_profit_micros(-3) == 3

    def test_held_to_the_end_a_calendar_is_two_separate_bets(self) -> None:
        assert settlement_bounds(calendar("ETH", NEAR, FAR, Kind.PUT, 100)) == (-100, 100)
        assert settlement_bounds(calendar("ETH", NEAR, FAR, Kind.CALL, 100)) == (None, None)

    @given(TWO_EXPIRIES)
    def test_settlement_bounds_are_attained_and_never_passed(self, legs: list[Leg]) -> None:
        last = max(leg.instrument.expiry_seconds for leg in legs)
        groups = [
            [leg for leg in legs if (leg.instrument.expiry_seconds or last) == expiry]
            for expiry in (NEAR, FAR)
        ]
        extrema = [brute_extrema(group) for group in groups if group] or [brute_extrema(legs)]
        least, most = settlement_bounds(legs)
        lows, highs = zip(*extrema, strict=True)
        assert least == (None if None in lows else sum(lows))
        assert most == (None if None in highs else sum(highs))

    @pytest.mark.parametrize("function", [near_expiry_bounds, settlement_bounds])
    def test_refuses_what_cannot_be_signed(self, function: type) -> None:
        with pytest.raises(InvalidInput) as caught:
            function([])
        assert caught.value.code == "legs_count"
