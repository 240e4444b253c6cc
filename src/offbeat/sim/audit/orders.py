"""Judges one order's fill and books it."""

from offbeat.core import limits
from offbeat.sim.audit.desk import Desk
from offbeat.sim.audit.payload import Action, Instrument, Partial


def book_order(desk: Desk, action: Action, intent_hash: bytes) -> None:
    """Hold a fill to what was signed, and move cash and positions by it."""
    order, fill = action.message, action.fill_micros
    _check_terms(desk, action)
    _check_times(desk, action)
    _check_market(desk, action)
    if desk.is_liquidation:
        _check_lots(desk, fill, order["quantity"])
    else:
        _book_fill(desk, action, intent_hash)
    desk.charge(_pay(desk, action))
    desk.charge_fee(action.fee_micros, order["maxFee"] * fill // max(order["quantity"], 1))
    for row, ratio in action.legs:
        was = desk.record.positions.get(row.instrument, 0)
        desk.move(row.instrument, ratio * fill)
        desk.flows.fills[row.instrument] += ratio * fill
        if order["reduceOnly"] or desk.is_liquidation:
            _check_reduction(desk, row.instrument, was)


def _check_reduction(desk: Desk, instrument: Instrument, was: int) -> None:
    """What a reduce-only order trades ends between nothing and what it was."""
    is_ = desk.record.positions.get(instrument, 0)
    reduced = min(0, was) <= is_ <= max(0, was)
    desk.expect("conditions_met", reduced, f"reduceOnly took {instrument} from {was} to {is_}")


def _pay(desk: Desk, action: Action) -> int:
    """What a fill costs, micros: the lesser of price, rounded up, and limit, rounded down."""
    limit_micros: int = action.message["limit"]
    price_nanos = sum(ratio * row.price_nanos for row, ratio in action.legs)
    at_price = -(-price_nanos * action.fill_micros // 10**9)
    pay = min(at_price, limit_micros * action.fill_micros // 10**6)
    near = price_nanos <= 1_000 * limit_micros + limits.LIMIT_TOLERANCE_NANOS
    within = pay * 10**6 <= limit_micros * action.fill_micros
    fault = f"{price_nanos} nanos, limit {limit_micros} micros, paid {pay}"
    desk.expect("limits_respected", near and within, fault)
    return pay


def _check_terms(desk: Desk, action: Action) -> None:
    order = action.message
    ids = [row.instrument.id for row, _ in action.legs]
    holds = (
        1 <= len(ids) <= limits.MAX_LEGS
        and ids == sorted(set(ids))
        and len({row.instrument.symbol for row, _ in action.legs}) == 1
        and all(0 < abs(ratio) <= limits.MAX_RATIO for _, ratio in action.legs)
        and 0 < order["quantity"] <= limits.MAX_QUANTITY_MICROS
        and order["quantity"] % limits.LOT_MICROS == 0
        and order["minFill"] % limits.LOT_MICROS == 0
        and order["minFill"] <= order["quantity"]
    )
    desk.expect("intents_well_formed", holds, f"{order}")


def _check_times(desk: Desk, action: Action) -> None:
    begun = action.message["validFrom"] <= desk.batch.time_seconds
    desk.expect("intents_in_time", begun, "settles before validFrom")
    options = [row.instrument for row, _ in action.legs if row.instrument.is_option]
    alive = all(each.expiry_seconds > desk.batch.not_after_seconds for each in options)
    desk.expect("intents_in_time", alive, "a leg expires before the batch is over")


def _check_market(desk: Desk, action: Action) -> None:
    low, high = action.message["spotMin"], action.message["spotMax"]
    if not low and not high:
        return
    symbol = action.legs[0][0].instrument.symbol
    quote = desk.batch.underlyings.get(symbol) if desk.batch.report_seconds else None
    holds = quote is not None and low <= quote.spot_micros <= (high or quote.spot_micros)
    desk.expect("conditions_met", holds, f"{symbol} between {low} and {high}, but {quote}")


def _check_lots(desk: Desk, fill: int, most: int) -> None:
    lots = 0 < fill <= most and fill % limits.LOT_MICROS == 0
    desk.expect("fills_within_quantity", lots, f"liquidates {fill} of {most}")


def _book_fill(desk: Desk, action: Action, intent_hash: bytes) -> None:
    """Hold a fill against everything that its intent and its nonce ever did."""
    order, fill, record = action.message, action.fill_micros, desk.record
    nonce, history = order["nonce"], desk.books.history
    filled_before = history.filled_micros[intent_hash]
    remaining = order["quantity"] - filled_before
    lots = fill > 0 and fill % limits.LOT_MICROS == 0
    fits = min(order["minFill"], remaining) <= fill <= remaining
    fault = f"filled {fill}, {remaining} remained, minFill {order['minFill']}"
    desk.expect("fills_within_quantity", lots and fits, fault)

    partial = record.partial(nonce)
    continues = (intent_hash, filled_before)
    if partial is None:
        fits = record.spend(nonce) and not filled_before
    else:
        fits = (partial.intent_hash, partial.filled_micros) == continues
    fits = history.claim(record.account, nonce, intent_hash) and fits and fill <= remaining
    desk.expect("settled_once", fits, f"nonce {nonce:#x}, {filled_before} filled before")
    cancelled = (record.account, nonce) in history.cancelled
    desk.expect("cancelled_stay_cancelled", not cancelled, f"nonce {nonce:#x}")

    history.filled_micros[intent_hash] += fill
    if fill >= remaining:
        desk.flows.done.add(intent_hash)
    filled = Partial(nonce, filled_before + fill, order["validUntil"], intent_hash)
    record.remember(filled, is_complete=fill >= remaining, now_seconds=desk.batch.time_seconds)
