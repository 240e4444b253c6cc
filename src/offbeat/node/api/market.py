"""What can be asked about the market: its instruments and its batches."""

from collections import Counter
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import MAX_INTEGER, StoredBatch
from offbeat.instruments import Instrument
from offbeat.node.api.batches import contents_of, describe_batch
from offbeat.node.api.bodies import json_response
from offbeat.node.api.context import Api, Market
from offbeat.node.api.quotes import NO_QUOTE, Quote
from offbeat.node.api.reading import whole_query
from offbeat.node.service import Service
from offbeat.rulebook import State
from offbeat.wire import InstrumentView, instrument_label, report_to_json

MAX_BATCH_NUMBER = 10**9 - 1
_PRICED_BATCHES = 16
"""How many batches are looked through for an instrument's latest clearing price."""


async def get_instruments(api: Api, request: Request) -> Response:
    """Instruments of the latest report or of anybody's account, by id."""
    view = api.service.view
    marks = (
        {} if view.report is None else {r.instrument_id: r.mark_micros for r in view.report.rows}
    )
    market = await _market(api, view.settled)
    quotes = await api.quotes.latest()
    underlying = request.query_params.get("underlying")
    shown = [
        _instrument_view(instrument, marks, market, quotes.get(instrument.id, NO_QUOTE))
        for instrument in map(Instrument.from_id, sorted(marks.keys() | market.held_micros.keys()))
        if underlying in (None, instrument.underlying)
    ]
    return json_response(shown)


async def get_report(api: Api, _: Request) -> Response:
    """The latest oracle report, with everything that its rows follow from."""
    report = api.service.view.report
    if report is None:
        raise InvalidInput("report_unknown", "this relay has seen no oracle report yet")
    return json_response(report_to_json(report))


async def get_batches(api: Api, request: Request) -> Response:
    """Batches from the latest down, page by page; void ones where no other has their number."""
    limit = whole_query(request, "limit", 20, api.limits.max_batches)
    # One may be certified beyond what has settled.
    latest = api.service.view.settled.number + 1
    highest = min(latest, whole_query(request, "highest", latest, MAX_BATCH_NUMBER))
    numbers = range(highest, max(0, highest - limit), -1)
    rows = [await _standing(api.service, number) for number in numbers]
    return json_response([await describe_batch(api.service, row) for row in rows if row])


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
    market = Market(_held_micros(state), prices)
    if is_told:  # the journal may be a little behind the chain
        api.markets.clear()
        api.markets[state.head] = market
    return market


def _held_micros(state: State) -> Counter[int]:
    """What is held long of everything that anybody holds."""
    held: Counter[int] = Counter()
    for account in state.accounts.values():
        for position in account.positions:
            held[position.instrument_id] += max(0, position.quantity_micros)
    return held


def _instrument_view(
    instrument: Instrument, marks: Mapping[int, int], market: Market, quote: Quote
) -> InstrumentView:
    mark, price = marks.get(instrument.id), market.prices_nanos.get(instrument.id)
    return InstrumentView(
        instrument_id=f"{instrument.id:#034x}",
        instrument_name=instrument_label(instrument.id),
        underlying=instrument.underlying,
        kind=instrument.kind.name.lower(),
        expiry_seconds=str(instrument.expiry_seconds),
        strike_micros=str(instrument.strike_micros),
        mark_micros=_text(mark),
        clearing_price_nanos=_text(price),
        best_bid_micros=_text(quote.bid_micros),
        best_ask_micros=_text(quote.ask_micros),
        open_interest_micros=str(market.held_micros.get(instrument.id, 0)),
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
