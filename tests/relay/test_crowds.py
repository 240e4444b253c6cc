"""More of everything than one batch can carry."""

from dataclasses import replace

from people import ALICE, BOB, CAROL, DAVE, person
from relay_bench import FAR, TIME, UNIT, Bench
from small_market import EXPIRIES, OPTIONS, mark_micros, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import Lane, Transfer, Withdraw
from offbeat.relay import Wait
from offbeat.rulebook import ForcedItem, Partial

CALL, PUT = OPTIONS["ETH"][2:4]
MARK = mark_micros(report_at(TIME), CALL)
PLENTY = 10**12
HEAVY_LANES = tuple(Lane(0, 0) for _ in range(limits.MAX_LANES))
HEAVY_PARTIALS = tuple(
    Partial(255 - number, 1_000, FAR, bytes([number]) * 32) for number in range(limits.MAX_PARTIALS)
)


def strikes(number: int, count: int = limits.MAX_POSITIONS) -> list[Instrument]:
    """Options that nobody else holds."""
    first = 10_000 + number * count
    return [
        Instrument("ETH", Kind.PUT, EXPIRIES[1], (first + step) * UNIT) for step in range(count)
    ]


def test_more_orders_than_fit_are_filled_batch_by_batch() -> None:
    bench = Bench()
    waiting = []
    for number in range(150):
        trader = person(f"trader {number}")
        bench.give(trader, PLENTY)
        side = 1 if number % 2 else -1
        waiting += [
            bench.order(trader, {option: side}, side * MARK, UNIT) for option in (CALL, PUT)
        ]
    batches = 0
    while waiting:
        built = bench.settle(waiting)
        assert len(built.fills) >= 100 or batches
        assert built.refused == {}
        waiting = [each for each in waiting if each.intent_hash not in built.fills]
        batches += 1
    assert batches <= 3


def test_what_is_chosen_trades_with_itself() -> None:
    """The earliest orders have their counterparties at the very end of a long queue."""
    bench = Bench()
    sellers, idle, buyers = [], [], []
    for number in range(60):
        seller, buyer = person(f"seller {number}"), person(f"buyer {number}")
        bench.give(seller, PLENTY)
        bench.give(buyer, PLENTY)
        sellers.append(bench.order(seller, {CALL: -1}, -MARK))
        buyers.append(bench.order(buyer, {CALL: 1}, MARK))
        idle += [bench.order(seller, {PUT: side}, side * MARK) for side in (-1, 1)]
        idle += [bench.order(buyer, {PUT: side}, side * MARK) for side in (-1, 1)]
    built = bench.settle([*sellers, *idle, *buyers])
    first = [each.intent_hash in built.fills for each in (*sellers[:20], *buyers[:20])]
    assert all(first)


def test_an_account_has_so_many_actions_and_the_rest_wait() -> None:
    bench = Bench()
    bench.give(ALICE, PLENTY)
    bench.give(BOB, PLENTY)
    many = [bench.order(ALICE, {CALL: -1}, -MARK) for _ in range(20)]
    taker = bench.order(BOB, {CALL: 1}, MARK, 20 * UNIT)
    first = bench.settle([*many, taker])
    assert len(first.fills) == limits.MAX_ACTIONS + 1
    assert first.fills[taker.intent_hash] == limits.MAX_ACTIONS * UNIT
    assert list(first.waiting.values()) == [Wait.NO_ROOM] * 4
    rest = [each for each in many if each.intent_hash not in first.fills]
    assert len(bench.settle([*rest, taker]).fills) == 5


def test_many_deposits_to_one_account_come_in_several_batches() -> None:
    bench = Bench()
    for _ in range(20):
        bench.deposit(ALICE, UNIT)
    bench.settle()
    assert bench.state.inbox_consumed == limits.MAX_ACTIONS
    bench.settle()
    assert bench.state.account(ALICE.account()).cash_micros == 20 * UNIT


def test_transfers_leave_room_for_the_inbox() -> None:
    bench = Bench()
    bench.give(BOB, PLENTY)
    for index in range(limits.MAX_CREDITS - 2):
        bench.deposit(ALICE, UNIT, index=index, age=limits.INBOX_DELAY_SECONDS)
    transfers = [
        bench.act(Transfer, BOB, to_owner=CAROL.address, to_account=index, amount_micros=UNIT)
        for index in range(5)
    ]
    built = bench.settle(transfers)
    assert bench.state.inbox_consumed == limits.MAX_CREDITS - 2
    assert len(built.fills) == 2


