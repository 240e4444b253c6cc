"""The real book and tape as a scenario that every bound of the protocol admits."""

import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind, Strategy, reverse
from offbeat.intents import Order
from offbeat.oracle import VOLATILITY_SCALE, YEAR_SECONDS, price
from offbeat.sim.book_surface import book_spot_micros, book_surface
from offbeat.sim.deribit_csv import COIN_SCALE, read_order_book
from offbeat.sim.replay_market import CONCESSION_MICROS, load_replay
from offbeat.sim.resting_depth import INSTRUMENTS_PER_MAKER, assign_makers, quotes_of
from offbeat.sim.scenario import QUOTE, Role, Scenario, Submission

NOW_SECONDS = 1_700_471_433


@pytest.fixture(scope="module")
def replay(eth_folder: Path) -> Scenario:
    return load_replay(eth_folder)


def _orders(scenario: Scenario) -> list[tuple[Submission, Order]]:
    submissions = [each for round_ in scenario.rounds for each in round_.submissions]
    return [(each, each.intent) for each in submissions if isinstance(each.intent, Order)]


def test_every_level_rests_with_a_maker_who_has_room(eth_folder: Path) -> None:
    book = read_order_book(eth_folder / "order_book.csv").rows
    makers = list(assign_makers(book))
    names = [name for name, _ in makers]
    assert len(set(names)) == len(names)
    assert max(len(rows) for _, rows in makers) <= INSTRUMENTS_PER_MAKER <= limits.MAX_POSITIONS
    quotes = [quote for _, rows in makers for row in rows for quote in quotes_of(row)]
    assert len(quotes) == sum(len(row.bids) + len(row.asks) for row in book)


def test_a_level_is_a_quote_at_the_index_of_its_moment(eth_folder: Path) -> None:
    book = read_order_book(eth_folder / "order_book.csv").rows
    row = next(row for row in book if row.instrument.name == "ETH-24NOV23-2000-C")
    quotes = list(quotes_of(row))
    bid, ask = quotes[0], quotes[len(row.bids)]
    # 0.026 and 0.0275 ETH at an index of 2019.69.
    assert (bid.leg.ratio, bid.limit_micros, bid.quantity_micros) == (1, 52_511_940, 163_000_000)
    assert (ask.leg.ratio, ask.limit_micros, ask.quantity_micros) == (-1, -55_541_475, 805_000_000)


def test_the_whole_market_is_replayed(replay: Scenario) -> None:
    labels = Counter(submission.label for submission, _ in _orders(replay))
    assert labels == {
        QUOTE: 667,
        Strategy.SINGLE: 2 * 454,
        Strategy.BUTTERFLY: 2 * 3,
        Strategy.RISK_REVERSAL: 2 * 2,
        Strategy.STRADDLE: 2 * 1,
    }
    assert [refusal.code for refusal in replay.refusals] == ["block_incomplete"] * 6
    assert replay.faults == ()


def test_the_sides_of_a_trade_mirror_each_other(replay: Scenario) -> None:
    sides: defaultdict[str, list[tuple[Submission, Order]]] = defaultdict(list)
    for submission, order in _orders(replay):
        if submission.label != QUOTE:
            sides[submission.source].append((submission, order))
    for (taken, taker), (given, giver) in sides.values():
        assert (taken.sender.split("-")[0], given.sender.split("-")[0]) == (
            Role.TAKER,
            Role.COUNTERPARTY,
        )
        assert giver.legs == reverse(taker.legs)
        assert giver.quantity_micros == taker.quantity_micros
        assert taker.limit_micros + giver.limit_micros == CONCESSION_MICROS


def test_a_block_is_signed_at_the_price_that_was_agreed(replay: Scenario) -> None:
    taker = next(order for each, order in _orders(replay) if each.source == "BLOCK-498152")
    # (0.0049 + 0.0332) ETH × 1967.55, received for a straddle of 250.
    assert (taker.limit_micros, taker.quantity_micros) == (-74_963_655, 250_000_000)


