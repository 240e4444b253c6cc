"""Accounts at their bounds, and the four ways to end healthy, on both sides."""

from dataclasses import replace

import pytest
from drafting import Claim, Draft
from market import MICROS
from people import ALICE, BOB, CAROL, DAVE, ERIN, STRANGER
from showcase import Showcase

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Delegate, Scope, Transfer, Withdraw
from offbeat.oracle import Report, Row
from offbeat.rulebook import Mode


def legs_of(*legs: tuple[Instrument, int]) -> tuple[Leg, ...]:
    return tuple(Leg(instrument, ratio) for instrument, ratio in sorted(legs))


def pair(
    showcase: Showcase, legs: tuple[Leg, ...], fill: int, *, seller: object = BOB, number: int = 90
) -> Draft:
    """Alice takes the legs from somebody, for nothing."""
    draft = showcase.empty()
    draft.prices_nanos.clear()
    terms = {"quantity_micros": fill, "limit_micros": 0}
    opposite = tuple(Leg(leg.instrument, -leg.ratio) for leg in legs)
    draft.act(showcase.order(ALICE, number, legs=legs, **terms), fill)
    draft.act(showcase.order(seller, number, legs=opposite, **terms), fill)  # type: ignore[arg-type]
    return draft


def call(showcase: Showcase, index: int = 0) -> Instrument:
    return showcase.legs[index].instrument


# Modes ----------------------------------------------------------------------------------------


def test_hold_is_for_whoever_gives_nothing_away(showcase: Showcase) -> None:
    """A cancel for no fee may; a fee of one micro may not, though Alice has plenty."""
    for fee, expected in ((1, Reason.UNHEALTHY), (0, None)):
        draft = showcase.empty(with_report=False)
        draft.act(Cancel(**showcase.envelope(ALICE, 60)), fee_micros=fee)
        draft.parts[0].mode = Mode.HOLD
        assert draft.land() == expected


def test_hold_takes_spot_and_cash_but_no_option(showcase: Showcase) -> None:
    """Alice receives her deposit of spot; a call, which can only gain, she may not."""
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    assert draft.land() is None
    gift = pair(showcase, legs_of((call(showcase), 1)), MICROS)
    gift.part(ALICE.account()).mode = Mode.HOLD
    assert gift.land() == Reason.UNHEALTHY
    gift.part(ALICE.account()).mode = Mode.STATIC
    assert gift.land() is None


def test_reduce_needs_strictly_less_risk(showcase: Showcase) -> None:
    """Bob is long spot: the same account fails, with one lot of a call sold it passes."""
    same = showcase.empty()
    same.part(BOB.account()).mode = Mode.REDUCE
    assert same.land() == Reason.UNHEALTHY
    sold = pair(showcase, legs_of((call(showcase), 1)), limits.LOT_MICROS)
    sold.part(BOB.account()).mode = Mode.REDUCE
    assert sold.land() is None


def test_reduce_counts_money_as_well(showcase: Showcase) -> None:
    """Equity that leaves makes an account riskier, whatever its positions do."""
    draft = showcase.empty()
    draft.act(Cancel(**showcase.envelope(BOB, 60)), fee_micros=1)
    draft.part(BOB.account()).mode = Mode.REDUCE
    assert draft.land() == Reason.UNHEALTHY


@pytest.mark.parametrize(("more", "expected"), [(0, None), (1, Reason.UNHEALTHY)])
def test_static_to_the_last_micro(showcase: Showcase, more: int, expected: Reason | None) -> None:
    """Erin owns 10 USDC: she may sell puts that cost her exactly that at a price of zero."""
    near_zero = Instrument("ETH", Kind.PUT, call(showcase).expiry_seconds, 1_000 * MICROS + more)
    draft = showcase.empty(with_report=False)
    fill = 10_000
    terms = {"quantity_micros": fill, "limit_micros": 0, "max_fee_micros": 0}
    draft.act(showcase.order(ERIN, 0, legs=(Leg(near_zero, -1),), **terms), fill)
    draft.act(showcase.order(CAROL, 0, legs=(Leg(near_zero, 1),), **terms), fill)
    for part in draft.parts:
        part.mode = Mode.STATIC
    assert draft.land() == expected


@pytest.mark.parametrize(("more", "expected"), [(0, None), (1_000, Reason.UNHEALTHY)])
def test_static_covers_calls_with_spot(
    showcase: Showcase, more: int, expected: Reason | None
) -> None:
    """Alice has 100 ETH and one vertical: 100 calls more are covered, and no lot beyond."""
    short = call(showcase, 1)
    draft = showcase.empty(with_report=False)
    draft.prices_nanos.clear()
    fill = 100 * MICROS + more
    terms = {"quantity_micros": fill, "limit_micros": 0}
    draft.act(showcase.order(ALICE, 70, legs=(Leg(short, -1),), **terms), fill)
    draft.act(showcase.order(DAVE, 70, legs=(Leg(short, 1),), **terms), fill)
    for part in draft.parts:
        part.mode = Mode.STATIC
    assert draft.land() == expected


