"""Acts of the chain become our state, or a divergence that says where."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from people import ALICE, BOB
from world import World

from offbeat.core import ChainError
from offbeat.reconciliation import Diverged, Divergence, Topic, check, follow, rebuild
from offbeat.rulebook import Account, Rules
from offbeat.wire import Act, BatchLanded, ChainFacts, Deposited, Owed, Paid, SettlementPricePosted

Acts = Sequence[Act]


def divergence_of(rules: Rules, acts: Acts) -> Divergence:
    with pytest.raises(Diverged) as caught:
        rebuild(rules, acts)
    assert isinstance(caught.value, ChainError)
    assert caught.value.code == "diverged"
    assert not caught.value.retryable
    assert caught.value.message == str(caught.value.divergence)
    return caught.value.divergence


def with_batch(acts: Acts, which: int, **changes: object) -> list[Act]:
    return [
        replace(act, **changes) if isinstance(act, BatchLanded) and act.number == which else act
        for act in acts
    ]


def test_the_chain_alone_gives_the_whole_state(rules: Rules, acts: Acts, told: World) -> None:
    assert rebuild(rules, acts) == told.state


def test_a_state_can_be_taken_up_anywhere(rules: Rules, acts: Acts, told: World) -> None:
    state = rebuild(rules, acts[: len(acts) // 2])
    for act in acts[len(acts) // 2 :]:
        state = follow(state, act)
    assert state == told.state


def test_no_deposit_price_or_batch_can_be_missing(
    rules: Rules, acts: Acts, facts: ChainFacts
) -> None:
    """Either the history breaks, or what it leads to differs from the chain."""
    for act in acts:
        if isinstance(act, Deposited | SettlementPricePosted | BatchLanded):
            try:
                state = rebuild(rules, [each for each in acts if each is not act])
            except Diverged:
                continue
            assert check(state, facts), f"nobody misses {act}"


def test_payments_change_nothing(rules: Rules, acts: Acts, told: World) -> None:
    unpaid = [act for act in acts if not isinstance(act, Owed | Paid)]
    assert len(unpaid) < len(acts)
    assert rebuild(rules, unpaid) == told.state


def test_a_missing_deposit_is_noticed_at_the_next(rules: Rules, acts: Acts) -> None:
    first = next(act for act in acts if isinstance(act, Deposited))
    divergence = divergence_of(rules, [act for act in acts if act is not first])
    assert divergence == Divergence(Topic.INBOX_COUNT, "", "1", "2")


def test_a_payload_that_hashes_to_something_else(rules: Rules, acts: Acts, told: World) -> None:
    other = b"\x55" * 32
    divergence = divergence_of(rules, with_batch(acts, 4, payload_hash=other))
    ours = f"0x{told.state.head.hex()}"
    assert divergence == Divergence(Topic.HEAD, "batch 4", ours, f"0x{other.hex()}")


@pytest.mark.parametrize(
    ("changes", "topic"), [({"number": 9}, Topic.BATCH_NUMBER), ({"fees_micros": 1}, Topic.FEES)]
)
def test_what_the_contract_says_of_a_batch_must_follow(
    rules: Rules, acts: Acts, changes: dict[str, int], topic: Topic
) -> None:
    assert divergence_of(rules, with_batch(acts, 2, **changes)).topic is topic


def test_a_batch_that_our_rules_refuse(rules: Rules, acts: Acts) -> None:
    divergence = divergence_of(rules, with_batch(acts, 1, block_time_seconds=0))
    assert divergence == Divergence(Topic.BATCH_REFUSED, "batch 1", "batch_early", "landed")


def test_another_record_than_ours_names_the_account_and_both_hashes(
    rules: Rules, acts: Acts
) -> None:
    """Somebody brought a witness that the chain knows and we do not."""
    third = next(
        n for n, act in enumerate(acts) if isinstance(act, BatchLanded) and act.number == 3
    )
    state = rebuild(rules, acts[:third])
    right = state.account(BOB.account())
    wrong = replace(right, cash_micros=right.cash_micros + 1)
    state = replace(state, accounts={**state.accounts, right.id: wrong})
    with pytest.raises(Diverged) as caught:
        follow(state, acts[third])
    assert caught.value.divergence == Divergence(
        Topic.WITNESS,
        f"account {right.id:#050x}",
        f"0x{wrong.commitment.hex()}",
        f"0x{right.commitment.hex()}",
    )


def test_a_record_that_we_never_heard_of_is_named_too(rules: Rules, acts: Acts) -> None:
    third = next(
        n for n, act in enumerate(acts) if isinstance(act, BatchLanded) and act.number == 3
    )
    state = rebuild(rules, acts[:third])
    known = {each: record for each, record in state.accounts.items() if each != ALICE.account()}
    with pytest.raises(Diverged) as caught:
        follow(replace(state, accounts=known), acts[third])
    assert caught.value.divergence.topic is Topic.WITNESS
    assert caught.value.divergence.ours == f"0x{Account(ALICE.address, 0).commitment.hex()}"
    theirs = state.account(ALICE.account()).commitment
    assert caught.value.divergence.theirs == f"0x{theirs.hex()}"
