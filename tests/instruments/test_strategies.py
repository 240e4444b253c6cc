import csv
from collections import defaultdict
from fractions import Fraction
from itertools import permutations
from math import gcd
from pathlib import Path

import pytest

from offbeat.core import InvalidInput
from offbeat.instruments import (
    Instrument,
    Kind,
    Leg,
    Legs,
    Strategy,
    butterfly,
    calendar,
    cash_secured_put,
    check_legs,
    condor,
    covered_call,
    iron_butterfly,
    iron_condor,
    payoff_at_expiry,
    recognise,
    reverse,
    risk_reversal,
    straddle,
    strangle,
    vertical,
)

EXPIRY, LATER = 1_798_185_600, 1_806_048_000
ETH = ("ETH", EXPIRY)
CALL, PUT = Kind.CALL, Kind.PUT

# (legs, net premium, maximum profit, maximum loss, break-evens), worked out by hand.
TEXTBOOK = {
    "covered call": (covered_call(*ETH, 105), 100 - 3, 8, 97, (97,)),
    "cash-secured put": (cash_secured_put(*ETH, 50), -2, 2, 48, (48,)),
    "bull call": (vertical(*ETH, CALL, 100, 110), 4, 6, 4, (104,)),
    "bear call": (vertical(*ETH, CALL, 110, 100), -4, 4, 6, (104,)),
    "bull put": (vertical(*ETH, PUT, 90, 100), -3, 3, 7, (97,)),
    "bear put": (vertical(*ETH, PUT, 100, 90), 3, 7, 3, (97,)),
    "straddle": (straddle(*ETH, 100), 8, None, 8, (92, 108)),
    "short straddle": (reverse(straddle(*ETH, 100)), -8, 8, None, (92, 108)),
    "strangle": (strangle(*ETH, 90, 110), 5, None, 5, (85, 115)),
    "short strangle": (reverse(strangle(*ETH, 90, 110)), -5, 5, None, (85, 115)),
    "risk reversal": (risk_reversal(*ETH, 90, 110), 1, None, 91, (111,)),
    "risk reversal for a credit": (risk_reversal(*ETH, 90, 110), -1, None, 89, (89,)),
    "call butterfly": (butterfly(*ETH, CALL, (90, 100, 110)), 2, 8, 2, (92, 108)),
    "put butterfly": (butterfly(*ETH, PUT, (90, 100, 110)), 2, 8, 2, (92, 108)),
    "broken-wing butterfly": (butterfly(*ETH, CALL, (90, 100, 120)), 1, 9, 11, (91, 109)),
    "call condor": (condor(*ETH, CALL, (90, 95, 105, 110)), 2, 3, 2, (92, 108)),
    "put condor": (condor(*ETH, PUT, (90, 95, 105, 110)), 2, 3, 2, (92, 108)),
    "iron butterfly": (iron_butterfly(*ETH, (90, 100, 110)), -8, 8, 2, (92, 108)),
    "iron condor": (iron_condor(*ETH, (90, 95, 105, 110)), -3, 3, 2, (92, 108)),
}

NAMED = [
    (Strategy.SPOT, (Leg(Instrument.spot("ETH"), 1),)),
    (Strategy.SINGLE, (Leg(Instrument("ETH", CALL, EXPIRY, 100), 1),)),
    (Strategy.SINGLE, cash_secured_put(*ETH, 100)),
    (Strategy.COVERED_CALL, covered_call(*ETH, 100)),
    (Strategy.VERTICAL, vertical(*ETH, CALL, 100, 110)),
    (Strategy.VERTICAL, vertical(*ETH, PUT, 100, 90)),
    (Strategy.STRADDLE, straddle(*ETH, 100)),
    (Strategy.STRANGLE, strangle(*ETH, 90, 110)),
    (Strategy.RISK_REVERSAL, risk_reversal(*ETH, 90, 110)),
    (Strategy.BUTTERFLY, butterfly(*ETH, CALL, (90, 100, 110))),
    (Strategy.BUTTERFLY, butterfly(*ETH, PUT, (90, 100, 200))),
    (Strategy.CONDOR, condor(*ETH, CALL, (90, 95, 105, 110))),
    (Strategy.CONDOR, condor(*ETH, PUT, (90, 95, 105, 110))),
    (Strategy.IRON_BUTTERFLY, iron_butterfly(*ETH, (90, 100, 110))),
    (Strategy.IRON_CONDOR, iron_condor(*ETH, (90, 95, 105, 110))),
    (Strategy.CALENDAR, calendar("ETH", EXPIRY, LATER, CALL, 100)),
    (Strategy.CALENDAR, calendar("ETH", EXPIRY, LATER, PUT, 100)),
]


