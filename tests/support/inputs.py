"""Reports that stand on their inputs: strategies for everything between a deed and a signature."""

from hypothesis import strategies as st

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    FLAT,
    SMILE_SCALE,
    ExpiryInputs,
    Report,
    Row,
    Smile,
    UnderlyingReport,
    derive_row,
)

DOLLAR = 10**6
TICK_MICROS = 500_000


def _scaled(least: float, most: float) -> st.SearchStrategy[int]:
    return st.integers(round(least * SMILE_SCALE), round(most * SMILE_SCALE))


smiles = st.builds(
    Smile, _scaled(-0.01, 1.0), _scaled(0, 1.0), _scaled(-1, 1), _scaled(-1, 1), _scaled(0.0, 1.0)
)
"""Anything from an expiry in an hour to one of years, most of it far from any market."""

any_smiles = st.builds(
    Smile,
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(0, (1 << 63) - 1),
    st.integers(-SMILE_SCALE, SMILE_SCALE),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(0, (1 << 63) - 1),
)
"""All that the type admits."""


@st.composite
def expiry_inputs(draw: st.DrawFn, smile: st.SearchStrategy[Smile] = smiles) -> ExpiryInputs:
    """Inputs of an ETH expiry with a forward of 500 to 5,000 dollars."""
    price_scan_bps = draw(st.integers(1, 3_333))
    return ExpiryInputs(
        "ETH",
        draw(st.integers(1_700_000_000, 1_900_000_000)),
        draw(st.integers(500 * DOLLAR, 5_000 * DOLLAR)),
        draw(smile),
        price_scan_bps,
        draw(st.integers(0, 9_999)),
        draw(st.integers(1, min(255, 9_999 // price_scan_bps))),
        draw(st.integers(0, 10_000)),
    )


def spot_inputs(spot_micros: int) -> ExpiryInputs:
    """Inputs of ETH's spot row."""
    return ExpiryInputs("ETH", 0, spot_micros, FLAT, 1_500, 3_000)


@st.composite
def honest_rows(draw: st.DrawFn) -> tuple[Row, ExpiryInputs, UnderlyingReport]:
    """A row, an option's or spot's, with what it follows from."""
    if draw(st.integers(0, 9)) == 0:
        inputs = spot_inputs(draw(st.integers(1, 10**10)))
        instrument = Instrument.spot("ETH")
    else:
        inputs = draw(expiry_inputs())
        kind = draw(st.sampled_from([Kind.CALL, Kind.PUT]))
        strike_micros = draw(
            st.integers(inputs.forward_micros // 8, inputs.forward_micros * 8)
            | st.integers(1, 2**48 - 1)
        )
        instrument = Instrument("ETH", kind, inputs.expiry_seconds, strike_micros)
    underlying = UnderlyingReport("ETH", inputs.forward_micros, TICK_MICROS, 10)
    return derive_row(instrument, inputs, TICK_MICROS), inputs, underlying


def report_of(
    row: Row, inputs: ExpiryInputs, underlying: UnderlyingReport, time_seconds: int
) -> Report:
    """A report with this row among some others."""
    spot = spot_inputs(underlying.spot_micros)
    rows = {row.instrument_id: row}
    for strike_dollars in (1_000, 2_000):
        for kind in (Kind.CALL, Kind.PUT):
            option = Instrument("ETH", kind, max(1, inputs.expiry_seconds), strike_dollars * DOLLAR)
            if inputs.expiry_seconds:
                rows.setdefault(option.id, _derived(option, inputs))
    rows.setdefault(Instrument.spot("ETH").id, _derived(Instrument.spot("ETH"), spot))
    published = {each.group: each for each in (spot, inputs)}
    return Report(
        time_seconds,
        (underlying,),
        tuple(rows[number] for number in sorted(rows)),
        tuple(published[group] for group in sorted(published)),
    )


def _derived(instrument: Instrument, inputs: ExpiryInputs) -> Row:
    try:
        return derive_row(instrument, inputs, TICK_MICROS)
    except InvalidInput:
        # Out of the ticks' reach: any row will do beside the one in question.
        return Row(instrument.id, 1, (0,) * 16)
