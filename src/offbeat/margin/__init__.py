"""Margin as exact integers: the static test, the scan test, and the scan of many accounts."""

from offbeat.margin.liquidation import check_liquidation
from offbeat.margin.matrix import Portfolios, PortfolioScan, scan_portfolios
from offbeat.margin.scan import RiskRow, RiskScale, ScanResult, UnderlyingRisk, scan_test
from offbeat.margin.static import Holding, StaticResult, static_test

__all__ = [
    "Holding",
    "PortfolioScan",
    "Portfolios",
    "RiskRow",
    "RiskScale",
    "ScanResult",
    "StaticResult",
    "UnderlyingRisk",
    "check_liquidation",
    "scan_portfolios",
    "scan_test",
    "static_test",
]