def test_few_deposits_and_many_transfers_stand_together() -> None:
    bench = Bench()
    bench.give(BOB, PLENTY)
    bench.deposit(ALICE, UNIT, age=limits.INBOX_DELAY_SECONDS)
    bench.deposit(DAVE, UNIT, "ETH", age=limits.INBOX_DELAY_SECONDS)
    transfers = [
        bench.act(Transfer, BOB, to_owner=CAROL.address, to_account=index, amount_micros=UNIT)
        for index in range(5)
    ]
    assert len(bench.settle(transfers).fills) == 5
    assert bench.state.inbox_consumed == 2


def test_heavy_accounts_fill_a_batch_by_their_bytes() -> None:
    bench = Bench()
    orders = []
    shared = strikes(0)
    for number in range(40):
        trader = person(f"trader {number}")
        held = dict.fromkeys(shared, UNIT)
        bench.give(trader, PLENTY, held, lanes=HEAVY_LANES, partials=HEAVY_PARTIALS)
        side = 1 if number % 2 else -1
        orders.append(bench.order(trader, {shared[0]: side}, side * MARK))
    built = bench.build(orders, None)
    bench.land(built)
    assert 20 <= len(built.fills) < 40
    assert len(built.payload) > limits.MAX_PAYLOAD_BYTES - 4_000


def test_many_different_holdings_fill_a_batch_by_its_rows() -> None:
    bench = Bench()
    withdrawals = []
    for number in range(6):
        trader = person(f"trader {number}")
        bench.give(trader, PLENTY, dict.fromkeys(strikes(number), UNIT))
        withdrawals.append(
            bench.act(Transfer, trader, to_owner=DAVE.address, to_account=0, amount_micros=UNIT)
        )
    built = bench.settle(withdrawals, None)
    assert len(built.fills) == 4
    assert len(built.batch.rows) == 4 * limits.MAX_POSITIONS
    rest = [each for each in withdrawals if each.intent_hash not in built.fills]
    assert len(bench.settle(rest, None).fills) == 2


def test_a_full_batch_of_items_wins_over_whoever_is_touched() -> None:
    bench = Bench()
    for number in range(5):
        bench.give(person(f"heavy {number}"), 0, dict.fromkeys(strikes(number), UNIT))
        bench.deposit(person(f"heavy {number}"), UNIT)
    bench.give(DAVE, 0, dict.fromkeys(strikes(9), UNIT))
    built = bench.settle((), None, touched=frozenset({DAVE.account()}))
    assert bench.state.inbox_consumed == 4
    assert len(built.batch.sections) == 4


def test_more_that_is_due_than_fits_comes_in_several_batches() -> None:
    bench = Bench()
    for number in range(5):
        bench.give(person(f"heavy {number}"), 0, dict.fromkeys(strikes(number), UNIT))
        bench.deposit(person(f"heavy {number}"), UNIT, age=limits.INBOX_DELAY_SECONDS)
    bench.settle((), None)
    assert bench.state.inbox_consumed == 4
    bench.settle((), None)
    assert bench.state.inbox_consumed == 5


def test_many_due_deposits_to_one_account_stop_nobody() -> None:
    bench = Bench()
    for _ in range(limits.MAX_ACTIONS + 4):
        bench.deposit(ALICE, UNIT, age=limits.INBOX_DELAY_SECONDS)
    bench.settle()
    assert bench.state.inbox_consumed == limits.MAX_ACTIONS
    bench.settle()
    assert bench.state.account(ALICE.account()).cash_micros == (limits.MAX_ACTIONS + 4) * UNIT


def test_fewer_items_leave_room_for_what_must_be_done() -> None:
    """Dave's withdrawal would be a fifth heavy account."""
    bench = Bench()
    for number in range(5):
        bench.give(person(f"heavy {number}"), 0, dict.fromkeys(strikes(number), UNIT))
        bench.deposit(person(f"heavy {number}"), UNIT, age=limits.INBOX_DELAY_SECONDS)
    bench.give(DAVE, PLENTY, dict.fromkeys(strikes(9), UNIT))
    away = bench.act(Withdraw, DAVE, to=DAVE.address, asset="USDC", amount_micros=UNIT)
    assert bench.build([away], None).waiting == {away.intent_hash: Wait.NO_ROOM}
    since = bench.time_seconds - limits.INBOX_DELAY_SECONDS
    lapses = since + limits.FORCED_LIFE_SECONDS
    forced = ForcedItem(1, away.intent_hash, away.signed, DAVE.address, since, lapses, 0)
    bench.state = replace(bench.state, forced=(forced,))
    built = bench.build([away], None, most_items=limits.ENOUGH_BESIDE_FORCED)
    assert built.fills == {away.intent_hash: 0}
    assert built.batch.header.n_credits == limits.ENOUGH_BESIDE_FORCED
