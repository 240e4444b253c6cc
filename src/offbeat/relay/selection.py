"""Which fills to keep where one batch cannot carry all of them."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

from offbeat.intents import Order
from offbeat.relay.load import Load
from offbeat.relay.projection import Fill


def choose(load: Load, fills: Sequence[Fill]) -> list[Fill]:
    """Fills of orders that fit on top of ``load``, in the given order; all if they fit.

    What is chosen must clear again by itself. So after each fill come those that take its other
    side, the earliest first; whatever order is earliest opens the next round.
    """
    unseen = {id(fill): fill for fill in fills}
    takers: dict[tuple[int, bool], deque[Fill]] = defaultdict(deque)
    for fill in fills:
        for instrument, change in _changes(fill):
            takers[instrument, change > 0].append(fill)
    unmatched: dict[int, int] = {}
    chosen: set[int] = set()
    while unseen and not load.is_full:
        fill = _next_taker(unmatched, takers, unseen) or next(iter(unseen.values()))
        del unseen[id(fill)]
        if not load.add_intent(fill.pending):
            continue
        chosen.add(id(fill))
        for instrument, change in _changes(fill):
            unmatched[instrument] = unmatched.get(instrument, 0) + change
    return [fill for fill in fills if id(fill) in chosen]


def _next_taker(
    unmatched: Mapping[int, int],
    takers: Mapping[tuple[int, bool], deque[Fill]],
    unseen: Mapping[int, Fill],
) -> Fill | None:
    """The earliest fill on the other side of something that is not balanced yet."""
    for instrument, net in unmatched.items():
        if net == 0 or (instrument, net < 0) not in takers:
            continue
        queue = takers[instrument, net < 0]
        while queue and id(queue[0]) not in unseen:
            queue.popleft()
        if queue:
            return queue[0]
    return None


def _changes(fill: Fill) -> list[tuple[int, int]]:
    """What a fill does to each instrument's total."""
    order = fill.pending.signed.intent
    assert isinstance(order, Order), "only orders fill"
    return [(leg.instrument.id, leg.ratio * fill.fill_micros) for leg in order.legs]
