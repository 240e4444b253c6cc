"""When a relay batches, and when it waits."""

from dataclasses import replace

import pytest

from offbeat.relay import Backlog, Cause, Policy

GWEI = 10**9
POLICY = Policy(min_orders=10, max_age_ms=1_000, retry_ms=5_000)
NOTHING = Backlog(
    n_new=0,
    oldest_new_ms=0,
    lapses_in_seconds=None,
    n_waiting=0,
    n_inbox=0,
    oldest_item_seconds=0,
    n_settling=0,
    since_attempt_ms=60_000,
    is_changed=True,
    base_fees_wei=(10 * GWEI,) * 5,
)
AGED = replace(NOTHING, n_new=1, n_waiting=1, oldest_new_ms=1_000)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, Cause.IDLE),
        ({"n_new": 9, "n_waiting": 9, "is_changed": False}, Cause.YOUNG),
        ({"n_new": 10, "n_waiting": 10}, Cause.SIZE),
        ({"n_new": 1, "oldest_new_ms": 999}, Cause.YOUNG),
        ({"n_new": 1, "oldest_new_ms": 1_000}, Cause.AGE),
        ({"n_new": 1, "lapses_in_seconds": 61}, Cause.YOUNG),
        ({"n_new": 1, "lapses_in_seconds": 60}, Cause.LAPSING),
        ({"n_waiting": 1}, Cause.RETRY),
        ({"n_waiting": 1, "is_changed": False}, Cause.IDLE),
        ({"n_waiting": 1, "since_attempt_ms": 4_999}, Cause.IDLE),
        ({"n_inbox": 1}, Cause.INBOX),
        ({"n_inbox": 1, "n_settling": 1}, Cause.SETTLEMENT),
    ],
)
def test_a_batch_is_built_for_a_reason(changes: dict[str, int], cause: Cause) -> None:
    assert POLICY.decide(replace(NOTHING, **changes)) is cause


def test_a_dear_block_is_waited_out_but_not_for_ever() -> None:
    dear = (10 * GWEI,) * 4 + (15 * GWEI + 1,)
    recent = replace(AGED, base_fees_wei=dear, since_attempt_ms=0)
    assert POLICY.decide(recent) is Cause.DEAR
    usual = replace(recent, base_fees_wei=(*dear[:-1], 15 * GWEI))
    assert POLICY.decide(usual) is Cause.AGE
    assert POLICY.decide(replace(recent, oldest_new_ms=30_000)) is Cause.AGE


def test_above_the_cap_only_an_old_inbox_goes() -> None:
    fees = (POLICY.max_base_fee_wei + 1,) * 5
    assert POLICY.decide(replace(AGED, base_fees_wei=fees, oldest_new_ms=10**9)) is Cause.DEAR
    waiting = replace(AGED, base_fees_wei=fees, n_inbox=1, oldest_item_seconds=299)
    assert POLICY.decide(waiting) is Cause.DEAR
    assert POLICY.decide(replace(waiting, oldest_item_seconds=300)) is Cause.INBOX


@pytest.mark.parametrize(
    ("lapses", "not_after"),
    [([], 1_120), ([1_500], 1_120), ([1_080], 1_080), ([1_036, 1_080], 1_036), ([1_035], 1_120)],
)
def test_a_batch_lives_as_long_as_what_it_carries(lapses: list[int], not_after: int) -> None:
    assert POLICY.not_after(1_000, lapses) == not_after
