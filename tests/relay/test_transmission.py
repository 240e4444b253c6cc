"""The decision of what to send, on anything that a store and a chain may hold together."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus, TransactionStatus
from offbeat.core.store_port import Cursor, StoredBatch, StoredTransaction, TransactionMoved
from offbeat.relay import (
    FeePolicy,
    Fees,
    Fill,
    Mined,
    Ours,
    Outlook,
    Plan,
    Send,
    Sent,
    Sign,
    Trial,
    Wallet,
    decide,
)
from offbeat.relay.fees import first_fees, raised_fees

OURS = [bytes([n]) * 20 for n in (1, 2)]
THEIRS = bytes([9]) * 20
BATCHES = [bytes([n]) * 32 for n in (101, 102, 103)]
POLICY = FeePolicy(
    max_fee_cap_wei=1_000, tip_cap_wei=50, patience_seconds=20, stagger_seconds=10, max_waiting=3
)
NOW = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    sent: tuple[Sent, ...]
    batches: tuple[StoredBatch, ...]
    outlook: Outlook
    ours: Ours

    def decide(self) -> Plan:
        return decide(self.sent, self.batches, self.outlook, self.ours, NOW, POLICY)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any transactions of ours and of another relay, in any state, on any chain."""
    sent = []
    for number in range(draw(st.integers(0, 6))):
        at = draw(st.integers(NOW - 60, NOW))
        fees = Fees(draw(st.integers(1, 1_000)), 0)
        stored = StoredTransaction(
            recorded=Cursor(number + 1),
            recorded_seconds=at,
            changed=Cursor(number + 1),
            changed_seconds=draw(st.integers(at, NOW)),
            transaction_hash=bytes([number]) * 32,
            submitter=draw(st.sampled_from([*OURS, THEIRS])),
            nonce=draw(st.integers(0, 3)),
            raw=b"raw",
            batch_hash=draw(st.sampled_from([None, *BATCHES])),
            status=draw(st.sampled_from([TransactionStatus.PENDING, TransactionStatus.MINED])),
        )
        sent.append(Sent(stored, fees, draw(st.integers(21_000, 100_000))))
    batches = tuple(
        StoredBatch(
            recorded=Cursor(1),
            recorded_seconds=NOW - 60,
            changed=Cursor(1),
            changed_seconds=draw(st.integers(NOW - 60, NOW)),
            batch_hash=batch_hash,
            number=number,
            submission=b"calldata",
            status=draw(st.sampled_from([BatchStatus.CERTIFIED, BatchStatus.SETTLED])),
        )
        for number, batch_hash in enumerate(BATCHES[: draw(st.integers(0, 3))], 1)
    )
    hashes = [each.stored.transaction_hash for each in sent]
    some = st.sets(st.sampled_from(hashes)) if hashes else st.just(set())
    mined = {
        each: Mined(draw(st.integers(1, 20)), draw(st.sampled_from(["", "out_of_gas"])))
        for each in draw(some)
    }
    wallets = {}
    for who in (*OURS, THEIRS):
        count = draw(st.integers(0, 4))
        balance = draw(st.sampled_from([0, 10**6, 10**12]))
        wallets[who] = Wallet(count, draw(st.integers(0, count)), balance)
    outlook = Outlook(
        final_number=10,
        base_fee_wei=draw(st.integers(1, 1_500)),
        tip_wei=draw(st.integers(0, 100)),
        wallets=wallets,
        mined=mined,
        waiting=frozenset(draw(some)) - mined.keys(),
        trials={
            each.batch_hash: draw(st.sampled_from([Trial("", 50_000), Trial("batch_number", 0)]))
            for each in batches
        },
    )
    next_nonces = {
        who: 1 + max([each.stored.nonce for each in sent if each.stored.submitter == who] or [-1])
        for who in OURS
    }
    return Case(tuple(sent), batches, outlook, Ours(next_nonces, frozenset(draw(st.sets(
        st.sampled_from(BATCHES))))))  # fmt: skip


def signed(plan: Plan) -> list[Sign]:
    return [each for each in plan.actions if isinstance(each, Sign)]


@given(cases())
def test_new_nonces_follow_what_store_and_chain_have_used(case: Case) -> None:
    new = [each for each in signed(case.decide()) if each.replaces is None]
    for who in OURS:
        first = max(case.ours.next_nonces[who], case.outlook.wallets[who].mined_nonce)
        nonces = [each.nonce for each in new if each.submitter == who]
        assert nonces == list(range(first, first + len(nonces)))


