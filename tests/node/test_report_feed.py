"""A report counts once enough reporters have signed the same."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from http_server import http_server
from looped import looped
from people import REPORTERS, STRANGER, Person
from small_market import NOW, report_at
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from offbeat.core import InvalidInput, Unavailable
from offbeat.intents import Domain, report_digest, sign_digest
from offbeat.node import report_feed
from offbeat.node.report_feed import ReportFeed, Signed, newest
from offbeat.oracle import Report
from offbeat.rulebook import Quorum, Rules
from offbeat.wire import report_to_json

DOMAIN = Domain(1, b"\x01" * 20)
QUORUM = Quorum(tuple(each.address for each in REPORTERS), 2)
RULES = Rules(DOMAIN, QUORUM, QUORUM)
OLD, NEW = report_at(NOW), report_at(NOW + 60)


def digest_of(report: Report) -> bytes:
    stated = (report.timestamp_seconds, report.underlyings_hash, report.rows_root)
    return report_digest(*stated, DOMAIN)


def signed(report: Report, signer: int, person: Person | None = None) -> Signed:
    key = (person or REPORTERS[signer]).key
    return Signed(report, signer, sign_digest(digest_of(report), key))


def test_the_latest_report_that_a_quorum_signs_is_taken() -> None:
    answers = [signed(OLD, 2), signed(NEW, 0), signed(OLD, 1), signed(OLD, 0)]
    found = newest(answers, RULES)
    assert found is not None
    assert found.report == OLD
    assert QUORUM.verifies(digest_of(OLD), found.attestation)
    both = newest([*answers, signed(NEW, 1)], RULES)
    assert both is not None
    assert both.report == NEW


@pytest.mark.parametrize(
    "second",
    [
        signed(NEW, 0),
        signed(NEW, 1, STRANGER),
        signed(NEW, 1, REPORTERS[2]),
        signed(OLD, 1),
        Signed(NEW, 3, signed(NEW, 1).signature),
        Signed(NEW, -1, signed(NEW, 2).signature),
        Signed(NEW, 1, b"\x01" * 65),
    ],
)
def test_nobody_counts_twice_or_for_somebody_else(second: Signed) -> None:
    assert newest([signed(NEW, 0), second], RULES) is None


def test_an_answer_is_read_as_it_is_served() -> None:
    answer = signed(NEW, 1)
    served = {
        "report": report_to_json(NEW),
        "signer": 1,
        "signature": f"0x{answer.signature.hex()}",
    }
    assert Signed.from_json(served) == answer
    for name in served:
        with pytest.raises(InvalidInput):
            Signed.from_json({key: value for key, value in served.items() if key != name})


def serving(answer: Signed) -> Starlette:
    """A reporter that has nothing but this to say."""
    body = {
        "report": report_to_json(answer.report),
        "signer": answer.signer,
        "signature": f"0x{answer.signature.hex()}",
    }
    return Starlette(routes=[Route("/report", lambda _: JSONResponse(body))])


@contextmanager
def hanging() -> Iterator[str]:
    """A server that takes every request and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def trickle(_: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    return StreamingResponse(parts())


@looped
async def test_nobody_waits_for_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_feed, "TIMEOUT_SECONDS", 3_600)
    with ExitStack() as stack:
        honest = [stack.enter_context(http_server(serving(signed(NEW, each)))) for each in range(2)]
        feed = ReportFeed([stack.enter_context(hanging()), *honest], RULES)
        async with asyncio.timeout(60):
            for _ in range(3):
                found = await feed.latest()
                assert found is not None
                assert found.report == NEW
        await feed.close()


@looped
async def test_who_never_ends_is_as_good_as_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_feed, "TIMEOUT_SECONDS", 1)
    with ExitStack() as stack:
        urls = [
            stack.enter_context(http_server(Starlette(routes=[Route("/report", trickle)]))),
            stack.enter_context(http_server(serving(signed(NEW, 0)))),
            stack.enter_context(hanging()),
        ]
        feed = ReportFeed(urls, RULES)
        with pytest.raises(Unavailable, match="1 of 3"):
            await feed.latest()
        await feed.close()
