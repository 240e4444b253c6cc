"""Every kind of action: the gas of one more of it in a batch; and what happens outside batches.

Accounts hold eight positions. Where an action needs a margin test, it is the one that a relay
would choose for it.
"""

from collections.abc import Callable
from typing import Any, Final

from gas_desk import FEE_MICROS, QUANTITY_MICROS, VALID_UNTIL_SECONDS, Desk
from gas_listing import EXPIRIES_SECONDS, SPOT_MICROS, make_report
from gas_market import CASH, Landed, Table, Trader
from gas_orders import CASH_MICROS, credit
from offbeat.instruments import Instrument, Leg
from offbeat.intents import (
    Cancel,
    Delegate,
    Intent,
    Scope,
    Transfer,
    Withdraw,
)
from offbeat.relay.packing import pack_credit
from offbeat.rulebook import Mode, Section, symbol_number

HELD: Final = 8
FEW, MANY = 2, 8
"""Batches from whose difference the gas of one more action follows."""
AMOUNT_MICROS: Final = 250_000_000
FIRST_FILL_MICROS: Final = QUANTITY_MICROS // 5
SOLD_MICROS: Final = 44_000_000
"""Calls that ruin whoever has sold them where spot doubles, but not for good."""


def measure_actions(desk: Desk) -> dict[str, int]:
    """Gas of one more action, or of the transaction where it is one of its own."""
    gas = {}
    start = desk.market.checkpoint()
    for name, act in BATCHED.items():
        few, start = act(desk, FEW).gas, desk.market.restore(start)
        many, start = act(desk, MANY).gas, desk.market.restore(start)
        gas[name] = (many - few) // (MANY - FEW)
    for name, act_alone in ALONE.items():
        gas[name], start = act_alone(desk), desk.market.restore(start)
    return gas


def _orders(desk: Desk, count: int) -> Landed:
    table = _scan_table(desk)
    return desk.land(Mode.SCAN, table, [desk.vertical(n, HELD, table) for n in range(count)])


def _delegated_orders(desk: Desk, count: int) -> Landed:
    _delegations(desk, count)
    table = _scan_table(desk)
    orders = [desk.vertical(n, HELD, table, signer=_key_of(n)) for n in range(count)]
    return desk.land(Mode.SCAN, table, orders)


def _first_fills(desk: Desk, count: int) -> Landed:
    table, fill = _scan_table(desk), FIRST_FILL_MICROS
    orders = [desk.vertical(n, HELD, table, fill_micros=fill) for n in range(count)]
    return desk.land(Mode.SCAN, table, orders)


def _last_fills(desk: Desk, count: int) -> Landed:
    nonces = [desk.next_nonce(n) for n in range(count)]
    _first_fills(desk, count)
    table, fill = _scan_table(desk), QUANTITY_MICROS - FIRST_FILL_MICROS
    orders = [
        desk.vertical(n, HELD, table, fill_micros=fill, nonce=nonces[n]) for n in range(count)
    ]
    return desk.land(Mode.SCAN, table, orders)


def _cancels(desk: Desk, count: int) -> Landed:
    return _sign(desk, Mode.HOLD, count, lambda n: Cancel(**_envelope(desk, n)))


def _delegations(desk: Desk, count: int) -> Landed:
    def delegate(n: int) -> Intent:
        key = _key_of(n).address
        return Delegate(
            delegate=key,
            scope=Scope.ORDER,
            expires_seconds=VALID_UNTIL_SECONDS,
            **_envelope(desk, n),
        )

    return _sign(desk, Mode.HOLD, count, delegate)


def _withdrawals(desk: Desk, count: int) -> Landed:
    def withdraw(n: int) -> Intent:
        to = desk.market.traders[n].address
        return Withdraw(to=to, asset=CASH, amount_micros=AMOUNT_MICROS, **_envelope(desk, n))

    return _sign(desk, Mode.STATIC, count, withdraw)


def _transfers(desk: Desk, count: int) -> Landed:
    """From each of the first traders to another one, whose section takes it."""
    table = _plain_table(desk)
    sections: list[Section] = []
    for n in range(count):
        trader, other = desk.market.traders[n], desk.market.traders[n + MANY]
        transfer = Transfer(
            to_owner=other.address,
            to_account=0,
            amount_micros=AMOUNT_MICROS,
            **_envelope(desk, n),
        )
        sections.append(desk.section(n, Mode.STATIC, table, [desk.pack(transfer, trader, table)]))
        taken = pack_credit(n, symbol_number(CASH), CASH, {})
        sections.append(desk.section(n + MANY, Mode.HOLD, table, [taken]))
    return desk.market.settle(table, sections)


