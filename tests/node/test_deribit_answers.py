"""Answers in the shapes of Deribit's public API, made from a real book, served over HTTP."""

import asyncio
import copy
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_server import http_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from offbeat.core import InvalidInput, Unavailable
from offbeat.node.reporter import DeribitSource
from offbeat.node.reporter.deribit import (
    market_view,
    read_index_micros,
    read_instruments,
    read_summaries,
)
from offbeat.node.reporter.fetch import MAX_ANSWER_BYTES, fetch_json
from offbeat.oracle import MarketView, QuoteFilter, report_of, wrong_rows
from offbeat.sim.book_report import book_time_seconds
from offbeat.sim.book_surface import book_spot_micros
from offbeat.sim.deribit_csv import BookRow, read_order_book

QUOTES = QuoteFilter()
MICROS = 10**6


@pytest.fixture(scope="module")
def book(data_dir: Path) -> list[BookRow]:
    rows = read_order_book(data_dir / "eth_options_2023-11-20" / "order_book.csv").rows
    first = sorted({row.instrument.expiry_seconds for row in rows})[2:5]
    return [row for row in rows if row.instrument.expiry_seconds in first]


@pytest.fixture
def answers(book: list[BookRow]) -> dict[str, Any]:
    """The three answers, as JSON-RPC wraps them."""

    def wrapped(result: object) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "result": result, "usIn": 1, "usOut": 2, "usDiff": 1}

    instruments = [
        {
            "instrument_name": row.instrument.name,
            "kind": "option",
            "is_active": True,
            "base_currency": "ETH",
            "strike": row.instrument.strike_micros / MICROS,
            "option_type": row.instrument.kind.name.lower(),
            "expiration_timestamp": row.instrument.expiry_seconds * 1_000,
        }
        for row in book
    ]
    summaries = [
        {
            "instrument_name": row.instrument.name,
            "underlying_price": row.forward_micros / MICROS,
            "bid_price": row.bids[0].price_coin_nanos / 1e9 if row.bids else None,
            "ask_price": row.asks[0].price_coin_nanos / 1e9 if row.asks else None,
            "mark_iv": row.mark_vol_bps / 100,
            "mark_price": row.mark_coin_nanos / 1e9,
            "creation_timestamp": row.timestamp_millis,
            "quote_currency": "ETH",
        }
        for row in book
    ]
    index = {"index_price": book_spot_micros(book) / MICROS, "estimated_delivery_price": 1.0}
    return {
        "get_instruments": wrapped(instruments),
        "get_book_summary_by_currency": wrapped(summaries),
        "get_index_price": wrapped(index),
    }


def read(answers: dict[str, Any], time_seconds: int) -> MarketView:
    listed = read_instruments(answers["get_instruments"])
    lines = read_summaries(answers["get_book_summary_by_currency"], listed)
    spot_micros = read_index_micros(answers["get_index_price"])
    return market_view("ETH", spot_micros, lines, time_seconds, QUOTES)


def test_a_real_book_comes_back_near_its_marks(
    book: list[BookRow], answers: dict[str, Any]
) -> None:
    now = book_time_seconds(book)
    view = read(answers, now)
    assert view.spot_micros == book_spot_micros(book)
    report = report_of([view], now)
    assert wrong_rows(report) == ()
    marks = {row.instrument_id: row.mark_micros for row in report.rows}
    misses = []
    for row in book:
        theirs = row.mark_coin_nanos * row.forward_micros / 10**9
        misses.append(abs(marks[row.instrument.id] - theirs) / row.forward_micros)
    assert sorted(misses)[len(misses) // 2] < 0.0005
    assert max(misses) < 0.01


@pytest.mark.parametrize(
    "damage",
    [
        {"instrument_name": "ETH-PERPETUAL"},
        {"instrument_name": None},
        {"underlying_price": "NaN"},
        {"underlying_price": -1},
        {"creation_timestamp": "soon"},
        {"mark_iv": []},
        {"bid_price": "x"},
    ],
)
def test_a_damaged_line_is_left_out(answers: dict[str, Any], damage: dict[str, Any]) -> None:
    listed = read_instruments(answers["get_instruments"])
    broken = copy.deepcopy(answers["get_book_summary_by_currency"])
    n_lines = len(read_summaries(broken, listed))
    broken["result"][0].update(damage)
    broken["result"].append("no line")
    assert len(read_summaries(broken, listed)) == n_lines - (damage != {"mark_iv": []})


def test_unlisted_and_inactive_options_are_left_out(answers: dict[str, Any]) -> None:
    n_listed = len(read_instruments(answers["get_instruments"]))
    for number, change in enumerate(
        ({"is_active": False}, {"kind": "future"}, {"expiration_timestamp": 1})
    ):
        answers["get_instruments"]["result"][number].update(change)
    listed = read_instruments(answers["get_instruments"])
    assert len(listed) == n_listed - 3
    lines = read_summaries(answers["get_book_summary_by_currency"], listed)
    assert {line.instrument for line in lines} == set(listed)


@pytest.mark.parametrize("answer", [None, [], {}, {"error": {"code": 1}}, {"result": 5}])
def test_answers_without_a_result(answer: object) -> None:
    for reading in (read_instruments, read_index_micros):
        with pytest.raises(InvalidInput, match="venue_answer"):
            reading(answer)


def test_a_market_without_quotes(answers: dict[str, Any], book: list[BookRow]) -> None:
    answers["get_book_summary_by_currency"]["result"] = []
    with pytest.raises(InvalidInput, match="venue_quotes"):
        read(answers, book_time_seconds(book))


def test_over_http(answers: dict[str, Any], book: list[BookRow]) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(str(request.query_params))
        method = request.path_params["method"]
        if request.query_params.get("currency", "ETH") != "ETH":
            return JSONResponse({"error": {"message": "Invalid params", "code": -32602}}, 400)
        return JSONResponse(answers[method])

    def endless(_: Request) -> Response:
        return Response(b" " * (MAX_ANSWER_BYTES + 1), media_type="application/json")

    app = Starlette(routes=[Route("/endless", endless), Route("/api/public/{method}", answer)])
    now = book_time_seconds(book)

    async def ask(base: str) -> None:
        async with httpx.AsyncClient() as client:
            source = DeribitSource(f"{base}/api", ("XRP", "ETH"), QUOTES, client)
            assert await source.views(now) == [read(answers, now)]
            with pytest.raises(Unavailable, match="market_unseen"):
                await DeribitSource(f"{base}/api", ("XRP",), QUOTES, client).views(now)
            with pytest.raises(Unavailable, match="answer_long"):
                await fetch_json(client, f"{base}/endless")
            with pytest.raises(Unavailable, match="server_unavailable"):
                await fetch_json(client, f"{base}/nothing")

    with http_server(app) as base:
        asyncio.run(ask(base))
    assert "currency=ETH&kind=option&expired=false" in asked