@pytest.mark.parametrize("beside", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(("missing", "expected"), [(0, None), (1, Reason.UNHEALTHY)])
def test_scan_to_the_last_unit(
    showcase: Showcase, missing: int, expected: Reason | None, beside: int
) -> None:
    """10 of cash and a hundredth of 200 are 1.2 times a hundredth of a loss of 1,000.

    Entries of another underlying, ``beside`` this one, change nothing, wherever a word breaks off.
    """
    world, option = showcase.world, call(showcase)
    world.deposit(DAVE.account(3), "USDC", 10 * MICROS)
    draft = showcase.empty()
    assert draft.report is not None
    risk = (0,) * 7 + (1_000,) + (-5,) * 8
    rows = tuple(
        Row(option.id, 200 * MICROS - missing, risk) if row.instrument_id == option.id else row
        for row in draft.report.rows
    )
    far = Instrument("BTC", Kind.CALL, option.expiry_seconds, 1)
    rows = tuple(sorted((*rows, Row(far.id, 0, (0,) * 16)), key=lambda row: row.instrument_id))
    draft.report = replace(draft.report, rows=rows)
    draft.credit_all()
    fill = MICROS // 100
    terms = {"quantity_micros": fill, "limit_micros": 0, "max_fee_micros": 0}
    draft.prices_nanos.clear()
    bought = showcase.order(DAVE, 0, legs=(Leg(option, 1),), account=3, **terms)
    draft.act(bought, fill)
    draft.act(showcase.order(CAROL, 0, legs=(Leg(option, -1),), **terms), fill)
    ids = [row.instrument_id for row in rows]
    bitcoin = [each for each in ids if Instrument.from_id(each).underlying == "BTC"]
    draft.part(CAROL.account()).opens |= set(bitcoin[:4])
    draft.part(DAVE.account(3)).opens |= set(bitcoin[:beside])
    draft.part(DAVE.account(3)).mode = Mode.SCAN
    assert draft.land() == expected


# Bounds ---------------------------------------------------------------------------------------


def hold_32_options(showcase: Showcase) -> None:
    """Carol's other account buys them, sixteen at a time; one more has no room."""
    expiry = call(showcase).expiry_seconds
    options = [Instrument("ETH", Kind.PUT, expiry, strike) for strike in range(1, 34)]
    lot = limits.LOT_MICROS
    terms = {"quantity_micros": lot, "limit_micros": 0, "max_fee_micros": 0}
    batches = ((DAVE, options[:16], None), (BOB, options[16:32], None))
    for seller, some, expected in (*batches, (DAVE, options[32:], Reason.POSITION_BOUNDS)):
        draft = showcase.empty(with_report=False)
        for option in some:
            number = 20 + options.index(option)
            bought, sold = ((Leg(option, sign),) for sign in (1, -1))
            draft.act(showcase.order(CAROL, number, legs=bought, account=9, **terms), lot)
            draft.act(showcase.order(seller, number, legs=sold, **terms), lot)
        for part in draft.parts:
            part.mode = Mode.STATIC
        assert draft.land() == expected
    positions = showcase.world.state.account(CAROL.account(9)).positions
    assert len(positions) == limits.MAX_POSITIONS


def test_32_options_and_not_one_more(showcase: Showcase) -> None:
    hold_32_options(showcase)


def test_spot_finds_room_beside_32_options(showcase: Showcase) -> None:
    hold_32_options(showcase)
    for symbol in ("BTC", "ETH"):
        showcase.world.deposit(CAROL.account(9), symbol, MICROS)
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    assert draft.land() is None
    assert len(showcase.world.state.account(CAROL.account(9)).positions) == 34


def test_sixteen_withdrawals_and_not_one_more(showcase: Showcase) -> None:
    for count, expected in ((17, Reason.PAYLOAD_BOUNDS), (16, None)):
        draft = showcase.empty(with_report=False)
        for number in range(count):
            person = ALICE if number < 10 else DAVE
            envelope = showcase.envelope(person, 100 + number)
            draft.act(
                Withdraw(**envelope, to=STRANGER.address, asset="USDC", amount_micros=number + 1)
            )
        for part in draft.parts:
            part.mode = Mode.STATIC
        assert draft.land() == expected
    token = showcase.world.tokens["USDC"]
    assert token.read("balanceOf", STRANGER.address) == sum(range(1, 17))


@pytest.mark.parametrize(("transfers", "expected"), [(30, None), (31, Reason.PAYLOAD_BOUNDS)])
def test_32_credits_and_not_one_more(
    showcase: Showcase, transfers: int, expected: Reason | None
) -> None:
    """Two deposits wait; the rest are transfers, each claimed by whom it is for."""
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    for number in range(transfers):
        person = (ALICE, DAVE, CAROL)[number // 12]
        envelope = showcase.envelope(person, 100 + number)
        target = ERIN if number % 2 else BOB
        draft.act(
            Transfer(**envelope, to_owner=target.address, to_account=number % 3, amount_micros=1)
        )
    draft.claim_transfers()
    for part in draft.parts:
        part.mode = Mode.STATIC if part.account >> 32 != int.from_bytes(ERIN.address) else Mode.HOLD
    assert draft.land() == expected


def test_a_batch_with_enough_items_may_leave_due_ones_behind(showcase: Showcase) -> None:
    """Five items are due: three must come, the others may wait; two would not do."""
    world = showcase.world
    for number in range(3):
        world.deposit(STRANGER.account(number), "USDC", 1)
    world.wait(limits.INBOX_DELAY_SECONDS)
    due = Reason.INBOX_DUE
    for count, expected in ((0, due), (2, due), (3, None), (1, due), (2, None)):
        draft = showcase.empty(with_report=False)
        draft.n_credits = count
        for index, item in enumerate(draft.items):
            symbol = item.symbol.to_bytes(5).rstrip(b"\0").decode()
            part = draft.part(int.from_bytes(item.owner) << 32 | item.index)
            part.acts.append(Claim(index, symbol))
            part.mode = Mode.HOLD
        assert draft.land() == expected


def test_the_last_due_second(showcase: Showcase) -> None:
    """An item must come once its delay has passed in the batch's own time, not before."""
    world = showcase.world
    due = world.state.inbox[world.state.inbox_consumed + 1].enqueued_at_seconds
    due += limits.INBOX_DELAY_SECONDS
    world.wait(due - world.now)
    for time, expected in ((due, Reason.INBOX_DUE), (due - 1, None)):
        draft = showcase.empty(with_report=False)
        draft.time_seconds = time
        assert draft.land() == expected


# Shape ----------------------------------------------------------------------------------------


def test_an_empty_batch(showcase: Showcase) -> None:
    assert showcase.empty(with_report=False).land() is None


def test_an_account_twice_in_one_batch(showcase: Showcase) -> None:
    """Its second section brings the record that the first one leaves."""
    world = showcase.world
    cancel = Cancel(**showcase.envelope(ALICE, 60))
    with world.sandbox():
        alone = showcase.empty(with_report=False)
        alone.act(cancel)
        alone.parts[0].mode = Mode.STATIC
        assert alone.land() is None
        after = showcase.empty(with_report=False)
        after.act(Cancel(**showcase.envelope(ALICE, 61)))
        after.parts[0].mode = Mode.STATIC
        (second,) = after.batch().sections
    draft = showcase.empty(with_report=False)
    draft.act(cancel)
    draft.parts[0].mode = Mode.STATIC
    batch = draft.batch()
    (first,) = batch.sections
    stale = replace(batch, sections=(first, replace(first, actions=second.actions)))
    assert world.land(draft.submission(stale)).reason == Reason.WITNESS_MISMATCH  # type: ignore[union-attr]
    world.land(draft.submission(replace(batch, sections=(first, second))))
    assert world.state.account(ALICE.account()).lanes[0].bitmap >> 60 == 0b11


def test_a_grant_holds_for_later_sections_of_its_own_batch(showcase: Showcase) -> None:
    """And not for earlier ones."""
    delegate = Delegate(
        **showcase.envelope(ALICE, 60),
        delegate=STRANGER.address,
        scope=Scope.CANCEL,
        expires_seconds=showcase.valid_until_seconds,
    )
    other = Cancel(**showcase.envelope(ALICE, 0) | {"account": 7})
    for order, expected in ((-1, Reason.SIGNER_UNAUTHORISED), (1, None)):
        draft = showcase.empty(with_report=False)
        draft.act(delegate)
        draft.act(other, key=STRANGER.key)
        draft.parts[:] = draft.parts[::order]
        for part in draft.parts:
            part.mode = Mode.STATIC
        assert draft.land() == expected


def test_a_proof_whose_flags_fill_more_than_a_word(showcase: Showcase) -> None:
    """128 rows of a large report, none of which anybody holds."""
    draft = showcase.empty()
    base = draft.report
    assert base is not None
    expiry = call(showcase).expiry_seconds
    ids = [Instrument("SOL", Kind.PUT, expiry, strike).id for strike in range(1, 600)]
    sol = replace(base.underlyings[0], symbol="SOL")
    rows = tuple(Row(each, 0, (0,) * 16) for each in ids)
    draft.report = Report(base.timestamp_seconds, (sol,), rows)
    draft.part(STRANGER.account()).opens = set(ids[:: len(ids) // 47][:48])
    draft.part(STRANGER.account(1)).opens = set(ids[1 :: len(ids) // 47][:48])
    draft.part(STRANGER.account(2)).opens = set(ids[2 :: len(ids) // 47][:32])
    submission = draft.submission()
    assert submission.proof[32:64] != bytes(32)
    assert len(draft.rows) == limits.MAX_ROWS
    assert draft.land() is None
