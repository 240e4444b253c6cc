"""Small rules by themselves: payments, quorums, grants, acts outside batches, inspection."""

from dataclasses import replace

import pytest
from broken import BREAKAGES, Breakage
from drafting import Draft
from hypothesis import given
from hypothesis import strategies as st
from market import MICROS
from people import ALICE, BOB, LANDER, REPORTERS, ROBOT, SEQUENCERS, STRANGER
from showcase import Showcase

from offbeat.core import InvalidInput, Reason, limits
from offbeat.intents import Cancel, Delegation, keccak256
from offbeat.rulebook import (
    Applied,
    Fault,
    InboxItem,
    Mode,
    Pot,
    Quorum,
    Rejected,
    State,
    apply,
    certify,
    enqueue,
    grant,
    inspect,
    pay_micros,
    post_settlement_price,
    register_underlying,
    symbol_number,
    symbol_text,
)
from offbeat.rulebook.chain_events import next_grant

DIGEST = keccak256(b"a digest")
DELAY = limits.DELEGATION_END_DELAY_SECONDS


# Payments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price_nanos", "limit_micros", "fill_micros", "pay"),
    [
        (1_000, 1, 10**6, 1),
        (1, 1, 10**6, 1),
        (-1, 0, 10**6, 0),
        (-1_001, 0, 10**6, -1),
        (1_999, 1, 10**6, 1),
        (2_000, 1, 10**6, 1),
        (500, 1, 1_000, 0),
        (-500, -1, 1_000, -1),
        (1_500_000, 1_600, 1_500_000, 2_250),
    ],
)
def test_payments_round_against_the_trader_and_stop_at_the_limit(
    price_nanos: int, limit_micros: int, fill_micros: int, pay: int
) -> None:
    assert pay_micros(price_nanos, limit_micros, fill_micros) == pay


@given(
    st.integers(-(2**70), 2**70),
    st.integers(-(2**60), 2**60),
    st.integers(1, limits.MAX_QUANTITY_MICROS),
)
def test_nobody_pays_more_than_limit_times_fill(price: int, limit: int, fill: int) -> None:
    pay = pay_micros(price, limit, fill)
    assert pay * 10**6 <= limit * fill
    assert pay * 10**9 < price * fill + 10**9
    assert pay * 10**6 > limit * fill - 10**6 or pay * 10**9 >= price * fill


@given(st.integers(-(2**62), 2**62), st.integers(1, limits.MAX_QUANTITY_MICROS))
def test_two_sides_at_one_price_never_cost_the_pool(price: int, fill: int) -> None:
    """Within their limits, what one pays is at least what the other receives."""
    generous = 2**80
    assert pay_micros(price, generous, fill) + pay_micros(-price, generous, fill) in (0, 1)


# Quorums --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_signers", "threshold"), [(0, 0), (1, 0), (1, 2), (21, 1)])
def test_quorums_that_cannot_be(n_signers: int, threshold: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Quorum(tuple(bytes([n]) * 20 for n in range(n_signers)), threshold)
    assert refusal.value.code == "quorum_invalid"


@given(st.sets(st.integers(0, 2)))
def test_any_two_of_three_speak_for_all(indices: set[int]) -> None:
    quorum = Quorum(tuple(each.address for each in SEQUENCERS), 2)
    certificate = certify(DIGEST, {index: SEQUENCERS[index].key for index in indices})
    assert quorum.verifies(DIGEST, certificate) == (len(indices) >= 2)
    assert not quorum.verifies(keccak256(DIGEST), certificate)
    others = certify(DIGEST, {index: REPORTERS[index].key for index in indices})
    assert not quorum.verifies(DIGEST, others)


# Grants ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "scope", "expires", "after"),
    [
        (None, 1, 1_001, Delegation(1, 1_001)),
        (None, 1, 1_000, None),
        (None, 1, 0, Delegation(0, 0)),
        (Delegation(3, 9_000), 0, 0, Delegation(3, 1_000 + DELAY)),
        (Delegation(3, 1_500), 15, 0, Delegation(3, 1_500)),
        (Delegation(3, 999), 0, 0, Delegation(3, 999)),
        (Delegation(3, 9_000), 7, 9_000, Delegation(7, 9_000)),
        (Delegation(3, 9_000), 3, 9_001, Delegation(3, 9_001)),
        (Delegation(3, 9_000), 1, 9_001, None),
        (Delegation(3, 9_000), 7, 8_999, None),
        (Delegation(3, 1_000), 1, 2_000, None),
        (Delegation(3, 999), 1, 2_000, Delegation(1, 2_000)),
    ],
)
def test_a_live_grant_is_only_widened_or_ended_with_delay(
    old: Delegation | None, scope: int, expires: int, after: Delegation | None
) -> None:
    """At the moment 1,000; a grant lives through its last second."""
    assert next_grant(old, scope, expires, 1_000) == after


