"""What may wait at a relay: each check with what just passes it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from people import ALICE, BOB, DESK
from small_market import EXPIRIES, NOW, OPTIONS

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import (
    Cancel,
    Delegation,
    Domain,
    Intent,
    Lane,
    Order,
    Scope,
    Transfer,
    Withdraw,
    intent_hash,
    make_nonce,
    sign,
)
from offbeat.relay import Doorway, Pending
from offbeat.rulebook import (
    Account,
    InboxItem,
    Partial,
    Quorum,
    Rules,
    State,
    register_underlying,
    symbol_number,
)

DOMAIN = Domain(1, b"\x01" * 20)
QUORUM = Quorum((BOB.address,), 1)
CALL = OPTIONS["ETH"][2]
FEE = 100
RECORD = Account(ALICE.address, 0, 1_000, (Lane(5, 0b10),))


@dataclass
class Waiting:
    n_open: int = 0
    highest_lane: int = -1
    cancelled: int = -1

    def is_cancelled(self, nonce: int) -> bool:
        return nonce == self.cancelled


def state_with(record: Account | None, **changes: Any) -> State:
    state = register_underlying(State(Rules(DOMAIN, QUORUM, QUORUM)), "ETH")
    accounts = {} if record is None else {record.id: record}
    return replace(state, accounts=accounts, **changes)


def envelope(**changes: Any) -> dict[str, Any]:
    base = {
        "owner": ALICE.address,
        "account": 0,
        "nonce": 5,
        "valid_until_seconds": NOW,
        "max_fee_micros": FEE,
    }
    return base | changes


def order(**changes: Any) -> Order:
    base = {"legs": (Leg(CALL, 1),), "quantity_micros": 1_000, "limit_micros": 0}
    return Order(**envelope(**(base | changes)))


def withdraw(amount: int, asset: str = "USDC") -> Withdraw:
    return Withdraw(**envelope(), to=ALICE.address, asset=asset, amount_micros=amount)


def verdict(intent: Intent, state: State, desk: Waiting | None = None, now: int = NOW) -> str:
    pending = Pending(sign(intent, ALICE.key, DOMAIN), intent_hash(intent, DOMAIN))
    refusal = Doorway(state, FEE, max_open=2).check(pending, desk or Waiting(), now)
    return refusal.code if refusal else "welcome"


def cancel(nonce: int) -> Cancel:
    return Cancel(**envelope(nonce=nonce))


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        (order(), "welcome"),
        (order(nonce=4), "nonce_spent"),
        (order(nonce=6), "nonce_spent"),
        (order(nonce=make_nonce(1, 0)), "welcome"),
        (order(nonce=make_nonce(2, 0)), "nonce_lane"),
        (order(nonce=make_nonce(limits.MAX_LANES, 0)), "nonce_lane"),
        (order(valid_until_seconds=NOW - 1), "expired"),
        (order(legs=(Leg(Instrument("ETH", Kind.CALL, NOW, 1), 1),)), "leg_expired"),
        (order(legs=(Leg(Instrument("BTC", Kind.CALL, EXPIRIES[0], 1), 1),)), "symbol_invalid"),
        (withdraw(1_000), "welcome"),
        (withdraw(1_001), "cash_negative"),
        (withdraw(1, "ETH"), "spot_negative"),
        (withdraw(1, "BTC"), "asset_unknown"),
        (cancel(5), "welcome"),
        (cancel(6), "nonce_spent"),
    ],
)
def test_what_passes_and_what_just_does_not(intent: Intent, expected: str) -> None:
    assert verdict(intent, state_with(RECORD)) == expected


def test_lanes_open_behind_those_that_wait() -> None:
    third = order(nonce=make_nonce(2, 0))
    assert verdict(third, state_with(RECORD), Waiting(1, highest_lane=1)) == "welcome"


def test_a_nonce_that_is_being_cancelled_takes_no_order() -> None:
    desk = Waiting(1, cancelled=5)
    assert verdict(order(), state_with(RECORD), desk) == "nonce_spent"
    assert verdict(order(nonce=7), state_with(RECORD), desk) == "welcome"


def test_a_partly_filled_order_is_known_by_its_hash_and_may_be_cancelled() -> None:
    known = order(nonce=6)
    partial = Partial(6, 500, NOW, intent_hash(known, DOMAIN))
    state = state_with(replace(RECORD, partials=(partial,)))
    assert verdict(known, state) == "welcome"
    assert verdict(order(nonce=6, limit_micros=1), state) == "nonce_spent"
    assert verdict(cancel(6), state) == "welcome"


def test_only_so_many_wait_for_one_account_and_cancels_on_top() -> None:
    state = state_with(RECORD)
    assert verdict(order(), state, Waiting(1)) == "welcome"
    assert verdict(order(), state, Waiting(2)) == "too_many_open"
    assert verdict(cancel(5), state, Waiting(3)) == "welcome"
    assert verdict(cancel(5), state, Waiting(4)) == "too_many_open"


def test_whoever_owns_nothing_makes_nobody_work_until_a_deposit_is_queued() -> None:
    assert verdict(cancel(5), state_with(None)) == "cash_negative"
    item = InboxItem(ALICE.address, 0, symbol_number("USDC"), FEE, NOW)
    queued = state_with(None, inbox={1: item}, inbox_count=1)
    assert verdict(cancel(5), queued) == "welcome"
    assert verdict(order(), queued) == "welcome"
    poor = state_with(None, inbox={1: replace(item, amount_micros=FEE - 1)}, inbox_count=1)
    assert verdict(order(), poor) == "cash_negative"
    assert verdict(order(limit_micros=-1), poor) == "welcome"


def test_a_transfer_needs_the_cash() -> None:
    def transfer(amount: int) -> Transfer:
        party = {"to_owner": BOB.address, "to_account": 0}
        return Transfer(**envelope(), **party, amount_micros=amount)

    assert verdict(transfer(1_000), state_with(RECORD)) == "welcome"
    assert verdict(transfer(1_001), state_with(RECORD)) == "cash_negative"


@pytest.mark.parametrize(
    ("signer", "expires", "expected"),
    [
        (ALICE.address, 0, "welcome"),
        (None, 0, "signature_invalid"),
        (BOB.address, 0, "signer_unauthorised"),
        (DESK.address, NOW, "welcome"),
        (DESK.address, NOW - 1, "signer_unauthorised"),
    ],
)
def test_the_owner_or_a_live_delegate_signs(
    signer: bytes | None, expires: int, expected: str
) -> None:
    grants = {(ALICE.address, DESK.address): Delegation(Scope.ORDER, expires)}
    doorway = Doorway(state_with(RECORD, grants=grants), FEE, max_open=2)
    pending = Pending(sign(order(), ALICE.key, DOMAIN), intent_hash(order(), DOMAIN))
    refusal = doorway.check_signer(pending, signer, NOW)
    assert (refusal.code if refusal else "welcome") == expected
