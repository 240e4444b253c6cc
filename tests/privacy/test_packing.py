"""Signed intents in a fixed number of bytes, one form each."""

import pytest
from any_intent import intents
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Leg
from offbeat.intents import Cancel, Order, SignedIntent
from offbeat.privacy import PADDED_BYTES, pack, unpack

ANY = st.builds(SignedIntent, intents, st.binary(min_size=65, max_size=65))
CANCEL = SignedIntent(
    Cancel(owner=b"\1" * 20, account=0, nonce=1, valid_until_seconds=1, max_fee_micros=0),
    b"\2" * 65,
)


@given(ANY)
def test_every_intent_comes_back_from_as_many_bytes(signed: SignedIntent) -> None:
    data = pack(signed)
    assert len(data) == PADDED_BYTES
    assert unpack(data) == signed


@given(ANY, st.integers(0, 8 * PADDED_BYTES - 1))
def test_another_bit_is_another_intent_or_none(signed: SignedIntent, bit: int) -> None:
    data = (int.from_bytes(pack(signed)) ^ 1 << bit).to_bytes(PADDED_BYTES)
    try:
        other = unpack(data)
    except InvalidInput as error:
        assert error.code == "packing_invalid"  # noqa: PT017 (either outcome is right)
    else:
        assert other != signed
        assert pack(other) == data


@given(st.binary(max_size=PADDED_BYTES + 1))
def test_noise_never_breaks_the_reader(noise: bytes) -> None:
    for data in (noise, noise.ljust(PADDED_BYTES, b"\0"), pack(CANCEL)[:2] + noise):
        try:
            assert pack(unpack(data)) == data
        except InvalidInput as error:
            assert error.code == "packing_invalid"  # noqa: PT017


@pytest.mark.parametrize("data", [b"", b"\5", b"\xff" * PADDED_BYTES, bytes(PADDED_BYTES)])
def test_what_is_no_intent_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="packing_invalid"):
        unpack(data)


def test_padding_is_zero_and_whole() -> None:
    data = pack(CANCEL)
    for wrong in (data[:-1] + b"\1", data[:-1], data + b"\0"):
        with pytest.raises(InvalidInput, match="packing_invalid"):
            unpack(wrong)


def test_the_longest_order_leaves_room() -> None:
    legs = tuple(
        Leg(Instrument.parse(f"ETH-25DEC26-{strike}-C"), 1000)
        for strike in (3000, 3500, 4000, 4500)
    )
    order = Order(
        owner=b"\xff" * 20,
        account=2**32 - 1,
        legs=legs,
        quantity_micros=10**9,
        limit_micros=-(2**127),
        nonce=2**64 - 1,
        valid_until_seconds=2**64 - 1,
        max_fee_micros=2**64 - 1,
    )
    assert len(pack(SignedIntent(order, b"\xff" * 65)).rstrip(b"\0")) == 260
