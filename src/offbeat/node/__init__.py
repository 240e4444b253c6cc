"""A relay: admits intents, batches and lands them, follows the chain, and serves an API."""

from offbeat.node.crash_points import crash_point
from offbeat.node.engine import Relay
from offbeat.node.options import Options
from offbeat.node.report_feed import Attested, ReportFeed, ReportSource
from offbeat.node.service import Admitted, Service, View

__all__ = [
    "Admitted",
    "Attested",
    "Options",
    "Relay",
    "ReportFeed",
    "ReportSource",
    "Service",
    "View",
    "crash_point",
]
