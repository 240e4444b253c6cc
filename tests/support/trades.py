"""Trades for random batches: who takes which side of which strategy, at what price."""

from dataclasses import dataclass

from drafting import Act
from drawing import Hand
from founding import SYMBOLS
from hypothesis import strategies as st
from market import SPOT_MICROS, universe

from offbeat.core import ceil_div, limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Order, Scope, intent_hash

LOT = limits.LOT_MICROS


@dataclass(slots=True)
class Side:
    """What one account is to fill; ``order`` is one that is filled further."""

    account: int
    legs: tuple[Leg, ...]
    fill_micros: int
    order: Order | None = None

    @property
    def symbol(self) -> str:
        """The underlying."""
        return self.legs[0].instrument.underlying


def draw_sides(hand: Hand) -> list[Side]:
    """Two or more sides of one strategy that balance in every instrument."""
    side = _open_side(hand) if hand.one_of(False, True) else None
    side = side or _new_side(hand)
    shape = hand.one_of("mirrored", "split", "unbundled")
    fill, account = side.fill_micros, hand.account
    opposite = tuple(Leg(leg.instrument, -leg.ratio) for leg in side.legs)
    if shape == "unbundled":
        others = [
            Side(
                account(),
                (Leg(leg.instrument, 1 if leg.ratio > 0 else -1),),
                abs(leg.ratio) * fill,
            )
            for leg in opposite
        ]
    elif shape == "split" and fill > LOT:
        first = fill // LOT // 2 * LOT
        others = [Side(account(), opposite, part) for part in (first, fill - first)]
    else:
        others = [Side(account(), opposite, fill)]
    return [side, *others]


def _new_side(hand: Hand) -> Side:
    alive = [
        each
        for each in universe(hand.one_of(*SYMBOLS), hand.start_seconds)
        if each.kind is not Kind.SPOT and each.expiry_seconds > hand.draft.not_after_seconds
    ]
    if hand.rarely():
        alive.append(Instrument.spot(alive[0].underlying))
    chosen = hand.draw(st.lists(st.sampled_from(alive), min_size=1, max_size=4, unique=True))
    ratios = (1, -1, 2, -2, 3)
    legs = tuple(Leg(each, hand.one_of(*ratios)) for each in sorted(chosen))
    return Side(hand.account(), legs, LOT * hand.one_of(1, 2, 100, 777, 1_000, 5_000))


def _open_side(hand: Hand) -> Side | None:
    """More of an order that was filled in part, if there is one that still lives."""
    account = hand.account()
    for partial in hand.draft.state.account(account).partials:
        act = hand.known.get(partial.intent_hash)
        if act is None or not isinstance(act.intent, Order):
            continue
        order = act.intent
        left = order.quantity_micros - partial.filled_micros
        fill = hand.one_of(left, LOT, min(left, 2 * LOT))
        first = order.legs[0].instrument
        if first.kind is Kind.SPOT or first.expiry_seconds > hand.draft.not_after_seconds:
            return Side(account, order.legs, fill, order)
    return None


def set_prices(hand: Hand, sides: list[Side]) -> None:
    """A clearing price for each instrument, within the limits of the orders that go on."""
    prices = hand.draft.prices_nanos
    for side in sides:
        for leg in side.legs:
            spot_micros = SPOT_MICROS[leg.instrument.underlying]
            prices.setdefault(
                leg.instrument.id,
                hand.one_of(50 * spot_micros, 0, 1, 3 * spot_micros + 7, -50 * spot_micros),
            )
    for side in sides:
        if side.order is not None:
            excess = _net_price(hand, side.legs) - 1_000 * side.order.limit_micros
            leg = side.legs[0]
            if excess > 0:
                step = ceil_div(excess, abs(leg.ratio))
                prices[leg.instrument.id] -= step if leg.ratio > 0 else -step


def _net_price(hand: Hand, legs: tuple[Leg, ...]) -> int:
    return sum(leg.ratio * hand.draft.prices_nanos[leg.instrument.id] for leg in legs)


def add_order(hand: Hand, side: Side) -> None:
    """A side's order, signed anew unless it goes on."""
    order = side.order or _order(hand, side)
    known = side.order and hand.known[intent_hash(order, hand.draft.world.domain)]
    key = known.key if known else hand.key(side.account, Scope.ORDER)
    bound = order.max_fee_micros * side.fill_micros // order.quantity_micros
    fee = hand.one_of(bound, bound // 2)
    hand.draft.part(side.account).acts.append(Act(order, side.fill_micros, fee, key))


def _order(hand: Hand, side: Side) -> Order:
    draft = hand.draft
    quantity = side.fill_micros + hand.one_of(0, 0, LOT, side.fill_micros)
    spot_min, spot_max = _spot_bounds(hand, side.symbol)
    slack = hand.one_of(0, 1, 10**6)
    price = _net_price(hand, side.legs)
    limit = ceil_div(price - (1_000 if hand.rarely() else 0), 1_000)
    return Order(
        **hand.envelope(side.account),
        legs=side.legs,
        quantity_micros=quantity,
        min_fill_micros=hand.one_of(0, LOT, side.fill_micros),
        limit_micros=limit + slack,
        valid_from_seconds=hand.one_of(0, draft.time_seconds),
        spot_min_micros=spot_min,
        spot_max_micros=spot_max,
        reduce_only=_reduces(hand, side) and hand.one_of(False, True),
    )


def _spot_bounds(hand: Hand, symbol: str) -> tuple[int, int]:
    if hand.draft.report is None or not hand.rarely():
        return 0, 0
    spot = hand.report([symbol]).underlyings[0].spot_micros
    return hand.one_of((spot, spot), (1, 0), (0, spot), (spot - 1, spot + 1))


def _reduces(hand: Hand, side: Side) -> bool:
    record = hand.draft.state.account(side.account)
    for leg in side.legs:
        held = record.quantity_of(leg.instrument.id)
        after = held + leg.ratio * side.fill_micros
        if not min(0, held) <= after <= max(0, held):
            return False
    return True
