"""Strategies by name, for both clients: methods that build terms and touch no network."""

from collections.abc import Mapping
from typing import TypedDict, Unpack

from offbeat.sdk.amounts import Amount
from offbeat.sdk.terms import OrderTerms, Side, named_legs, order_terms, raw_legs


class _Required(TypedDict):
    quantity: Amount
    limit: Amount


class Conditions(_Required, total=False):
    """The rest of an order, as :func:`~offbeat.sdk.order_terms` takes it."""

    side: Side
    min_fill: Amount
    valid_for_seconds: int
    valid_until_seconds: int
    max_fee: Amount
    spot_min: Amount
    spot_max: Amount
    reduce_only: bool


class StrategyBuilder:
    """Builds the terms of orders; each option is a Deribit name, ``ETH-25DEC26-4000-C``.

    Every method takes ``quantity`` and ``limit`` and the other :class:`Conditions` by keyword, and
    ``side="sell"`` for the counterparty's side. All raise as :func:`~offbeat.sdk.named_legs` and
    :func:`~offbeat.sdk.order_terms`.
    """

    def covered_call(self, call: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Buy spot and sell a call on it."""
        return self.strategy("covered_call", call, **conditions)

    def cash_secured_put(self, put: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Sell a put, whose strike stays in the account as cash."""
        return self.strategy("cash_secured_put", put, **conditions)

    def vertical(self, bought: str, sold: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Buy one strike and sell another, both calls or both puts."""
        return self.strategy("vertical", bought, sold, **conditions)

    def straddle(self, call: str, put: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Buy a call and a put of one strike."""
        return self.strategy("straddle", call, put, **conditions)

    def strangle(self, put: str, call: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Buy a put and a call of a higher strike."""
        return self.strategy("strangle", put, call, **conditions)

    def risk_reversal(self, put: str, call: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Sell a put and buy a call of a higher strike."""
        return self.strategy("risk_reversal", put, call, **conditions)

    def butterfly(
        self, low: str, middle: str, high: str, **conditions: Unpack[Conditions]
    ) -> OrderTerms:
        """Buy both wings and sell the middle twice, all of one kind."""
        return self.strategy("butterfly", low, middle, high, **conditions)

    def condor(
        self,
        low: str,
        low_middle: str,
        high_middle: str,
        high: str,
        **conditions: Unpack[Conditions],
    ) -> OrderTerms:
        """Buy the outer strikes and sell the inner ones, all of one kind."""
        return self.strategy("condor", low, low_middle, high_middle, high, **conditions)

    def iron_butterfly(
        self,
        low_put: str,
        middle_put: str,
        middle_call: str,
        high_call: str,
        **conditions: Unpack[Conditions],
    ) -> OrderTerms:
        """Sell a straddle and buy a strangle around it: a credit."""
        names = (low_put, middle_put, middle_call, high_call)
        return self.strategy("iron_butterfly", *names, **conditions)

    def iron_condor(
        self,
        low_put: str,
        high_put: str,
        low_call: str,
        high_call: str,
        **conditions: Unpack[Conditions],
    ) -> OrderTerms:
        """Sell a strangle and buy a wider one around it: a credit."""
        return self.strategy("iron_condor", low_put, high_put, low_call, high_call, **conditions)

    def calendar(self, near: str, far: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Sell the near expiry and buy the far one at the same strike."""
        return self.strategy("calendar", near, far, **conditions)

    def strategy(self, name: str, *options: str, **conditions: Unpack[Conditions]) -> OrderTerms:
        """Any of the above by its name."""
        return order_terms(named_legs(name, options), **conditions)

    def legs(self, ratios: Mapping[str, int], **conditions: Unpack[Conditions]) -> OrderTerms:
        """Any legs: ``{"ETH": 1, "ETH-25DEC26-4000-C": -1}``, signed ratios by Deribit name."""
        return order_terms(raw_legs(ratios), **conditions)
