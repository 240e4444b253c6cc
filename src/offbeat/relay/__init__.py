"""From admitted intents to batches ready to be certified: screening, clearing, packing."""

from offbeat.relay.builder import Builder, Built
from offbeat.relay.pending import Moment, Pending, screen
from offbeat.relay.waits import Wait

__all__ = ["Builder", "Built", "Moment", "Pending", "Wait", "screen"]
