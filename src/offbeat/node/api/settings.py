"""The bounds that one API keeps: each has a name, and a stated behaviour when it is reached."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """What a client may ask of this API; ``/v1/limits`` publishes all of it.

    Beyond ``max_body_bytes`` is 413, beyond ``requests_per_second`` (a client may save up
    ``burst_requests``) 429; 0 sets no rate. Of clients the ``max_clients`` most recent are
    remembered. A stream beyond ``max_streams`` is closed at once, one that is silent for
    ``stream_idle_seconds`` and leaves a ping unanswered later. A channel that
    ``max_stream_backlog`` messages wait for is dropped, and may be resumed from up to
    ``max_stream_replay`` journal entries back. The best prices of what waits are looked up every
    ``quotes_seconds`` at most.
    """

    max_body_bytes: int = 524_288
    max_array: int = 64
    body_timeout_seconds: int = 10
    requests_per_second: int = 200
    burst_requests: int = 400
    max_clients: int = 16_384
    max_page: int = 256
    max_batches: int = 32
    max_simulated_orders: int = 16
    quotes_seconds: int = 1
    max_streams: int = 1_024
    max_stream_channels: int = 64
    max_stream_backlog: int = 1_024
    max_stream_replay: int = 16_384
    stream_idle_seconds: int = 60

    def as_json(self) -> dict[str, str]:
        """By name, as decimal strings."""
        return {name: str(value) for name, value in asdict(self).items()}
