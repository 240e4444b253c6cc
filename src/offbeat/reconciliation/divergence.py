"""Where our state and the chain disagree."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from offbeat.core import ChainError


class Topic(StrEnum):
    """What a divergence is about."""

    BATCH_REFUSED = "batch_refused"
    """Our rules refuse a batch that has landed; ``ours`` is the reason."""
    WITNESS = "witness"
    """A batch that landed brought another record of an account than ours."""
    HEAD = "head"
    BATCH_NUMBER = "batch_number"
    BATCH_TIME = "batch_time"
    REPORT_TIME = "report_time"
    CERTIFIED_TIME = "certified_time"
    FEES = "fees"
    INBOX_COUNT = "inbox_count"
    INBOX_CONSUMED = "inbox_consumed"
    FORCED = "forced"
    """Which forced request is the first."""
    COMMITMENT = "commitment"
    GRANT = "grant"
    POT = "pot"
    CLAIMABLE = "claimable"
    """More is claimable than was ever made payable."""
    COLLATERAL = "collateral"
    """The vault holds less of a token than it owes; ``ours`` is what it owes, in micros."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """One disagreement: whose or which (``subject``), what we hold and what the chain holds.

    Hashes, addresses and account ids are 0x-hexadecimal, numbers decimal.
    """

    topic: Topic
    subject: str
    ours: str
    theirs: str

    @classmethod
    def of(cls, topic: Topic, subject: str, ours: bytes | int, theirs: bytes | int) -> Self:
        """A disagreement of two hashes or two numbers."""
        return cls(topic, subject, _text(ours), _text(theirs))

    def as_json(self) -> dict[str, str]:
        """As a JSON object of texts."""
        return asdict(self)

    def __str__(self) -> str:
        subject = f" of {self.subject}" if self.subject else ""
        return f"{self.topic}{subject}: ours {self.ours}, the chain's {self.theirs}"


class Diverged(ChainError):
    """The chain's history cannot be followed. ``code`` is ``diverged``."""

    def __init__(self, divergence: Divergence) -> None:
        super().__init__("diverged", str(divergence))
        self.divergence = divergence


def _text(value: bytes | int) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
