"""A reporter as a process: rounds by the clock, peers over HTTP, and what relays ask for."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from offbeat.core import InvalidInput, Unavailable
from offbeat.node.reporter.fetch import TIMEOUT_SECONDS, fetch_json
from offbeat.node.reporter.observation import observation_from_json, observation_to_json
from offbeat.node.reporter.rounds import Partial, Rounds, certificate_of
from offbeat.node.reporter.sources import MarketSource
from offbeat.wire import report_to_json

POLL_SECONDS: Final = 0.2
TURN_SECONDS: Final = 1.5
"""How long a reporter has for its proposal before the next one may make another."""


class ReporterService:
    """One reporter among ``peers`` (URLs). ``run`` never ends by itself."""

    def __init__(
        self,
        rounds: Rounds,
        source: MarketSource,
        peers: Sequence[str],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.rounds = rounds
        self._source = source
        self._peers = tuple(url.rstrip("/") for url in peers)
        self._now = now
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        self.trouble: str | None = None

    async def run(self) -> None:
        """Round after round, until cancelled."""
        interval = self.rounds.rules.interval_seconds
        try:
            while True:
                moment = int(self._now()) // interval * interval
                if moment not in self.rounds.rounds:
                    await self._begin(moment)
                await self._exchange(moment)
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await self._client.aclose()

    async def _begin(self, moment: int) -> None:
        try:
            self.rounds.observe(moment, await self._source.views(moment))
            self.trouble = None
        except (Unavailable, InvalidInput) as error:
            self.trouble = str(error)

    async def _exchange(self, moment: int) -> None:
        """Ask every peer for what it has of the round; propose where it is one's turn."""
        known = self.rounds.rounds.get(moment)
        age_seconds = self._now() - moment
        if known is None or age_seconds > self.rounds.rules.max_age_seconds:
            return
        if known.report is None:
            for each in await self._ask_all("observation", moment):
                self._take(self._take_observation, each)
            for each in await self._ask_all("proposal", moment):
                self._take(lambda raw: self._take_proposal(moment, raw), each)
            turns = int(age_seconds / TURN_SECONDS) - 1
            is_complete = len(known.observations) == len(self.rounds.reporters.signers)
            if self.rounds.has_turn(moment, max(turns, 0)) and (turns >= 0 or is_complete):
                self.rounds.propose(moment)
        if known.report is not None and len(known.signed) <= len(self._peers):
            for each in await self._ask_all("partial", moment):
                self._take(self._take_partial, each)

    def _take_observation(self, raw: Any) -> None:
        self.rounds.take_observation(observation_from_json(raw))

    def _take_partial(self, raw: Any) -> None:
        self.rounds.take_partial(partial_from_json(raw))

    def _take_proposal(self, moment: int, raw: Any) -> None:
        if not isinstance(raw, list) or len(raw) > len(self.rounds.reporters.signers):
            raise InvalidInput("proposal_malformed", "not a list of observations")
        if raw:
            self.rounds.take_proposal(moment, [observation_from_json(each) for each in raw])

    def _take(self, take: Callable[[Any], None], raw: Any) -> None:
        try:
            take(raw)
        except InvalidInput as error:
            self.trouble = str(error)

    async def _ask_all(self, what: str, moment: int) -> list[Any]:
        async def ask(url: str) -> Any:
            try:
                return await fetch_json(self._client, f"{url}/{what}", time=moment)
            except Unavailable:
                return None

        answers = await asyncio.gather(*map(ask, self._peers))
        return [each for each in answers if each is not None]


def reporter_app(service: ReporterService) -> Starlette:
    """What relays (``/report``, ``/settlement-prices``) and peers ask for, and ``/livez``."""
    rounds = service.rounds

    def report(_: Request) -> JSONResponse:
        latest = rounds.published
        if latest is None:
            return JSONResponse({"error": "no report has a quorum yet"}, 503)
        return JSONResponse(
            {
                "report": report_to_json(latest.report),
                "signer": rounds.signer,
                "signature": f"0x{latest.signature.hex()}",
            }
        )

    def observation(request: Request) -> JSONResponse:
        known = rounds.rounds.get(_moment(request))
        own = known and known.observations.get(rounds.signer)
        return _or_absent(observation_to_json(own) if own else None)

    def proposal(request: Request) -> JSONResponse:
        known = rounds.rounds.get(_moment(request))
        given = [observation_to_json(each) for each in known.proposal] if known else []
        return _or_absent(given or None)

    def partial(request: Request) -> JSONResponse:
        known = rounds.rounds.get(_moment(request))
        own = known.signed.get(rounds.signer) if known else rounds.own_partial()
        return _or_absent(partial_to_json(own) if own else None)

    def settlement_prices(_: Request) -> JSONResponse:
        return JSONResponse(
            [
                {
                    "symbol": symbol,
                    "expiry_seconds": str(expiry),
                    "price_micros": str(price),
                    "attestation": f"0x{certificate_of(signatures).hex()}",
                }
                for (symbol, expiry, price), signatures in rounds.settlement_prices()
            ]
        )

    def livez(_: Request) -> JSONResponse:
        latest = rounds.published
        return JSONResponse(
            {
                "signer": rounds.signer,
                "report_seconds": latest.report.timestamp_seconds if latest else None,
                "trouble": service.trouble,
                "refusals": {str(at): reason for at, reason in rounds.refusals.items()},
            }
        )

    return Starlette(
        routes=[
            Route("/report", report),
            Route("/observation", observation),
            Route("/proposal", proposal),
            Route("/partial", partial),
            Route("/settlement-prices", settlement_prices),
            Route("/livez", livez),
        ]
    )


def partial_to_json(partial: Partial) -> dict[str, Any]:
    """A reporter's signatures as one JSON object."""
    return {
        "time_seconds": partial.time_seconds,
        "signer": partial.signer,
        "signature": f"0x{partial.signature.hex()}",
        "prices": [
            {
                "symbol": symbol,
                "expiry_seconds": expiry,
                "price_micros": str(price),
                "signature": f"0x{signature.hex()}",
            }
            for (symbol, expiry, price), signature in partial.prices
        ],
    }


def partial_from_json(raw: Any) -> Partial:
    """From such an object; raises ``InvalidInput("partial_malformed")``."""
    try:
        prices = tuple(
            (
                (str(each["symbol"]), int(each["expiry_seconds"]), int(each["price_micros"])),
                bytes.fromhex(each["signature"].removeprefix("0x")),
            )
            for each in raw["prices"]
        )
        return Partial(
            int(raw["time_seconds"]),
            int(raw["signer"]),
            bytes.fromhex(raw["signature"].removeprefix("0x")),
            prices,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput("partial_malformed", f"no signatures: {error!r}") from error


def _moment(request: Request) -> int:
    text = request.query_params.get("time", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else -1


def _or_absent(value: Any) -> JSONResponse:
    return JSONResponse(value) if value is not None else JSONResponse({"error": "not here"}, 404)
