"""What every handler of one API works with."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from typing import Protocol

from offbeat.node.api.metrics import Metrics
from offbeat.node.api.quotes import Quotes
from offbeat.node.api.rates import RateLimiter
from offbeat.node.api.settings import ApiLimits
from offbeat.node.api.tail import Tail
from offbeat.node.service import Service


class Stream(Protocol):
    """A client's stream, as far as the whole API is concerned with it."""

    @property
    def backlog(self) -> Sized:
        """What waits for the client."""


@dataclass(frozen=True, slots=True)
class Market:
    """What everybody holds long by id, and the latest clearing prices by id, after one batch."""

    held_micros: Mapping[int, int]
    prices_nanos: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Api:
    """One relay's API. Without ``rates`` clients may ask as often as they like."""

    service: Service
    limits: ApiLimits
    metrics: Metrics
    tail: Tail
    rates: RateLimiter | None
    quotes: Quotes
    streams: set[Stream] = field(default_factory=set)
    markets: dict[bytes, Market] = field(default_factory=dict)
    """What ``/v1/instruments`` says of the latest settled head, by that head."""
