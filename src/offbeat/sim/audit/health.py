"""The two margin tests, written from their definitions without a thought for speed.

Values are in picos (1e-12 of the quote currency): micros of quantity times micros of price.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from offbeat.core import limits
from offbeat.sim.audit.payload import CALL, Batch, Instrument, Underlying


class Unpriced(Exception):
    """The batch brings no report, or no row, for something that is to be margined."""


Positions = Mapping[Instrument, int]
"""Signed micros by instrument, none zero."""


def survives_expiry(cash_micros: int, positions: Positions) -> bool:
    """The static test: cash covers the worst payoff of every expiry, and spot every short call."""
    worst, short_calls, spot = 0, Counter[str](), Counter[str]()
    for options in option_groups(positions):
        worst += _worst_payoff(options)
        short_calls[next(iter(options)).symbol] += net_short_calls(options)
    for instrument, quantity in positions.items():
        if not instrument.is_option:
            spot[instrument.symbol] = quantity
    covered = all(quantity <= spot[symbol] for symbol, quantity in short_calls.items())
    return covered and cash_micros * 10**6 + worst >= 0


@dataclass(frozen=True, slots=True)
class Weight:
    """What an account risks in its worst scenario, and what it is worth at the marks; picos."""

    risk: int
    equity: int

    def deficit(self, margin_bps: int) -> int:
        """Required margin less equity, in picos times basis points; above zero is unhealthy."""
        return self.risk * margin_bps - self.equity * limits.BPS


def weigh(cash_micros: int, positions: Positions, batch: Batch) -> Weight:
    """The scan of an account.

    Raises :class:`Unpriced` where ``batch`` does not say what a position is worth.
    """
    symbols = {each.symbol for each in positions}
    priced = positions.keys() <= batch.rows.keys() and symbols <= batch.underlyings.keys()
    if not batch.report_seconds or not priced:
        raise Unpriced
    equity = cash_micros * 10**6
    equity += sum(quantity * batch.rows[each].mark_micros for each, quantity in positions.items())
    risk = 0
    for symbol in symbols:
        own = {each: quantity for each, quantity in positions.items() if each.symbol == symbol}
        risk += _scan_risk(own, batch, batch.underlyings[symbol])
    return Weight(risk, equity)


def is_fair(before: Weight, after: Weight, covered_micros: int) -> bool:
    """Whether a liquidation takes risk away, not more than it must, and not too dear.

    Each unit of risk may cost a share of it that grows with how far equity has fallen below
    maintenance margin, up to ``LIQUIDATION_COST_BPS`` of it where none is left. The insurance fund
    helps only an account that ends with nothing at all.
    """
    required = before.risk * limits.MAINTENANCE_MARGIN_BPS
    missing = before.deficit(limits.MAINTENANCE_MARGIN_BPS)
    covered = covered_micros * 10**6
    taken = before.risk - after.risk
    cost = before.equity + covered - after.equity
    most = taken * min(missing, required) * limits.LIQUIDATION_COST_BPS
    return (
        missing > 0
        and (taken > 0 or covered > 0)
        and (not covered or (after.risk, after.equity) == (0, 0))
        and before.equity * limits.BPS <= after.risk * limits.LIQUIDATION_TARGET_BPS
        and (cost * required * limits.BPS <= most if required else cost <= 0)
    )


def _scan_risk(positions: Positions, batch: Batch, scales: Underlying) -> int:
    """The worst scenario of one underlying, at least the short options' minimum."""
    losses = [
        sum(quantity * batch.rows[each].losses[scenario] for each, quantity in positions.items())
        for scenario in range(limits.SCENARIOS)
    ]
    shorts = sum(max(-quantity, 0) for each, quantity in positions.items() if each.is_option)
    return max(0, *losses, shorts * scales.short_min_ticks) * scales.tick_micros


def option_groups(positions: Positions) -> Iterable[Positions]:
    """The options of each underlying and expiry."""
    groups: defaultdict[int, dict[Instrument, int]] = defaultdict(dict)
    for instrument, quantity in positions.items():
        if instrument.is_option:
            groups[instrument.group][instrument] = quantity
    return groups.values()


def _worst_payoff(options: Positions) -> int:
    """Least payoff at expiry over all prices, with spot against net short calls; at most zero.

    The payoff is linear between strikes and, with that spot, does not fall beyond the last, so
    its least value stands at zero or at a strike.
    """
    cover = net_short_calls(options)
    prices = {0, *(each.strike_micros for each in options)}
    return min(0, *(price * cover + payoff_picos(options, price) for price in prices))


def payoff_picos(options: Positions, price_micros: int) -> int:
    """What the options of one expiry pay together at its settlement price."""
    return sum(quantity * each.payoff_micros(price_micros) for each, quantity in options.items())


def net_short_calls(options: Positions) -> int:
    """Calls of one expiry sold beyond those bought, micros."""
    return max(0, -sum(quantity for each, quantity in options.items() if each.kind == CALL))