def _credits(desk: Desk, count: int) -> Landed:
    for n in range(count):
        desk.market.deposit(desk.market.traders[n], CASH, CASH_MICROS)
    return credit(desk, range(count), _plain_table(desk))


def _liquidations(desk: Desk, count: int) -> Landed:
    """Odd traders sold calls to even ones, who sell some of them back once they are dear."""
    table = _scan_table(desk)
    call = table.instruments[-2]
    _trade_calls(desk, table, call, count, SOLD_MICROS, side=1)
    dear = make_report(desk.market.now_seconds, spot_micros=2 * SPOT_MICROS)
    return _trade_calls(desk, Table(table.instruments, dear), call, count, QUANTITY_MICROS, side=-1)


def _trade_calls(
    desk: Desk, table: Table, call: Instrument, count: int, quantity_micros: int, side: int
) -> Landed:
    """Even traders buy (side 1) from odd ones, or sell back to them in their liquidation."""
    sections = []
    for n in range(2 * count):
        leg = Leg(call, side if n % 2 == 0 else -side)
        terms = {"quantity_micros": quantity_micros, "fill_micros": quantity_micros}
        action = desk.trade(n, (leg,), table, **terms)
        mode = Mode.LIQUIDATE if side < 0 and n % 2 else Mode.SCAN
        sections.append(desk.section(n, mode, table, [action]))
    return desk.market.settle(table, sections)


def _expiries(desk: Desk, count: int) -> Landed:
    """Everything that these accounts hold expires, eight positions in two expiries each."""
    expiries = sorted({each.expiry_seconds for each in _plain_table(desk).instruments})
    desk.market.wait_until(expiries[-1])
    for expiry in expiries:
        desk.market.post_price(expiry, SPOT_MICROS)
    table = _plain_table(desk)
    sections = [desk.section(n, Mode.HOLD, table, []) for n in range(count)]
    return desk.market.settle(table, sections, settling=(1 << len(table.instruments)) - 1)


def _deposit(desk: Desk) -> int:
    return desk.market.deposit(desk.market.traders[0], CASH, CASH_MICROS).gas_used


def _settlement_price(desk: Desk) -> int:
    desk.market.wait_until(EXPIRIES_SECONDS[0])
    return desk.market.post_price(EXPIRIES_SECONDS[0], SPOT_MICROS).gas_used


def _claim(desk: Desk) -> int:
    market = desk.market
    lander = market.lander.address
    return market.vault.write(market.lander, "claim", lander, CASH.encode(), lander).gas_used


def _sign(desk: Desk, mode: Mode, count: int, intent_of: Callable[[int], Intent]) -> Landed:
    table = _plain_table(desk)
    actions = [desk.pack(intent_of(n), desk.market.traders[n], table) for n in range(count)]
    return desk.land(mode, table, actions)


def _envelope(desk: Desk, n: int) -> dict[str, Any]:
    """What every intent states."""
    return {
        "owner": desk.market.traders[n].address,
        "account": 0,
        "nonce": desk.next_nonce(n),
        "valid_until_seconds": VALID_UNTIL_SECONDS,
        "max_fee_micros": FEE_MICROS,
    }


def _key_of(n: int) -> Trader:
    """The key to which a trader delegates."""
    return Trader.named(f"delegate {n}")


def _plain_table(desk: Desk) -> Table:
    return desk.table(2 * MANY, HELD)


def _scan_table(desk: Desk) -> Table:
    return desk.table(2 * MANY, HELD, 512)


BATCHED: Final[dict[str, Callable[[Desk, int], Landed]]] = {
    "order": _orders,
    "order signed by a delegate": _delegated_orders,
    "order, first part": _first_fills,
    "order, last part": _last_fills,
    "cancel": _cancels,
    "credit of a deposit": _credits,
    "withdrawal, paid out": _withdrawals,
    "transfer and its credit": _transfers,
    "delegation": _delegations,
    "liquidation and the order that takes it": _liquidations,
    "expiry of eight positions": _expiries,
}
ALONE: Final[dict[str, Callable[[Desk], int]]] = {
    "deposit": _deposit,
    "settlement price": _settlement_price,
    "claim": _claim,
}
