"""Reporters who see the invented market, each with small errors, and pass everything on by hand."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from people import REPORTERS

from offbeat.intents import Domain
from offbeat.node.reporter import ReporterRules, Rounds
from offbeat.oracle import MarketView
from offbeat.rulebook import Quorum
from offbeat.sim.reporter_sources import InventedSource

START = 1_800_000_000
DOMAIN = Domain(31_337, b"\x11" * 20)
QUORUM = Quorum(tuple(each.address for each in REPORTERS), 2)
RULES = ReporterRules()


def seen(time_seconds: int, reporter: int = 0, percent: int = 100) -> MarketView:
    """What a reporter sees; a liar scales spot and every forward."""
    (view,) = asyncio.run(InventedSource(reporter).views(time_seconds))
    return scaled(view, percent)


def scaled(view: MarketView, percent: int) -> MarketView:
    """The view with all its prices scaled."""
    expiries = tuple(
        replace(each, forward_micros=each.forward_micros * percent // 100) for each in view.expiries
    )
    return replace(view, spot_micros=view.spot_micros * percent // 100, expiries=expiries)


def reporters(domain: Domain = DOMAIN, rules: ReporterRules = RULES) -> list[Rounds]:
    """All three."""
    return [
        Rounds(each.key, number, QUORUM, domain, rules) for number, each in enumerate(REPORTERS)
    ]


def hold_round(
    group: Sequence[Rounds], time_seconds: int, percents: Sequence[int] = (100, 100, 100)
) -> None:
    """A whole round among those present: observe, take turns to propose, exchange signatures."""
    present = sorted(each.signer for each in group)
    observations = [
        each.observe(time_seconds, [seen(time_seconds, each.signer, percents[each.signer])])
        for each in group
    ]
    for each in group:
        for observation in observations:
            each.take_observation(observation)
    for turns in range(len(QUORUM.signers)):
        for each in group:
            if each.has_turn(time_seconds, turns):
                each.propose(time_seconds)
            for other in group:
                proposal = other.rounds[time_seconds].proposal
                if proposal:
                    each.take_proposal(time_seconds, proposal)
    assert present == sorted(each.signer for each in group)
    for each in group:
        for other in group:
            partial = other.own_partial()
            if partial is not None:
                each.take_partial(partial)