@given(cases())
def test_replacements_outbid_what_they_replace_and_nothing_passes_the_cap(case: Case) -> None:
    known = {each.stored.transaction_hash: each for each in case.sent}
    plan = case.decide()
    replaced = [each.replaces for each in signed(plan) if each.replaces is not None]
    assert len(replaced) == len(set(replaced))
    for each in plan.actions:
        if isinstance(each, Sign | Fill):
            assert each.fees.tip_wei <= each.fees.max_fee_wei <= POLICY.max_fee_cap_wei
        if isinstance(each, Sign) and each.replaces is not None:
            old = known[each.replaces]
            assert (old.stored.submitter, old.stored.nonce) == (each.submitter, each.nonce)
            assert each.fees.max_fee_wei * 8 >= old.fees.max_fee_wei * 9
            assert each.fees.tip_wei * 8 >= old.fees.tip_wei * 9
            assert each.fees.tip_wei > old.fees.tip_wei
            assert old.stored.transaction_hash not in case.outlook.mined


@given(cases())
def test_only_batches_that_can_land_are_sent_and_each_from_one_place(case: Case) -> None:
    certified = {each.batch_hash for each in case.batches if each.status is BatchStatus.CERTIFIED}
    signs = signed(case.decide())
    for each in signs:
        if each.batch_hash is not None:
            assert each.batch_hash in certified
            assert not case.outlook.trials[each.batch_hash].reason
    landing = [each.batch_hash for each in signs if each.batch_hash and each.replaces is None]
    assert len(landing) == len(set(landing))


@given(cases())
def test_only_our_own_keys_sign_and_only_what_they_can_pay(case: Case) -> None:
    for each in case.decide().actions:
        if isinstance(each, Sign):
            assert each.submitter in OURS
            cost = each.gas_limit * each.fees.max_fee_wei
            assert case.outlook.wallets[each.submitter].balance_wei >= cost
        if isinstance(each, Send):
            assert each.transaction.submitter in OURS
            assert each.transaction.transaction_hash not in case.outlook.waiting


@given(cases())
def test_moves_are_legal_and_of_others_only_the_end_is_told(case: Case) -> None:
    known = {each.stored.transaction_hash: each.stored for each in case.sent}
    moves = [each for each in case.decide().actions if isinstance(each, TransactionMoved)]
    for move in moves:
        stored = known[move.transaction_hash]
        assert stored.status.may_become(move.status) or stored.status is move.status
        mined = case.outlook.mined.get(move.transaction_hash)
        is_over = mined is None or mined.block_number <= case.outlook.final_number
        assert stored.submitter in OURS or is_over
        if move.status is TransactionStatus.FINAL:
            assert mined is not None
            assert mined.block_number <= case.outlook.final_number
        if move.status is TransactionStatus.LOST:
            assert mined is None
            assert case.outlook.wallets[stored.submitter].final_nonce > stored.nonce


@given(cases())
def test_gaps_are_filled_and_nothing_else(case: Case) -> None:
    fills = {
        (each.submitter, each.nonce) for each in case.decide().actions if isinstance(each, Fill)
    }
    used = {(each.stored.submitter, each.stored.nonce) for each in case.sent}
    assert not fills & used
    for who in OURS:
        low, high = case.outlook.wallets[who].mined_nonce, case.ours.next_nonces[who]
        wanted = {(who, nonce) for nonce in range(low, high)} - used
        if case.outlook.base_fee_wei <= POLICY.max_fee_cap_wei:
            assert wanted <= fills


@given(st.integers(1, 10**12), st.integers(0, 10**11), st.integers(1, 10**12))
def test_fees_rise_exponentially_until_the_cap(base: int, tip: int, later_base: int) -> None:
    policy = FeePolicy()
    fees = first_fees(base, tip, policy)
    if fees is None:
        assert base > policy.max_fee_cap_wei
        return
    assert fees.max_fee_wei >= base
    steps = 0
    while (higher := raised_fees(fees, later_base, tip, policy)) is not None:
        assert higher.max_fee_wei * 8 >= fees.max_fee_wei * 9
        assert higher.max_fee_wei >= min(2 * later_base, policy.max_fee_cap_wei)
        fees = higher
        steps += 1
    assert steps <= 130
    assert fees.max_fee_wei * 9 > policy.max_fee_cap_wei * 8 - 16


@pytest.mark.parametrize(
    "change",
    [
        {"bump_bps": 1_249},
        {"bump_bps": 10_001},
        {"max_fee_cap_wei": 0},
        {"tip_cap_wei": 501 * 10**9},
        {"patience_seconds": 0},
        {"stagger_seconds": -1},
        {"max_waiting": 0},
    ],
)
def test_policies_have_bounds(change: dict[str, int]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        FeePolicy(**change)
    assert refusal.value.code == "fee_policy_invalid"
