"""A reporter's part in the rounds: observe, propose, sign, publish. No clock, no network in here.

A round is a moment at a whole multiple of the interval. Everybody signs an observation of it. One
reporter at a time has the turn to propose a set of observations; from the set follows the report,
and whoever finds it in order signs it. What a quorum has signed alike is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from coincurve import PrivateKey

from offbeat.core import InvalidInput
from offbeat.intents import Domain, report_digest, settlement_price_digest, sign_digest
from offbeat.node.reporter.averages import KEPT_SECONDS, Averages
from offbeat.node.reporter.observation import Observation, has_signed, observe_signed
from offbeat.node.reporter.rules import (
    ReporterRules,
    Views,
    agreed_views,
    check_order,
    check_own,
)
from offbeat.oracle import MarketView, Report, report_of
from offbeat.rulebook import Quorum

KEPT_ROUNDS: Final = 3

Price = tuple[str, int, int]
"""A settlement price: symbol, expiry in seconds, micros."""


@dataclass(frozen=True, slots=True)
class Partial:
    """One reporter's signatures (r ‖ s ‖ v) of a moment's report, and of the prices due then."""

    time_seconds: int
    signer: int
    signature: bytes
    prices: tuple[tuple[Price, bytes], ...] = ()


@dataclass(slots=True)
class Round:
    """What is known of one moment."""

    observations: dict[int, Observation] = field(default_factory=dict)
    proposal: tuple[Observation, ...] = ()
    views: Views = ()
    report: Report | None = None
    digest: bytes = b""
    signed: dict[int, Partial] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """A report that a quorum has signed, and this reporter's own signature of it."""

    report: Report
    signature: bytes


