"""Why what is in order must wait all the same."""

from enum import StrEnum


class Wait(StrEnum):
    """Why an intent that is in order is not in this batch."""

    UNMATCHED = "unmatched"
    """The auction found no other side within its limit, or not enough for its minimum."""
    NO_ROOM = "no_room"
    """The batch, or the account in it, can carry no more."""
    TURN = "turn"
    """An account that sends in this batch receives nothing, nor the reverse."""
    SETTLING = "settling"
    """The account's expired positions become cash in this batch, and it does nothing else."""
    LIQUIDATION = "liquidation"
    """The account is below maintenance margin and reduced in this batch, and does nothing else."""
    SET_ASIDE = "set_aside"
    """The account's intents did not go together, and finding out which ones took too long."""
