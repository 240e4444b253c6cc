"""What can be asked about the market: its instruments and its batches."""

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import MAX_INTEGER, StoredBatch
from offbeat.instruments import Instrument
from offbeat.node.api.batches import contents_of, describe_batch
from offbeat.node.api.bodies import json_response
from offbeat.node.api.context import Api
from offbeat.node.service import Service, View
from offbeat.wire import InstrumentView, instrument_label

_PRICED_BATCHES = 16
"""How many batches are looked through for an instrument's latest clearing price."""


async def get_instruments(api: Api, request: Request) -> Response:
    """Instruments of the latest report or of anybody's account, by id."""
    view = api.service.view
    marks = (
        {} if view.report is None else {r.instrument_id: r.mark_micros for r in view.report.rows}
    )
    prices = await _latest_prices(api.service, view.settled.number)
    underlying = request.query_params.get("underlying")
    shown = [
        _instrument_view(instrument, marks, prices)
        for instrument in map(Instrument.from_id, sorted(marks.keys() | _held(view)))
        if underlying in (None, instrument.underlying)
    ]
    return json_response(shown)


async def get_batch(api: Api, request: Request) -> Response:
    """The batch with a number: the one that stands, else the latest that was void."""
    text = request.path_params["number"]
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= MAX_INTEGER):
        raise InvalidInput("parameter_invalid", "a batch number is a whole number of 63 bits")
    row = await _standing(api.service, int(text))
    if row is None:
        raise InvalidInput("batch_unknown", "this relay has no batch with that number")
    return json_response(await describe_batch(api.service, row))


async def _standing(service: Service, number: int) -> StoredBatch | None:
    rows = list(await service.store.batches(number))
    standing = [row for row in rows if row.status is not BatchStatus.VOID] or rows
    return standing[-1] if standing else None


async def _latest_prices(service: Service, last: int) -> Mapping[int, int]:
    """The clearing price of each instrument that a recent batch has traded."""
    prices: dict[int, int] = {}
    for number in range(max(1, last - _PRICED_BATCHES + 1), last + 1):
        row = await _standing(service, number)
        if row is not None and row.status in (BatchStatus.SETTLED, BatchStatus.FINAL):
            prices |= contents_of(row.submission, service.rules.domain).prices_nanos
    return prices


def _held(view: View) -> Iterable[int]:
    return {
        position.instrument_id
        for account in view.settled.accounts.values()
        for position in account.positions
    }


def _instrument_view(
    instrument: Instrument, marks: Mapping[int, int], prices: Mapping[int, int]
) -> InstrumentView:
    mark, price = marks.get(instrument.id), prices.get(instrument.id)
    return InstrumentView(
        instrument_id=f"{instrument.id:#034x}",
        instrument_name=instrument_label(instrument.id),
        underlying=instrument.underlying,
        kind=instrument.kind.name.lower(),
        expiry_seconds=str(instrument.expiry_seconds),
        strike_micros=str(instrument.strike_micros),
        mark_micros=None if mark is None else str(mark),
        clearing_price_nanos=None if price is None else str(price),
    )
