"""Who puts batches in order and vouches for them; at first one sequencer alone."""

from offbeat.sequencing.rotation import ROTATION_TYPE, rotation_digest
from offbeat.sequencing.solo import Solo

__all__ = ["ROTATION_TYPE", "Solo", "rotation_digest"]
