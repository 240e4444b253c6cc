"""Built batches: what trades, what waits, and what is refused for which reason."""

import pytest
from people import ALICE, BOB, CAROL, DAVE, DESK, STRANGER
from relay_bench import FAR, FEE_MICROS, LIFE_SECONDS, TIME, UNIT, Bench
from small_market import EXPIRIES, NOW, OPTIONS, SPOTS_MICROS, mark_micros, report_at

from offbeat.core import InvalidInput, Reason, limits
from offbeat.instruments import Instrument, Kind
from offbeat.intents import Cancel, Delegate, Lane, Scope, Transfer, Withdraw, make_nonce
from offbeat.relay import Builder, Moment, Pending, Wait
from offbeat.rulebook import Mode, Partial

CALL = OPTIONS["ETH"][2]
PUT = OPTIONS["ETH"][3]
ETH = Instrument.spot("ETH")
MARK = mark_micros(report_at(TIME), CALL)
PLENTY = 10**6 * UNIT
UNLISTED = Instrument("ETH", Kind.CALL, EXPIRIES[1], 9_999 * UNIT)
EXPIRED = Instrument("ETH", Kind.CALL, NOW, 3_000 * UNIT)


@pytest.fixture
def bench() -> Bench:
    """Alice and Bob have plenty; nobody else has anything."""
    made = Bench()
    made.give(ALICE, PLENTY)
    made.give(BOB, PLENTY)
    return made


def pair(bench: Bench, quantity: int = UNIT) -> list[Pending]:
    """Alice sells to Bob what both find fair."""
    return [
        bench.order(ALICE, {CALL: -1}, -MARK, quantity),
        bench.order(BOB, {CALL: 1}, MARK, quantity),
    ]


# Trading


def test_two_orders_that_cross_fill(bench: Bench) -> None:
    orders = pair(bench)
    built = bench.settle(orders)
    assert built.fills == {each.intent_hash: UNIT for each in orders}
    assert built.refused == {}
    assert bench.state.account(BOB.account()).quantity_of(CALL.id) == UNIT


def test_nothing_to_do_is_an_empty_batch(bench: Bench) -> None:
    built = bench.settle()
    assert built.batch.sections == ()
    assert bench.state.number == 1


def test_what_finds_no_match_is_not_refused(bench: Bench) -> None:
    seller = bench.order(ALICE, {CALL: -1}, -MARK)
    built = bench.settle([seller])
    assert built.fills == {}
    assert built.refused == {}
    assert built.waiting == {seller.intent_hash: Wait.UNMATCHED}


def test_a_repeated_intent_counts_once(bench: Bench) -> None:
    orders = pair(bench)
    built = bench.settle([*orders, *orders, orders[0]])
    assert built.fills.keys() == {each.intent_hash for each in orders}
    assert built.refused == {}


def test_fees_stay_within_what_was_signed(bench: Bench) -> None:
    generous, thrifty = (
        bench.order(person, {CALL: side}, side * MARK, max_fee_micros=fee)
        for person, side, fee in ((ALICE, -1, 2 * UNIT), (BOB, 1, 7))
    )
    fees = {
        each.intent_hash: each.fee_micros
        for each in bench.land(bench.build([generous, thrifty])).outcomes
    }
    assert fees == {generous.intent_hash: FEE_MICROS, thrifty.intent_hash: 7}


def test_dust_that_nobody_pays_for_does_not_void_the_batch(bench: Bench) -> None:
    """A thousandth of a contract at one micro: the buyer pays 0, the seller would receive 1."""
    dusty = [
        bench.order(ALICE, {CALL: -1}, -1, 1_000, max_fee_micros=0),
        bench.order(BOB, {CALL: 1}, 1, 1_000, max_fee_micros=0),
    ]
    clean = [
        bench.order(person, {PUT: side}, side * UNIT, max_fee_micros=0)
        for person, side in ((ALICE, -1), (BOB, 1))
    ]
    built = bench.settle([*dusty, *clean])
    assert {each.intent_hash for each in clean} == built.fills.keys()
    assert set(built.refused.values()) == {Reason.CASH_UNBALANCED}
    paid = bench.settle([bench.order(CAROL, {CALL: 1}, 1, 1_000), *dusty], fee_micros=1)
    assert paid.fills == {}


# Bad orders never poison a batch


