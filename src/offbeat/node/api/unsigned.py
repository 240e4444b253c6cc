"""What is not signed yet, or not rightly: margin beforehand, and why a signature is refused."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, Raw, Struct, UnsetType, convert, json
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput, Reason, Refused, ceil_div, limits
from offbeat.instruments import Instrument
from offbeat.intents import Domain, Intent, Order, explain, typed_data, verify
from offbeat.margin import scan_test, static_test
from offbeat.node.api.bodies import decode, hex_bytes, json_response, read_body
from offbeat.node.api.context import Api
from offbeat.oracle import Report
from offbeat.rulebook import account_id
from offbeat.wire import Health, MarginView, SignatureView, signed_from_json

_ANY_SIGNATURE: Final = f"0x{'11' * 64}1b"


class _Body(Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A signed body, whose signature may be anything."""

    primary_type: str
    message: Raw
    signature: str = _ANY_SIGNATURE
    domain: Raw | UnsetType = UNSET


class _Question(Struct):
    """:class:`offbeat.wire.MarginQuestion`, whose orders stay text."""

    account_id: str
    orders: list[Raw]


async def simulate_margin(api: Api, request: Request) -> Response:
    """Margin before, and after orders have filled in full at their limits and paid their maxFee."""
    question = decode(await read_body(request, api.limits), _Question)
    most = api.limits.max_simulated_orders
    if len(question.orders) > most:
        raise InvalidInput("array_length", f"ask about at most {most} orders")
    account = int.from_bytes(hex_bytes(question.account_id, 24, "an account id"))
    orders = [_read_order(text, account, api.service.rules.domain) for text in question.orders]
    view = api.service.view
    record = view.settled.account(account)
    before = Counter({each.instrument_id: each.quantity_micros for each in record.positions})
    after, cash_after = before.copy(), record.cash_micros
    for order in orders:
        paid = order.limit_micros * order.quantity_micros // limits.QUANTITY_SCALE
        cash_after -= paid + order.max_fee_micros
        for leg in order.legs:
            after[leg.instrument.id] += leg.ratio * order.quantity_micros
    return json_response(
        MarginView(
            before=_health(before, record.cash_micros, view.report),
            after=_health(after, cash_after, view.report),
            cash_after_micros=str(cash_after),
        )
    )


async def debug_signature(api: Api, request: Request) -> Response:
    """Every step of checking a signature, and why it is refused."""
    body = decode(await read_body(request, api.limits), _Body)
    domain, view = api.service.rules.domain, api.service.view
    intent = _read_intent(replace(body, signature=_ANY_SIGNATURE), domain)
    signature = _any_bytes(body.signature)
    reason = verify(
        intent,
        signature,
        domain,
        holds_until_seconds=view.block.timestamp_seconds,
        delegations=lambda owner, key: view.settled.grants.get((owner, key)),
    )
    steps = explain(intent, signature, domain).as_json()
    verdict = {"valid": reason is None, "reason": reason, "typedData": typed_data(intent, domain)}
    return json_response(convert(steps | verdict, SignatureView))


def _read_order(text: Raw, account: int, domain: Domain) -> Order:
    order = _read_intent(_Body("Order", text), domain)
    assert isinstance(order, Order), "asked for as an order"
    if account_id(order.owner, order.account) != account:
        raise InvalidInput("account_mismatch", "an order is for another account")
    return order


def _read_intent(body: _Body, domain: Domain) -> Intent:
    text = {"primaryType": body.primary_type, "message": body.message, "signature": body.signature}
    said: dict[str, Any] = {} if body.domain is UNSET else {"domain": body.domain}
    return signed_from_json(json.encode(text | said), domain).intent


def _any_bytes(text: str) -> bytes:
    """A signature of any length."""
    return hex_bytes(text, max(0, len(text) - 2) // 2, "a signature")


def _health(quantities: Mapping[int, int], cash_micros: int, report: Report | None) -> Health:
    """Both tests; raises :class:`Refused` with code ``spot_negative``."""
    holdings = [(Instrument.from_id(each), held) for each, held in quantities.items() if held]
    try:
        static = static_test(holdings, cash_micros)
    except InvalidInput as error:
        raise Refused(Reason.SPOT_NEGATIVE, error.message) from error
    deficit = static.deficit_picos
    return Health(
        static_passes=static.passes,
        static_deficit=None if deficit is None else str(max(0, deficit)),
        **_scan(holdings, cash_micros, report),
    )


def _scan(
    holdings: list[tuple[Instrument, int]], cash_micros: int, report: Report | None
) -> dict[str, Any]:
    rows = {} if report is None else {row.instrument_id: row for row in report.rows}
    scales = {} if report is None else {each.symbol: each for each in report.underlyings}
    if report is None or not all(instrument.id in rows for instrument, _ in holdings):
        return {"scan_passes": None, "scan_deficit": None}
    deficit = scan_test(holdings, cash_micros, rows, scales).deficit(limits.INITIAL_MARGIN_BPS)
    return {
        "scan_passes": deficit <= 0,
        "scan_deficit": str(max(0, ceil_div(deficit, limits.BPS))),
    }
