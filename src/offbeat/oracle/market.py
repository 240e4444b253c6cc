"""What one reporter sees of a market, and what several of them agree on: whole numbers throughout.

Everybody who takes the same views gets the same agreement, and from that the same report, to the
bit. No view of a minority decides anything: numbers are medians, a smile is the published one
nearest to the medians of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Final, Self, TypeVar

from offbeat.core import InvalidInput, ceil_div, limits
from offbeat.instruments import Instrument, Kind
from offbeat.oracle.inputs import FLAT, ExpiryInputs, Smile
from offbeat.oracle.rederive import derive_row
from offbeat.oracle.report import Report, UnderlyingReport
from offbeat.oracle.risk_array import RiskParameters
from offbeat.oracle.surface import Surface

T = TypeVar("T")

PRICE_SCAN_BPS: Final = 1_500
VOLATILITY_SCAN_BPS: Final = 3_000
SHORT_MINIMUM_BPS: Final = 50
"""The least risk of a short option, in parts of spot."""
MAX_EXPIRIES: Final = 32
MAX_STRIKES: Final = 256
"""Bounds of one underlying's view: expiries, and strikes of each."""

_TICK_STEP_MICROS: Final = limits.QUOTE_SCALE // 100
_LOSS_ROOM: Final = 2
"""How many times a whole price scan the largest risk must be able to hold."""
_FORWARD: Final = 1_000_000_000
_MONEYNESS_PERMILLE: Final = (500, 700, 850, 950, 1_000, 1_050, 1_150, 1_400, 2_000)
"""Where smiles are compared, in thousandths of the forward."""


@dataclass(frozen=True, slots=True)
class ExpiryView:
    """One expiry's forward, smile and listed strikes, which ascend strictly.

    Raises :class:`InvalidInput` with code ``view_strikes``, ``inputs_expiry`` or
    ``forward_micros``.
    """

    expiry_seconds: int
    forward_micros: int
    smile: Smile
    strikes_micros: tuple[int, ...]

    def __post_init__(self) -> None:
        strikes = self.strikes_micros
        in_order = list(strikes) == sorted(set(strikes)) and 0 < len(strikes) <= MAX_STRIKES
        if not in_order or not 0 < strikes[0] <= strikes[-1] <= limits.MAX_STRIKE_MICROS:
            raise InvalidInput("view_strikes", f"not 1 to {MAX_STRIKES} ascending strikes")
        if not 0 < self.expiry_seconds <= limits.MAX_EXPIRY_SECONDS:
            raise InvalidInput("inputs_expiry", "an expiry is a whole number of 32 bits")
        if not 0 < self.forward_micros <= limits.MAX_MARK_MICROS:
            raise InvalidInput("forward_micros", "a forward is positive and has 63 bits")


@dataclass(frozen=True, slots=True)
class MarketView:
    """One underlying as seen at one moment; ``settling`` has average prices of past expiries.

    Both expiries and settling ascend by expiry. Raises :class:`InvalidInput` with code
    ``instrument_symbol``, ``spot_micros`` or ``view_expiries``.
    """

    symbol: str
    spot_micros: int
    expiries: tuple[ExpiryView, ...]
    settling: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        Instrument.spot(self.symbol)
        if not 0 < self.spot_micros <= limits.MAX_MARK_MICROS:
            raise InvalidInput("spot_micros", "a spot price is positive and has 63 bits")
        for listed in (
            [each.expiry_seconds for each in self.expiries],
            [e for e, _ in self.settling],
        ):
            if listed != sorted(set(listed)) or len(listed) > MAX_EXPIRIES:
                raise InvalidInput("view_expiries", f"not up to {MAX_EXPIRIES} ascending expiries")
        if not all(0 < price <= limits.MAX_MARK_MICROS for _, price in self.settling):
            raise InvalidInput("view_settling", "a settlement price is positive and has 63 bits")

    @classmethod
    def of_surface(
        cls,
        surface: Surface,
        symbol: str,
        spot_micros: int,
        strikes_micros: Mapping[int, Iterable[int]],
    ) -> Self:
        """A fitted surface in whole numbers, with the listed strikes of each expiry."""
        expiries = tuple(
            ExpiryView(
                each.expiry_seconds,
                each.forward_micros,
                Smile.of(each.smile),
                tuple(sorted(set(strikes_micros[each.expiry_seconds]))),
            )
            for each in surface.slices
        )
        return cls(symbol, spot_micros, expiries)


def agree(views: Sequence[MarketView], threshold: int) -> MarketView:
    """What views of one underlying and moment come to.

    Expiries, strikes and settling prices count where ``threshold`` of the views have them. Of two
    middle values the lower is taken. Raises ``InvalidInput("views_few")`` for too few views, or
    ``views_differ`` where they are of several underlyings.
    """
    if len(views) < threshold or not views:
        raise InvalidInput("views_few", f"{len(views)} views, not {threshold}")
    if len({view.symbol for view in views}) > 1:
        raise InvalidInput("views_differ", "the views are of several underlyings")
    seen = _gather((each.expiry_seconds, each) for view in views for each in view.expiries)
    settling = _gather(each for view in views for each in view.settling)
    expiries = []
    for expiry, group in seen.items():
        listed = _gather((strike, strike) for each in group for strike in each.strikes_micros)
        strikes = tuple(strike for strike, times in listed.items() if len(times) >= threshold)
        if len(group) >= threshold and strikes:
            forward = median_low(each.forward_micros for each in group)
            smile = _middle_smile([each.smile for each in group])
            expiries.append(ExpiryView(expiry, forward, smile, strikes))
    return MarketView(
        views[0].symbol,
        median_low(view.spot_micros for view in views),
        tuple(expiries),
        tuple(
            (at, median_low(prices)) for at, prices in settling.items() if len(prices) >= threshold
        ),
    )


