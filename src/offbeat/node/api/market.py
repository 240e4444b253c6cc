"""What can be asked about the market: its instruments and its batches."""

from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import MAX_INTEGER, StoredBatch
from offbeat.instruments import Instrument
from offbeat.node.api.batches import contents_of, describe_batch
from offbeat.node.api.bodies import json_response
from offbeat.node.api.context import Api, Market
from offbeat.node.service import Service
from offbeat.rulebook import State
from offbeat.wire import InstrumentView, instrument_label

_PRICED_BATCHES = 16
"""How many batches are looked through for an instrument's latest clearing price."""


async def get_instruments(api: Api, request: Request) -> Response:
    """Instruments of the latest report or of anybody's account, by id."""
    view = api.service.view
    marks = (
        {} if view.report is None else {r.instrument_id: r.mark_micros for r in view.report.rows}
    )
    market = await _market(api, view.settled)
    underlying = request.query_params.get("underlying")
    shown = [
        _instrument_view(instrument, marks, market.prices_nanos)
        for instrument in map(Instrument.from_id, sorted(marks.keys() | market.held))
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


async def _market(api: Api, state: State) -> Market:
    """The market after a batch, which is looked up once."""
    known = api.markets.get(state.head)
    if known is not None:
        return known
    prices: dict[int, int] = {}
    is_told = state.number == 0
    for number in range(max(1, state.number - _PRICED_BATCHES + 1), state.number + 1):
        row = await _standing(api.service, number)
        is_told = row is not None and row.status in (BatchStatus.SETTLED, BatchStatus.FINAL)
        if row is not None and is_told:
            prices |= contents_of(row.submission, api.service.rules.domain).prices_nanos
    market = Market(frozenset(_held(state)), prices)
    if is_told:  # the journal may be a little behind the chain
        api.markets.clear()
        api.markets[state.head] = market
    return market


def _held(state: State) -> Iterator[int]:
    for account in state.accounts.values():
        for position in account.positions:
            yield position.instrument_id


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
