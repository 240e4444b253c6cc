"""Who puts batches in order and vouches for them; at first one sequencer alone."""

from offbeat.sequencing.solo import Solo

__all__ = ["Solo"]
