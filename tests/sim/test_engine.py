"""Runs of small markets: every intent ends as it should, and nothing unforeseen stays unseen."""

from dataclasses import replace

import pytest
from scenes import BUY, PRICE_MICROS, SELL, SETTLES_AT_MICROS, START_SECONDS, Scene, expiry, trade

from offbeat.core import OffbeatError, Reason, limits
from offbeat.instruments import Strategy
from offbeat.intents import Delegate, Scope
from offbeat.sim import engine as engine_module
from offbeat.sim.demo_prices import EXPIRIES_SECONDS, STRIKES_MICROS
from offbeat.sim.engine import ACTION_FEE_MICROS, Run, run_scenario
from offbeat.sim.ledger import BatchRecord, Fate, Journey, Ledger


@pytest.fixture(scope="module")
def traded() -> Run:
    return run_scenario(trade().build())


@pytest.fixture(scope="module")
def expired() -> Run:
    return run_scenario(expiry().build())


def _journeys(run: Run, source: str) -> list[Journey]:
    return [each for each in run.ledger.journeys.values() if each.submission.source == source]


def _journey(run: Run, source: str) -> Journey:
    (journey,) = _journeys(run, source)
    return journey


def _fates(run: Run, source: str) -> list[Fate]:
    return [each.fate for each in _journeys(run, source)]


def test_a_trade_ends_filled_and_both_sides_agree_on_its_price(traded: Run) -> None:
    buyer, maker = _journey(traded, "buyer"), _journey(traded, "maker")
    assert (buyer.fate, maker.fate) == (Fate.FILLED, Fate.FILLED_IN_PART)
    assert buyer.fill_micros == maker.fill_micros == limits.QUANTITY_SCALE
    assert PRICE_MICROS <= buyer.pay_micros <= PRICE_MICROS + 1_000_000
    assert 0 <= buyer.pay_micros + maker.pay_micros <= 1
    assert buyer.fee_micros == ACTION_FEE_MICROS
    assert traded.ledger.unexpected == []


def test_repeats_are_duplicates_whatever_became_of_the_first(traded: Run) -> None:
    assert traded.ledger.duplicates == 2
    assert len(_journey(traded, "buyer").batches) == 1


def test_what_a_stranger_signed_is_refused_as_foreseen(traded: Run) -> None:
    victim = _journey(traded, "victim")
    assert (victim.fate, victim.refusal) == (Fate.REFUSED, Reason.SIGNER_UNAUTHORISED)


def test_a_structure_is_measured_alone_on_the_same_chain(traded: Run) -> None:
    """Two orders make the batch, and the same two the batch of its own: they cost the same."""
    (alone,) = traded.ledger.alone
    (together,) = (each for each in traded.ledger.batches if each.executions)
    assert (alone.source, alone.strategy, alone.intents) == ("buyer", Strategy.SINGLE, 2)
    assert alone.gas == together.gas


def test_progress_is_told_after_each_batch_that_landed() -> None:
    told: list[tuple[int, int]] = []

    def on_batch(record: BatchRecord, ledger: Ledger) -> None:
        assert ledger.batches[-1] is record
        told.append((record.number, len(record.executions)))

    run = run_scenario(trade().build(), on_batch)
    assert told == [(1, 0), (2, 2)]
    assert run.venue.state.number == 2


def test_a_disagreement_with_the_contracts_is_found(traded: Run) -> None:
    venue = traded.venue
    assert venue.divergences() == ()
    sound = venue.state
    account, record = next(iter(sound.accounts.items()))
    richer = replace(record, cash_micros=record.cash_micros + 1)
    try:
        venue.state = replace(sound, accounts={**sound.accounts, account: richer})
        assert any("commitment" in str(each) for each in venue.divergences())
    finally:
        venue.state = sound


def test_a_cancelled_order_does_not_fill_in_the_batch_of_its_cancellation() -> None:
    scene = Scene()
    order = scene.order("waverer")
    scene.send("waverer", order)
    scene.quote("maker", SELL, -PRICE_MICROS, contracts=1)
    scene.send("waverer", scene.cancel("waverer", nonce=order.nonce), label="cancel")
    run = run_scenario(scene.build())
    assert _fates(run, "waverer") == [Fate.CANCELLED, Fate.EXECUTED]
    assert _fates(run, "maker") == [Fate.UNMATCHED]
    assert run.ledger.unexpected == []


