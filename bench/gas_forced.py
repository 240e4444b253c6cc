"""Into the queue of forced requests and out of it: gas of whole transactions.

The account holds eight options.
"""

from collections.abc import Callable
from typing import Any, Final

from gas_desk import Desk
from gas_listing import make_report
from offbeat.chain import ForcedQueue
from offbeat.core import limits
from offbeat.core.ports import Receipt
from offbeat.instruments import Leg
from offbeat.intents import Intent, Order, Withdraw, report_digest, sign
from offbeat.rulebook import ForcedItem, check_force, clearance, force

HELD: Final = 8
LASTING_SECONDS: Final = 2 * limits.FORCED_LIFE_SECONDS
NAKED_MICROS: Final = 10**12
"""Contracts (of 1e-6) that nobody here could sell."""


def measure_forced(desk: Desk) -> dict[str, int]:
    """Gas by what is done."""
    gas, start = {}, desk.market.checkpoint()
    for name, act in ACTS.items():
        gas[name], start = act(desk).gas_used, desk.market.restore(start)
    return gas


def _withdrawal(desk: Desk) -> Receipt:
    return _force(desk, _all_and(desk, 0))


def _order(desk: Desk) -> Receipt:
    return _force(desk, _naked(desk))


def _clear_lapsed(desk: Desk) -> Receipt:
    _force(desk, _all_and(desk, 0))
    return _clear(desk, limits.FORCED_LIFE_SECONDS + 1)


def _clear_impossible(desk: Desk) -> Receipt:
    _force(desk, _all_and(desk, 1))
    return _clear(desk, limits.INBOX_DELAY_SECONDS)


def _clear_unhealthy(desk: Desk) -> Receipt:
    _force(desk, _naked(desk))
    return _clear(desk, limits.INBOX_DELAY_SECONDS, with_report=True)


def _all_and(desk: Desk, more_micros: int) -> Withdraw:
    """A withdrawal of all cash, and of more than that."""
    amount_micros = desk.record(0).cash_micros + more_micros
    owner = desk.market.traders[0].address
    return Withdraw(to=owner, asset="USDC", amount_micros=amount_micros, **_envelope(desk))


def _naked(desk: Desk) -> Order:
    """Sell a strategy of two legs for nothing."""
    legs = tuple(Leg(each, -1) for each in desk.options_of(0, HELD)[:2])
    return Order(legs=legs, quantity_micros=NAKED_MICROS, limit_micros=0, **_envelope(desk))


def _envelope(desk: Desk) -> dict[str, Any]:
    return {
        "owner": desk.market.traders[0].address,
        "account": 0,
        "nonce": desk.next_nonce(0),
        "valid_until_seconds": desk.market.now_seconds + LASTING_SECONDS,
        "max_fee_micros": 0,
    }


def _force(desk: Desk, intent: Intent) -> Receipt:
    market = desk.market
    signed = sign(intent, market.traders[0].key, market.domain)
    receipt = _queue(desk).force(signed)
    item = check_force(market.state, signed, market.now_seconds, number=1)
    assert isinstance(item, ForcedItem), item
    market.state = force(market.state, item)
    return receipt


def _clear(desk: Desk, after_seconds: int, *, with_report: bool = False) -> Receipt:
    market = desk.market
    market.wait_until(market.now_seconds + after_seconds)
    report = make_report(market.now_seconds) if with_report else None
    assert clearance(market.state, market.now_seconds, report) is None
    if report is None:
        return _queue(desk).clear(market.state)
    stated = report.timestamp_seconds, report.underlyings_hash, report.rows_root
    attestation = market.attest(report_digest(*stated, market.domain))
    return _queue(desk).clear(market.state, report, attestation)


def _queue(desk: Desk) -> ForcedQueue:
    return ForcedQueue(desk.market.lander, desk.market.deployment)


ACTS: Final[dict[str, Callable[[Desk], Receipt]]] = {
    "force a withdrawal": _withdrawal,
    "force an order of two legs": _order,
    "clear what has lapsed": _clear_lapsed,
    "clear what the account lacks": _clear_impossible,
    "clear what its health forbids, under a report of 512 rows": _clear_unhealthy,
}
