"""What a reporter signs and what it refuses: agreement, order, and how far things may move."""

from collections.abc import Sequence
from dataclasses import dataclass

from offbeat.core import InvalidInput
from offbeat.intents import Domain
from offbeat.node.reporter.observation import Observation
from offbeat.oracle import MarketView, agree, greatest_moves_bps
from offbeat.rulebook import Quorum


@dataclass(frozen=True, slots=True)
class ReporterRules:
    """When and how much. Moves are relative, in basis points.

    Reports are of whole multiples of ``interval_seconds``. ``max_move_bps`` bounds prices and
    ``max_volatility_move_bps`` σ√T between one report and the next that a reporter signs within
    ``continuity_seconds``; ``max_disagreement_bps`` and ``max_volatility_disagreement_bps`` between
    its own view and what it signs. ``max_age_seconds`` is how old what it signs may be.
    """

    interval_seconds: int = 10
    max_age_seconds: int = 30
    max_move_bps: int = 1_000
    max_volatility_move_bps: int = 5_000
    max_disagreement_bps: int = 200
    max_volatility_disagreement_bps: int = 2_000
    continuity_seconds: int = 300


Views = tuple[MarketView, ...]


def agreed_views(
    observations: Sequence[Observation], time_seconds: int, domain: Domain, reporters: Quorum
) -> Views:
    """What observations of one moment come to; underlyings count where enough of them have them.

    Raises :class:`InvalidInput` with code ``observation_time``, ``observation_signature``,
    ``observation_twice`` or ``observations_few``.
    """
    signers = [each.signer for each in observations]
    if any(each.time_seconds != time_seconds for each in observations):
        raise InvalidInput("observation_time", "an observation is of another moment")
    if len(set(signers)) < len(signers):
        raise InvalidInput("observation_twice", "a reporter has observed twice")
    if not all(each.is_signed(domain, reporters) for each in observations):
        raise InvalidInput("observation_signature", "an observation is not its reporter's")
    threshold = reporters.threshold
    if len(observations) < threshold:
        raise InvalidInput("observations_few", f"{len(observations)} observations, not {threshold}")
    by_symbol: dict[str, list[MarketView]] = {}
    for each in observations:
        for view in each.views:
            by_symbol.setdefault(view.symbol, []).append(view)
    enough = {symbol: seen for symbol, seen in by_symbol.items() if len(seen) >= threshold}
    if not enough:
        raise InvalidInput("observations_few", "no underlying has been seen by enough reporters")
    return tuple(agree(enough[symbol], threshold) for symbol in sorted(enough))


def check_own(own: Views, agreed: Views, rules: ReporterRules) -> None:
    """Raise ``InvalidInput("disagreement")`` where the agreement is far from one's own view.

    An underlying that one does not see oneself cannot be signed for.
    """
    mine = {view.symbol: view for view in own}
    for view in agreed:
        if view.symbol not in mine:
            raise InvalidInput("disagreement", f"{view.symbol} is unseen here")
        price_bps, volatility_bps = greatest_moves_bps(mine[view.symbol], view)
        if (
            price_bps > rules.max_disagreement_bps
            or volatility_bps > rules.max_volatility_disagreement_bps
        ):
            raise InvalidInput(
                "disagreement",
                f"{view.symbol} is {price_bps} bps, its volatility {volatility_bps} bps from mine",
            )


def check_order(
    last: tuple[int, Views] | None, time_seconds: int, agreed: Views, rules: ReporterRules
) -> None:
    """Raise :class:`InvalidInput` unless a report may follow the last one that was signed.

    Codes: ``report_not_later``, ``report_moved``. After a gap of ``continuity_seconds`` any move
    may follow: prices go on while reporters are away.
    """
    if last is None:
        return
    last_seconds, before = last
    if time_seconds <= last_seconds:
        raise InvalidInput("report_not_later", "a report of this moment or a later one is signed")
    if time_seconds - last_seconds > rules.continuity_seconds:
        return
    earlier = {view.symbol: view for view in before}
    for view in agreed:
        if view.symbol not in earlier:
            continue
        unsettled = MarketView(view.symbol, view.spot_micros, view.expiries)
        price_bps, volatility_bps = greatest_moves_bps(earlier[view.symbol], unsettled)
        if price_bps > rules.max_move_bps or volatility_bps > rules.max_volatility_move_bps:
            raise InvalidInput(
                "report_moved",
                f"{view.symbol} moved {price_bps} bps, its volatility {volatility_bps} bps",
            )
