"""Every reason of the protocol, given by both sides to batches that are broken in one place."""

import pytest
from broken import BREAKAGES, Breakage
from showcase import Showcase

from offbeat.core import Reason
from offbeat.rulebook import Applied, Rejected

ELSEWHERE = {
    # Only a transaction has these; see test_calldata.py.
    Reason.CALLDATA_LENGTH,
    Reason.LANDER_CONTRACT,
    # The vault's caps keep every state far from it; see tests/rulebook.
    Reason.CASH_BOUNDS,
    # Only accounts in trouble have these; see test_liquidation.py.
    Reason.LIQUIDATION_TERMS,
    # No batch has these; see test_forced.py.
    Reason.INBOX_EMPTY,
    Reason.INBOX_FULL,
    Reason.ITEM_OPEN,
    Reason.FEE_SHORT,
    Reason.ORDER_CONDITIONAL,
}


def test_every_reason_is_given() -> None:
    assert {breakage.reason for breakage in BREAKAGES} == set(Reason) - ELSEWHERE


def test_the_batch_that_is_broken_below_is_in_order(showcase: Showcase) -> None:
    assert isinstance(showcase.world.land(showcase.draft().submission()), Applied)
    showcase.world.assert_same()


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: f"{each.reason} {each.name}")
def test_a_broken_batch_is_refused_and_changes_nothing(
    showcase: Showcase, breakage: Breakage
) -> None:
    world = showcase.world
    before = world.state
    outcome = world.land(breakage.apply(showcase.draft()))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == breakage.reason
    assert world.state is before
    world.assert_same(before)
