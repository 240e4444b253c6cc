"""A relay: admits intents, batches and lands them, follows the chain, and serves an API."""

from offbeat.node.service import Admitted, Service, View

__all__ = ["Admitted", "Service", "View"]
