"""Brings on chain the settlement prices that a quorum of reporters has signed."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog

from offbeat.chain import Gateway
from offbeat.core import ChainError, InvalidInput, OutcomeUnknown, Unavailable, limits
from offbeat.instruments import Instrument, Kind
from offbeat.node.reporter.fetch import TIMEOUT_SECONDS, fetch_json
from offbeat.rulebook import GROUP_SHIFT

LOOK_SECONDS: Final = 5.0
"""Between two looks at what reporters offer."""
MAX_OFFERS: Final = 256
"""Of one reporter, at one look."""
_log = structlog.get_logger("offbeat.node")


@dataclass(frozen=True, slots=True)
class Offer:
    """A settlement price in micros, with the reporters' certificate of it."""

    symbol: str
    expiry_seconds: int
    price_micros: int
    attestation: bytes

    @classmethod
    def from_json(cls, raw: Any) -> "Offer":
        """From what a reporter serves; raises :class:`InvalidInput` (``price_malformed``, …)."""
        try:
            offer = cls(
                str(raw["symbol"]),
                int(raw["expiry_seconds"]),
                int(raw["price_micros"]),
                bytes.fromhex(raw["attestation"].removeprefix("0x")),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidInput("price_malformed", f"no settlement price: {error!r}") from error
        in_bounds = 0 < offer.price_micros <= limits.MAX_MARK_MICROS
        if (
            not in_bounds
            or len(offer.attestation) > limits.MAX_CERTIFICATE_BYTES
            or not offer.group
        ):
            raise InvalidInput("price_malformed", "a price or its certificate is out of bounds")
        return offer

    @property
    def group(self) -> int:
        """Symbol and expiry as the contract writes them."""
        any_option = Instrument(self.symbol, Kind.CALL, self.expiry_seconds, 1)
        return any_option.id >> GROUP_SHIFT


class PricePoster:
    """Posts through a ``gateway`` what reporters at ``urls`` offer; anybody may, once a price.

    The contract checks every certificate, so a false offer costs no gas and hides no true one.
    """

    def __init__(self, gateway: Gateway, urls: Sequence[str]) -> None:
        self._gateway = gateway
        self._urls = tuple(url.rstrip("/") for url in urls)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.post_due()
            except (Unavailable, ChainError, OutcomeUnknown) as error:
                _log.warning("prices_not_posted", code=error.code, message=error.message)
            await asyncio.sleep(LOOK_SECONDS)

    async def post_due(self) -> tuple[Offer, ...]:
        """Post what is not on chain yet; what was posted.

        Raises :class:`~offbeat.core.Unavailable` or :class:`~offbeat.core.OutcomeUnknown` as the
        chain does, and ``Unavailable("reporters_unavailable")`` where no reporter answers.
        """
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answers = await asyncio.gather(*(_ask(client, url) for url in self._urls))
        if all(each is None for each in answers):
            raise Unavailable("reporters_unavailable", "no reporter answers")
        offers = [offer for raw in answers for offer in _offers(raw)]
        return await asyncio.to_thread(lambda: tuple(filter(self._post, dict.fromkeys(offers))))

    def _post(self, offer: Offer) -> bool:
        """Whether this offer's price is on chain now and was not before."""
        terms = (offer.symbol, offer.expiry_seconds, offer.price_micros)
        sender, deployment = self._gateway.sender, self._gateway.deployment
        if deployment.contract(sender.chain, "expiry").read("pots", offer.group)[0]:
            return False
        try:
            self._gateway.post_settlement_price(*terms, offer.attestation)
        except ChainError as error:
            _log.warning("price_refused", symbol=offer.symbol, code=error.code)
            return False
        _log.info(
            "price_posted",
            symbol=offer.symbol,
            expiry_seconds=offer.expiry_seconds,
            price_micros=offer.price_micros,
        )
        return True


async def _ask(client: httpx.AsyncClient, url: str) -> Any:
    """What a reporter answers, None for nothing."""
    try:
        # A client's own timeouts are of each read: who sends byte after byte would never end.
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await fetch_json(client, f"{url}/settlement-prices")
    except (Unavailable, TimeoutError):
        return None


def _offers(raw: Any) -> Iterator[Offer]:
    """What makes sense of an answer."""
    for each in raw[:MAX_OFFERS] if isinstance(raw, list) else ():
        with suppress(InvalidInput):
            yield Offer.from_json(each)
