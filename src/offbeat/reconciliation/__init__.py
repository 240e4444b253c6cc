"""Chain truth to our state: follow every act, and compare the result with the contracts."""

from offbeat.reconciliation.audit import check
from offbeat.reconciliation.divergence import Diverged, Divergence, Topic
from offbeat.reconciliation.follow import follow, rebuild

__all__ = ["Diverged", "Divergence", "Topic", "check", "follow", "rebuild"]
