"""Into the queue of forced requests: what it takes, and what it asks for."""

from dataclasses import replace

import pytest
from forcing import Queue, transfer, withdrawal
from market import MICROS
from people import ALICE, BOB, CAROL, DESK, ROBOT, STRANGER
from showcase import Showcase

from offbeat.chain.forced_queue import fee_wei, force_args
from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Delegate, Intent, Transfer


@pytest.fixture
def queue(showcase: Showcase) -> Queue:
    return Queue(showcase.world)


# What it takes --------------------------------------------------------------------------------


def test_every_kind_but_a_delegation(showcase: Showcase, queue: Queue) -> None:
    """As the chain's events tell it, so that anybody can do it."""
    orders = [
        showcase.order(BOB, 70, -1),
        showcase.order(BOB, 71, legs=showcase.legs[:1]),
        showcase.order(BOB, 72, legs=(Leg(Instrument.spot("ETH"), -3), *showcase.legs)),
        showcase.order(BOB, 73, limit_micros=-(2**127)),
        showcase.order(BOB, 74, limit_micros=2**127 - 1, quantity_micros=1_000),
    ]
    others = [
        withdrawal(showcase),
        withdrawal(showcase, asset="SOL", amount_micros=limits.MAX_DEPOSIT_MICROS),
        transfer(showcase),
        Cancel(**showcase.envelope(ALICE, 2**56 - 1)),  # type: ignore[arg-type]
    ]
    for intent in (*orders, *others):
        assert queue.force(intent) is None
    assert [item.signed.intent for item in queue.world.state.forced] == [*orders, *others]
    delegate = Delegate(
        **showcase.envelope(BOB, 75),  # type: ignore[arg-type]
        delegate=ROBOT.address,
        scope=1,
        expires_seconds=showcase.valid_until_seconds,
    )
    assert queue.force(delegate) == Reason.ACTION_UNKNOWN


def far_call(showcase: Showcase, after_seconds: int) -> Leg:
    expiry = showcase.world.now + after_seconds
    return Leg(Instrument("ETH", Kind.CALL, expiry, 2_000 * MICROS), 1)


def cases(showcase: Showcase) -> dict[str, tuple[Intent, Reason | None]]:
    """An intent that stands at a bound, and one a step beyond, for everything that is asked."""
    now = showcase.world.now
    order = showcase.order(BOB, 70)
    unknown = Leg(replace(showcase.legs[0].instrument, underlying="DOGE"), 1)
    cash = Leg(replace(showcase.legs[0].instrument, underlying="USDC"), 1)
    return {
        "any fill": (replace(order, min_fill_micros=0), None),
        "a least fill": (replace(order, min_fill_micros=1_000), Reason.ORDER_CONDITIONAL),
        "spot from": (replace(order, spot_min_micros=1), Reason.ORDER_CONDITIONAL),
        "spot to": (replace(order, spot_max_micros=1), Reason.ORDER_CONDITIONAL),
        "valid now": (replace(order, valid_from_seconds=now), None),
        "valid soon": (replace(order, valid_from_seconds=now + 1), Reason.NOT_YET_VALID),
        "order's last moment": (replace(order, valid_until_seconds=now), None),
        "order too late": (replace(order, valid_until_seconds=now - 1), Reason.EXPIRED),
        "leg lives": (replace(order, legs=(far_call(showcase, 1),)), None),
        "leg has expired": (replace(order, legs=(far_call(showcase, 0),)), Reason.LEG_EXPIRED),
        "unknown underlying": (replace(order, legs=(unknown,)), Reason.ASSET_UNKNOWN),
        "options on cash": (replace(order, legs=(cash,)), Reason.ASSET_UNKNOWN),
        "unknown asset": (withdrawal(showcase, asset="DOGE"), Reason.ASSET_UNKNOWN),
        "last moment": (withdrawal(showcase, valid_until_seconds=now), None),
        "too late": (withdrawal(showcase, valid_until_seconds=now - 1), Reason.EXPIRED),
    }


CASES = (
    "any fill",
    "a least fill",
    "spot from",
    "spot to",
    "valid now",
    "valid soon",
    "order's last moment",
    "order too late",
    "leg lives",
    "leg has expired",
    "unknown underlying",
    "options on cash",
    "unknown asset",
    "last moment",
    "too late",
)


def test_no_case_is_forgotten(showcase: Showcase) -> None:
    assert set(cases(showcase)) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_of_an_intent(showcase: Showcase, queue: Queue, name: str) -> None:
    intent, reason = cases(showcase)[name]
    assert queue.force(intent) == reason


def test_reduce_only_cannot_be_forced(showcase: Showcase, queue: Queue) -> None:
    """The queue has no word for it, so that to the contract somebody else has signed."""
    signed = queue.signed(showcase.order(BOB, 70, reduce_only=True))
    receipt = queue.transact("force", *force_args(signed), value_wei=fee_wei(queue.contract))
    assert receipt.reverted == Reason.SIGNER_UNAUTHORISED


ACCOUNT_WORD, KIND, TERMS, THIRD, FOURTH, LEGS = 0, 1, 2, 3, 4, 5


