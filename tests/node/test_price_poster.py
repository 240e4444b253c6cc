"""Settlement prices come on chain once, whatever some of the reporters answer."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from founding import deploy_offbeat, deploy_tokens
from http_server import http_server
from looped import looped
from people import OPERATOR
from reporting import START, hold_round, reporters, seen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from offbeat.chain import EmbeddedChain, Gateway, Sender
from offbeat.core import Unavailable
from offbeat.node import PricePoster, ReporterRules, ReporterService, reporter_app
from offbeat.node.reporter.averages import WINDOW_SECONDS
from offbeat.sim import InventedSource

STEP_SECONDS = 120
EXPIRY = seen(START).expiries[0].expiry_seconds
NONSENSE: tuple[Any, ...] = (
    {},
    [7, {}, {"symbol": "eth"}, None],
    [{"symbol": "ETH", "expiry_seconds": "x", "price_micros": "1", "attestation": "0x"}],
    [{"symbol": "ETH", "expiry_seconds": str(1 << 32), "price_micros": "1", "attestation": "0x"}],
    [{"symbol": "ETH", "expiry_seconds": EXPIRY, "price_micros": 1 << 256, "attestation": "0x"}],
    [{"symbol": "ETH", "expiry_seconds": EXPIRY, "price_micros": 1, "attestation": 7}],
    [{"symbol": "ETH", "expiry_seconds": EXPIRY, "price_micros": 1, "attestation": "00" * 2_000}],
)


def serving(answer: Any) -> Starlette:
    """A server of settlement prices that has nothing to do with any reporter."""

    def prices(_: Request) -> Response:
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Starlette(routes=[Route("/settlement-prices", prices)])


@pytest.fixture
def gateway() -> Gateway:
    """A deployment whose clock stands shortly after an expiry."""
    chain = EmbeddedChain(genesis_seconds=START - 10_000)
    operator = Sender(chain, OPERATOR.key.secret)
    chain.fund(operator.address, 10**24)
    deployment = deploy_offbeat(operator, deploy_tokens(operator))
    chain.set_time(EXPIRY + STEP_SECONDS)
    return Gateway(operator, deployment)


@pytest.fixture
def urls(gateway: Gateway) -> Iterator[list[str]]:
    """Three reporters who have seen the half hour before the expiry."""
    rules = ReporterRules(interval_seconds=STEP_SECONDS)
    group = reporters(gateway.deployment.domain, rules)
    for moment in range(EXPIRY - WINDOW_SECONDS, EXPIRY + STEP_SECONDS, STEP_SECONDS):
        hold_round(group, moment)
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                http_server(reporter_app(ReporterService(each, InventedSource(0), ())))
            )
            for each in group
        ]


def posted(gateway: Gateway) -> list[int]:
    chain = gateway.sender.chain
    expiry = gateway.deployment.contract(chain, "expiry")
    logs = chain.logs(expiry.address, 0, chain.block().number)
    return [each.values["price_micros"] for each in expiry.events(logs, "SettlementPrice")]


@looped
async def test_a_price_is_posted_once(gateway: Gateway, urls: list[str]) -> None:
    poster = PricePoster(gateway, urls)
    (offer,) = await poster.post_due()
    assert (offer.symbol, offer.expiry_seconds) == ("ETH", EXPIRY)
    assert posted(gateway) == [offer.price_micros]
    assert await poster.post_due() == ()
    assert posted(gateway) == [offer.price_micros]


@looped
async def test_nonsense_and_lies_hide_no_price(gateway: Gateway, urls: list[str]) -> None:
    lie = {"symbol": "ETH", "expiry_seconds": EXPIRY, "price_micros": "1", "attestation": "0x00"}
    answers = (*NONSENSE, [lie], Response(status_code=500), Response(b"{"))
    with ExitStack() as stack:
        liars = [stack.enter_context(http_server(serving(each))) for each in answers]
        (offer,) = await PricePoster(gateway, [*liars, urls[0]]).post_due()
    assert posted(gateway) == [offer.price_micros]


@looped
async def test_without_any_reporter_it_says_so(gateway: Gateway) -> None:
    with http_server(serving(Response(status_code=503))) as url:
        poster = PricePoster(gateway, [url])
        with pytest.raises(Unavailable, match="reporters_unavailable"):
            await poster.post_due()
    assert posted(gateway) == []
