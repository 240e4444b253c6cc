"""A tape of trades as the structures that were agreed: blocks put together again.

A block of several legs is printed as one row per leg; only with all of its rows is it known what
was agreed. Its legs stand in the ratio of their amounts: 250 and 500 contracts are 250 units of
1 : 2. What cannot be expressed as one signed strategy is refused with a stable code.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Leg, check_legs
from offbeat.sim.deribit_csv import TradeRow, coin_to_micros


@dataclass(frozen=True, slots=True)
class Structure:
    """One agreed trade, from its taker's side.

    ``source`` is the block's id, or the trade's own. ``price_micros`` is the net price of one
    unit, positive if the taker paid it, at the index of the trade.
    """

    source: str
    timestamp_millis: int
    legs: tuple[Leg, ...]
    quantity_micros: int
    price_micros: int

    @property
    def premium_micros(self) -> int:
        """What the taker paid in all (received, if negative), rounded down."""
        return self.price_micros * self.quantity_micros // limits.QUANTITY_SCALE


@dataclass(frozen=True, slots=True)
class Refusal:
    """A trade or block that cannot be replayed, with its rows and the reason (a stable code)."""

    source: str
    trade_ids: tuple[str, ...]
    code: str
    message: str


def read_structures(
    trades: Iterable[TradeRow], listed: frozenset[Instrument], now_seconds: int
) -> tuple[tuple[Structure, ...], tuple[Refusal, ...]]:
    """Every trade and block of a tape, as a structure in order of time or as a refusal.

    ``listed`` holds the instruments that have a price now. Refusals have the codes of
    :func:`check_legs` and :class:`Leg`, or ``block_incomplete`` (rows are missing, or too many),
    ``block_leg_count`` (its rows disagree), ``leg_not_option``, ``leg_expired``, ``leg_unlisted``.
    """
    groups: defaultdict[str, list[TradeRow]] = defaultdict(list)
    for trade in trades:
        groups[trade.block_trade_id or trade.trade_id].append(trade)
    structures: list[Structure] = []
    refusals: list[Refusal] = []
    for source, rows in groups.items():
        try:
            structures.append(_structure(source, rows, listed, now_seconds))
        except InvalidInput as error:
            trade_ids = tuple(row.trade_id for row in rows)
            refusals.append(Refusal(source, trade_ids, error.code, error.message))
    structures.sort(key=lambda structure: (structure.timestamp_millis, structure.source))
    return tuple(structures), tuple(refusals)


def _structure(
    source: str, rows: Sequence[TradeRow], listed: frozenset[Instrument], now_seconds: int
) -> Structure:
    _check_complete(rows)
    for row in rows:
        _check_tradable(row, listed, now_seconds)
    unit_micros = gcd(*(row.amount_micros for row in rows))
    legs = [
        (_leg(row, unit_micros), coin_to_micros(row.price_coin_nanos, row.index_micros))
        for row in rows
    ]
    legs.sort(key=lambda pair: pair[0].instrument)
    check_legs([leg for leg, _ in legs])
    return Structure(
        source=source,
        timestamp_millis=min(row.timestamp_millis for row in rows),
        legs=tuple(leg for leg, _ in legs),
        quantity_micros=unit_micros,
        price_micros=sum(leg.ratio * price_micros for leg, price_micros in legs),
    )


def _check_complete(rows: Sequence[TradeRow]) -> None:
    counts = {row.block_leg_count or 1 for row in rows}
    if len(counts) > 1:
        raise InvalidInput("block_leg_count", f"its rows name {sorted(counts)} legs")
    if counts != {len(rows)}:
        raise InvalidInput(
            "block_incomplete", f"{len(rows)} of {counts.pop()} legs are on the tape"
        )


def _check_tradable(row: TradeRow, listed: frozenset[Instrument], now_seconds: int) -> None:
    if row.instrument is None:
        raise InvalidInput("leg_not_option", f"{row.instrument_name} is not an option")
    if row.instrument.expiry_seconds <= now_seconds:
        raise InvalidInput("leg_expired", f"{row.instrument_name} has expired")
    if row.instrument not in listed:
        raise InvalidInput("leg_unlisted", f"{row.instrument_name} has no price")


def _leg(row: TradeRow, unit_micros: int) -> Leg:
    assert row.instrument is not None, "checked before"
    ratio = row.amount_micros // unit_micros
    return Leg(row.instrument, ratio if row.taker_buys else -ratio)
