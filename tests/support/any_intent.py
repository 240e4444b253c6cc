"""Intents that use the whole range of every field."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from offbeat.core import limits
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import Cancel, Delegate, Domain, Intent, Order, Transfer, Withdraw

symbols = st.text("ABCXYZ0189", min_size=1, max_size=5)
addresses = st.binary(min_size=20, max_size=20).filter(any)
lots = st.integers(1, limits.MAX_QUANTITY_MICROS // limits.LOT_MICROS)
uint32, uint64, uint128 = (st.integers(0, 2**bits - 1) for bits in (32, 64, 128))
amounts = st.integers(1, limits.MAX_DEPOSIT_MICROS)
envelope: dict[str, SearchStrategy[Any]] = {
    "owner": addresses,
    "account": uint32,
    "nonce": uint64,
    "valid_until_seconds": uint64,
    "max_fee_micros": uint64,
}


@st.composite
def strategies(draw: st.DrawFn) -> tuple[Leg, ...]:
    underlying = draw(symbols)
    options = st.builds(
        Instrument,
        st.just(underlying),
        st.sampled_from((Kind.CALL, Kind.PUT)),
        st.integers(1, limits.MAX_EXPIRY_SECONDS),
        st.integers(1, limits.MAX_STRIKE_MICROS),
    )
    instruments = draw(
        st.sets(
            options | st.just(Instrument.spot(underlying)), min_size=1, max_size=limits.MAX_LEGS
        )
    )
    ratios = st.integers(-limits.MAX_RATIO, limits.MAX_RATIO).filter(bool)
    return tuple(Leg(instrument, draw(ratios)) for instrument in sorted(instruments))


@st.composite
def orders(draw: st.DrawFn) -> Order:
    quantity = draw(lots)
    return Order(
        **{name: draw(values) for name, values in envelope.items()},
        legs=draw(strategies()),
        quantity_micros=quantity * limits.LOT_MICROS,
        min_fill_micros=draw(st.integers(0, quantity)) * limits.LOT_MICROS,
        limit_micros=draw(st.integers(-(2**127), 2**127 - 1)),
        valid_from_seconds=draw(uint64),
        spot_min_micros=draw(uint128),
        spot_max_micros=draw(uint128),
        reduce_only=draw(st.booleans()),
    )


others = (
    st.builds(Cancel, **envelope)
    | st.builds(Withdraw, **envelope, to=addresses, asset=symbols, amount_micros=amounts)
    | st.builds(Transfer, **envelope, to_owner=addresses, to_account=uint32, amount_micros=amounts)
    | st.builds(
        Delegate,
        **{**envelope, "owner": st.just(b"\x01" * 20)},
        delegate=addresses,
        scope=st.integers(1, 15),
        expires_seconds=uint64,
    )
)

intents: SearchStrategy[Intent] = orders() | others
domains = st.builds(Domain, st.integers(1, 2**256 - 1), addresses)
