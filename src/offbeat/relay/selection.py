"""Which fills one batch can carry: its bounds on accounts, rows and bytes."""

from collections import defaultdict
from collections.abc import Sequence

from offbeat.core import limits
from offbeat.intents import Order
from offbeat.relay.projection import Fill
from offbeat.rulebook import State

_WORD = 32
_SECTION_WORDS = 2
_ACTION_WORDS = 6
_ROW_WORDS = 2


class _Load:
    """What a batch with some fills weighs so far."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._rows: set[int] = set()
        self._actions: dict[int, int] = defaultdict(int)
        self._opened: dict[int, set[int]] = defaultdict(set)

    def add(self, fill: Fill) -> None:
        account = fill.pending.account
        record = self._state.account(account)
        held = {position.instrument_id for position in record.positions}
        intent = fill.pending.signed.intent
        legs = {leg.instrument.id for leg in intent.legs} if isinstance(intent, Order) else set()
        self._actions[account] += 1
        self._opened[account] |= held | legs
        self._rows |= held | legs

    def fits(self) -> bool:
        """Whether everything added is within the bounds, with room for the inbox's accounts."""
        room = limits.MAX_ACCOUNTS - limits.MAX_CREDITS
        return (
            len(self._rows) + limits.MAX_UNDERLYINGS <= limits.MAX_ROWS
            and len(self._actions) <= room
            and max(self._actions.values(), default=0) <= limits.MAX_ACTIONS
            and max(map(len, self._opened.values()), default=0) <= limits.MAX_ENTRIES
            and self._bytes() <= limits.MAX_PAYLOAD_BYTES
        )

    def _bytes(self) -> int:
        words = 3 + limits.MAX_UNDERLYINGS + _ROW_WORDS * (len(self._rows) + 1)
        words += 2 * limits.MAX_CREDITS + (_SECTION_WORDS + 10) * limits.MAX_CREDITS
        for account, n_actions in self._actions.items():
            record = self._state.account(account)
            words += _SECTION_WORDS + 2 * (len(record.lanes) + len(record.partials) + 1)
            words += -(-len(self._opened[account]) // 4) + _ACTION_WORDS * n_actions
        return words * _WORD


def fits(state: State, fills: Sequence[Fill]) -> bool:
    """Whether one batch can carry all of these."""
    load = _Load(state)
    for fill in fills:
        load.add(fill)
    return load.fits()


def within_bounds(state: State, others: Sequence[Fill], fills: Sequence[Fill]) -> Sequence[Fill]:
    """The fills to keep so that one batch carries them; all of them where they fit.

    Whole groups that trade only among themselves stay together, in order of their earliest
    member, because what remains must clear again; a group that is too large alone gives up its
    latest orders.
    """
    if fits(state, [*others, *fills]):
        return fills
    chosen: list[Fill] = []
    for group in _groups(fills):
        if fits(state, [*others, *chosen, *group]):
            chosen += group
    if chosen:
        return chosen
    largest = list(_groups(fills)[0])
    while largest and not fits(state, [*others, *largest]):
        largest = largest[: len(largest) * 3 // 4]
    return largest


def _groups(fills: Sequence[Fill]) -> list[list[Fill]]:
    """Fills that share instruments, directly or through others, each in the given order."""
    leader: dict[int, int] = {}

    def find(instrument: int) -> int:
        while leader.setdefault(instrument, instrument) != instrument:
            instrument = leader[instrument]
        return instrument

    for fill in fills:
        ids = _instruments(fill)
        for other in ids[1:]:
            leader[find(other)] = find(ids[0])
    groups: dict[int, list[Fill]] = defaultdict(list)
    for fill in fills:
        groups[find(_instruments(fill)[0])].append(fill)
    return list(groups.values())


def _instruments(fill: Fill) -> list[int]:
    order = fill.pending.signed.intent
    assert isinstance(order, Order), "only orders fill"
    return [leg.instrument.id for leg in order.legs]