def legs_from(text: str) -> Legs:
    """Legs as people write them: ``+1 ETH -1 ETH-25DEC26-4000-C``."""
    words = text.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return tuple(Leg(Instrument.parse(name), int(ratio)) for ratio, name in pairs)


class TestBuilders:
    @pytest.mark.parametrize("case", TEXTBOOK)
    def test_outcomes_are_the_textbooks(self, case: str) -> None:
        legs, premium, profit, loss, break_evens = TEXTBOOK[case]
        payoff = payoff_at_expiry(legs)
        assert payoff.max_profit_micros(premium) == profit
        assert payoff.max_loss_micros(premium) == loss
        assert payoff.break_evens_micros(premium) == break_evens

    @pytest.mark.parametrize(("name", "legs"), NAMED)
    def test_legs_are_ready_to_be_signed(self, name: Strategy, legs: Legs) -> None:
        check_legs(legs)

    def test_legs_are_the_right_way_round(self) -> None:
        micros = 10**6
        assert covered_call(*ETH, 105 * micros) == legs_from("+1 ETH -1 ETH-25DEC26-105-C")
        assert risk_reversal(*ETH, 90 * micros, 110 * micros) == legs_from(
            "-1 ETH-25DEC26-90-P +1 ETH-25DEC26-110-C"
        )
        assert iron_butterfly(*ETH, (90 * micros, 100 * micros, 110 * micros)) == legs_from(
            "+1 ETH-25DEC26-90-P -1 ETH-25DEC26-100-C -1 ETH-25DEC26-100-P +1 ETH-25DEC26-110-C"
        )
        assert calendar("ETH", EXPIRY, LATER, PUT, 100 * micros) == legs_from(
            "-1 ETH-25DEC26-100-P +1 ETH-26MAR27-100-P"
        )

    def test_strikes_ascend(self) -> None:
        for swapped in permutations((90, 100, 110)):
            if swapped == (90, 100, 110):
                continue
            refused = [
                lambda s=swapped: butterfly(*ETH, CALL, s),
                lambda s=swapped: iron_butterfly(*ETH, s),
                lambda s=swapped: condor(*ETH, CALL, (80, *s)),
                lambda s=swapped: iron_condor(*ETH, (80, *s)),
            ]
            for build in refused:
                with pytest.raises(InvalidInput) as caught:
                    build()
                assert caught.value.code == "strategy_strikes"

    @pytest.mark.parametrize("build", [strangle, risk_reversal])
    @pytest.mark.parametrize("strikes", [(100, 100), (101, 100)])
    def test_the_put_lies_below_the_call(self, build: type, strikes: tuple[int, int]) -> None:
        with pytest.raises(InvalidInput) as caught:
            build(*ETH, *strikes)
        assert caught.value.code == "strategy_strikes"

    def test_a_vertical_has_two_strikes(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            vertical(*ETH, CALL, 100, 100)
        assert caught.value.code == "strategy_strikes"

    @pytest.mark.parametrize("strikes", [(1, 2), (1, 2, 3, 4), ()])
    def test_a_butterfly_has_three_strikes(self, strikes: tuple[int, int, int]) -> None:
        for build in (
            lambda: butterfly(*ETH, CALL, strikes),
            lambda: iron_butterfly(*ETH, strikes),
        ):
            with pytest.raises(InvalidInput) as caught:
                build()
            assert caught.value.code == "strategy_strikes"

    @pytest.mark.parametrize("far", [EXPIRY, EXPIRY - 1])
    def test_a_calendar_looks_ahead(self, far: int) -> None:
        with pytest.raises(InvalidInput) as caught:
            calendar("ETH", EXPIRY, far, CALL, 100)
        assert caught.value.code == "strategy_expiries"

    def test_terms_are_checked(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            straddle("eth", EXPIRY, 100)
        assert caught.value.code == "instrument_symbol"
        with pytest.raises(InvalidInput) as caught:
            vertical(*ETH, Kind.SPOT, 90, 100)
        assert caught.value.code == "instrument_expiry"


class TestRecognise:
    @pytest.mark.parametrize(("name", "legs"), NAMED)
    def test_builders_and_their_other_side(self, name: Strategy, legs: Legs) -> None:
        assert recognise(legs) is name
        assert recognise(reverse(legs)) is name

    @pytest.mark.parametrize(("name", "legs"), NAMED)
    def test_scale_does_not_matter(self, name: Strategy, legs: Legs) -> None:
        tripled = tuple(Leg(leg.instrument, 3 * leg.ratio) for leg in legs)
        assert recognise(tripled) is name
        assert recognise(reverse(tripled)) is name

    @pytest.mark.parametrize(("name", "legs"), [case for case in NAMED if len(case[1]) > 1])
    def test_each_ratio_matters(self, name: Strategy, legs: Legs) -> None:
        for changed in range(len(legs)):
            uneven = tuple(
                Leg(leg.instrument, 5 * leg.ratio if index == changed else leg.ratio)
                for index, leg in enumerate(legs)
            )
            assert recognise(uneven) is Strategy.CUSTOM

    @pytest.mark.parametrize(
        ("neighbour", "text"),
        [
            ("protective put", "+1 ETH +1 ETH-25DEC26-100-P"),
            ("spot and a call", "+1 ETH +1 ETH-25DEC26-100-C"),
            ("spot and a short put", "+1 ETH -1 ETH-25DEC26-100-P"),
            ("two calls", "+1 ETH-25DEC26-100-C +1 ETH-25DEC26-110-C"),
            ("ratio spread", "+1 ETH-25DEC26-100-C -2 ETH-25DEC26-110-C"),
            ("synthetic forward", "+1 ETH-25DEC26-100-C -1 ETH-25DEC26-100-P"),
            ("guts", "+1 ETH-25DEC26-90-C +1 ETH-25DEC26-110-P"),
            ("risk reversal in the money", "+1 ETH-25DEC26-90-C -1 ETH-25DEC26-110-P"),
            ("diagonal", "-1 ETH-25DEC26-110-C +1 ETH-26MAR27-100-C"),
            ("calendar of two kinds", "-1 ETH-25DEC26-100-C +1 ETH-26MAR27-100-P"),
            ("both expiries bought", "+1 ETH-25DEC26-100-C +1 ETH-26MAR27-100-C"),
            ("split straddle", "+1 ETH-25DEC26-100-C +1 ETH-26MAR27-100-P"),
            ("collar", "+1 ETH +1 ETH-25DEC26-90-P -1 ETH-25DEC26-110-C"),
            (
                "butterfly of two kinds",
                "+1 ETH-25DEC26-90-C -2 ETH-25DEC26-100-P +1 ETH-25DEC26-110-C",
            ),
            (
                "butterfly over two expiries",
                "+1 ETH-25DEC26-90-C -2 ETH-25DEC26-100-C +1 ETH-26MAR27-110-C",
            ),
            (
                "box",
                "+1 ETH-25DEC26-90-C -1 ETH-25DEC26-90-P -1 ETH-25DEC26-110-C +1 ETH-25DEC26-110-P",
            ),
            (
                "condor with one sign turned",
                "+1 ETH-25DEC26-90-C -1 ETH-25DEC26-95-C +1 ETH-25DEC26-105-C -1 ETH-25DEC26-110-C",
            ),
        ],
    )
    def test_neighbours_are_custom(self, neighbour: str, text: str) -> None:
        assert recognise(legs_from(text)) is Strategy.CUSTOM

    def test_refuses_what_cannot_be_signed(self) -> None:
        legs = straddle(*ETH, 100)
        with pytest.raises(InvalidInput) as caught:
            recognise((legs[1], legs[0]))
        assert caught.value.code == "legs_unsorted"

    def test_names_what_real_block_trades_were(self, data_dir: Path) -> None:
        path = data_dir / "eth_options_2023-11-20" / "last_trades.csv"
        blocks = defaultdict(list)
        for row in csv.DictReader(path.read_text().splitlines()):
            if row["combo_id"]:
                blocks[row["block_trade_id"]].append(row)
        # The exchange's own name of the combination is in its id: ETH-STRD-21NOV23-2025.
        names = {
            "STRD": Strategy.STRADDLE,
            "PBUT": Strategy.BUTTERFLY,
            "RR": Strategy.RISK_REVERSAL,
        }
        seen = set()
        for rows in blocks.values():
            if len(rows) == float(rows[0]["block_trade_leg_count"]):
                code = rows[0]["combo_id"].split("-")[1]
                assert recognise(legs_of_block(rows)) is names[code]
                seen.add(code)
        assert seen == set(names)


def legs_of_block(rows: list[dict[str, str]]) -> Legs:
    amounts = [Fraction(row["amount"]).numerator for row in rows]
    signs = [1 if row["direction"] == "buy" else -1 for row in rows]
    legs = [
        Leg(Instrument.parse(row["instrument_name"]), sign * amount // gcd(*amounts))
        for row, sign, amount in zip(rows, signs, amounts, strict=True)
    ]
    return tuple(sorted(legs, key=lambda leg: leg.instrument))
