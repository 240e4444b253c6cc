"""The oracle: prices and surfaces from quotes, risk arrays from those, and the signed report."""

from offbeat.oracle.black76 import YEAR_SECONDS, Greeks, greeks, implied_volatility, price
from offbeat.oracle.report import ROW_TAG, Report, Row, UnderlyingReport
from offbeat.oracle.risk_array import (
    SPAN_SCENARIOS,
    VOLATILITY_SCALE,
    OptionPoint,
    RiskParameters,
    Scenario,
    option_rows,
    spot_row,
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
from offbeat.oracle.svi import NO_FLOOR, Floor, Observation, SviSlice, fit_slice
from offbeat.oracle.tree import MerkleTree, Multiproof, multiproof_root

__all__ = [
    "NO_FLOOR",
    "ROW_TAG",
    "SPAN_SCENARIOS",
    "VOLATILITY_SCALE",
    "YEAR_SECONDS",
    "ExpiryQuotes",
    "Floor",
    "Greeks",
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
    "Surface",
    "SurfaceSlice",
    "SviSlice",
    "UnderlyingReport",
    "fit_slice",
    "fit_surface",
    "greeks",
    "implied_volatility",
    "multiproof_root",
    "observe",
    "option_rows",
    "price",
    "spot_row",
]
