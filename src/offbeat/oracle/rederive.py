"""Rows computed again from a report's own inputs, as ``contracts/Challenge.vy`` does it."""

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind
from offbeat.oracle.inputs import ExpiryInputs
from offbeat.oracle.report import Report, Row, UnderlyingReport
from offbeat.oracle.risk_array import RiskParameters, option_row, spot_row


def derive_row(instrument: Instrument, inputs: ExpiryInputs, tick_micros: int) -> Row:
    """The row that follows from the inputs of its expiry.

    Raises :class:`InvalidInput` with code ``inputs_other`` (of another underlying or expiry),
    ``tick_micros`` or ``risk_overflow``.
    """
    if instrument.id >> 56 != inputs.group:
        raise InvalidInput("inputs_other", f"these are no inputs of {instrument}")
    parameters = RiskParameters(
        price_scan_bps=inputs.price_scan_bps,
        volatility_scan_bps=inputs.volatility_scan_bps,
        tick_micros=tick_micros,
        short_min_ticks=0,
        extreme_multiple=inputs.extreme_multiple,
        extreme_weight_bps=inputs.extreme_weight_bps,
    )
    if instrument.kind is Kind.SPOT:
        return spot_row(inputs.symbol, inputs.forward_micros, parameters)
    deviation = inputs.smile.deviation(inputs.forward_micros, instrument.strike_micros)
    return option_row(instrument, inputs.forward_micros, deviation, parameters)


def is_row_right(row: Row, inputs: ExpiryInputs, underlying: UnderlyingReport) -> bool:
    """Whether a row is within one tick of the one that follows from ``inputs``.

    Raises ``InvalidInput("inputs_other")``.
    """
    tick_micros = underlying.tick_micros
    try:
        instrument = Instrument.from_id(row.instrument_id)
    except InvalidInput:
        return False
    if instrument.kind is Kind.SPOT and inputs.forward_micros != underlying.spot_micros:
        return False
    try:
        expected = derive_row(instrument, inputs, tick_micros)
    except InvalidInput as error:
        if error.code == "inputs_other":
            raise
        return False
    return abs(row.mark_micros - expected.mark_micros) <= tick_micros and all(
        abs(one - other) <= 1 for one, other in zip(row.risk, expected.risk, strict=True)
    )


def wrong_rows(report: Report) -> tuple[Row, ...]:
    """Those rows of a report that a challenge would find wrong, or that lack inputs."""
    inputs_of = {inputs.group: inputs for inputs in report.inputs}
    underlyings = {each.symbol: each for each in report.underlyings}
    wrong = []
    for row in report.rows:
        inputs = inputs_of.get(row.instrument_id >> 56)
        if inputs is None or not is_row_right(row, inputs, underlyings[inputs.symbol]):
            wrong.append(row)
    return tuple(wrong)
