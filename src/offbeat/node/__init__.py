"""A relay: admits intents, batches and lands them, follows the chain, and serves an API."""

from offbeat.node.crash_points import crash_point
from offbeat.node.engine import Relay
from offbeat.node.http_server import HttpServer, listen, url_of
from offbeat.node.options import Options
from offbeat.node.price_poster import PricePoster
from offbeat.node.report_feed import Attested, ReportFeed, ReportSource
from offbeat.node.reporter import (
    DeribitSource,
    MarketSource,
    ReporterRules,
    ReporterService,
    Rounds,
    reporter_app,
)
from offbeat.node.run import run_node
from offbeat.node.service import Admitted, Service, View
from offbeat.node.settings import Settings, flatten, load_settings, settings_files
from offbeat.node.transmitter import Transmitter

__all__ = [
    "Admitted",
    "Attested",
    "DeribitSource",
    "HttpServer",
    "MarketSource",
    "Options",
    "PricePoster",
    "Relay",
    "ReportFeed",
    "ReportSource",
    "ReporterRules",
    "ReporterService",
    "Rounds",
    "Service",
    "Settings",
    "Transmitter",
    "View",
    "crash_point",
    "flatten",
    "listen",
    "load_settings",
    "reporter_app",
    "run_node",
    "settings_files",
    "url_of",
]