class Rounds:
    """One reporter, ``signer`` being its index. ``refusals`` says what it would not sign, and why.

    ``last`` is what it has signed last: moment and views.
    """

    def __init__(
        self, key: PrivateKey, signer: int, reporters: Quorum, domain: Domain, rules: ReporterRules
    ) -> None:
        self._key = key
        self.signer = signer
        self.reporters = reporters
        self.domain = domain
        self.rules = rules
        self.rounds: dict[int, Round] = {}
        self.published: Published | None = None
        self.last: tuple[int, Views] | None = None
        self.averages = Averages()
        self.prices: dict[tuple[str, int], tuple[Price, dict[int, bytes]]] = {}
        self.refusals: dict[int, str] = {}

    def observe(self, time_seconds: int, views: Sequence[MarketView]) -> Observation:
        """Begin a round with one's own views; adds the settlement prices that are due."""
        own = tuple(
            MarketView(
                view.symbol,
                view.spot_micros,
                view.expiries,
                self.averages.settling(view.symbol, time_seconds),
            )
            for view in views
        )
        observation = observe_signed(time_seconds, own, self.signer, self._key, self.domain)
        self._round(time_seconds).observations[self.signer] = observation
        return observation

    def take_observation(self, observation: Observation) -> None:
        """Remember another's observation of a round that has begun, if it is in order."""
        known = self.rounds.get(observation.time_seconds)
        if known and observation.is_signed(self.domain, self.reporters):
            known.observations.setdefault(observation.signer, observation)

    def has_turn(self, time_seconds: int, turns: int) -> bool:
        """Whether this reporter may propose once ``turns`` turns of the round are over."""
        n_reporters = len(self.reporters.signers)
        first = time_seconds // self.rules.interval_seconds
        place = (self.signer - first) % n_reporters
        return place <= turns

    def propose(self, time_seconds: int) -> None:
        """Propose all observations there are, if that makes a quorum, and sign what follows."""
        known = self._round(time_seconds)
        if not known.proposal and len(known.observations) >= self.reporters.threshold:
            everything = known.observations
            self.take_proposal(time_seconds, [everything[signer] for signer in sorted(everything)])

    def take_proposal(self, time_seconds: int, observations: Sequence[Observation]) -> None:
        """Sign the report that follows from these observations, or note why not.

        A reporter signs one report of each moment, and only ever later ones.
        """
        known = self.rounds.get(time_seconds)
        if known is None or known.proposal or self.signer not in known.observations:
            return
        try:
            views = agreed_views(observations, time_seconds, self.domain, self.reporters)
            own = known.observations[self.signer].views
            check_own(own, views, self.rules)
            check_order(self.last, time_seconds, views, self.rules)
            report = report_of(views, time_seconds)
        except InvalidInput as error:
            self._refuse(time_seconds, f"{error.code}: {error.message}")
            return
        known.proposal, known.views, known.report = tuple(observations), views, report
        known.digest = digest_of(report, self.domain)
        self.last = (time_seconds, views)
        mine = {(view.symbol, expiry) for view in own for expiry, _ in view.settling}
        due: list[Price] = [
            (view.symbol, expiry, price)
            for view in views
            for expiry, price in view.settling
            if (view.symbol, expiry) in mine
        ]
        signatures = tuple(
            (price, sign_digest(settlement_price_digest(*price, self.domain), self._key))
            for price in due
        )
        signature = sign_digest(known.digest, self._key)
        self.take_partial(Partial(time_seconds, self.signer, signature, signatures))

    def take_partial(self, partial: Partial) -> None:
        """Count another's signatures; publish what a quorum has signed."""
        known = self.rounds.get(partial.time_seconds)
        if known is None or known.report is None or partial.signer in known.signed:
            return
        if not has_signed(known.digest, partial.signer, partial.signature, self.reporters):
            return
        known.signed[partial.signer] = partial
        self._count_prices(partial)
        if len(known.signed) == self.reporters.threshold or (
            len(known.signed) > self.reporters.threshold and self._is_behind(known.report)
        ):
            self._publish(partial.time_seconds, known)

    def own_partial(self) -> Partial | None:
        """This reporter's latest signature."""
        if self.last is None or self.last[0] not in self.rounds:
            return None
        return self.rounds[self.last[0]].signed.get(self.signer)

    def settlement_prices(self) -> list[tuple[Price, dict[int, bytes]]]:
        """Prices that a quorum has signed, with the signatures by index."""
        enough = self.reporters.threshold
        return [each for each in self.prices.values() if len(each[1]) >= enough]

    def _publish(self, time_seconds: int, known: Round) -> None:
        own = known.signed.get(self.signer)
        if own is None or known.report is None or not self._is_behind(known.report):
            return
        self.published = Published(known.report, own.signature)
        self.averages.add(time_seconds, known.views)

    def _is_behind(self, report: Report) -> bool:
        latest = self.published
        return latest is None or latest.report.timestamp_seconds < report.timestamp_seconds

    def _count_prices(self, partial: Partial) -> None:
        """Signatures count together where they are of one price; the first to a quorum stays."""
        for price, signature in partial.prices:
            symbol, expiry, _ = price
            digest = settlement_price_digest(*price, self.domain)
            if not has_signed(digest, partial.signer, signature, self.reporters):
                continue
            held = self.prices.get((symbol, expiry))
            if held is None or (held[0] != price and len(held[1]) < self.reporters.threshold):
                held = self.prices[symbol, expiry] = (price, {})
            if held[0] == price:
                held[1][partial.signer] = signature

    def _round(self, time_seconds: int) -> Round:
        known = self.rounds.setdefault(time_seconds, Round())
        for old in sorted(self.rounds)[:-KEPT_ROUNDS]:
            del self.rounds[old]
        for symbol, expiry in list(self.prices):
            if expiry < time_seconds - KEPT_SECONDS:
                del self.prices[symbol, expiry]
        return known

    def _refuse(self, time_seconds: int, reason: str) -> None:
        self.refusals[time_seconds] = reason
        for old in sorted(self.refusals)[:-KEPT_ROUNDS]:
            del self.refusals[old]


def digest_of(report: Report, domain: Domain) -> bytes:
    """What reporters sign of a report."""
    return report_digest(
        report.timestamp_seconds, report.underlyings_hash, report.rows_root, domain
    )


def certificate_of(signatures: Mapping[int, bytes]) -> bytes:
    """A certificate from signatures r ‖ s ‖ v by signer: index, r and EIP-2098's vs of each."""
    parts = []
    for signer in sorted(signatures):
        signature = signatures[signer]
        s = int.from_bytes(signature[32:64]) | (signature[64] - 27) << 255
        parts.append(bytes((signer,)) + signature[:32] + s.to_bytes(32))
    return b"".join(parts)
