"""What a trader wants, before it has an owner, a nonce and an end: no network, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from offbeat.core import InvalidInput
from offbeat.instruments import (
    Instrument,
    Leg,
    Legs,
    Strategy,
    butterfly,
    calendar,
    cash_secured_put,
    check_legs,
    condor,
    covered_call,
    iron_butterfly,
    iron_condor,
    recognise,
    reverse,
    risk_reversal,
    straddle,
    strangle,
    vertical,
)
from offbeat.intents import Order
from offbeat.sdk.amounts import Amount, to_micros

Side = Literal["buy", "sell"]
"""The side that a strategy's name stands for, or the counterparty's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """An order as far as it is known before signing; fields mean what :class:`Order`'s mean.

    It ends at ``valid_until_seconds``, or else ``valid_for_seconds`` after it is signed. None
    leaves the end, or the fee, to the client's own settings.
    """

    legs: Legs
    quantity_micros: int
    limit_micros: int
    min_fill_micros: int = 0
    valid_from_seconds: int = 0
    valid_until_seconds: int | None = None
    valid_for_seconds: int | None = None
    spot_min_micros: int = 0
    spot_max_micros: int = 0
    max_fee_micros: int | None = None
    reduce_only: bool = False

    @property
    def strategy(self) -> Strategy:
        """The name of the structure."""
        return recognise(self.legs)

    def order(
        self, owner: bytes, account: int, nonce: int, valid_until_seconds: int, max_fee_micros: int
    ) -> Order:
        """The order to sign; the last two hold where the terms say nothing."""
        until, fee = self.valid_until_seconds, self.max_fee_micros
        return Order(
            owner=owner,
            account=account,
            legs=self.legs,
            quantity_micros=self.quantity_micros,
            min_fill_micros=self.min_fill_micros,
            limit_micros=self.limit_micros,
            nonce=nonce,
            valid_from_seconds=self.valid_from_seconds,
            valid_until_seconds=valid_until_seconds if until is None else until,
            spot_min_micros=self.spot_min_micros,
            spot_max_micros=self.spot_max_micros,
            max_fee_micros=max_fee_micros if fee is None else fee,
            reduce_only=self.reduce_only,
        )


def order_terms(
    legs: Legs,
    *,
    quantity: Amount,
    limit: Amount,
    side: Side = "buy",
    min_fill: Amount = 0,
    valid_for_seconds: int | None = None,
    valid_until_seconds: int | None = None,
    max_fee: Amount | None = None,
    spot_min: Amount = 0,
    spot_max: Amount = 0,
    reduce_only: bool = False,
) -> OrderTerms:
    """Terms with amounts as people write them.

    ``limit`` is the worst net price of one unit: a positive one pays, a negative one receives,
    whichever the ``side``. Raises :class:`InvalidInput` with a code of :func:`to_micros` or of
    :class:`Order`, ``side_unknown``, or ``validity_ambiguous`` where both ends are given.
    """
    if side not in ("buy", "sell"):
        raise InvalidInput("side_unknown", "side is buy or sell")
    if valid_for_seconds is not None and valid_until_seconds is not None:
        raise InvalidInput("validity_ambiguous", "give valid_for_seconds or valid_until_seconds")
    terms = OrderTerms(
        legs=reverse(legs) if side == "sell" else tuple(legs),
        quantity_micros=to_micros(quantity, "quantity"),
        limit_micros=to_micros(limit, "limit"),
        min_fill_micros=to_micros(min_fill, "min_fill"),
        valid_for_seconds=valid_for_seconds,
        valid_until_seconds=valid_until_seconds,
        spot_min_micros=to_micros(spot_min, "spot_min"),
        spot_max_micros=to_micros(spot_max, "spot_max"),
        max_fee_micros=None if max_fee is None else to_micros(max_fee, "max_fee"),
        reduce_only=reduce_only,
    )
    # Whatever could never be signed shows now, where it was written.
    terms.order(b"\1" * 20, 0, 0, 0, 0)
    return terms


def raw_legs(ratios: Mapping[str, int]) -> Legs:
    """Legs from Deribit names and signed ratios, in any order: ``{"ETH": 1, "ETH-…-C": -1}``.

    Raises :class:`InvalidInput` with a code of :class:`Instrument`, :class:`Leg` or
    :func:`check_legs`.
    """
    legs = tuple(
        sorted(
            (Leg(Instrument.parse(name), ratio) for name, ratio in ratios.items()),
            key=lambda leg: leg.instrument,
        )
    )
    check_legs(legs)
    return legs


def named_legs(strategy: str, names: Iterable[str]) -> Legs:
    """Legs of a standard strategy, bought, from the Deribit names of its options.

    The order of names does not matter, but for a vertical, which is bought first. Raises
    :class:`InvalidInput` with code ``strategy_unknown``, ``strategy_instruments`` where the
    options do not make that strategy, or a code of :class:`Instrument`.
    """
    key = strategy.replace("-", "_")
    if key not in _OPTION_COUNTS:
        raise InvalidInput("strategy_unknown", f"a strategy is one of {', '.join(_OPTION_COUNTS)}")
    options = [Instrument.parse(name) for name in names]
    if len(options) != _OPTION_COUNTS[key]:
        raise InvalidInput(
            "strategy_instruments", f"{key} takes {_OPTION_COUNTS[key]} options, not {len(options)}"
        )
    legs = _build(key, options)
    # The builders see strikes and expiries: what they make must be of these very options.
    built = {leg.instrument for leg in legs} - {Instrument.spot(options[0].underlying)}
    if built != set(options):
        raise InvalidInput("strategy_instruments", f"these options are no {key}")
    return legs


def _build(key: str, options: list[Instrument]) -> Legs:
    first = options[0]
    series = (first.underlying, first.expiry_seconds)
    # As many as the builder wants, or it raises.
    strikes: Any = tuple(sorted({option.strike_micros for option in options}))
    low, high = strikes[0], strikes[-1]
    match key:
        case "covered_call":
            return covered_call(*series, low)
        case "cash_secured_put":
            return cash_secured_put(*series, low)
        case "vertical":
            return vertical(*series, first.kind, *(each.strike_micros for each in options))
        case "straddle":
            return straddle(*series, low)
        case "strangle":
            return strangle(*series, low, high)
        case "risk_reversal":
            return risk_reversal(*series, low, high)
        case "butterfly":
            return butterfly(*series, first.kind, strikes)
        case "condor":
            return condor(*series, first.kind, strikes)
        case "iron_butterfly":
            return iron_butterfly(*series, strikes)
        case "iron_condor":
            return iron_condor(*series, strikes)
    near, far = sorted(option.expiry_seconds for option in options)
    return calendar(first.underlying, near, far, first.kind, low)


_OPTION_COUNTS: Final = {
    "covered_call": 1,
    "cash_secured_put": 1,
    "vertical": 2,
    "straddle": 2,
    "strangle": 2,
    "risk_reversal": 2,
    "butterfly": 3,
    "condor": 4,
    "iron_butterfly": 4,
    "iron_condor": 4,
    "calendar": 2,
}
