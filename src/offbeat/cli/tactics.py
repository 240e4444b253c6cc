"""Options of ``offbeat trade`` that make stops, alternatives and slices of an order."""

import time
from dataclasses import dataclass, replace
from typing import Annotated, Final

from cyclopts import Parameter

from offbeat.cli.output import ExitCode, Result
from offbeat.cli.relays import follow, outcomes
from offbeat.core import InvalidInput
from offbeat.core.lifecycle import IntentStatus
from offbeat.sdk import Client, OrderTerms, time_slices, to_micros

_Number = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tactics:
    """What the contract is to see to besides the limit."""

    stop_below: Annotated[
        _Number, Parameter(help="Fill only where the spot price is this or lower.")
    ] = None
    stop_above: Annotated[
        _Number, Parameter(help="Fill only where the spot price is this or higher.")
    ] = None
    oco: Annotated[
        _Number,
        Parameter(help="Limit of a second order that takes the stop; one cancels the other."),
    ] = None
    slices: Annotated[int | None, Parameter(help="Cut the order into so many.")] = None
    slice_seconds: Annotated[int, Parameter(help="Window of each slice.")] = 300

    def orders(self, terms: OrderTerms) -> list[OrderTerms]:
        """The orders to sign; one where nothing was said.

        Raises :class:`InvalidInput` with code ``usage``, of :func:`to_micros` or of
        :func:`time_slices`.
        """
        held = replace(
            terms,
            spot_min_micros=to_micros(self.stop_above or 0, "stop_above"),
            spot_max_micros=to_micros(self.stop_below or 0, "stop_below"),
        )
        if self.oco is not None:
            if held == terms or self.slices is not None:
                raise InvalidInput(
                    "usage", "--oco goes with --stop-below or --stop-above, without --slices"
                )
            return [terms, replace(held, limit_micros=to_micros(self.oco, "oco"))]
        if self.slices is None:
            return [held]
        now_seconds = int(time.time())
        return time_slices(
            held, self.slices, start_seconds=now_seconds, every_seconds=self.slice_seconds
        )

    def trade(self, client: Client, orders: list[OrderTerms], until: IntentStatus) -> Result:
        """Sign and send several, and wait for all. Alternatives have done well if one of them has,
        slices if each has."""
        if self.oco is None:
            states = [client.trade(each) for each in orders]
        else:
            states = [client.send(each) for each in client.sign_one_of(*orders)]
        ended = [follow(client, each, until) for each in states]
        result = outcomes(ended)
        if self.oco is not None and any(each.status in _DONE for each in ended):
            return replace(result, exit_code=ExitCode.OK)
        return result


PLAIN: Final = Tactics()
"""Nothing said: one order, at its limit."""
_DONE: Final = (IntentStatus.SETTLED, IntentStatus.FINAL)
