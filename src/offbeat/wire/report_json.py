"""Oracle reports as JSON: whole numbers as decimal strings, instruments by their ids."""

import re
from collections.abc import Mapping
from typing import Any, Final

from offbeat.core import InvalidInput
from offbeat.oracle import ExpiryInputs, Report, Row, Smile, UnderlyingReport

_DECIMAL: Final = re.compile("-?[0-9]{1,40}")
_SMILE_NUMBERS: Final = ("a", "b", "rho", "m", "sigma")
_INPUT_NUMBERS: Final = (
    "expiry_seconds",
    "forward_micros",
    "price_scan_bps",
    "volatility_scan_bps",
    "extreme_multiple",
    "extreme_weight_bps",
)


def report_to_json(report: Report) -> dict[str, Any]:
    """The report; every value is text."""
    return {
        "timestamp_seconds": str(report.timestamp_seconds),
        "underlyings": [
            {
                "symbol": each.symbol,
                "spot_micros": str(each.spot_micros),
                "tick_micros": str(each.tick_micros),
                "short_min_ticks": str(each.short_min_ticks),
            }
            for each in report.underlyings
        ],
        "rows": [
            {
                "instrument_id": f"{row.instrument_id:#034x}",
                "mark_micros": str(row.mark_micros),
                "risk_ticks": [str(loss) for loss in row.risk],
            }
            for row in report.rows
        ],
        "inputs": [inputs_to_json(each) for each in report.inputs],
    }


def report_from_json(raw: Mapping[str, Any]) -> Report:
    """The report in such an object; whole JSON numbers will do as well.

    Raises :class:`InvalidInput` with code ``report_malformed``, or a code of its constructors.
    """
    try:
        return Report(
            timestamp_seconds=_number(raw["timestamp_seconds"]),
            underlyings=tuple(
                UnderlyingReport(
                    symbol=each["symbol"],
                    spot_micros=_number(each["spot_micros"]),
                    tick_micros=_number(each["tick_micros"]),
                    short_min_ticks=_number(each["short_min_ticks"]),
                )
                for each in raw["underlyings"]
            ),
            rows=tuple(
                Row(
                    instrument_id=int(each["instrument_id"], 16),
                    mark_micros=_number(each["mark_micros"]),
                    risk=tuple(_number(loss) for loss in each["risk_ticks"]),
                )
                for each in raw["rows"]
            ),
            inputs=tuple(inputs_from_json(each) for each in raw.get("inputs", ())),
        )
    except InvalidInput:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput("report_malformed", f"not a report: {error!r}") from error


def inputs_to_json(inputs: ExpiryInputs) -> dict[str, Any]:
    """What one expiry's rows follow from; every value is text, but for the smile's own object."""
    smile = inputs.smile
    return {
        "symbol": inputs.symbol,
        **{name: str(getattr(inputs, name)) for name in _INPUT_NUMBERS},
        "smile": {name: str(getattr(smile, name)) for name in _SMILE_NUMBERS},
    }


def inputs_from_json(raw: Mapping[str, Any]) -> ExpiryInputs:
    """The inputs in such an object; raises as :func:`report_from_json`."""
    try:
        smile = Smile(**{name: _number(raw["smile"][name]) for name in _SMILE_NUMBERS})
        numbers = {name: _number(raw[name]) for name in _INPUT_NUMBERS}
        return ExpiryInputs(symbol=raw["symbol"], smile=smile, **numbers)
    except InvalidInput:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput("report_malformed", f"not a report's inputs: {error!r}") from error


def _number(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    raise TypeError("a whole number, in a string or as it is")
