"""A Deribit snapshot and the trades before it, as a scenario.

The book of the snapshot rests as market makers' orders from the first round to the last. Every
trade and every complete block of the tape becomes two orders: the taker's at exactly the price
that was agreed, and the opposite one. The auction decides: where today's book is better than the
price of then, the book fills; else the two meet.

Time and margin. The tape is up to five days older than the book, but risk is a matter of now: all
rounds stand at the snapshot's time and under its oracle report, one ``ROUND_SECONDS`` after the
other. A trade keeps the price at which it was agreed (its coin price at its own index) and an old
price may well lose money at today's marks; deposits cover that. Marks are undiscounted (Black-76
on the forward), while coin at its index is money of today, so far expiries trade below their marks
by the carry: up to 6 % in November 2023. Every instrument sees its trades in the order of the tape,
no two in one round, because one batch has one price.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, recognise, reverse
from offbeat.sim.book_report import book_time_seconds, report_of_book
from offbeat.sim.cast import Cast
from offbeat.sim.deribit_csv import BookRow, read_last_trades, read_order_book
from offbeat.sim.resting_depth import assign_makers, quotes_of
from offbeat.sim.scenario import QUOTE, Role, Round, Scenario, Submission
from offbeat.sim.tape import Structure, read_structures

ROUND_SECONDS: Final = 12
ROUND_LIFE_SECONDS: Final = 60
PAIRS_PER_ROUND: Final = 32
"""Leaves room in a payload for the book levels that the pairs meet."""
TRADERS: Final = 16
MAX_FEE_MICROS: Final = 5 * limits.QUOTE_SCALE
CONCESSION_MICROS: Final = 2
"""How much less than the agreed price per unit the counterparty accepts. At any price one of the
two then gains a whole micro, the least for which an auction must fill an order."""


def load_replay(folder: Path) -> Scenario:
    """The scenario of ``order_book.csv`` and ``last_trades.csv`` in ``folder``.

    Malformed lines and trades that cannot be expressed are in the scenario's ``faults`` and
    ``refusals``. Raises :class:`InvalidInput` as :func:`read_table` and :func:`report_of_book`, or
    with code ``tape_too_long`` (the report would be stale before its last round).
    """
    book = read_order_book(folder / "order_book.csv")
    tape = read_last_trades(folder / "last_trades.csv")
    now_seconds = book_time_seconds(book.rows)
    listed = frozenset(row.instrument for row in book.rows)
    structures, refusals = read_structures(tape.rows, listed, now_seconds)

    cast = Cast(f"replay/{folder.name}", MAX_FEE_MICROS)
    agendas = _agendas(structures)
    times = [now_seconds + ROUND_SECONDS * number for number in range(1, len(agendas) + 1)]
    last_seconds = times[-1] + ROUND_LIFE_SECONDS
    if last_seconds - now_seconds > limits.REPORT_MAX_AGE_SECONDS:
        raise InvalidInput("tape_too_long", f"{len(agendas)} rounds outlive one oracle report")
    quotes = tuple(_quotes(cast, book.rows, last_seconds))
    used = {leg.instrument for structure in structures for leg in structure.legs}
    used |= {row.instrument for row in book.rows if row.bids or row.asks}
    report = report_of_book(book.rows, used)
    traders = _Traders(cast)
    rounds = tuple(
        Round(
            opens_seconds=opens_seconds,
            closes_seconds=opens_seconds + ROUND_LIFE_SECONDS,
            report=report,
            submissions=(quotes if opens_seconds == times[0] else ())
            + tuple(traders.pairs(agenda, opens_seconds + ROUND_LIFE_SECONDS)),
        )
        for opens_seconds, agenda in zip(times, agendas, strict=True)
    )
    participants = cast.participants(rounds)
    return Scenario(folder.name, participants, rounds, refusals, book.faults + tape.faults)


def _agendas(structures: Sequence[Structure]) -> list[list[Structure]]:
    """The structures by round: as early as possible, no instrument twice in one, at least one."""
    agendas: list[list[Structure]] = [[]]
    next_round: defaultdict[Instrument, int] = defaultdict(int)
    for structure in structures:
        number: int = max(next_round[leg.instrument] for leg in structure.legs)
        while number < len(agendas) and len(agendas[number]) >= PAIRS_PER_ROUND:
            number += 1
        if number == len(agendas):
            agendas.append([])
        agendas[number].append(structure)
        for leg in structure.legs:
            next_round[leg.instrument] = number + 1
    return agendas


def _quotes(cast: Cast, rows: Sequence[BookRow], valid_until_seconds: int) -> Iterator[Submission]:
    for name, options in assign_makers(rows):
        cast.join(name, Role.MAKER)
        for quote in (quote for row in options for quote in quotes_of(row)):
            order = cast.order(
                name, (quote.leg,), quote.quantity_micros, quote.limit_micros, valid_until_seconds
            )
            source = f"{quote.leg.instrument.name} {'bid' if quote.leg.ratio > 0 else 'ask'}"
            yield Submission(
                intent=order, sender=name, signer_key=cast.key(name), label=QUOTE, source=source
            )


class _Traders:
    """Pairs of traders who take the tape's trades in turn, and as many more as it needs."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._held: list[set[Instrument]] = [set() for _ in range(TRADERS)]
        self._turn = 0

    def pairs(self, agenda: Sequence[Structure], valid_until_seconds: int) -> Iterator[Submission]:
        """The two orders of every structure; they live for this round only."""
        for structure in agenda:
            number = self._assign({leg.instrument for leg in structure.legs})
            price_micros = structure.price_micros
            sides = (
                (Role.TAKER, structure.legs, price_micros),
                (Role.COUNTERPARTY, reverse(structure.legs), CONCESSION_MICROS - price_micros),
            )
            for role, legs, limit_micros in sides:
                name = self._cast.join(f"{role}-{number + 1}", role)
                yield Submission(
                    intent=self._cast.order(
                        name, legs, structure.quantity_micros, limit_micros, valid_until_seconds
                    ),
                    sender=name,
                    signer_key=self._cast.key(name),
                    label=recognise(structure.legs),
                    source=structure.source,
                )

    def _assign(self, instruments: set[Instrument]) -> int:
        """The next trader in turn who has room for these positions."""
        turns: list[int] = [*range(self._turn, len(self._held)), *range(self._turn)]
        room = (n for n in turns if len(self._held[n] | instruments) <= limits.MAX_POSITIONS)
        number = next(room, len(self._held))
        if number == len(self._held):
            self._held.append(set())
        self._held[number] |= instruments
        self._turn = (number + 1) % len(self._held)
        return number
