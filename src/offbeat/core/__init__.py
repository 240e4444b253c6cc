"""Integers, limits, errors and reason codes: the ground floor, which imports nothing of ours."""

from offbeat.core.arithmetic import ceil_div, floor_div, to_signed, to_unsigned, trunc_div
from offbeat.core.errors import (
    ChainError,
    InvalidInput,
    OffbeatError,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from offbeat.core.reasons import Reason

__all__ = [
    "ChainError",
    "InvalidInput",
    "OffbeatError",
    "OutcomeUnknown",
    "Reason",
    "Refused",
    "Unavailable",
    "ceil_div",
    "floor_div",
    "to_signed",
    "to_unsigned",
    "trunc_div",
]
