"""What every handler of one API works with."""

from dataclasses import dataclass

from offbeat.node.api.metrics import Metrics
from offbeat.node.api.settings import ApiLimits
from offbeat.node.api.tail import Tail
from offbeat.node.service import Service


@dataclass(frozen=True, slots=True)
class Api:
    """One relay's API."""

    service: Service
    limits: ApiLimits
    metrics: Metrics
    tail: Tail
