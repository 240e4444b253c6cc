"""A reporter: sees markets, agrees with its peers on what they all see, and signs it."""

from offbeat.node.reporter.averages import Averages
from offbeat.node.reporter.deribit_source import DeribitSource
from offbeat.node.reporter.observation import Observation, observe_signed
from offbeat.node.reporter.rounds import Partial, Published, Rounds
from offbeat.node.reporter.rules import ReporterRules, agreed_views, check_order, check_own
from offbeat.node.reporter.service import ReporterService, reporter_app
from offbeat.node.reporter.sources import MarketSource

__all__ = [
    "Averages",
    "DeribitSource",
    "MarketSource",
    "Observation",
    "Partial",
    "Published",
    "ReporterRules",
    "ReporterService",
    "Rounds",
    "agreed_views",
    "check_order",
    "check_own",
    "observe_signed",
    "reporter_app",
]