def test_a_poor_trader_is_refused_and_the_rest_trades(bench: Bench) -> None:
    poor = bench.order(CAROL, {CALL: 1}, 2 * MARK)
    built = bench.settle([poor, *pair(bench)])
    assert built.refused == {poor.intent_hash: Reason.CASH_NEGATIVE}
    assert len(built.fills) == 2


def test_of_several_orders_the_one_that_is_too_much_goes(bench: Bench) -> None:
    """Though it came first: the others are no harm without it."""
    bench.give(CAROL, 5_000 * UNIT)
    huge = bench.order(CAROL, {CALL: -1}, -MARK, 100 * UNIT)
    small = [bench.order(CAROL, {PUT: 1}, MARK, UNIT) for _ in range(3)]
    others = [
        bench.order(BOB, {CALL: 1}, MARK, 100 * UNIT),
        bench.order(ALICE, {PUT: -1}, -MARK // 2, 3 * UNIT),
    ]
    built = bench.settle([huge, *small, *others])
    assert built.refused == {huge.intent_hash: Reason.UNHEALTHY}
    assert built.fills.keys() >= {each.intent_hash for each in small}


def test_where_no_single_order_is_to_blame_the_latest_go(bench: Bench) -> None:
    bench.give(CAROL, 3 * UNIT)
    mine = [bench.order(CAROL, {CALL: -1}, -MARK, UNIT) for _ in range(4)]
    built = bench.settle([*mine, bench.order(BOB, {CALL: 1}, MARK, 4 * UNIT)])
    assert built.refused == dict.fromkeys((each.intent_hash for each in mine), Reason.UNHEALTHY)


def test_building_ends_however_many_orders_are_bad(bench: Bench) -> None:
    bad = [bench.order(CAROL, {CALL: 1}, MARK, UNIT) for _ in range(40)]
    built = bench.settle([*bad, bench.order(ALICE, {CALL: -1}, -MARK, 41 * UNIT), *pair(bench)])
    assert set(built.refused.values()) == {Reason.CASH_NEGATIVE}
    aside = {each.intent_hash for each in bad if each.intent_hash not in built.refused}
    assert aside
    assert {digest: built.waiting.get(digest) for digest in aside} == dict.fromkeys(
        aside, Wait.SET_ASIDE
    )
    assert built.fills


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"valid_until_seconds": TIME + LIFE_SECONDS - 1}, Reason.EXPIRED),
        ({"valid_from_seconds": TIME + 1}, Reason.NOT_YET_VALID),
        ({"nonce": make_nonce(2, 0)}, Reason.NONCE_LANE),
        ({"spot_min_micros": SPOTS_MICROS["ETH"] + 1}, Reason.MARKET_CONDITION),
        ({"reduce_only": True}, Reason.REDUCE_ONLY),
        ({"signer": STRANGER}, Reason.SIGNER_UNAUTHORISED),
    ],
)
def test_one_fault_one_reason(bench: Bench, change: dict[str, object], reason: Reason) -> None:
    bad = bench.order(BOB, {CALL: 1}, 2 * MARK, **change)
    good = pair(bench)
    built = bench.settle([bad, *good, bench.order(ALICE, {CALL: -1}, -MARK)])
    assert built.refused == {bad.intent_hash: reason}
    assert built.fills.keys() >= {each.intent_hash for each in good}


def test_a_key_may_trade_in_the_batch_that_lets_it(bench: Bench) -> None:
    """Its order comes after its grant, although the owner's nonces say otherwise."""
    own, other = pair(bench)
    grant = bench.act(
        Delegate, ALICE, delegate=DESK.address, scope=Scope.ORDER, expires_seconds=FAR
    )
    by_key = bench.sign(ALICE, own.signed.intent, DESK)
    built = bench.settle([by_key, other, grant])
    assert built.refused == {}
    assert len(built.fills) == 3


# Nonces and cancellations


def test_a_cancellation_wins_over_its_order(bench: Bench) -> None:
    sold, bought = pair(bench)
    cancel = bench.act(Cancel, ALICE, nonce=sold.signed.intent.nonce)
    built = bench.settle([sold, bought, cancel])
    assert built.fills == {cancel.intent_hash: 0}
    assert built.refused == {sold.intent_hash: Reason.NONCE_SPENT}