def greatest_moves_bps(before: MarketView, after: MarketView) -> tuple[int, int]:
    """How far two views of one underlying are apart, in parts of the first, rounded up.

    First the greatest of spot, the forwards and settlement prices of common expiries, then that
    of σ√T at common moneyness, from half to twice the forward.
    """
    forwards = {each.expiry_seconds: each for each in before.expiries}
    settling = dict(before.settling)
    common = [
        (forwards[e.expiry_seconds], e) for e in after.expiries if e.expiry_seconds in forwards
    ]
    prices = [(before.spot_micros, after.spot_micros)]
    prices += [(one.forward_micros, other.forward_micros) for one, other in common]
    prices += [(settling[at], price) for at, price in after.settling if at in settling]
    pairs = (zip(_profile(one.smile), _profile(other.smile), strict=True) for one, other in common)
    return _greatest_bps(prices), _greatest_bps(pair for both in pairs for pair in both)


def risk_parameters(spot_micros: int) -> RiskParameters:
    """Scan ranges and scales for an underlying, its tick in whole cents."""
    room_micros = ceil_div(spot_micros * PRICE_SCAN_BPS * _LOSS_ROOM, limits.BPS)
    steps = ceil_div(room_micros, limits.MAX_RISK_TICKS * _TICK_STEP_MICROS)
    tick_micros = steps * _TICK_STEP_MICROS
    return RiskParameters(
        price_scan_bps=PRICE_SCAN_BPS,
        volatility_scan_bps=VOLATILITY_SCAN_BPS,
        tick_micros=tick_micros,
        short_min_ticks=ceil_div(spot_micros * SHORT_MINIMUM_BPS, limits.BPS * tick_micros),
    )


def report_of(views: Sequence[MarketView], time_seconds: int) -> Report:
    """The report that follows from one view of each underlying: calls and puts at every strike.

    Expiries that are not after ``time_seconds`` have no rows any more. Raises :class:`InvalidInput`
    as :class:`Report` and :func:`derive_row`.
    """
    underlyings: list[UnderlyingReport] = []
    inputs: list[ExpiryInputs] = []
    instruments: list[tuple[Instrument, ExpiryInputs, int]] = []
    for view in sorted(views, key=lambda view: Instrument.spot(view.symbol).id):
        parameters = risk_parameters(view.spot_micros)
        tick_micros = parameters.tick_micros
        underlyings.append(parameters.underlying_report(view.symbol, view.spot_micros))
        spot = _inputs(view.symbol, 0, view.spot_micros, FLAT)
        inputs.append(spot)
        instruments.append((Instrument.spot(view.symbol), spot, tick_micros))
        for each in view.expiries:
            if each.expiry_seconds <= time_seconds:
                continue
            of_expiry = _inputs(view.symbol, each.expiry_seconds, each.forward_micros, each.smile)
            inputs.append(of_expiry)
            instruments += (
                (Instrument(view.symbol, kind, each.expiry_seconds, strike), of_expiry, tick_micros)
                for strike in each.strikes_micros
                for kind in (Kind.CALL, Kind.PUT)
            )
    rows = tuple(derive_row(*each) for each in instruments)
    return Report(time_seconds, tuple(underlyings), rows, tuple(inputs))


def _inputs(symbol: str, expiry_seconds: int, forward_micros: int, smile: Smile) -> ExpiryInputs:
    return ExpiryInputs(
        symbol, expiry_seconds, forward_micros, smile, PRICE_SCAN_BPS, VOLATILITY_SCAN_BPS
    )


def _gather(pairs: Iterable[tuple[int, T]]) -> dict[int, list[T]]:
    """Values by number, numbers ascending."""
    found: dict[int, list[T]] = {}
    for number, value in pairs:
        found.setdefault(number, []).append(value)
    return dict(sorted(found.items()))


def _profile(smile: Smile) -> list[int]:
    return [smile.deviation(_FORWARD, _FORWARD // 1_000 * each) for each in _MONEYNESS_PERMILLE]


def _middle_smile(smiles: Sequence[Smile]) -> Smile:
    """The smile whose σ√T is nearest to the medians; the medians alone need be no smile."""
    profiles = [_profile(smile) for smile in smiles]
    middle = [median_low(column) for column in zip(*profiles, strict=True)]

    def distance(number: int) -> tuple[int, tuple[int, ...]]:
        away = sum(abs(a - b) for a, b in zip(profiles[number], middle, strict=True))
        smile = smiles[number]
        return away, (smile.a, smile.b, smile.rho, smile.m, smile.sigma)

    return smiles[min(range(len(smiles)), key=distance)]


def _greatest_bps(pairs: Iterable[tuple[int, int]]) -> int:
    moves = (ceil_div(abs(b - a) * limits.BPS, max(1, a)) for a, b in pairs)
    return max(moves, default=0)
