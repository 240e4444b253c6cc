"""Pots: what shorts owe goes in, what longs are due comes out, whatever the order among equals."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from offbeat.core import Reason
from offbeat.instruments import Instrument, Kind
from offbeat.margin import static_test
from offbeat.rulebook import Pot
from offbeat.rulebook.expiry import Holdings, settle_group
from offbeat.rulebook.refusal import Refusal

ONE = 10**6
EXPIRY = 1_800_000_000


def call(strike: int, kind: Kind = Kind.CALL) -> Instrument:
    return Instrument("ETH", kind, EXPIRY, strike)


CALL_2000, PUT_2000 = call(2_000 * ONE), call(2_000 * ONE, Kind.PUT)
CALL_2200 = call(2_200 * ONE)


def settle(
    price: int,
    positions: list[tuple[Instrument, int]],
    own: tuple[int, int],
    pot: tuple[int, int] = (0, 0),
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Cash and spot of the pot and of the account afterwards."""
    after, holdings = settle_group(Pot(price, *pot), positions, Holdings(*own))
    assert after.price_micros == price
    pot_after = after.cash_micros, after.spot_micros
    return pot_after, (holdings.cash_micros, holdings.spot_micros)


@pytest.mark.parametrize(
    ("case", "positions", "own", "paid_in"),
    [
        ("out of the money", [(CALL_2200, -ONE)], (0, 0), (0, 0)),
        ("cash", [(CALL_2000, -ONE)], (150 * ONE, 0), (100 * ONE, 0)),
        ("cash that is not there", [(CALL_2000, -ONE)], (0, 0), (100 * ONE, 0)),
        ("spot", [(CALL_2000, -ONE)], (0, ONE), (0, 47_620)),
        ("spot for two", [(CALL_2000, -2 * ONE)], (0, 2 * ONE), (0, 95_239)),
        (
            "spot as far as it covers",
            [(CALL_2000, -21 * ONE)],
            (10**9, ONE // 2),
            (1_050 * ONE, ONE // 2),
        ),
        ("spread", [(CALL_2000, -2 * ONE), (CALL_2200, ONE)], (0, ONE), (0, 95_239)),
        ("calls bought outnumber", [(CALL_2000, -ONE), (CALL_2200, ONE)], (0, ONE), (100 * ONE, 0)),
    ],
)
def test_what_a_debtor_pays(
    case: str,
    positions: list[tuple[Instrument, int]],
    own: tuple[int, int],
    paid_in: tuple[int, int],
) -> None:
    """At a price of 2,100. Spot goes first as far as net short calls reach, rounded up."""
    pot, after = settle(2_100 * ONE, positions, own)
    assert pot == paid_in
    assert after == (own[0] - paid_in[0], own[1] - paid_in[1])


def test_a_short_put_pays_in_cash_though_there_is_spot() -> None:
    pot, own = settle(1_900 * ONE, [(PUT_2000, -ONE)], (200 * ONE, 5 * ONE))
    assert pot == (100 * ONE, 0)
    assert own == (100 * ONE, 5 * ONE)


def test_debts_round_up_and_dues_round_down() -> None:
    """0.001 of 0.0015 is a micro and a half."""
    price = 2_000 * ONE + 1_500
    assert settle(price, [(CALL_2000, -1_000)], (10, 0)) == ((2, 0), (8, 0))
    assert settle(price, [(CALL_2000, 1_000)], (10, 0), (2, 0)) == ((1, 0), (11, 0))


def test_a_creditor_takes_cash_first_and_the_rest_in_spot() -> None:
    pot, own = settle(2_100 * ONE, [(CALL_2000, ONE)], (0, 0), (58 * ONE, ONE))
    assert own == (58 * ONE, 20_000)
    assert pot == (0, ONE - 20_000)


@pytest.mark.parametrize(("spot", "is_short"), [(20_000, False), (19_999, True)])
def test_a_pot_without_enough_waits(spot: int, is_short: bool) -> None:
    positions, pot = [(CALL_2000, ONE)], Pot(2_100 * ONE, 58 * ONE, spot)
    if not is_short:
        settle_group(pot, positions, Holdings(0, 0))
        return
    with pytest.raises(Refusal) as refusal:
        settle_group(pot, positions, Holdings(0, 0))
    assert refusal.value.reason == Reason.POT_SHORT


# Properties -----------------------------------------------------------------------------------

lots = st.integers(-50, 50).map(lambda n: n * 1_000)
strikes = st.one_of(st.integers(1, 5_000), st.integers(1, 3_000 * ONE))
options = st.builds(call, strikes, st.sampled_from((Kind.CALL, Kind.PUT)))
prices = st.one_of(st.integers(1, 5_000), st.integers(1, 4_000 * ONE))
spots = st.integers(0, 60_000)


@given(
    st.lists(st.tuples(options, st.lists(lots, min_size=3, max_size=3)), min_size=1, max_size=5),
    prices,
    st.lists(spots, min_size=4, max_size=4),
    st.permutations(range(4)),
)
def test_pots_pay_everybody_and_keep_only_dust(
    book: list[tuple[Instrument, list[int]]], price: int, spot: list[int], order: list[int]
) -> None:
    """Four accounts net to zero. Debtors first, then creditors in any order: nobody waits."""
    held = [
        [(option, (*quantities, -sum(quantities))[account]) for option, quantities in book]
        for account in range(4)
    ]
    due = [sum(q * _payoff(option, price) for option, q in each) for each in held]
    pot, value = Pot(price), Fraction(0)
    for account in sorted(order, key=lambda a: due[a] >= 0):
        before = Holdings(0, spot[account])
        pot, own = settle_group(pot, held[account], before)
        gained = own.cash_micros + Fraction((own.spot_micros - before.spot_micros) * price, ONE)
        assert gained <= Fraction(due[account], ONE), "rounding is against whoever asks"
        assert own.spot_micros >= 0
        value += gained
    assert min(pot.cash_micros, pot.spot_micros) >= 0
    dust = pot.cash_micros + Fraction(pot.spot_micros * price, ONE)
    assert dust == -value
    assert dust <= 4 * (1 + Fraction(price, ONE))


@given(
    st.dictionaries(options, lots.filter(bool), min_size=1, max_size=6),
    prices,
    spots,
)
def test_whoever_passes_the_static_test_owes_nothing_after_expiry(
    book: dict[Instrument, int], price: int, spot: int
) -> None:
    """With just enough cash for the worst price, expiry at any price leaves no loan behind."""
    positions = sorted(book.items())
    holdings = [*positions, *([(Instrument.spot("ETH"), spot)] if spot else [])]
    bare = static_test(holdings, 0)
    assume(bare.worst_picos is not None)
    assert bare.worst_picos is not None
    cash = -(bare.worst_picos // ONE)
    assert static_test(holdings, cash).passes
    plenty = Pot(price, 10**18, 10**18)
    _, own = settle_group(plenty, positions, Holdings(cash, spot))
    assert own.cash_micros >= 0
    assert own.spot_micros >= 0


def _payoff(option: Instrument, price: int) -> int:
    gain = price - option.strike_micros
    return max(0, gain if option.kind is Kind.CALL else -gain)
