"""What a structure costs when it settles alone: the yardstick for sharing a batch."""

from collections.abc import Iterable

from offbeat.intents import Order
from offbeat.oracle import Report
from offbeat.relay import Builder, Pending
from offbeat.sim.ledger import Alone, Ledger
from offbeat.sim.scenario import QUOTE
from offbeat.sim.venue import Venue


def measure_alone(
    venue: Venue,
    builder: Builder,
    report: Report,
    pending: Iterable[Pending],
    subject: Pending,
    ledger: Ledger,
) -> Alone | None:
    """Settle one order on a snapshot, in a batch of its own with only those that fill it.

    These are quotes, or the other side of its own trade. State and time are those of the shared
    batch, so the difference is what sharing saves. None if they do not fill it.
    """
    source = ledger.journeys[subject.intent_hash].submission.source
    around = [
        each
        for each in pending
        if (other := ledger.journeys[each.intent_hash].submission).label == QUOTE
        or other.source == source
    ]
    built = builder.build(around)
    if subject.intent_hash not in built.fills:
        return None
    strategy = ledger.journeys[subject.intent_hash].strategy
    assert strategy is not None, "only orders are measured"
    return Alone(source, strategy, len(built.fills), venue.gas_of(built, report))


def representatives(built_from: Iterable[Pending], ledger: Ledger) -> dict[str, Pending]:
    """Of these intents one order for each strategy that is not measured yet, quotes aside."""
    known = {each.strategy for each in ledger.alone}
    chosen: dict[str, Pending] = {}
    for each in built_from:
        journey = ledger.journeys[each.intent_hash]
        if isinstance(journey.intent, Order) and journey.submission.label != QUOTE:
            assert journey.strategy is not None, "orders have a strategy"
            if journey.strategy not in known:
                chosen.setdefault(journey.strategy, each)
    return chosen
