"""The oracle: prices and surfaces from quotes, risk arrays from those, and the signed report."""

from offbeat.oracle.black76 import YEAR_SECONDS, Greeks, greeks, implied_volatility, price
from offbeat.oracle.fixed_point import FRACTION_BITS, ONE, ln_ratio, normal_cdf
from offbeat.oracle.inputs import FLAT, INPUTS_TAG, SMILE_SCALE, ExpiryInputs, Smile
from offbeat.oracle.market import (
    ExpiryView,
    MarketView,
    agree,
    greatest_moves_bps,
    report_of,
    risk_parameters,
)
from offbeat.oracle.rederive import derive_row, is_row_right, wrong_rows
from offbeat.oracle.report import ROW_TAG, Report, Row, UnderlyingReport
from offbeat.oracle.risk_array import (
    SPAN_SCENARIOS,
    VOLATILITY_SCALE,
    OptionPoint,
    RiskParameters,
    Scenario,
    option_row,
    option_rows,
    spot_row,
    value_micros,
)
from offbeat.oracle.surface import (
    ExpiryQuotes,
    QuotedVolatility,
    QuoteFilter,
    Surface,
    SurfaceSlice,
    fit_surface,
    observe,
)
from offbeat.oracle.svi import MIN_OBSERVATIONS, NO_FLOOR, Floor, Observation, SviSlice, fit_slice
from offbeat.oracle.tree import MerkleTree, Multiproof, multiproof_root

__all__ = [
    "FLAT",
    "FRACTION_BITS",
    "INPUTS_TAG",
    "MIN_OBSERVATIONS",
    "NO_FLOOR",
    "ONE",
    "ROW_TAG",
    "SMILE_SCALE",
    "SPAN_SCENARIOS",
    "VOLATILITY_SCALE",
    "YEAR_SECONDS",
    "ExpiryInputs",
    "ExpiryQuotes",
    "ExpiryView",
    "Floor",
    "Greeks",
    "MarketView",
    "MerkleTree",
    "Multiproof",
    "Observation",
    "OptionPoint",
    "QuoteFilter",
    "QuotedVolatility",
    "Report",
    "RiskParameters",
    "Row",
    "Scenario",
    "Smile",
    "Surface",
    "SurfaceSlice",
    "SviSlice",
    "UnderlyingReport",
    "agree",
    "derive_row",
    "fit_slice",
    "fit_surface",
    "greatest_moves_bps",
    "greeks",
    "implied_volatility",
    "is_row_right",
    "ln_ratio",
    "multiproof_root",
    "normal_cdf",
    "observe",
    "option_row",
    "option_rows",
    "price",
    "report_of",
    "risk_parameters",
    "spot_row",
    "value_micros",
    "wrong_rows",
]
