"""The static test: does an account survive expiry at every price, with no oracle at all?

Per underlying and expiry the payoff is piecewise linear in the settlement price, so its minimum is
at zero, at a strike or at infinity, and one walk through the strikes finds it. Expiries may settle
at unrelated prices, so one expiry's gain never pays for another's loss. Spot covers short calls
expiry by expiry, each unit once; what such a call owes is paid in spot. ``Health.passes_static`` is
the twin of this module.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind

Holding = tuple[Instrument, int]
"""An instrument and a signed quantity in micros of a contract."""


@dataclass(frozen=True, slots=True)
class StaticResult:
    """What remains after the worst settlements, exactly; picos are 1e-12 of the quote currency.

    ``worst_picos`` is the sum of the worst payoffs of all expiries, never positive, and None where
    a short call is uncovered: then the loss has no bound.
    """

    cash_picos: int
    worst_picos: int | None

    @property
    def deficit_picos(self) -> int | None:
        """What is missing to pass; zero or less passes, None if no cash would be enough."""
        return None if self.worst_picos is None else -(self.cash_picos + self.worst_picos)

    @property
    def passes(self) -> bool:
        """Whether cash bears the worst settlements."""
        return self.deficit_picos is not None and self.deficit_picos <= 0


def static_test(positions: Iterable[Holding], cash_micros: int) -> StaticResult:
    """The static test of one account, from its positions in any order.

    Raises :class:`InvalidInput` with code ``spot_negative`` for a spot holding below zero.
    """
    spot_micros: dict[str, int] = defaultdict(int)
    expiries: dict[tuple[str, int], list[Holding]] = defaultdict(list)
    for instrument, quantity_micros in sorted(positions):
        if instrument.kind is Kind.SPOT:
            spot_micros[instrument.underlying] += quantity_micros
        else:
            key = (instrument.underlying, instrument.expiry_seconds)
            expiries[key].append((instrument, quantity_micros))
    if any(quantity < 0 for quantity in spot_micros.values()):
        raise InvalidInput("spot_negative", "a spot holding is below zero")

    cash_picos = cash_micros * limits.QUANTITY_SCALE
    worst_picos = 0
    for (underlying, _), options in expiries.items():
        cover_micros = max(0, -_net_calls(options))
        if cover_micros > spot_micros[underlying]:
            return StaticResult(cash_picos, None)
        spot_micros[underlying] -= cover_micros
        worst_picos += _worst_settlement_picos(options, cover_micros)
    return StaticResult(cash_picos, worst_picos)


def _net_calls(options: Sequence[Holding]) -> int:
    """Which way the payoff goes at infinity, in contracts (micros) per unit of price."""
    return sum(quantity for instrument, quantity in options if instrument.kind is Kind.CALL)


def _worst_settlement_picos(options: Sequence[Holding], cover_micros: int) -> int:
    """The least payoff of one expiry's options and the spot that covers them; at most zero.

    ``options`` ascend by strike. The slope beyond the last strike is net calls plus cover, so it
    is not negative and the least value stands at zero or at a strike.
    """
    puts = [position for position in options if position[0].kind is Kind.PUT]
    payoff_picos = sum(quantity * put.strike_micros for put, quantity in puts)
    slope_micros = cover_micros - sum(quantity for _, quantity in puts)
    worst_picos = min(0, payoff_picos)
    price_micros = 0
    for instrument, quantity in options:
        payoff_picos += slope_micros * (instrument.strike_micros - price_micros)
        worst_picos = min(worst_picos, payoff_picos)
        # Passing its strike, a call starts to pay and a put stops: the slope rises alike.
        slope_micros += quantity
        price_micros = instrument.strike_micros
    return worst_picos
