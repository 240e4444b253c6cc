"""Traders of a live network: SDK clients who send everything to every relay, some of it twice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from offbeat.core import OffbeatError, limits
from offbeat.instruments import Instrument, Kind, Legs
from offbeat.oracle import Report
from offbeat.sdk import AsyncClient, IntentState, OrderTerms, Side, named_legs
from offbeat.sim.live_market import STRIKES_MICROS

_VALID_SECONDS: Final = 600
_EDGE_MICROS: Final = 3 * limits.QUOTE_SCALE
"""How far beyond the mark both sides go, so that a report between two signatures parts nobody."""
_FAR_MICROS: Final = 400 * limits.QUOTE_SCALE
"""A resting order stands so far from the mark that nobody meets it."""
_PLANS: Final = (
    ("covered_call", ((Kind.CALL, 4),)),
    ("vertical", ((Kind.CALL, 3), (Kind.CALL, 4))),
    ("iron_condor", ((Kind.PUT, 1), (Kind.PUT, 2), (Kind.CALL, 4), (Kind.CALL, 5))),
    ("straddle", ((Kind.CALL, 3), (Kind.PUT, 3))),
    ("butterfly", ((Kind.PUT, 2), (Kind.PUT, 3), (Kind.PUT, 4))),
    ("risk_reversal", ((Kind.PUT, 2), (Kind.CALL, 4))),
)
"""Strategies by name, and the kind and strike (its place in the list) of each option."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An acknowledged intent: what for, and how often it was sent to how many relays."""

    purpose: str
    intent_hash: str
    copies: int


@dataclass(slots=True)
class Crowd:
    """Makers and takers, half of ``clients`` each, who trade what a report marks.

    ``sent`` is everything that a relay has acknowledged; ``refused`` are codes of what none did.
    """

    clients: Sequence[AsyncClient]
    sent: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    n_relays: int = 1

    async def trade(self, report: Report, number: int, pairs: int) -> None:
        """Let ``pairs`` takers trade with a maker each, all at once.

        ``number`` counts calls, and turns strategies and counterparties round.
        """
        half = len(self.clients) // 2
        deals = []
        for pair in range(pairs):
            terms = _deal(report, number + pair, number % 3 + 1)
            maker = self.clients[(number + pair) % half]
            taker = self.clients[half + pair % half]
            name = terms["buy"].strategy.value
            deals += [self._send(maker, terms["sell"], f"{name}, maker")]
            deals += [self._send(taker, terms["buy"], name)]
        await asyncio.gather(*deals)

    async def rest_and_cancel(self, report: Report, number: int) -> None:
        """Quote far from the market, and think better of it."""
        client = self.clients[number % len(self.clients)]
        terms = _deal(report, number, 1, aside_micros=_FAR_MICROS)["buy"]
        quote = await self._send(client, terms, "resting")
        if quote is None:
            return
        try:
            cancel = await client.cancel(quote)
        except OffbeatError as error:
            self.refused.append(error.code)
            return
        self.sent.append(Sent("cancel", cancel.intent_hash, self.n_relays))

    async def settle(self, timeout_seconds: float) -> dict[str, IntentState]:
        """How each acknowledged intent has ended; raises where one does not end in time."""
        states = await asyncio.gather(
            *(self.clients[0].wait_final(each.intent_hash, timeout_seconds) for each in self.sent)
        )
        return {state.intent_hash: state for state in states}

    async def _send(
        self, client: AsyncClient, terms: OrderTerms, purpose: str
    ) -> IntentState | None:
        """Sign once; send twice, each time to every relay."""
        try:
            signed = await client.sign(terms)
            state = await client.send(signed)
        except OffbeatError as error:
            self.refused.append(error.code)
            return None
        again = await client.send(signed)
        assert again.intent_hash == state.intent_hash, "one signature is one intent"
        self.sent.append(Sent(purpose, state.intent_hash, 2 * self.n_relays))
        return state


def _deal(
    report: Report, number: int, quantity: int, aside_micros: int = -_EDGE_MICROS
) -> Mapping[Side, OrderTerms]:
    """Both sides of one strategy around its mark; a negative ``aside_micros`` crosses."""
    legs = _legs(report, number)
    marks = {row.instrument_id: row.mark_micros for row in report.rows}
    fair_micros = sum(leg.ratio * marks[leg.instrument.id] for leg in legs)
    mirrored = tuple(type(leg)(leg.instrument, -leg.ratio) for leg in legs)

    def terms(side_legs: Legs, limit_micros: int) -> OrderTerms:
        return OrderTerms(
            legs=side_legs,
            quantity_micros=quantity * limits.QUANTITY_SCALE,
            limit_micros=limit_micros - aside_micros,
            valid_for_seconds=_VALID_SECONDS,
            max_fee_micros=limits.QUOTE_SCALE,
        )

    return {"buy": terms(legs, fair_micros), "sell": terms(mirrored, -fair_micros)}


def _legs(report: Report, number: int) -> Legs:
    name, options = _PLANS[number % len(_PLANS)]
    expiries = sorted(
        {
            instrument.expiry_seconds
            for instrument in (Instrument.from_id(row.instrument_id) for row in report.rows)
            if instrument.kind is not Kind.SPOT
        }
    )
    expiry = expiries[number // len(_PLANS) % (len(expiries) - 1) + 1]
    symbol = report.underlyings[0].symbol
    return named_legs(
        name,
        (Instrument(symbol, kind, expiry, STRIKES_MICROS[place]).name for kind, place in options),
    )
