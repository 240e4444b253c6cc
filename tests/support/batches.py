"""Random batches, mostly in order, over whatever the world has become.

The shape (who trades what with whom, how nonces move, what else is signed) is drawn choice by
choice, so that hypothesis can shrink it; the numbers of a report come from one drawn seed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coincurve import PrivateKey
from drafting import Act, Claim, Draft, Part
from hypothesis import strategies as st
from market import ACCOUNTS, HOUR_SECONDS, SPOT_MICROS, report, universe
from people import DAVE, DESK, ERIN, ROBOT, STRANGER
from world import CASH, SYMBOLS, World

from offbeat.core import Reason, ceil_div, limits
from offbeat.instruments import Instrument, Kind, Leg, intrinsic_micros
from offbeat.intents import (
    Cancel,
    Delegate,
    Intent,
    Lane,
    Order,
    Scope,
    Transfer,
    Withdraw,
    intent_hash,
    make_nonce,
    spend,
)
from offbeat.oracle import Report
from offbeat.rulebook import GROUP_SHIFT, Fault, Mode, Rejected, inspect, symbol_number

Draw = Callable[..., Any]
LOT = limits.LOT_MICROS
FAR_SECONDS = 2**64 - 1
NEWCOMERS = (DAVE.account(3), ERIN.account(2**32 - 1), STRANGER.account())
"""Accounts that nobody has touched yet."""


@dataclass(slots=True)
class Side:
    """What one account is to fill; ``order`` is one that is filled further."""

    account: int
    legs: tuple[Leg, ...]
    fill_micros: int
    order: Order | None = None


@dataclass(slots=True)
class Maker:
    """Draws one draft. ``known`` are the orders seen so far, by intent hash."""

    draw: Draw
    draft: Draft
    start_seconds: int
    known: dict[bytes, Act]
    report_seconds: int
    seed: int
    lanes: dict[int, tuple[Lane, ...]] = field(default_factory=dict)

    def one_of(self, *options: Any) -> Any:
        """One of some values; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def rarely(self) -> bool:
        """True one time in eight."""
        return self.one_of(*[False] * 7, True)

    # Trades -------------------------------------------------------------------------------

    def trade(self) -> list[Side]:
        """Two or more sides of one strategy that balance in every instrument."""
        side = self._open_side() if self.one_of(False, True) else None
        side = side or self._new_side()
        shape = self.one_of("mirrored", "split", "unbundled")
        fill, account = side.fill_micros, self._account
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

    def _account(self) -> int:
        return self.one_of(*ACCOUNTS)

    def _new_side(self) -> Side:
        alive = [
            each
            for each in universe(self.one_of(*SYMBOLS), self.start_seconds)
            if each.kind is not Kind.SPOT and each.expiry_seconds > self.draft.not_after_seconds
        ]
        if self.rarely():
            alive.append(Instrument.spot(alive[0].underlying))
        chosen = self.draw(st.lists(st.sampled_from(alive), min_size=1, max_size=4, unique=True))
        ratios = (1, -1, 2, -2, 3)
        legs = tuple(Leg(each, self.one_of(*ratios)) for each in sorted(chosen))
        return Side(self._account(), legs, LOT * self.one_of(1, 2, 100, 777, 1_000, 5_000))

    def _open_side(self) -> Side | None:
        """More of an order that was filled in part, if there is one that still lives."""
        account = self._account()
        for partial in self.draft.state.account(account).partials:
            act = self.known.get(partial.intent_hash)
            if act is None or not isinstance(act.intent, Order):
                continue
            order = act.intent
            left = order.quantity_micros - partial.filled_micros
            fill = self.one_of(left, LOT, min(left, 2 * LOT))
            first = order.legs[0].instrument
            if first.kind is Kind.SPOT or first.expiry_seconds > self.draft.not_after_seconds:
                return Side(account, order.legs, fill, order)
        return None

    def set_prices(self, sides: list[Side]) -> None:
        """A clearing price for each instrument, within the limits of the orders that go on."""
        prices = self.draft.prices_nanos
        for side in sides:
            for leg in side.legs:
                spot_micros = SPOT_MICROS[leg.instrument.underlying]
                prices.setdefault(
                    leg.instrument.id,
                    self.one_of(50 * spot_micros, 0, 1, 3 * spot_micros + 7, -50 * spot_micros),
                )
        for side in sides:
            if side.order is not None:
                excess = self._net_price(side.legs) - 1_000 * side.order.limit_micros
                leg = side.legs[0]
                if excess > 0:
                    step = ceil_div(excess, abs(leg.ratio))
                    prices[leg.instrument.id] -= step if leg.ratio > 0 else -step

    def _net_price(self, legs: tuple[Leg, ...]) -> int:
        return sum(leg.ratio * self.draft.prices_nanos[leg.instrument.id] for leg in legs)

    def add_order(self, side: Side) -> None:
        """A side's order, signed anew unless it goes on."""
        order = side.order or self._order(side)
        known = side.order and self.known[intent_hash(order, self.draft.world.domain)]
        key = known.key if known else self._key(side.account, Scope.ORDER)
        bound = order.max_fee_micros * side.fill_micros // order.quantity_micros
        fee = self.one_of(bound, bound // 2)
        self.draft.part(side.account).acts.append(Act(order, side.fill_micros, fee, key))

    def _order(self, side: Side) -> Order:
        draft = self.draft
        quantity = side.fill_micros + self.one_of(0, 0, LOT, side.fill_micros)
        spot_min, spot_max = self._spot_bounds(side.legs[0].instrument.underlying)
        slack = self.one_of(0, 1, 10**6)
        price = self._net_price(side.legs)
        limit = ceil_div(price - (1_000 if self.rarely() else 0), 1_000)
        return Order(
            **self._envelope(side.account),
            legs=side.legs,
            quantity_micros=quantity,
            min_fill_micros=self.one_of(0, LOT, side.fill_micros),
            limit_micros=limit + slack,
            valid_from_seconds=self.one_of(0, draft.time_seconds),
            spot_min_micros=spot_min,
            spot_max_micros=spot_max,
            reduce_only=self._reduces(side) and self.one_of(False, True),
        )

    def _spot_bounds(self, symbol: str) -> tuple[int, int]:
        if self.draft.report is None or not self.rarely():
            return 0, 0
        spot = self.report([symbol]).underlyings[0].spot_micros
        return self.one_of((spot, spot), (1, 0), (0, spot), (spot - 1, spot + 1))

    def _reduces(self, side: Side) -> bool:
        record = self.draft.state.account(side.account)
        for leg in side.legs:
            held = record.quantity_of(leg.instrument.id)
            after = held + leg.ratio * side.fill_micros
            if not min(0, held) <= after <= max(0, held):
                return False
        return True

    # What every intent has ----------------------------------------------------------------

    def _envelope(self, account: int) -> dict[str, Any]:
        until = self.draft.not_after_seconds + self.one_of(1_000, 0, 20, HOUR_SECONDS)
        return {
            "owner": (account >> 32).to_bytes(20),
            "account": account & 0xFFFFFFFF,
            "nonce": self._nonce(account),
            "valid_until_seconds": FAR_SECONDS if self.rarely() else until,
            "max_fee_micros": self.one_of(1_000, 0, 1, 10**6),
        }

    def _nonce(self, account: int) -> int:
        """Usually the next number of some lane; sometimes one at or beyond the window's edge."""
        lanes = self.lanes.get(account, self.draft.state.account(account).lanes)
        index = self.one_of(*range(min(len(lanes) + 1, limits.MAX_LANES)))
        lane = lanes[index] if index < len(lanes) else Lane()
        offset = (~lane.bitmap & lane.bitmap + 1).bit_length() - 1
        if self.rarely():
            offset = self.one_of(254, 255, 256, 257, 511, 10_000)
        nonce = make_nonce(index, min(lane.floor + offset, 2**56 - 1))
        after = spend(lanes, nonce)
        self.lanes[account] = lanes if isinstance(after, Reason) else after
        return nonce

    def _key(self, account: int, scope: Scope) -> PrivateKey | None:
        """A delegate that may sign, where there is one and it so falls; ``None`` is the owner."""
        owner, grants = (account >> 32).to_bytes(20), self.draft.state.grants
        for delegate in (DESK, ROBOT):
            grant = grants.get((owner, delegate.address))
            holds = grant and grant.expires_seconds >= self.draft.not_after_seconds
            if grant and holds and grant.scope & scope and self.one_of(True, False):
                return delegate.key
        return STRANGER.key if self.rarely() and self.rarely() else None

    # Everything else ----------------------------------------------------------------------

    def take_credits(self) -> None:
        """The next items of the inbox: what is due, and as many more as it falls."""
        draft, state = self.draft, self.draft.state
        pending = [state.inbox[n] for n in sorted(state.inbox)][: limits.MAX_CREDITS]
        due = draft.time_seconds - limits.INBOX_DELAY_SECONDS
        n_due = sum(item.enqueued_at_seconds <= due for item in pending)
        draft.n_credits = self.draw(st.integers(n_due, len(pending)))
        for index, item in enumerate(draft.items):
            symbol = item.symbol.to_bytes(5).rstrip(b"\0").decode()
            part = draft.part(int.from_bytes(item.owner) << 32 | item.index)
            part.acts.append(Claim(index, symbol))

    def sign_something(self) -> None:
        """A cancel, a withdrawal or a delegation."""
        account = self._account()
        kind = self.one_of(Cancel, Withdraw, Delegate)
        envelope = self._envelope(account)
        key = None
        intent: Intent
        if kind is Cancel:
            partials = self.draft.state.account(account).partials
            if partials and self.one_of(True, False):
                envelope["nonce"] = self.one_of(*(partial.nonce for partial in partials))
            intent, key = Cancel(**envelope), self._key(account, Scope.CANCEL)
        elif kind is Withdraw:
            to = self.one_of(envelope["owner"], STRANGER.address)
            asset, amount = self._withdrawal(account)
            intent = Withdraw(**envelope, to=to, asset=asset, amount_micros=amount)
            key = self._key(account, Scope.WITHDRAW)
        else:
            soon = self.draft.not_after_seconds
            intent = Delegate(
                **envelope,
                delegate=self.one_of(DESK, ROBOT).address,
                scope=self.one_of(15, 1, 3, 6),
                expires_seconds=self.one_of(soon + HOUR_SECONDS, 0, soon + 1, FAR_SECONDS),
            )
        fee = self.one_of(envelope["max_fee_micros"], 0)
        self.draft.part(account).acts.append(Act(intent, fee_micros=fee, key=key))

    def _withdrawal(self, account: int) -> tuple[str, int]:
        record = self.draft.state.account(account)
        symbols = [s for s in SYMBOLS if record.quantity_of(Instrument.spot(s).id) > 0]
        asset = self.one_of(CASH, *symbols)
        held = record.cash_micros
        if asset != CASH:
            held = record.quantity_of(Instrument.spot(asset).id)
        return asset, max(1, self.one_of(1, held // 10, held // 2))

    def add_transfer(self) -> None:
        """Cash from one section's account to a later one's."""
        parts = self.draft.parts
        source = self.draw(st.integers(0, len(parts) - 1))
        later = [part.account for part in parts[source:]]
        fresh = [each for each in NEWCOMERS if each not in {p.account for p in parts}]
        target = self.one_of(*later, *fresh)
        account = parts[source].account
        envelope = self._envelope(account)
        intent = Transfer(
            **envelope,
            to_owner=(target >> 32).to_bytes(20),
            to_account=target & 0xFFFFFFFF,
            amount_micros=self.one_of(1, 10**6, 10**9),
        )
        key = self._key(account, Scope.TRANSFER)
        parts[source].acts.append(Act(intent, fee_micros=envelope["max_fee_micros"], key=key))
        self.draft.part(target)

    def settle_expired(self) -> None:
        """Bring some accounts with expired positions, debtors first, and settle."""
        draft, state = self.draft, self.draft.state
        for account, record in state.accounts.items():
            groups = {p.instrument_id >> GROUP_SHIFT for p in record.positions} & state.pots.keys()
            if groups and self.one_of(True, False):
                draft.part(account)
            if groups and draft.part(account) and self.one_of(True, True, False):
                draft.settling |= groups
        if not draft.settling:
            return
        for part in draft.parts:
            for group in draft.settling:
                if not self.rarely():
                    part.opens.add(group >> 32 << 88)
        if not self.rarely():
            draft.parts.sort(key=self._due_picos)

    def _due_picos(self, part: Part) -> int:
        state = self.draft.state
        return sum(
            position.quantity_micros
            * intrinsic_micros(Instrument.from_id(position.instrument_id), pot.price_micros)
            for position in state.account(part.account).positions
            if (pot := state.pots.get(position.instrument_id >> GROUP_SHIFT))
        )

    # The whole ----------------------------------------------------------------------------

    def report(self, symbols: list[str]) -> Report:
        return report(symbols, self.start_seconds, self.report_seconds, seed=self.seed)

    def finish(self) -> None:
        """A report for what is there, and modes that the accounts pass, where there are any."""
        draft = self.draft
        symbols = [s for s in SYMBOLS if symbol_number(s) in {row >> 88 for row in draft.rows}]
        complete = self.report(symbols) if symbols else None
        draft.report = complete if draft.report else None
        for part in draft.parts:
            part.mode = self.one_of(Mode.SCAN, Mode.STATIC, Mode.HOLD, Mode.REDUCE)
        if not self._heal() and not self.rarely():
            draft.report = complete
            self._heal()

    def _heal(self) -> bool:
        """Try every mode on accounts that do not pass; whether all do now."""
        faults: tuple[Fault, ...] | Rejected = ()
        for mode in (Mode.STATIC, Mode.HOLD, Mode.REDUCE, Mode.SCAN):
            faults = inspect(self.draft.state, self.draft.batch().encode())
            for fault in faults if isinstance(faults, tuple) else ():
                if fault.reason in (Reason.UNHEALTHY, Reason.REPORT_MISSING):
                    self.draft.parts[fault.section].mode = mode
        return not faults


@st.composite
def drafts(draw: Draw, world: World, start_seconds: int, known: dict[bytes, Act]) -> Draft:
    """A draft for the world as it stands."""
    state = world.state
    time = max(state.time_seconds, world.now - draw(st.sampled_from((0, 0, 1, 30))))
    life = max(world.now - time, draw(st.sampled_from((300, 600, 60))))
    draft = Draft(world, time, life_seconds=life)
    age = draw(st.sampled_from((0, 0, 10, 300)))
    when = max(state.report_time_seconds, time - age)
    maker = Maker(draw, draft, start_seconds, known, when, draw(st.integers(0, 2**32)))
    if maker.one_of(True, True, True, False):
        draft.report = maker.report(["ETH"])
    maker.take_credits()
    sides = [side for _ in range(maker.one_of(1, 2, 0)) for side in maker.trade()]
    maker.set_prices(sides)
    for side in sides:
        maker.add_order(side)
    for _ in range(maker.one_of(0, 1, 2)):
        maker.sign_something()
    if state.pots:
        maker.settle_expired()
    if draft.parts and maker.one_of(False, True):
        maker.add_transfer()
    draft.claim_transfers()
    maker.finish()
    return draft
