"""Chain truth to our state: follow every act, and compare the result with the contracts."""

from offbeat.reconciliation.audit import check
from offbeat.reconciliation.divergence import Diverged, Divergence, Topic
from offbeat.reconciliation.follow import follow, follow_batch, rebuild
from offbeat.reconciliation.moves import OpenIntent, Reconciler, covers, ends
from offbeat.reconciliation.timeline import KEPT_BLOCKS, Fill, Landing, Step, Timeline

__all__ = [
    "KEPT_BLOCKS",
    "Diverged",
    "Divergence",
    "Fill",
    "Landing",
    "OpenIntent",
    "Reconciler",
    "Step",
    "Timeline",
    "Topic",
    "check",
    "covers",
    "ends",
    "follow",
    "follow_batch",
    "rebuild",
]
