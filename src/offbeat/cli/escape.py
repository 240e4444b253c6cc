"""``offbeat escape``: settle with nothing but a node and a key, where sequencers do not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from cyclopts import Parameter
from rich.console import Console

from offbeat import chain
from offbeat.cli import history
from offbeat.cli.amounts import micros_text
from offbeat.cli.history import Source
from offbeat.cli.inputs import Place, open_chain
from offbeat.cli.intent import read_signed
from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result, facts
from offbeat.core import InvalidInput, Reason, Refused, limits
from offbeat.core.ports import Receipt
from offbeat.intents import Domain, SignedIntent, intent_hash, keccak256, verify
from offbeat.relay import Builder, Built, Moment, Pending
from offbeat.rulebook import Applied, Rejected, State, Submission, apply, clearance

LIFE_SECONDS: Final = 300
"""For the transaction to be mined."""


def escape(
    *files: Annotated[str, Parameter(help="Signed intents, as `offbeat intent sign` writes.")],
    source: Source,
    key: KeySource = ENVIRONMENT,
) -> Result:
    """Settle signed intents and the inbox without any sequencer's certificate.

    That is open to everybody once the inbox has waited, and no certified batch has come, for an
    hour; `offbeat deposit` or `offbeat force` puts something there. A forced request that is due
    comes along. Without an oracle's report, so for accounts that
    are covered whatever the price. The key pays for the transaction; all intents settle or none.

    Exits with 3 while it is not open, or where an intent would be refused.
    """
    deployment = source.read_deployment()
    signed = [read_signed(file, Place(source.deployment)) for file in files]
    with open_chain(source.rpc) as node:
        block = node.block()
        state = history.rebuild(node, deployment, block.number)
        _require_open(state, block.timestamp_seconds)
        signed += _due(state, signed, block.timestamp_seconds)
        pending = _check(signed, state, deployment.domain, block.timestamp_seconds)
        built = _build(state, pending, block.timestamp_seconds)
        sender = chain.Sender(node, key.load())
        submission = Submission(built.payload, certificate=b"")
        applied = apply(state, submission, block.timestamp_seconds, sender.address)
        if isinstance(applied, Rejected):
            raise Refused(applied.reason, "the batch would be refused")
        receipt = chain.Gateway(sender, deployment).settle(submission)
    return _answer(_Escaped(built, applied, receipt))


@dataclass(frozen=True, slots=True)
class _Escaped:
    """A batch that landed without a certificate."""

    built: Built
    applied: Applied
    receipt: Receipt


def _require_open(state: State, now_seconds: int) -> None:
    if state.has_escaped(now_seconds):
        return
    items = (state.inbox.get(state.inbox_consumed + 1), *state.forced[:1])
    waiting = [item.enqueued_at_seconds for item in items if item is not None]
    if not waiting:
        why = "nothing waits: an hour after an `offbeat deposit` or `offbeat force` it opens"
    else:
        since = max(min(waiting), state.certified_time_seconds)
        opens = datetime.fromtimestamp(since + limits.ESCAPE_DELAY_SECONDS, UTC)
        why = f"it opens at {opens.isoformat()}, unless a certified batch comes before"
    raise Refused(Reason.CERTIFICATE_INVALID, why)


def _due(state: State, signed: list[SignedIntent], now_seconds: int) -> list[SignedIntent]:
    """The forced request without which no batch may land, unless it is among those given."""
    first = state.forced[0] if state.forced else None
    if first is None or now_seconds < first.due_at_seconds:
        return []
    if clearance(state, now_seconds) is None:
        raise Refused(Reason.INBOX_DUE, "`offbeat force clear` must come before")
    return [] if first.signed.intent in [each.intent for each in signed] else [first.signed]


def _check(
    signed: list[SignedIntent], state: State, domain: Domain, now_seconds: int
) -> list[Pending]:
    """The intents, whose signatures hold as long as the batch lives."""
    for each in signed:
        reason = verify(
            each.intent,
            each.signature,
            domain,
            holds_until_seconds=now_seconds + LIFE_SECONDS,
            delegations=lambda owner, signer: state.grants.get((owner, signer)),
        )
        if reason is not None:
            raise Refused(reason, f"intent 0x{intent_hash(each.intent, domain).hex()}")
    return [Pending(each, intent_hash(each.intent, domain)) for each in signed]


def _build(state: State, pending: list[Pending], now_seconds: int) -> Built:
    moment = Moment(now_seconds, now_seconds + LIFE_SECONDS, report=None)
    built = Builder(state, moment, action_fee_micros=0).build(pending)
    for intent_hash_, reason in built.refused.items():
        raise Refused(reason, f"intent 0x{intent_hash_.hex()}")
    for intent_hash_, wait in built.waiting.items():
        raise InvalidInput("intent_waits", f"intent 0x{intent_hash_.hex()}: {wait}")
    return built


def _answer(escaped: _Escaped) -> Result:
    batch = escaped.built.batch
    outcomes = escaped.applied.outcomes
    data = {
        "batch": batch.number,
        "batch_hash": keccak256(escaped.built.payload),
        "transaction_hash": escaped.receipt.transaction_hash,
        "gas_used": escaped.receipt.gas_used,
        "inbox_items": batch.header.n_credits,
        "intents": [
            {
                "intent_hash": each.intent_hash,
                "filled_micros": each.fill_micros,
                "paid_micros": each.pay_micros,
            }
            for each in outcomes
        ],
    }
    rows = {
        "batch": str(batch.number),
        "transaction": f"0x{escaped.receipt.transaction_hash.hex()}",
        "gas": f"{escaped.receipt.gas_used:,}",
        "inbox items": str(batch.header.n_credits),
    }
    for each in outcomes:
        filled = f", filled {micros_text(each.fill_micros)}" if each.fill_micros else ""
        rows[f"0x{each.intent_hash.hex()[:12]}…"] = f"settled{filled}"
    return Result(data, lambda to: _show(to, rows))


def _show(console: Console, rows: dict[str, str]) -> None:
    console.print(facts("Settled without a certificate", rows))
