"""What an operator may choose of a relay's ways."""

from dataclasses import dataclass, field

from offbeat.reconciliation import KEPT_BLOCKS
from offbeat.relay import Policy


@dataclass(frozen=True, slots=True)
class Options:
    """A relay's parameters; every bound has a stated behaviour when it is reached.

    ``max_open_per_account``: one more is refused (``too_many_open``). ``max_open`` intents in all
    and ``max_submitting`` at once: no more are taken for now (``node_busy``). A block at
    ``finality_depth`` under the tip is final; a reorganisation deeper than ``kept_blocks`` means
    reading the chain again. ``clock_slack_seconds``: how far the chain's clock may be behind ours.
    A chain or store that is away for ``grace_ms`` closes the door.
    """

    policy: Policy = field(default_factory=Policy)
    action_fee_micros: int = 250_000
    finality_depth: int = 2
    kept_blocks: int = KEPT_BLOCKS
    poll_seconds: float = 0.5
    report_seconds: float = 1.0
    clock_slack_seconds: int = 2
    max_open_per_account: int = 1_024
    max_open: int = 200_000
    max_submitting: int = 8_192
    grace_ms: int = 2_000
    verify_threads: int = 2
