"""How a broken rule travels from the depth of a batch to ``apply``, which returns its reason.

Private to the room: outside it, a refusal is a value.
"""

from offbeat.core import Reason


class Refusal(Exception):
    """A rule that the batch breaks."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
        self.action: int | None = None
        """Which action of its section broke the rule, where it was an action."""


def require(condition: bool, reason: Reason) -> None:
    """Refuse the batch for ``reason`` unless ``condition`` holds."""
    if not condition:
        raise Refusal(reason)


def require_none(reason: Reason | None) -> None:
    """Refuse the batch for ``reason`` if there is one."""
    if reason is not None:
        raise Refusal(reason)