def test_no_account_outgrows_its_record(replay: Scenario) -> None:
    held: defaultdict[str, set[Instrument]] = defaultdict(set)
    nonces: defaultdict[str, list[int]] = defaultdict(list)
    for submission, order in _orders(replay):
        held[submission.sender] |= {leg.instrument for leg in order.legs}
        nonces[submission.sender].append(order.nonce)
    assert max(map(len, held.values())) <= limits.MAX_POSITIONS
    assert all(numbers == list(range(len(numbers))) for numbers in nonces.values())
    assert max(map(len, nonces.values())) <= limits.LANE_WINDOW
    assert {each.name for each in replay.participants} == held.keys()


def test_rounds_stand_under_one_fresh_report_and_trade_an_instrument_once(replay: Scenario) -> None:
    for round_ in replay.rounds:
        age = round_.closes_seconds - round_.report.timestamp_seconds
        assert 0 < age <= limits.REPORT_MAX_AGE_SECONDS
        takers = [each for each in round_.submissions if each.sender.startswith(Role.TAKER)]
        legs = [leg.instrument for each in takers for leg in each.intent.legs]
        assert len(set(legs)) == len(legs)
        assert max(Counter(each.sender for each in takers).values()) <= limits.MAX_ACTIONS
        priced = {row.instrument_id for row in round_.report.rows}
        for each in round_.submissions:
            assert each.intent.valid_until_seconds >= round_.closes_seconds
            assert {leg.instrument.id for leg in each.intent.legs} <= priced
    assert replay.rounds[0].report.timestamp_seconds == NOW_SECONDS


def test_the_surface_prices_between_bid_and_ask(eth_folder: Path) -> None:
    """Deribit states volatilities and prices apart; from the ones the fit gives the others back.

    In coin of the forward, as Deribit prices its own volatilities. Spot moved by 0.2 % while the
    book was read, so a few fall beside it, by no more than the spread.
    """
    book = read_order_book(eth_folder / "order_book.csv").rows
    surface = book_surface(book, NOW_SECONDS)
    inside = []
    for row in (row for row in book if row.bids and row.asks):
        point = surface.point(row.instrument)
        value_micros = price(
            +1 if row.instrument.kind is Kind.CALL else -1,
            point.forward_micros,
            row.instrument.strike_micros,
            point.volatility_micros / VOLATILITY_SCALE,
            (row.instrument.expiry_seconds - NOW_SECONDS) / YEAR_SECONDS,
        )
        coin_nanos = float(value_micros) / point.forward_micros * COIN_SCALE
        bid, ask = row.bids[0].price_coin_nanos, row.asks[0].price_coin_nanos
        assert 2 * bid - ask < coin_nanos < 2 * ask - bid
        inside.append(bid <= coin_nanos <= ask)
    assert len(inside) == 69
    assert sum(inside) >= 60


def test_forwards_are_those_of_the_last_moment(eth_folder: Path) -> None:
    book = read_order_book(eth_folder / "order_book.csv").rows
    spot_micros = book_spot_micros(book)
    assert spot_micros == 2_017_060_000
    for found in book_surface(book, NOW_SECONDS).slices:
        ratios = [
            row.forward_micros / row.index_micros
            for row in book
            if row.instrument.expiry_seconds == found.expiry_seconds
        ]
        assert min(ratios) <= found.forward_micros / spot_micros <= max(ratios)


def test_a_bad_line_is_reported_and_the_rest_replayed(eth_folder: Path, tmp_path: Path) -> None:
    for name in ("order_book.csv", "last_trades.csv"):
        shutil.copy(eth_folder / name, tmp_path / name)
    tape = tmp_path / "last_trades.csv"
    lines = tape.read_text().splitlines()
    tape.write_text("\n".join([lines[0], lines[1].replace("sell", "gift"), *lines[2:]]))
    scenario = load_replay(tmp_path)
    assert [(fault.file, fault.line, fault.code) for fault in scenario.faults] == [
        ("last_trades.csv", 2, "direction_unknown")
    ]
    assert len(_orders(scenario)) == 667 + 2 * 459


def test_a_folder_without_a_market_raises(eth_folder: Path, tmp_path: Path) -> None:
    for code in ("csv_unreadable", "book_empty"):
        with pytest.raises(InvalidInput) as caught:
            load_replay(tmp_path)
        assert caught.value.code == code
        shutil.copy(eth_folder / "last_trades.csv", tmp_path / "last_trades.csv")
        header = (eth_folder / "order_book.csv").read_text().splitlines()[0]
        (tmp_path / "order_book.csv").write_text(header)
