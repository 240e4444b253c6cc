"""From admitted intents to batches ready to be certified: screening, clearing, packing."""

from offbeat.relay.builder import Builder, Built
from offbeat.relay.pending import Moment, Pending, screen

__all__ = ["Builder", "Built", "Moment", "Pending", "screen"]
