"""Test identities: keys that cannot clash, nonces that never repeat, deposits that suffice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import Reason, ceil_div, limits
from offbeat.instruments import Instrument, Leg, covered_call
from offbeat.intents import Lane, Order, Withdraw, address_of, is_spent, spend, split_nonce
from offbeat.margin import scan_test
from offbeat.sim.cast import CASH_ASSET, Cast, derive_test_key
from offbeat.sim.demo_prices import EXPIRIES_SECONDS, SPOT, START_SECONDS, SYMBOL, prices_at
from offbeat.sim.scenario import Participant, Role, Round, Submission

FEE_MICROS = 2_000_000
STEP_MICROS = 1_000_000_000
PRICES = prices_at(START_SECONDS, 3_000_000_000)
ROWS = {row.instrument_id: row for row in PRICES.report.rows}
SCALES = {each.symbol: each for each in PRICES.report.underlyings}
OPTIONS = sorted(PRICES.marks_micros.keys() - {SPOT})


def _cast() -> Cast:
    cast = Cast("a test", FEE_MICROS)
    cast.join("trader", Role.TAKER)
    return cast


def _participants(cast: Cast, *submissions: Submission) -> dict[str, Participant]:
    round_ = Round(START_SECONDS + 5, START_SECONDS + 60, PRICES.report, submissions)
    return {each.name: each for each in cast.participants([round_])}


def _submission(intent: Order | Withdraw, expected: Reason | None = None) -> Submission:
    return Submission(
        intent=intent,
        sender="trader",
        signer_key=bytes(32),
        label="",
        source="",
        expected=expected,
    )


def test_keys_follow_from_seed_and_name_alone() -> None:
    keys = {derive_test_key(seed, name) for seed in ("a", "b") for name in ("x", "y")}
    assert len(keys) == 4
    assert derive_test_key("a", "x") in keys
    participant = _participants(_cast())["trader"]
    assert participant.address == address_of(participant.private_key)
    assert participant.private_key == derive_test_key("a test", "trader")


def test_keys_are_not_shown() -> None:
    participant = _participants(_cast())["trader"]
    assert repr(participant.private_key) not in repr(participant)


def test_a_role_is_given_once() -> None:
    cast = _cast()
    cast.join("trader", Role.MAKER)
    assert _participants(cast)["trader"].role is Role.TAKER


def test_nonces_are_fresh_for_each_participant() -> None:
    cast = _cast()
    assert [split_nonce(cast.nonce("trader")) for _ in range(3)] == [(0, 0), (0, 1), (0, 2)]
    assert split_nonce(cast.nonce("other")) == (0, 0)


@given(st.integers(0, 600))
def test_the_end_of_the_window_spends_all_before_and_none_after(used: int) -> None:
    cast = _cast()
    earlier = [cast.nonce("trader") for _ in range(used)]
    lanes = spend((Lane(),), cast.window_end("trader"))
    assert isinstance(lanes, tuple)
    assert all(is_spent(lanes, nonce) for nonce in earlier)
    assert not is_spent(lanes, cast.nonce("trader"))


def test_nobody_deposits_less_than_a_step() -> None:
    assert _participants(_cast())["trader"].cash_micros == STEP_MICROS


def test_a_buyer_deposits_the_price_and_the_fee() -> None:
    """A long call's price is more than what it can lose in the scan."""
    cast = _cast()
    call = Instrument.parse("ETH-27MAR26-2700-C")
    order = cast.order("trader", (Leg(call, 1),), 3_000_000, 332_666_666, START_SECONDS)
    assert _participants(cast, _submission(order))["trader"].cash_micros == STEP_MICROS
    dearer = replace(order, limit_micros=order.limit_micros + 1)
    assert _participants(cast, _submission(dearer))["trader"].cash_micros == 2 * STEP_MICROS


def test_what_must_be_refused_needs_no_deposit() -> None:
    cast = _cast()
    order = cast.order("trader", (Leg(OPTIONS[0], -1),), 10**9, 0, START_SECONDS)
    assert _participants(cast, _submission(order))["trader"].cash_micros > STEP_MICROS
    refused = _submission(order, Reason.UNHEALTHY)
    assert _participants(cast, refused)["trader"].cash_micros == STEP_MICROS


def test_a_seller_of_spot_brings_it() -> None:
    cast = _cast()
    buys = covered_call(SYMBOL, EXPIRIES_SECONDS[0], 3_000_000_000)
    sells = tuple(Leg(leg.instrument, -2 * leg.ratio) for leg in buys)
    orders = [cast.order("trader", legs, 5_000_000, 0, START_SECONDS) for legs in (buys, sells)]
    participant = _participants(cast, *map(_submission, orders))["trader"]
    assert participant.spot_micros == ((SYMBOL, 10_000_000),)


def test_a_withdrawal_is_deposited_first() -> None:
    cast = _cast()
    envelope = cast.envelope("trader", START_SECONDS)
    cash, spot = (
        Withdraw(**envelope, to=bytes([1] * 20), asset=asset, amount_micros=STEP_MICROS)
        for asset in (CASH_ASSET, SYMBOL)
    )
    participant = _participants(cast, _submission(cash), _submission(spot))["trader"]
    assert participant.cash_micros == 2 * STEP_MICROS
    assert participant.spot_micros == ((SYMBOL, STEP_MICROS),)


@st.composite
def _orders_and_fills(draw: st.DrawFn) -> list[tuple[Order, int]]:
    """Orders at any price, each with a fill of whole lots."""
    cast = _cast()
    chosen = []
    for _ in range(draw(st.integers(1, 6))):
        options: list[Instrument] = draw(
            st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=4, unique=True)
        )
        ratios = st.integers(-3, 3).filter(bool)
        legs = tuple(Leg(option, draw(ratios)) for option in sorted(options))
        lots = draw(st.integers(1, 100_000))
        limit_micros = PRICES.fair_micros(legs) + draw(st.integers(-(10**9), 10**9))
        order = cast.order("trader", legs, lots * 1_000, limit_micros, START_SECONDS)
        chosen.append((order, draw(st.integers(0, lots)) * 1_000))
    return chosen


@given(_orders_and_fills())
def test_deposits_keep_a_trader_healthy_whatever_is_filled(
    orders_and_fills: list[tuple[Order, int]],
) -> None:
    submissions = [_submission(order) for order, _ in orders_and_fills]
    cash_micros = _participants(_cast(), *submissions)["trader"].cash_micros
    holdings: dict[Instrument, int] = {}
    for order, fill_micros in orders_and_fills:
        cash_micros -= ceil_div(order.limit_micros * fill_micros, limits.QUANTITY_SCALE)
        cash_micros -= FEE_MICROS
        for leg in order.legs:
            held = holdings.get(leg.instrument, 0)
            holdings[leg.instrument] = held + leg.ratio * fill_micros
    assert cash_micros >= 0
    assert scan_test(holdings.items(), cash_micros, ROWS, SCALES).passes(limits.INITIAL_MARGIN_BPS)