@pytest.mark.parametrize(
    ("word", "change", "reason"),
    [
        (KIND, lambda _: 0, Reason.ACTION_UNKNOWN),
        (KIND, lambda _: 6, Reason.ACTION_UNKNOWN),
        (KIND, lambda _: 257, Reason.ACTION_UNKNOWN),
        (ACCOUNT_WORD, lambda account: account | 1 << 192, Reason.SIGNATURE_INVALID),
        (TERMS, lambda terms: terms & (1 << 192) - 1, Reason.QUANTITY_INVALID),
        (TERMS, lambda terms: terms + (1 << 192), Reason.QUANTITY_INVALID),
        (TERMS, lambda terms: terms | 1 << 241, Reason.QUANTITY_INVALID),
        (LEGS, lambda _: (), Reason.LEG_INVALID),
        (LEGS, lambda legs: legs[::-1], Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0], legs[0]), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] >> 16 << 16,), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] + limits.MAX_RATIO,), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] + limits.MAX_RATIO - 1,), Reason.SIGNER_UNAUTHORISED),
        (LEGS, lambda legs: (legs[0] - 1 - limits.MAX_RATIO - 1,), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] | 1 << 144,), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] + (2 << 16),), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] >> 104 << 104,), Reason.LEG_INVALID),
        (LEGS, lambda legs: (legs[0] & ~((1 << 48) - 1 << 24),), Reason.LEG_INVALID),
    ],
)
def test_words_that_no_intent_has(
    showcase: Showcase, queue: Queue, word: int, change: object, reason: Reason
) -> None:
    args = list(force_args(queue.signed(showcase.order(BOB, 70))))
    args[word] = change(args[word])  # type: ignore[operator]
    receipt = queue.transact("force", *args, value_wei=fee_wei(queue.contract))
    assert receipt.reverted == reason


@pytest.mark.parametrize(
    ("word", "value", "reason"),
    [
        (FOURTH, 0, Reason.AMOUNT_INVALID),
        (FOURTH, limits.MAX_DEPOSIT_MICROS + 1 << 128, Reason.AMOUNT_INVALID),
        (FOURTH, limits.MAX_DEPOSIT_MICROS << 128, Reason.SIGNER_UNAUTHORISED),
        (THIRD, 0, Reason.AMOUNT_INVALID),
    ],
)
def test_payments_that_cannot_be(
    showcase: Showcase, queue: Queue, word: int, value: int, reason: Reason
) -> None:
    for intent in (withdrawal(showcase), transfer(showcase)):
        args = list(force_args(queue.signed(intent)))
        args[word] = value
        receipt = queue.transact("force", *args, value_wei=fee_wei(queue.contract))
        assert receipt.reverted == reason


def test_whose_signature_counts(showcase: Showcase, queue: Queue) -> None:
    """The owner's, and a delegate's within its scope; Bob's desk may order and cancel."""
    assert queue.force(withdrawal(showcase), STRANGER.key) == Reason.SIGNER_UNAUTHORISED
    assert queue.force(showcase.order(BOB, 70), DESK.key) is None
    moved = Transfer(
        **showcase.envelope(BOB, 71),  # type: ignore[arg-type]
        to_owner=DESK.address,
        to_account=0,
        amount_micros=1,
    )
    assert queue.force(moved, DESK.key) == Reason.SIGNER_UNAUTHORISED
    signed = queue.signed(withdrawal(showcase))
    args = [*force_args(signed)[:-1], 2**255 - 1]
    receipt = queue.transact("force", *args, value_wei=fee_wei(queue.contract))
    assert receipt.reverted == Reason.SIGNATURE_INVALID


def test_the_fund_has_no_key(showcase: Showcase, queue: Queue) -> None:
    """Settlement moves the insurance fund's cash without a signature; the queue does not."""
    fund = limits.INSURANCE_OWNER.to_bytes(20)
    intent = transfer(showcase, owner=fund, max_fee_micros=0)
    assert queue.force(intent, CAROL.key) == Reason.SIGNER_UNAUTHORISED


def test_the_fee_doubles_until_the_queue_is_full(showcase: Showcase, queue: Queue) -> None:
    base, world = fee_wei(queue.contract), showcase.world
    assert base > 0
    for number in range(limits.MAX_FORCED):
        assert fee_wei(queue.contract) == base << number
        assert queue.force(withdrawal(showcase, number=60 + number)) is None
    assert [item.fee_wei for item in world.state.forced] == [
        base << number for number in range(limits.MAX_FORCED)
    ]
    assert queue.force(withdrawal(showcase, number=90)) == Reason.INBOX_FULL


def test_too_little_is_refused_and_too_much_returned(showcase: Showcase, queue: Queue) -> None:
    world, fee = showcase.world, fee_wei(queue.contract)
    signed = queue.signed(withdrawal(showcase))
    receipt = queue.transact("force", *force_args(signed), value_wei=fee - 1)
    assert receipt.reverted == Reason.FEE_SHORT
    before = world.chain.balance(queue.contract.address)
    assert queue.force(signed.intent, spare_wei=12_345) is None
    assert world.chain.balance(queue.contract.address) == before + fee
