"""What a live network has done, told by the chain and by what every relay says of each intent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from offbeat.chain import Deployment, read_acts
from offbeat.core.lifecycle import IntentStatus
from offbeat.core.ports import Chain
from offbeat.rulebook import ActionKind, Batch, decode
from offbeat.sdk import IntentState
from offbeat.sim.audit import Verdict, audit
from offbeat.sim.live_crowd import Crowd, Sent
from offbeat.wire import BatchLanded


@dataclass(frozen=True, slots=True)
class LiveBatch:
    """One settlement transaction; ``intents`` are the signed ones in it."""

    number: int
    lander: bytes
    intents: int
    deposits: int
    gas: int
    fees_micros: int


@dataclass(frozen=True, slots=True)
class LiveSummary:
    """Everything about a live run.

    ``sent`` counts every copy to every relay, ``acknowledged`` distinct intents. ``lost`` are
    acknowledged intents that have not ended or that a relay does not know, ``disputed`` those of
    which relays say different things. ``settled_on_chain`` counts the distinct intents that the
    auditor found in calldata, ``settled`` those that the relays call final.
    """

    relays: int
    kills: int
    sent: int
    acknowledged: int
    refused: Mapping[str, int]
    fates: Mapping[str, int]
    strategies: Mapping[str, int]
    lost: tuple[str, ...]
    disputed: tuple[str, ...]
    settled: int
    settled_on_chain: int
    batches: tuple[LiveBatch, ...]
    landed_by: Mapping[str, int]
    gas_per_intent: int
    audit: Verdict

    @property
    def ok(self) -> bool:
        """Nothing was lost or doubled, and the auditor found no fault."""
        return (
            self.audit.ok
            and not self.lost
            and not self.disputed
            and self.settled == self.settled_on_chain
        )

    def to_json(self) -> dict[str, Any]:
        """Its fields as a JSON object."""
        return {"ok": self.ok} | asdict(self) | {"audit": self.audit.to_json()}


def summarise_live(
    chain: Chain,
    deployment: Deployment,
    crowd: Crowd,
    views: Sequence[Mapping[str, IntentState]],
    relays: Mapping[bytes, str],
    kills: int,
) -> LiveSummary:
    """Audit the chain, and compare what was sent with ``views``, each relay's own account of it.

    ``relays`` names each submitter's address after its relay. Raises as
    :func:`~offbeat.chain.read_acts` does.
    """
    sent = crowd.sent
    verdict = audit(chain, deployment)
    acts = read_acts(chain, deployment)
    batches = tuple(_batch(act) for act in acts if isinstance(act, BatchLanded))
    distinct = {each.intent_hash: each for each in sent}
    known = {digest: state for digest, state in views[0].items() if digest in distinct}
    trading = [each for each in batches if each.intents]
    return LiveSummary(
        relays=len(views),
        kills=kills,
        sent=sum(each.copies for each in sent),
        acknowledged=len(distinct),
        refused=dict(Counter(crowd.refused)),
        fates=dict(Counter(state.status.name.lower() for state in known.values())),
        strategies=_filled(distinct, known),
        lost=lost_intents(distinct, views),
        disputed=disputed_intents(distinct, views),
        settled=sum(_is_settled(state) for state in known.values()),
        settled_on_chain=verdict.intents,
        batches=batches,
        landed_by=dict(Counter(relays.get(each.lander, "somebody else") for each in batches)),
        gas_per_intent=sum(each.gas for each in trading)
        // max(1, sum(each.intents for each in trading)),
        audit=verdict,
    )


def lost_intents(
    acknowledged: Iterable[str], views: Sequence[Mapping[str, IntentState]]
) -> tuple[str, ...]:
    """Hashes that some relay does not know, or whose life has not ended there."""
    return tuple(
        digest
        for digest in acknowledged
        if any(digest not in view or not view[digest].is_closed for view in views)
    )


def disputed_intents(
    acknowledged: Iterable[str], views: Sequence[Mapping[str, IntentState]]
) -> tuple[str, ...]:
    """Hashes of which two relays tell different stories."""
    return tuple(
        digest
        for digest in acknowledged
        if len({_story(view[digest]) for view in views if digest in view}) > 1
    )


def _batch(act: BatchLanded) -> LiveBatch:
    batch = decode(act.submission.payload)
    assert isinstance(batch, Batch), "the contract has read it"
    actions = [each.kind for section in batch.sections for each in section.actions]
    return LiveBatch(
        number=act.number,
        lander=act.lander,
        intents=sum(kind is not ActionKind.CREDIT for kind in actions),
        deposits=len(batch.credits),
        gas=act.gas_used,
        fees_micros=act.fees_micros,
    )


def _story(state: IntentState) -> tuple[IntentStatus, str, int, int, int]:
    """What every relay must say alike."""
    return state.status, state.reason, state.filled_micros, state.paid_micros, state.fee_micros


def _is_settled(state: IntentState) -> bool:
    """Whether a batch has carried it: an order that ended after a part was filled counts too."""
    return state.filled_micros > 0 or state.status is IntentStatus.FINAL


def _filled(distinct: Mapping[str, Sent], known: Mapping[str, IntentState]) -> Mapping[str, int]:
    """Takers' orders that traded, by strategy."""
    return dict(
        Counter(
            distinct[digest].purpose
            for digest, state in known.items()
            if state.filled_micros and "," not in distinct[digest].purpose
        )
    )