def test_a_lane_that_is_cancelled_fills_no_more(bench: Bench) -> None:
    sold, bought = pair(bench)
    cancel = bench.act(Cancel, ALICE, nonce=limits.LANE_WINDOW)
    built = bench.settle([sold, bought, cancel])
    assert built.refused == {sold.intent_hash: Reason.NONCE_SPENT}
    assert built.fills == {cancel.intent_hash: 0}


def test_a_partly_filled_order_can_be_cancelled_and_its_nonce_serves_nothing_else(
    bench: Bench,
) -> None:
    sold = bench.order(ALICE, {CALL: -1}, -MARK, 3 * UNIT)
    bench.settle([sold, bench.order(BOB, {CALL: 1}, MARK)])
    other = bench.act(Withdraw, ALICE, to=ALICE.address, asset="USDC", amount_micros=1, nonce=0)
    assert bench.build([other]).refused == {other.intent_hash: Reason.NONCE_SPENT}
    cancel = bench.act(Cancel, ALICE, nonce=0)
    built = bench.settle([sold, cancel, bench.order(BOB, {CALL: 1}, MARK)])
    assert built.fills == {cancel.intent_hash: 0}
    assert bench.state.account(ALICE.account()).partials == ()


def test_nonces_are_spent_in_the_order_that_spends_them_all(bench: Bench) -> None:
    """Neither may a lane come before the one that it follows, nor a window slide too early."""
    late = [make_nonce(1, 0), 300, 0, 200]
    sold = [bench.order(ALICE, {CALL: -1}, -MARK, nonce=nonce) for nonce in late]
    built = bench.settle([*sold, bench.order(BOB, {CALL: 1}, MARK, 4 * UNIT)])
    assert built.refused == {}
    assert len(built.fills) == 5


def test_an_order_that_could_not_be_remembered_fills_whole_or_not_at_all(bench: Bench) -> None:
    partials = tuple(
        Partial(number, 1_000, FAR, bytes([number]) * 32) for number in range(limits.MAX_PARTIALS)
    )
    lanes = (Lane(0, (1 << limits.MAX_PARTIALS) - 1),)
    bench.give(ALICE, PLENTY, lanes=lanes, partials=partials)
    too_large = bench.order(ALICE, {CALL: -1}, -MARK, 3 * UNIT, nonce=20)
    exact = bench.order(ALICE, {CALL: -1}, -MARK, 2 * UNIT, nonce=21)
    built = bench.settle([too_large, exact, bench.order(BOB, {CALL: 1}, MARK, 2 * UNIT)])
    assert built.fills[exact.intent_hash] == 2 * UNIT
    assert built.refused == {}


# Money that moves


def transfer(bench: Bench, person: object, to: object, micros: int = UNIT) -> Pending:
    return bench.act(
        Transfer,
        person,
        to_owner=to.address,
        to_account=0,
        amount_micros=micros,  # type: ignore[attr-defined]
    )


def test_transfers_reach_who_can_use_them_at_once(bench: Bench) -> None:
    """Carol owns nothing, and buys with what Alice sends her."""
    sent = transfer(bench, ALICE, CAROL, 1_000 * UNIT)
    bought = bench.order(CAROL, {CALL: 1}, MARK)
    built = bench.settle([bought, bench.order(ALICE, {CALL: -1}, -MARK), sent])
    assert len(built.fills) == 3
    assert built.refused == {}


def test_transfers_in_a_circle_take_turns(bench: Bench) -> None:
    bench.give(CAROL, PLENTY)
    circle = [
        transfer(bench, sender, receiver)
        for sender, receiver in ((ALICE, BOB), (BOB, CAROL), (CAROL, ALICE))
    ]
    waiting = list(circle)
    batches = 0
    while waiting:
        built = bench.settle(waiting)
        done = built.fills
        assert done, "somebody's turn"
        assert set(built.waiting.values()) <= {Wait.TURN}
        waiting = [each for each in waiting if each.intent_hash not in done]
        batches += 1
    assert batches <= 3
    cash = [bench.state.account(each.account()).cash_micros for each in (ALICE, BOB, CAROL)]
    assert cash == [PLENTY - FEE_MICROS] * 3


