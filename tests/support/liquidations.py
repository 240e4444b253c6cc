"""A writer of calls that get dear: what liquidates it, and what the insurance fund pays."""

from dataclasses import replace

from drafting import Claim, Draft
from market import MICROS
from people import ALICE, BOB, STRANGER
from showcase import Showcase

from offbeat.core import limits
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Transfer, make_nonce
from offbeat.oracle import Report
from offbeat.rulebook import Mode

WRITER = ALICE.account(7)
"""Has 100,000 USDC and sells a hundred calls at their mark of 100: it risks 32,000 from then on."""
FUND = limits.INSURANCE_OWNER.to_bytes(20)
SOLD = 100 * MICROS
SOME = 10 * MICROS


def written(showcase: Showcase) -> Leg:
    """What one contract sold by the writer is, from the side of who buys it back."""
    return Leg(showcase.legs[0].instrument, 1)


def sell(showcase: Showcase) -> None:
    """The writer sells, and Bob buys."""
    draft = showcase.empty()
    draft.prices_nanos[written(showcase).instrument.id] = 100 * 10**9
    for owner, account, ratio, number in ((ALICE, 7, -1, 0), (BOB, 0, 1, 70)):
        legs = (Leg(written(showcase).instrument, ratio),)
        terms = {"quantity_micros": SOLD, "limit_micros": 100 * ratio * MICROS}
        draft.act(showcase.order(owner, number, legs=legs, account=account, **terms), SOLD)
    assert draft.land() is None


def marked(draft: Draft, instrument: Instrument, mark_micros: int) -> Report:
    """The draft's report with another mark for one instrument."""
    assert draft.report is not None
    rows = (
        replace(row, mark_micros=mark_micros) if row.instrument_id == instrument.id else row
        for row in draft.report.rows
    )
    return replace(draft.report, rows=tuple(rows))


def liquidation(
    showcase: Showcase, mark: int, price: float, fill: int = SOME, ratio: int = 1
) -> Draft:
    """The writer buys back from Bob, without a signature of its own."""
    draft = showcase.empty()
    leg = written(showcase)
    draft.report = marked(draft, leg.instrument, mark * MICROS)
    draft.prices_nanos[leg.instrument.id] = round(price * 10**9)
    limit = round(price * MICROS)
    orders = ((ALICE, 7, ratio, STRANGER.key), (BOB, 0, -ratio, None))
    for owner, account, side, key in orders:
        order = showcase.order(
            owner,
            71,
            legs=(Leg(leg.instrument, side),),
            account=account,
            quantity_micros=fill,
            limit_micros=side * limit,
        )
        draft.act(order, fill, key=key)
    draft.part(WRITER).mode = Mode.LIQUIDATE
    return draft


def insure(showcase: Showcase) -> None:
    """The fund gets 20,000 USDC."""
    showcase.world.deposit(limits.INSURANCE_OWNER << 32, "USDC", 20_000 * MICROS)
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    assert draft.land() is None


def cover(draft: Draft, amount_micros: int, **changes: object) -> Transfer:
    """The fund gives the writer something, signed by a stranger."""
    terms: dict[str, object] = {
        "owner": FUND,
        "account": 0,
        "to_owner": ALICE.address,
        "to_account": 7,
        "amount_micros": amount_micros,
        "nonce": make_nonce(0, 0),
        "valid_until_seconds": draft.not_after_seconds,
        "max_fee_micros": 0,
    }
    transfer = Transfer(**(terms | changes))  # type: ignore[arg-type]
    draft.parts.insert(0, draft.part(limits.INSURANCE_OWNER << 32))
    draft.parts.pop()
    draft.act(transfer, key=STRANGER.key)
    draft.part(limits.INSURANCE_OWNER << 32).mode = Mode.STATIC
    return transfer


def bankrupt(showcase: Showcase, price: float, covered_micros: int) -> Draft:
    """All is bought back at a mark of 1,200, which takes 10,000 more than there is."""
    draft = liquidation(showcase, 1_200, price, SOLD)
    cover(draft, covered_micros)
    draft.part(WRITER).acts.append(Claim(0))
    return draft