# Outside batches ------------------------------------------------------------------------------


def test_what_happens_on_chain_is_followed(showcase: Showcase) -> None:
    state = State(showcase.world.state.rules)
    item = InboxItem(ALICE.address, 1, symbol_number("USDC"), 5, 6)
    after = enqueue(enqueue(state, item), item)
    assert (after.inbox, after.inbox_count) == ({1: item, 2: item}, 2)
    assert register_underlying(state, "ETH").underlyings == {symbol_number("ETH")}
    posted = post_settlement_price(post_settlement_price(state, 7, 100), 7, 200)
    assert posted.pots == {7: Pot(100)}
    granted = grant(state, ALICE.address, ROBOT.address, Delegation(1, 2))
    assert granted.grants == {(ALICE.address, ROBOT.address): Delegation(1, 2)}
    assert state == State(showcase.world.state.rules)


@pytest.mark.parametrize("symbol", ["A", "ETH", "USDC", "XAUT5"])
def test_symbols_are_numbers_that_sort_as_names_do(symbol: str) -> None:
    assert symbol_text(symbol_number(symbol)) == symbol
    assert symbol_number(symbol) < symbol_number("Z")


# Health beyond what a chain can reach ---------------------------------------------------------


@pytest.mark.parametrize(("cash", "expected"), [(0, None), (1, Reason.CASH_BOUNDS)])
def test_cash_beyond_every_vault(showcase: Showcase, cash: int, expected: Reason | None) -> None:
    """The vault's caps keep cash far below the bound, so only a made-up state gets there."""
    world, account = showcase.world, STRANGER.account()
    record = replace(
        world.state.account(account), cash_micros=limits.MAX_CASH_MICROS - 9 * MICROS + cash
    )
    item = InboxItem(STRANGER.address, 0, symbol_number("USDC"), 9 * MICROS, 0)
    state = replace(
        world.state,
        accounts={**world.state.accounts, account: record},
        inbox={1: item},
        inbox_consumed=0,
        inbox_count=1,
    )
    real, world.state = world.state, state
    try:
        draft = showcase.empty(with_report=False)
        draft.credit_all()
        outcome = apply(state, draft.submission(), world.now, LANDER.address)
    finally:
        world.state = real
    assert (outcome.reason if isinstance(outcome, Rejected) else None) == expected


# Inspection -----------------------------------------------------------------------------------


def first_fault(draft: Draft) -> Fault | None:
    faults = inspect(draft.state, draft.batch().encode())
    assert not isinstance(faults, Rejected)
    return faults[0] if faults else None


def test_a_sound_draft_has_no_faults(showcase: Showcase) -> None:
    assert first_fault(showcase.draft()) is None


def test_inspection_names_the_action(showcase: Showcase) -> None:
    draft = showcase.draft()
    part = draft.part(ALICE.account())
    cancel = Cancel(**showcase.envelope(ALICE, 0) | {"nonce": 9 << 56})
    draft.act(cancel)
    number = draft.parts.index(part)
    assert first_fault(draft) == Fault(number, len(part.acts) - 1, Reason.NONCE_LANE)


def test_inspection_names_an_account_in_poor_health(showcase: Showcase) -> None:
    draft = showcase.draft()
    draft.part(BOB.account()).mode = Mode.HOLD
    draft.part(ALICE.account()).mode = Mode.HOLD
    faults = inspect(draft.state, draft.batch().encode())
    assert faults == (Fault(0, None, Reason.UNHEALTHY), Fault(1, None, Reason.UNHEALTHY))


def test_inspection_ignores_the_whole(showcase: Showcase) -> None:
    """Nothing is certified yet, nothing attested, and half a trade may still find its half."""
    draft = showcase.empty()
    draft.act(showcase.order(ALICE, 60), MICROS)
    assert first_fault(draft) is None
    assert draft.state is showcase.world.state


INSPECTED = [each for each in BREAKAGES if each.origin != "broken_headers"]
"""Certificate, evidence and time are for whoever lands the batch."""


@pytest.mark.parametrize("breakage", INSPECTED, ids=lambda each: f"{each.reason} {each.name}")
def test_inspection_agrees_with_the_rules(showcase: Showcase, breakage: Breakage) -> None:
    """Where a section breaks a rule, its first fault is what the batch is refused for."""
    with showcase.world.sandbox():
        draft = showcase.draft()
        submission = breakage.apply(draft)
        outcome = apply(draft.state, submission, draft.world.now, LANDER.address)
        assert not isinstance(outcome, Applied)
        faults = inspect(draft.state, submission.payload)
    if isinstance(faults, Rejected):
        assert faults == outcome
    elif faults:
        assert faults[0].reason == outcome.reason
