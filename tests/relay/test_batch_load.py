"""The bounds that no one can see in a batch: the length of its proof, and its gas."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import person
from relay_bench import FAR, TIME, UNIT, Bench, assert_within_bounds
from small_market import EXPIRIES

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Delegate, Intent, Order, Transfer, Withdraw
from offbeat.oracle import MerkleTree, Report, Row, UnderlyingReport
from offbeat.relay import gas
from offbeat.relay.load import Load, ProofSize
from offbeat.rulebook import GROUP_SHIFT

PLENTY = 10**12
GAS = Path(__file__).resolve().parents[2] / "docs" / "gas.json"
ROOM = 3
"""An estimate may be so many times what is measured: a bound that nobody comes near is none."""


def large_report(n_rows: int) -> Report:
    options = [
        Instrument("ETH", Kind.CALL, EXPIRIES[1], (1 + number) * UNIT) for number in range(n_rows)
    ]
    rows = tuple(Row(option.id, UNIT, (1,) * 16) for option in options)
    return Report(TIME, (UnderlyingReport("ETH", 3_000 * UNIT, 1_000, 1),), rows)


# The proof


@given(st.integers(1, 3_000), st.data())
def test_a_proofs_size_is_known_without_a_hash(n_rows: int, data: st.DataObject) -> None:
    tree = MerkleTree.build([number.to_bytes(32) for number in range(n_rows)])
    size = ProofSize({number: 2 * n_rows - 2 - number for number in range(n_rows)})
    assert size.nodes == 0
    chosen: set[int] = set()
    for _ in range(data.draw(st.integers(1, 4))):
        rows = data.draw(st.sets(st.integers(0, n_rows - 1), min_size=1, max_size=40)) - chosen
        chosen |= rows
        size = size.with_rows(rows)
        assert size.nodes == len(tree.prove(sorted(chosen)).nodes)


def test_places_are_those_of_the_reports_own_tree() -> None:
    report = large_report(37)
    size = ProofSize.of(report)
    for row in report.rows:
        nodes = report.prove([row.instrument_id]).nodes
        assert size.with_rows([row.instrument_id]).nodes == len(nodes)
    assert ProofSize.of(None).with_rows([1, 2]).nodes == 0


@pytest.mark.parametrize("stride", [1, 25])
def test_a_batch_takes_as_many_rows_as_can_be_proven(stride: int) -> None:
    """Neighbours share most of their proof; scattered rows of a large report do not."""
    bench = Bench(symbols=("ETH",))
    report = large_report(2_048)
    ids = [row.instrument_id for row in report.rows]
    orders = []
    for number in range(40):
        option, other = (Instrument.from_id(ids[stride * place]) for place in (number, number + 40))
        for name, side in (("buyer", 1), ("seller", -1)):
            trader = person(f"{name} {number}")
            bench.give(trader, PLENTY)
            orders.append(bench.order(trader, {option: side, other: side}, side * 2 * UNIT))
    built = bench.settle(orders, report)
    assert built.batch.report_time_seconds
    assert_within_bounds(built)
    if stride == 1:
        assert len(built.fills) == 80
        return
    assert built.refused == {}
    assert len(built.proof) > limits.MAX_PROOF_BYTES - 8 * 32
    left = [each for each in orders if each.intent_hash not in built.fills]
    assert bench.settle(left, report).fills


def test_what_is_due_comes_without_a_report_where_no_proof_is_short_enough() -> None:
    """Four accounts that hold 32 options each, as far apart as they can be."""
    bench = Bench(symbols=("ETH",))
    report = large_report(8_192)
    for number in range(4):
        options = [Instrument.from_id(row.instrument_id) for row in report.rows[number * 64 :: 256]]
        bench.give(person(f"heavy {number}"), PLENTY, dict.fromkeys(options, UNIT))
        bench.deposit(person(f"heavy {number}"), UNIT, age=limits.INBOX_DELAY_SECONDS)
    built = bench.settle((), report)
    assert len(built.batch.credits) == 4
    assert built.batch.report_time_seconds == 0


# Gas


def measured(kind: str) -> dict[str, dict[str, int]]:
    figures: dict[str, dict[str, int]] = json.loads(GAS.read_text())[kind]
    return figures


def measured_action(name: str) -> int:
    return measured("actions")[name]["gas"]


@pytest.mark.parametrize("size", [2, 8, 16, 64])
def test_the_estimate_bounds_every_measured_batch(size: int) -> None:
    found = {name: each for name, each in measured("orders").items() if name.endswith(f"/{size}")}
    assert found
    for name, figures in found.items():
        margin, held, _ = name.split("/")
        estimate = estimate_of(size, int(held), figures["rows"])
        assert figures["gas"] <= estimate, name
        if size == 64:
            assert estimate <= ROOM * figures["gas"], f"{margin}, {held} held"


def estimate_of(n_orders: int, n_held: int, n_rows: int) -> int:
    """Orders of two legs, each of an account with one lane."""
    words = 2 * n_rows + n_orders * (2 + 2 + -(-n_held // 4) + 6)
    each = gas.ACCOUNT_GAS + gas.ENTRY_GAS * n_held + gas.action_gas(order())
    return gas.FIXED_GAS + gas.WORD_GAS * words + gas.ROW_GAS * n_rows + n_orders * each


ENVELOPE = {
    "owner": b"\1" * 20,
    "account": 0,
    "nonce": 0,
    "valid_until_seconds": FAR,
    "max_fee_micros": 0,
}


def order() -> Order:
    legs = tuple(Leg(Instrument("ETH", Kind.PUT, FAR, strike), 1) for strike in (1, 2))
    return Order(legs=legs, quantity_micros=UNIT, limit_micros=0, **ENVELOPE)


TO = b"\2" * 20
ACTIONS: dict[str, Intent] = {
    "order": order(),
    "order signed by a delegate": order(),
    "order, first part": order(),
    "order, last part": order(),
    "cancel": Cancel(**ENVELOPE),
    "withdrawal, paid out": Withdraw(to=TO, asset="USDC", amount_micros=1, **ENVELOPE),
    "transfer and its credit": Transfer(to_owner=TO, to_account=0, amount_micros=1, **ENVELOPE),
    "delegation": Delegate(delegate=TO, scope=1, expires_seconds=FAR, **ENVELOPE),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_the_estimate_bounds_every_kind_of_action(name: str) -> None:
    """Each with its account of eight options and a lane; a transfer with two of them."""
    intent, found = ACTIONS[name], measured_action(name)
    words = 2 + 2 + 2 + 6
    estimate = gas.ACCOUNT_GAS + 8 * gas.ENTRY_GAS + words * gas.WORD_GAS + gas.action_gas(intent)
    if isinstance(intent, Transfer):
        estimate += gas.ACCOUNT_GAS + 8 * gas.ENTRY_GAS + words * gas.WORD_GAS + gas.CREDIT_GAS
    assert found <= estimate
    if not isinstance(intent, Withdraw):
        assert estimate <= ROOM * found


def test_the_estimate_bounds_an_expiry() -> None:
    words = 2 + 2 + 2
    estimate = gas.ACCOUNT_GAS + 8 * (gas.ENTRY_GAS + gas.SETTLED_ENTRY_GAS) + words * gas.WORD_GAS
    found = measured_action("expiry of eight positions")
    assert found - 2 * gas.GROUP_GAS < found <= estimate + 2 * gas.GROUP_GAS


def test_a_batch_ends_where_its_gas_does(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(gas, "MAX_BATCH_GAS", gas.FIXED_GAS + 400_000)
    for number in range(20):
        bench.give(person(f"trader {number}"), PLENTY)
    waiting = [bench.act(Cancel, person(f"trader {number}")) for number in range(20)]
    n_batches = 0
    while waiting:
        built = bench.settle(waiting)
        assert built.fills
        assert built.gas <= gas.MAX_BATCH_GAS
        waiting = [each for each in waiting if each.intent_hash not in built.fills]
        n_batches += 1
    assert n_batches > 1


def test_what_settles_costs_more() -> None:
    bench = Bench()
    old = Instrument("ETH", Kind.CALL, TIME - 60, UNIT)
    bench.give(person("holder"), PLENTY, {old: UNIT})
    loads = [Load(bench.state, settling) for settling in (frozenset(), {old.id >> GROUP_SHIFT})]
    for load in loads:
        assert load.add_account(person("holder").account())
    added = loads[1].gas - loads[0].gas
    spot_row = 2 * gas.WORD_GAS + gas.ROW_GAS + gas.ENTRY_GAS
    assert added == gas.SETTLED_ENTRY_GAS + gas.GROUP_GAS + spot_row
