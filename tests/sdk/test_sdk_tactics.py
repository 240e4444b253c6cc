"""Alternatives that share a nonce, and slices of time: what is signed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import ALICE
from scripted_relay import DOMAIN, Ledger, ScriptedRelay, serving

from offbeat.core import InvalidInput, limits
from offbeat.intents import intent_hash, recover
from offbeat.sdk import MAX_ALTERNATIVES, MAX_SLICES, Client, OrderTerms, time_slices

TERMS = Client("http://relay.invalid").covered_call(
    "ETH-25DEC26-4000-C", quantity="2", limit="3310", max_fee="1"
)
START, EVERY = 1_000_000, 300


@pytest.fixture
def client() -> Iterator[Client]:
    relay = ScriptedRelay(Ledger())
    with serving(relay), Client(relay.url, ALICE.key) as made:
        yield made


def cut(terms: OrderTerms, count: int, every_seconds: int = EVERY) -> list[OrderTerms]:
    return time_slices(terms, count, start_seconds=START, every_seconds=every_seconds)


def test_alternatives_share_a_nonce_of_their_own(client: Client) -> None:
    stop = replace(TERMS, limit_micros=0, spot_max_micros=3_000_000_000)
    first, second = client.sign_one_of(TERMS, stop)
    assert first.intent.nonce == second.intent.nonce != client.sign(TERMS).intent.nonce
    for signed in (first, second):
        assert recover(intent_hash(signed.intent, DOMAIN), signed.signature) == ALICE.address


@pytest.mark.parametrize("n_orders", [0, 1, MAX_ALTERNATIVES + 1])
def test_too_few_or_many_are_no_alternatives(client: Client, n_orders: int) -> None:
    orders = [replace(TERMS, limit_micros=number) for number in range(n_orders)]
    with pytest.raises(InvalidInput) as caught:
        client.sign_one_of(*orders)
    assert caught.value.code == "alternatives_invalid"


def test_the_same_order_twice_is_no_alternative(client: Client) -> None:
    with pytest.raises(InvalidInput):
        client.sign_one_of(TERMS, TERMS)


@given(
    n_lots=st.integers(1, 10**6),
    count=st.integers(1, MAX_SLICES),
    fee=st.none() | st.integers(0, 10**9),
    is_whole=st.booleans(),
)
def test_slices_add_up_and_never_overlap(
    n_lots: int, count: int, fee: int | None, is_whole: bool
) -> None:
    quantity = n_lots * limits.LOT_MICROS
    terms = replace(
        TERMS,
        quantity_micros=quantity,
        min_fill_micros=quantity if is_whole else 0,
        max_fee_micros=fee,
        valid_for_seconds=60,
    )
    if count > n_lots:
        with pytest.raises(InvalidInput):
            cut(terms, count)
        return
    slices = cut(terms, count)
    sizes = [each.quantity_micros for each in slices]
    assert sum(sizes) == quantity
    assert max(sizes) - min(sizes) <= limits.LOT_MICROS
    assert sum(each.max_fee_micros or 0 for each in slices) <= (fee or 0)
    assert all(each.min_fill_micros == is_whole * each.quantity_micros for each in slices)
    ends = [each.valid_until_seconds for each in slices]
    assert [each.valid_from_seconds for each in slices] == [
        START,
        *(end + 1 for end in ends[:-1] if end is not None),
    ]
    for each in slices:
        each.order(ALICE.address, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("count", "every_seconds", "min_fill_micros"),
    [(0, EVERY, 0), (MAX_SLICES + 1, EVERY, 0), (2, 60, 0), (2, EVERY, 1_000)],
)
def test_slices_that_make_no_sense(count: int, every_seconds: int, min_fill_micros: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        cut(replace(TERMS, min_fill_micros=min_fill_micros), count, every_seconds)
    assert caught.value.code == "slices_invalid"


def test_the_shortest_slice() -> None:
    assert len(cut(TERMS, 2, 61)) == 2
