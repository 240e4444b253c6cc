"""What Prometheus reads: base units, and no label that grows with traffic.

Refusals are counted by their code, which the code base bounds; what a client could choose freely
(an address, a hash, a path) is no label.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_ACK_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The API's own instruments, in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.intents = Counter(
            "offbeat_intents", "Intents submitted, by outcome.", ["code"], registry=registry
        )
        self.ack_seconds = Histogram(
            "offbeat_ack_seconds",
            "From a decoded request to its durable acknowledgement.",
            buckets=_ACK_BUCKETS,
            registry=registry,
        )
        self.requests = Counter(
            "offbeat_http_requests",
            "HTTP requests, by route and status.",
            ["route", "status"],
            registry=registry,
        )
        self.streams = Gauge("offbeat_streams", "Open streams.", registry=registry)
        self.subscriptions = Gauge(
            "offbeat_stream_subscriptions", "Followed channels.", registry=registry
        )
        self.backlog = Gauge(
            "offbeat_stream_backlog_messages", "Messages waiting for clients.", registry=registry
        )
        self.dropped = Counter(
            "offbeat_stream_drops", "Channels dropped for slow clients.", registry=registry
        )

    def count_outcomes(self, outcomes: Mapping[str, int]) -> None:
        """Count what became of intents, by code."""
        for code, number in outcomes.items():
            self.intents.labels(code).inc(number)