def test_a_transfer_to_oneself_is_no_matter(bench: Bench) -> None:
    others = [transfer(bench, ALICE, each) for each in (DAVE, BOB)]
    built = bench.settle([*others, transfer(bench, ALICE, ALICE), transfer(bench, ALICE, CAROL)])
    assert len(built.fills) == 4
    alice = bench.state.account(ALICE.account())
    assert alice.cash_micros == PLENTY - 3 * UNIT - 4 * FEE_MICROS


def test_a_transfer_that_fails_does_not_blame_its_receivers(bench: Bench) -> None:
    bench.give(CAROL, UNIT)
    broken = transfer(bench, CAROL, ALICE, 2 * UNIT)
    good = transfer(bench, BOB, ALICE)
    built = bench.settle([broken, good, *pair(bench)])
    assert built.refused == {broken.intent_hash: Reason.CASH_NEGATIVE}
    assert len(built.fills) >= 2
    stolen = bench.act(
        Transfer, CAROL, signer=DESK, to_owner=BOB.address, to_account=0, amount_micros=1
    )
    built = bench.settle([stolen, transfer(bench, ALICE, BOB)])
    assert built.refused == {stolen.intent_hash: Reason.SIGNER_UNAUTHORISED}
    assert len(built.fills) == 1


@pytest.mark.parametrize(
    ("asset", "reason"), [("DOGE", Reason.ASSET_UNKNOWN), ("ETH", Reason.SPOT_NEGATIVE)]
)
def test_nobody_withdraws_what_is_not_there(bench: Bench, asset: str, reason: Reason) -> None:
    bad = bench.act(Withdraw, ALICE, to=BOB.address, asset=asset, amount_micros=UNIT)
    built = bench.settle([bad, *pair(bench)])
    assert built.refused == {bad.intent_hash: reason}
    assert len(built.fills) == 2


def test_withdrawals_beyond_the_bound_wait(bench: Bench) -> None:
    withdrawals = [
        bench.act(Withdraw, person, to=person.address, asset="USDC", amount_micros=UNIT)
        for person in (ALICE, BOB)
        for _ in range(limits.MAX_ACTIONS)
    ]
    first = bench.settle(withdrawals)
    assert len(first.fills) == limits.MAX_WITHDRAWALS
    rest = [each for each in withdrawals if each.intent_hash not in first.fills]
    assert len(bench.settle(rest).fills) == limits.MAX_WITHDRAWALS


def test_an_account_in_bad_health_can_still_cancel_and_revoke(bench: Bench) -> None:
    """Its fees would make it worse, so it pays none."""
    bench.give(CAROL, 0, {CALL: -5 * UNIT})
    cancels = [bench.act(Cancel, CAROL, nonce=number) for number in (0, 1)]
    revoke = bench.act(Delegate, CAROL, nonce=2, delegate=DESK.address, scope=0, expires_seconds=0)
    bad = bench.order(CAROL, {CALL: -1}, -MARK, nonce=3)
    sold = bench.order(BOB, {CALL: 1}, MARK)
    built = bench.build([*cancels, bad, revoke, sold])
    outcomes = bench.land(built).outcomes
    assert built.fills.keys() == {each.intent_hash for each in (*cancels, revoke)}
    assert all(each.fee_micros == 0 for each in outcomes)
    assert built.refused == {bad.intent_hash: Reason.UNHEALTHY}


def test_what_only_receives_needs_no_test_of_health(bench: Bench) -> None:
    bench.give(CAROL, -3 * UNIT)
    bench.deposit(CAROL, UNIT)
    cancel = bench.act(Cancel, CAROL, nonce=5)
    built = bench.settle([cancel])
    assert cancel.intent_hash in built.fills
    assert {section.mode for section in built.batch.sections} == {Mode.HOLD}
    assert bench.state.account(CAROL.account()).cash_micros == -2 * UNIT - FEE_MICROS


# The report


def test_without_a_report_covered_accounts_trade(bench: Bench) -> None:
    bench.give(CAROL, UNIT, {ETH: UNIT})
    covered = bench.order(CAROL, {CALL: -1}, -MARK)
    naked = bench.order(DAVE, {CALL: -1}, -MARK)
    bought = bench.order(BOB, {CALL: 1}, MARK, 2 * UNIT)
    conditional = bench.order(ALICE, {CALL: -1}, -MARK, spot_min_micros=1)
    built = bench.settle([covered, naked, bought, conditional], None)
    assert built.fills.keys() == {covered.intent_hash, bought.intent_hash}
    assert built.refused == {
        naked.intent_hash: Reason.REPORT_MISSING,
        conditional.intent_hash: Reason.REPORT_MISSING,
    }
    assert built.batch.report_time_seconds == 0


