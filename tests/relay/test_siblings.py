"""Orders that share a nonce: one cancels the other, and the relay tries each of them."""

import pytest
from people import ALICE, BOB, CAROL
from relay_bench import FEE_MICROS, LIFE_SECONDS, TIME, UNIT, Bench
from small_market import OPTIONS, SPOTS_MICROS, mark_micros, report_at

from offbeat.core import Reason
from offbeat.relay import Builder, Moment, Pending

CALL, PUT, OTHER = OPTIONS["ETH"][2], OPTIONS["ETH"][3], OPTIONS["ETH"][4]
MARK = mark_micros(report_at(TIME), CALL)
SPOT = SPOTS_MICROS["ETH"]
PLENTY = 10**6 * UNIT


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    for each in (ALICE, BOB, CAROL):
        made.give(each, PLENTY)
    return made


def siblings(bench: Bench, *limits: int) -> list[Pending]:
    """Alice buys one call, at any one of these limits."""
    return [bench.order(ALICE, {CALL: 1}, limit, nonce=0) for limit in limits]


def test_the_one_that_finds_a_match_fills_though_it_came_later(bench: Bench) -> None:
    low, high = siblings(bench, 1, MARK)
    seller = bench.order(BOB, {CALL: -1}, -MARK)
    built = bench.settle([low, high, seller])
    assert built.fills == {each.intent_hash: UNIT for each in (high, seller)}
    after = bench.settle([low, bench.order(BOB, {CALL: -1}, 0)])
    assert after.refused == {low.intent_hash: Reason.NONCE_SPENT}


def test_never_both_in_one_batch(bench: Bench) -> None:
    first, second = siblings(bench, MARK, MARK + 1)
    sellers = [bench.order(BOB, {CALL: -1}, -MARK) for _ in range(2)]
    built = bench.settle([first, second, *sellers])
    assert built.fills.keys() >= {first.intent_hash}
    assert built.refused == {second.intent_hash: Reason.NONCE_SPENT}
    assert bench.state.account(ALICE.account()).quantity_of(CALL.id) == UNIT


def test_a_part_of_one_ends_the_other(bench: Bench) -> None:
    first, second = siblings(bench, MARK, MARK + 1)
    built = bench.settle([first, bench.order(BOB, {CALL: -1}, -MARK, UNIT // 2)])
    assert built.fills[first.intent_hash] == UNIT // 2
    sellers = [bench.order(BOB, {CALL: -1}, -MARK) for _ in range(2)]
    later = bench.settle([second, first, *sellers])
    assert later.refused == {second.intent_hash: Reason.NONCE_SPENT}
    assert later.fills[first.intent_hash] == UNIT // 2


@pytest.mark.parametrize(("spot_percent", "fills"), [(96, 0), (95, UNIT)])
def test_a_stop_beside_a_target_fills_once_the_spot_is_there(
    bench: Bench, spot_percent: int, fills: int
) -> None:
    target = bench.order(ALICE, {CALL: -1}, -2 * MARK, nonce=0)
    stop = bench.order(ALICE, {CALL: -1}, 0, nonce=0, spot_max_micros=SPOT * 95 // 100)
    buyer = bench.order(BOB, {CALL: 1}, MARK)
    moment = Moment(TIME, TIME + LIFE_SECONDS, report_at(TIME, spot_percent))
    built = Builder(bench.state, moment, FEE_MICROS).build([target, stop, buyer])
    assert built.fills.get(stop.intent_hash, 0) == fills
    assert target.intent_hash not in built.fills


def test_however_many_share_nonces_others_still_trade(bench: Bench) -> None:
    mine = [
        bench.order(ALICE, {each: 1}, 10 * MARK, nonce=number)
        for number in range(12)
        for each in (CALL, PUT, OTHER)
    ]
    sellers = [bench.order(BOB, {each: -1}, 0, 12 * UNIT) for each in (CALL, PUT, OTHER)]
    theirs = bench.order(CAROL, {CALL: 1}, 11 * MARK)
    built = bench.settle([*mine, *sellers, theirs])
    filled = [each for each in mine if each.intent_hash in built.fills]
    assert len({each.place for each in filled}) == len(filled) > 0
    assert built.fills[theirs.intent_hash] == UNIT