def test_one_nonce_cancels_all_before_it_and_a_spent_one_is_refused() -> None:
    scene = Scene()
    orders = [scene.order("waverer") for _ in range(3)]
    for order in orders:
        scene.send("waverer", order)
    scene.next_round()
    last = scene.cast.window_end("waverer")
    scene.send("waverer", scene.cancel("waverer", nonce=last), label="cancel")
    scene.next_round()
    again = replace(orders[1], limit_micros=PRICE_MICROS + 1)
    scene.send("waverer", again, expected=Reason.NONCE_SPENT)
    run = run_scenario(scene.build())
    assert _fates(run, "waverer") == [*[Fate.CANCELLED] * 3, Fate.EXECUTED, Fate.REFUSED]
    assert run.ledger.unexpected == []


def test_orders_wait_for_their_time_and_lapse_after_it() -> None:
    scene = Scene()
    early = scene.order("patient", valid_from_seconds=START_SECONDS + 60)
    scene.send("patient", early)
    scene.send("hasty", scene.order("hasty", valid_until_seconds=START_SECONDS + 50))
    scene.next_round()
    scene.quote("maker", SELL, -PRICE_MICROS, contracts=5)
    run = run_scenario(scene.build())
    assert _fates(run, "patient") == [Fate.FILLED]
    assert _fates(run, "hasty") == [Fate.UNMATCHED]
    assert run.ledger.unexpected == []


def test_a_session_key_trades_for_its_owner_once_it_is_delegated() -> None:
    scene = Scene()
    scene.quote("maker", SELL, -PRICE_MICROS, contracts=5)
    grant = Delegate(
        **scene.cast.envelope("owner", EXPIRIES_SECONDS[0]),
        delegate=scene.cast.address("session"),
        scope=Scope.ORDER,
        expires_seconds=EXPIRIES_SECONDS[0],
    )
    early = scene.order("owner")
    scene.send("owner", early, signer="session", expected=Reason.SIGNER_UNAUTHORISED)
    scene.send("owner", grant, label="delegate")
    scene.next_round()
    scene.send("owner", scene.order("owner"), signer="session")
    run = run_scenario(scene.build())
    refused, _, traded = _journeys(run, "owner")
    assert (refused.by_session_key, refused.fate) == (True, Fate.REFUSED)
    assert (traded.by_session_key, traded.fate) == (True, Fate.FILLED)


def test_surprises_are_told() -> None:
    scene = Scene()
    scene.send("dreamer", scene.withdrawal("dreamer", limits.QUOTE_SCALE))
    scene.send("suspect", scene.order("suspect", BUY, 1), expected=Reason.UNHEALTHY)
    scene.send("poor", scene.order("poor", SELL, -PRICE_MICROS))
    scene.quote("maker", BUY, PRICE_MICROS, contracts=5)
    scenario = scene.build()
    robbed = tuple(
        replace(each, cash_micros=1) if each.name == "poor" else each
        for each in scenario.participants
    )
    run = run_scenario(replace(scenario, participants=robbed))
    told = sorted(run.ledger.unexpected)
    assert len(told) == 2
    assert told[0].startswith("poor: refused as ")
    assert told[1] == "suspect: refused as None, expected unhealthy"


def test_a_covered_call_in_the_money_pays_in_spot_and_the_pot_ends_empty(expired: Run) -> None:
    (record,) = expired.ledger.expiries
    owed_micros = SETTLES_AT_MICROS - STRIKES_MICROS[1]
    spot_micros = -(-owed_micros * limits.QUANTITY_SCALE // SETTLES_AT_MICROS)
    assert (record.accounts, record.positions) == (2, 2)
    assert (record.cash_in_micros, record.spot_in_micros) == (0, spot_micros)
    assert record.spot_out_micros == spot_micros - record.spot_left_micros
    assert record.is_dust
    assert expired.ledger.unexpected == []


@pytest.mark.parametrize("left", [{"cash_left_micros": 10_000}, {"spot_left_micros": 3}])
def test_more_than_rounding_leaves_is_no_dust(expired: Run, left: dict[str, int]) -> None:
    (record,) = expired.ledger.expiries
    assert not replace(record, **left).is_dust


def test_a_round_that_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "MAX_BATCHES_PER_ROUND", 1)
    with pytest.raises(OffbeatError, match="round_endless"):
        run_scenario(trade().build())
