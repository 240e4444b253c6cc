"""Intents that use the whole range of every field, and one plain order to change."""

from collections.abc import Callable
from dataclasses import replace

import any_intent as drawing
import pytest
from hypothesis.strategies import SearchStrategy

from offbeat.instruments import Instrument, Leg
from offbeat.intents import Domain, Intent, Order


@pytest.fixture(scope="session")
def any_intent() -> SearchStrategy[Intent]:
    return drawing.intents


@pytest.fixture(scope="session")
def any_domain() -> SearchStrategy[Domain]:
    return drawing.domains


@pytest.fixture(scope="session")
def domain() -> Domain:
    return Domain(31337, b"\xab" * 20)


@pytest.fixture(scope="session")
def make_order() -> Callable[..., Order]:
    """A plain order to buy one call, with the given fields changed."""
    plain = Order(
        owner=b"\x11" * 20,
        account=0,
        legs=(Leg(Instrument.parse("ETH-25DEC26-4000-C"), 1),),
        quantity_micros=10_000_000,
        limit_micros=5_000_000,
        nonce=0,
        valid_until_seconds=1_790_000_000,
        max_fee_micros=1_000_000,
    )
    return lambda **changes: replace(plain, **changes)
