"""An order's fill, judged in the contract's order of checks: rule 6."""

from offbeat.core import Reason, ceil_div, floor_div, limits, to_signed
from offbeat.instruments import Kind, Leg
from offbeat.intents import (
    Order,
    Scope,
    check_market,
    check_window,
    fee_bound_micros,
    has_market_condition,
    intent_hash,
)
from offbeat.rulebook.desk import Desk
from offbeat.rulebook.layout import Action, ActionKind, OrderFlag
from offbeat.rulebook.records import Partial
from offbeat.rulebook.refusal import require, require_none
from offbeat.rulebook.signing import check_signature
from offbeat.rulebook.work import Outcome, Work

NANOS_PER_MICRO = limits.PRICE_SCALE // limits.QUOTE_SCALE
_LOW_64 = (1 << 64) - 1
_LOW_128 = (1 << 128) - 1


def pay_micros(price_nanos: int, limit_micros: int, fill_micros: int) -> int:
    """What a trader pays for a fill: the lesser of price and limit, negative to receive.

    Rounded up at the price and down at the limit: never more than limit times fill, not by one
    unit.
    """
    return min(
        ceil_div(price_nanos * fill_micros, limits.PRICE_SCALE),
        floor_div(limit_micros * fill_micros, limits.QUANTITY_SCALE),
    )


def apply_order(work: Work, desk: Desk, action: Action) -> None:
    """Apply one fill to the desk of the trader's account."""
    rows, price_nanos = _trade_legs(work, desk, action)
    order = _order(work, desk, action, rows)
    fill = action.fill_micros
    require(fill % limits.LOT_MICROS == 0, Reason.QUANTITY_INVALID)
    require_none(check_window(order, work.header.time_seconds, work.header.not_after_seconds))
    digest = intent_hash(order, work.state.rules.domain)
    if not desk.is_liquidation:
        check_signature(work, desk, action, digest, Scope.ORDER)
    require(fill != 0, Reason.BELOW_MIN_FILL)

    known = None if desk.is_liquidation else desk.partial(order.nonce)
    require(known is None or known.intent_hash == digest, Reason.NONCE_SPENT)
    filled = known.filled_micros if known else 0
    remaining = order.quantity_micros - filled
    require(fill <= remaining, Reason.OVERFILLED)
    if fill == remaining:
        work.serve(digest)
    require(fill >= min(order.min_fill_micros, remaining), Reason.BELOW_MIN_FILL)
    require(action.fee_micros <= fee_bound_micros(order, fill), Reason.FEE_ABOVE_MAX)
    if has_market_condition(order):
        require(work.has_report, Reason.REPORT_MISSING)
        quote = work.quotes[order.legs[0].instrument.underlying]
        require_none(check_market(order, quote.spot_micros))
    bound = order.limit_micros * NANOS_PER_MICRO + limits.LIMIT_TOLERANCE_NANOS
    require(price_nanos <= bound, Reason.LIMIT_VIOLATED)

    pay = pay_micros(price_nanos, order.limit_micros, fill)
    desk.charge(work, pay + action.fee_micros)
    filled += fill
    if not desk.is_liquidation:
        partial = Partial(order.nonce, filled, order.valid_until_seconds, digest)
        _remember_fill(desk, partial, known, is_complete=filled == order.quantity_micros)
    work.outcomes.append(
        Outcome(
            intent_hash=digest,
            account=desk.account,
            kind=ActionKind.ORDER,
            fee_micros=action.fee_micros,
            fill_micros=fill,
            filled_micros=filled,
            pay_micros=pay,
            is_signed=not desk.is_liquidation,
        )
    )


def _trade_legs(work: Work, desk: Desk, action: Action) -> tuple[list[int], int]:
    """Move positions by an order's legs: the rows of those, and the net clearing price."""
    n_legs = action.second_byte
    reduce_only = bool(action.first_byte & OrderFlag.REDUCE_ONLY)
    require(0 < n_legs <= limits.MAX_LEGS, Reason.LEG_INVALID)
    rows: list[int] = []
    price_nanos = 0
    for position in range(n_legs):
        row, ratio = action.leg(position)
        require(row < len(work.rows), Reason.LEG_INVALID)
        require(0 < abs(ratio) <= limits.MAX_RATIO, Reason.LEG_INVALID)
        instrument = work.rows[row].instrument
        if rows:
            last = work.rows[rows[-1]].instrument
            ascends = instrument.id > last.id and instrument.underlying == last.underlying
            require(ascends, Reason.LEG_INVALID)
        if instrument.kind is not Kind.SPOT:
            alive = instrument.expiry_seconds > work.header.not_after_seconds
            require(alive, Reason.LEG_EXPIRED)
        rows.append(row)
        price_nanos += ratio * work.rows[row].price_nanos
        delta = ratio * action.fill_micros
        desk.move(work, row, delta, reduce_only=reduce_only)
        work.nets[row] += delta
    return rows, price_nanos


def _order(work: Work, desk: Desk, action: Action, rows: list[int]) -> Order:
    """The order that an action's words say was signed."""
    quantity, min_fill = action.terms >> 192, action.terms >> 128 & _LOW_64
    require(0 < quantity <= limits.MAX_QUANTITY_MICROS, Reason.QUANTITY_INVALID)
    require(min_fill <= quantity, Reason.QUANTITY_INVALID)
    lots = quantity % limits.LOT_MICROS == 0 and min_fill % limits.LOT_MICROS == 0
    require(lots, Reason.QUANTITY_INVALID)
    return Order(
        owner=desk.owner,
        account=desk.index,
        legs=tuple(
            Leg(work.rows[row].instrument, action.leg(position)[1])
            for position, row in enumerate(rows)
        ),
        quantity_micros=quantity,
        min_fill_micros=min_fill,
        limit_micros=to_signed(action.third >> 128, 128),
        nonce=action.nonce,
        valid_from_seconds=action.third >> 64 & _LOW_64,
        valid_until_seconds=action.third & _LOW_64,
        spot_min_micros=action.fourth >> 128,
        spot_max_micros=action.fourth & _LOW_128,
        max_fee_micros=action.max_fee_micros,
        reduce_only=desk.is_liquidation or bool(action.first_byte & OrderFlag.REDUCE_ONLY),
    )


def _remember_fill(desk: Desk, after: Partial, known: Partial | None, is_complete: bool) -> None:
    """The first fill spends the nonce; while something is left, the record remembers it."""
    if known is not None:
        at = desk.partials.index(known)
        if is_complete:
            desk.remove_partial(at)
        else:
            desk.partials[at] = after
        return
    desk.spend(after.nonce)
    if not is_complete:
        desk.add_partial(after)
