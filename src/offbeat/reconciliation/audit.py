"""Our state against the contracts' storage: the last word on a rebuilt record."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from offbeat.instruments import Instrument, Kind
from offbeat.intents import address_text
from offbeat.reconciliation.divergence import Divergence, Topic
from offbeat.rulebook import State, symbol_number, symbol_text
from offbeat.wire import ChainFacts


def check(state: State, facts: ChainFacts) -> tuple[Divergence, ...]:
    """Every disagreement of ``state`` with the contracts at one block; none where all is well.

    ``facts`` must hold all that ``state`` knows of. Equal heads mean that no batch is missing, so
    a record that nobody asked for cannot differ either.
    """
    return (*_progress(state, facts), *_values(state, facts), *_money(state, facts))


def _progress(state: State, facts: ChainFacts) -> Iterator[Divergence]:
    yield from _compare(Topic.HEAD, "", state.head, facts.head)
    yield from _compare(Topic.BATCH_NUMBER, "", state.number, facts.number)
    yield from _compare(Topic.BATCH_TIME, "", state.time_seconds, facts.time_seconds)
    yield from _compare(Topic.REPORT_TIME, "", state.report_time_seconds, facts.report_time_seconds)
    ours, theirs = state.certified_time_seconds, facts.certified_time_seconds
    yield from _compare(Topic.CERTIFIED_TIME, "", ours, theirs)
    yield from _compare(Topic.INBOX_COUNT, "", state.inbox_count, facts.inbox_count)
    yield from _compare(Topic.INBOX_CONSUMED, "", state.inbox_consumed, facts.inbox_consumed)
    first = state.forced[0].digest if state.forced else bytes(32)
    yield from _compare(Topic.FORCED, "", first, facts.forced_digest)


def _values(state: State, facts: ChainFacts) -> Iterator[Divergence]:
    for account, record in state.accounts.items():
        subject = f"account {account:#050x}"
        theirs = facts.commitments[account]
        yield from _compare(Topic.COMMITMENT, subject, record.commitment, theirs)
    for pair, grant in state.grants.items():
        subject = f"key {address_text(pair[1])} for {address_text(pair[0])}"
        for field in ("scope", "expires_seconds"):
            ours, theirs = getattr(grant, field), getattr(facts.grants[pair], field)
            yield from _compare(Topic.GRANT, f"{subject}, {field}", ours, theirs)
    for group, pot in state.pots.items():
        subject = f"{symbol_text(group >> 32)} at {group & 0xFFFFFFFF}"
        for field in ("price_micros", "cash_micros", "spot_micros"):
            ours, theirs = getattr(pot, field), getattr(facts.pots[group], field)
            yield from _compare(Topic.POT, f"{subject}, {field}", ours, theirs)


def _money(state: State, facts: ChainFacts) -> Iterator[Divergence]:
    for payee, owed in state.owed_micros.items():
        claimable = facts.claimable_micros[payee]
        if claimable > owed:
            subject = f"{symbol_text(payee[1])} of {address_text(payee[0])}"
            yield Divergence.of(Topic.CLAIMABLE, subject, owed, claimable)
    for symbol, due in _due_micros(state, facts).items():
        held = facts.held_micros.get(symbol, 0)
        if held < due:
            yield Divergence.of(Topic.COLLATERAL, symbol_text(symbol), due, held)


def _due_micros(state: State, facts: ChainFacts) -> Mapping[int, int]:
    """What the vault must hold of each symbol: for accounts, pots, claims and the inbox."""
    cash = symbol_number(state.rules.cash_symbol)
    due: dict[int, int] = defaultdict(int)
    for record in state.accounts.values():
        due[cash] += record.cash_micros
        for position in record.positions:
            instrument = Instrument.from_id(position.instrument_id)
            if instrument.kind is Kind.SPOT:
                due[symbol_number(instrument.underlying)] += position.quantity_micros
    for group, pot in state.pots.items():
        due[cash] += pot.cash_micros
        due[group >> 32] += pot.spot_micros
    for (_, symbol), claimable in facts.claimable_micros.items():
        due[symbol] += claimable
    for item in state.inbox.values():
        due[item.symbol] += item.amount_micros
    return due


def _compare(
    topic: Topic, subject: str, ours: bytes | int, theirs: bytes | int
) -> Iterator[Divergence]:
    if ours != theirs:
        yield Divergence.of(topic, subject, ours, theirs)