@pytest.mark.parametrize("timestamp", [TIME + 1, TIME + LIFE_SECONDS - 901, TIME - 60])
def test_a_report_of_another_time_is_none(bench: Bench, timestamp: int) -> None:
    if timestamp == TIME - 60:
        bench.settle(pair(bench))
        assert bench.state.report_time_seconds == TIME
    built = bench.settle(pair(bench), report_at(timestamp))
    assert built.batch.report_time_seconds == 0


def test_a_report_on_an_underlying_that_is_not_registered_is_none() -> None:
    bench = Bench(symbols=("ETH",))
    bench.give(ALICE, PLENTY, {ETH: UNIT})
    bench.give(BOB, PLENTY)
    built = bench.settle(pair(bench))
    assert len(built.fills) == 2
    assert built.batch.report_time_seconds == 0


def test_an_underlying_that_is_not_registered_is_not_traded() -> None:
    bench = Bench(symbols=("BTC",))
    bench.give(ALICE, PLENTY)
    bench.give(BOB, PLENTY)
    orders = pair(bench)
    built = bench.settle(orders, None)
    assert built.refused == {each.intent_hash: Reason.SYMBOL_INVALID for each in orders}


def test_what_the_report_does_not_have_waits_for_one_that_has(bench: Bench) -> None:
    bench.give(CAROL, PLENTY, {UNLISTED: UNIT})
    holders = bench.order(CAROL, {CALL: 1}, MARK)
    unlisted = bench.order(ALICE, {UNLISTED: -1}, 0)
    to_holder = transfer(bench, ALICE, CAROL)
    good = pair(bench)
    built = bench.settle([holders, unlisted, to_holder, *good])
    assert built.refused == dict.fromkeys(
        (each.intent_hash for each in (holders, unlisted, to_holder)), Reason.REPORT_MISSING
    )
    assert built.fills.keys() == {each.intent_hash for each in good}


def test_an_item_that_the_report_cannot_bring_waits_until_it_is_due(bench: Bench) -> None:
    bench.give(CAROL, 0, {UNLISTED: UNIT})
    bench.deposit(DAVE, UNIT)
    bench.deposit(CAROL, UNIT, age=limits.INBOX_DELAY_SECONDS - 1)
    bench.deposit(DAVE, UNIT)
    first = bench.settle(pair(bench))
    assert first.batch.report_time_seconds != 0
    assert bench.state.inbox_consumed == 1
    bench.time_seconds += 2
    second = bench.settle(pair(bench))
    assert second.batch.report_time_seconds == 0
    assert bench.state.inbox_consumed == 3
    assert set(second.refused.values()) <= {Reason.REPORT_MISSING}


def test_modes_are_the_cheapest_that_pass(bench: Bench) -> None:
    bench.give(CAROL, 0, {ETH: UNIT})
    bench.give(DAVE, 2_000 * UNIT, {CALL: -9 * UNIT})
    orders = [
        bench.order(CAROL, {CALL: -1}, -MARK),
        bench.order(ALICE, {CALL: -1}, -MARK),
        bench.order(DAVE, {CALL: 1}, MARK, 2 * UNIT),
    ]
    built = bench.settle(orders)
    modes = {section.account: section.mode for section in built.batch.sections}
    assert modes == {
        CAROL.account(): Mode.STATIC,
        ALICE.account(): Mode.SCAN,
        DAVE.account(): Mode.REDUCE,
    }


# Moments


def test_a_moment_before_the_last_batch_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Builder(bench.state, Moment(TIME - 11, TIME, None), 0).build(())
    assert refusal.value.code == Reason.BATCH_EARLY


@pytest.mark.parametrize("life", [-1, limits.MAX_BATCH_LIFE_SECONDS + 1])
def test_a_moment_that_no_batch_can_live_through_is_refused(life: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Moment(TIME, TIME + life, None)
    assert refusal.value.code == Reason.BATCH_LIFE
    assert Moment(TIME, TIME + limits.MAX_BATCH_LIFE_SECONDS, None).report is None
