"""What the contracts store at one block: the other side of a comparison with our state."""

from collections.abc import Mapping
from dataclasses import dataclass

from offbeat.intents import Delegation
from offbeat.rulebook import Pot


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """The contracts' storage as of ``block_number``.

    The first eight values are the whole of what they name, ``forced_digest`` that of the first
    forced request, empty where there is none; the mappings hold what was asked for:
    ``commitments`` by account id, ``grants`` by (owner, key), ``pots`` by group,
    ``claimable_micros`` by (address, symbol number). ``held_micros`` is the vault's token balance
    by symbol number, rounded down.
    """

    block_number: int
    head: bytes
    number: int
    time_seconds: int
    report_time_seconds: int
    certified_time_seconds: int
    inbox_count: int
    inbox_consumed: int
    forced_digest: bytes
    commitments: Mapping[int, bytes]
    grants: Mapping[tuple[bytes, bytes], Delegation]
    pots: Mapping[int, Pot]
    claimable_micros: Mapping[tuple[bytes, int], int]
    held_micros: Mapping[int, int]
