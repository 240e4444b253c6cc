"""``offbeat force``: requests that no sequencer can ignore, with nothing but a node and a key."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import App, Parameter
from rich.console import Console

from offbeat import chain
from offbeat.cli import history
from offbeat.cli.history import Source
from offbeat.cli.inputs import InputFile, Place, open_chain
from offbeat.cli.intent import read_or_sign
from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result, facts, table
from offbeat.core import Reason, Refused
from offbeat.intents import address_text
from offbeat.oracle import Report
from offbeat.rulebook import ForcedItem, Rules, State, clear_forced, clearance
from offbeat.wire import Forced

if TYPE_CHECKING:
    from offbeat.node import Attested

app = App(name="force", help="Make sequencers do what they ignore.")

_WEI_PER_ETHER: Final = 10**18

Reporters = Annotated[
    list[str] | None,
    Parameter(name="--reporter", help="URL of a reporter; give as many as make a quorum."),
]


@app.default
def force(file: InputFile, *, source: Source, key: KeySource = ENVIRONMENT) -> Result:
    """Queue a withdrawal, transfer, cancel or order on chain.

    FILE describes it, and the key signs it, or holds it as `offbeat intent sign` writes it. Ten
    minutes later no batch may ignore it; an order only where the batch's prices are no better than
    its limit. The key pays a fee, which doubles with each request that is open and goes to whoever
    clears it. What cannot be done is cleared, and everything lapses after a day.

    Exits with 3 if it is refused.
    """
    deployment, private_key = source.read_deployment(), key.load()
    signed = read_or_sign(file, Place(source.deployment), private_key)
    with open_chain(source.rpc) as node:
        sender = chain.Sender(node, private_key)
        receipt = chain.ForcedQueue(sender, deployment).force(signed)
        number = receipt.block_number
        acts = chain.read_acts(node, deployment, number, number)
        (item,) = (
            act.item
            for act in acts
            if isinstance(act, Forced) and act.place.transaction_hash == receipt.transaction_hash
        )
    data = _item_json(item) | {"transaction_hash": receipt.transaction_hash}
    shown = {
        "request": str(item.number),
        "intent": f"0x{item.digest.hex()}",
        "due": _moment(item.due_at_seconds),
        "lapses": _moment(item.lapses_at_seconds),
        "fee": _ether(item.fee_wei),
        "transaction": f"0x{receipt.transaction_hash.hex()}",
    }
    return Result(data, lambda console: console.print(facts("In the queue", shown)))


@app.command
def status(*, source: Source) -> Result:
    """Show the queue: what is due, what can be cleared, and what the next request costs."""
    deployment = source.read_deployment()
    with open_chain(source.rpc) as node:
        block = node.block()
        state = history.rebuild(node, deployment, block.number)
        fee_wei = chain.read_force_fee_wei(node, deployment)
    now = block.timestamp_seconds
    standing = [_standing(state, now, item) for item in state.forced]
    data = {
        "next_fee_wei": fee_wei,
        "requests": [
            _item_json(item) | {"status": text}
            for item, text in zip(state.forced, standing, strict=True)
        ],
    }

    def show(console: Console) -> None:
        rows = table("Forced requests", "number", "what", "whose", "due", "status")
        for item, text in zip(state.forced, standing, strict=True):
            owner = address_text(item.signed.intent.owner)
            due = _moment(item.due_at_seconds)
            rows.add_row(str(item.number), _kind(item), owner, due, text)
        console.print(rows)
        console.print(f"The next costs {_ether(fee_wei)}.")

    return Result(data, show)


@app.command
def clear(*, source: Source, key: KeySource = ENVIRONMENT, reporter: Reporters = None) -> Result:
    """Take requests out of the queue that are done, lapsed or impossible, and earn their fees.

    In the queue's order, until one must stay. Where an account needs margin that it does not have,
    reporters' latest report is the evidence.

    Exits with 3 if the first one must stay.
    """

    deployment = source.read_deployment()
    cleared: list[ForcedItem] = []
    with open_chain(source.rpc) as node:
        block = node.block()
        state = history.rebuild(node, deployment, block.number)
        attested = asyncio.run(_latest(reporter, state.rules)) if reporter else None
        queue = chain.ForcedQueue(chain.Sender(node, key.load()), deployment)
        while (reason := clearance(state, block.timestamp_seconds)) in _CLEARABLE:
            evidence: tuple[Report, bytes] | tuple[()] = ()
            if reason is not None:
                if attested is None:
                    break
                reason = clearance(state, block.timestamp_seconds, attested.report)
                if reason is not None:
                    break
                evidence = attested.report, attested.attestation
            queue.clear(state, *evidence)
            cleared.append(state.forced[0])
            state = clear_forced(state)
    if reason is not None and not cleared:
        raise Refused(reason, _WHY.get(reason, "this is no evidence"))
    earned_wei = sum(item.fee_wei for item in cleared)
    data = {"requests": [_item_json(item) for item in cleared], "earned_wei": earned_wei}
    shown = {f"request {item.number}": f"0x{item.digest.hex()}" for item in cleared}
    shown["earned"] = _ether(earned_wei)
    return Result(data, lambda console: console.print(facts("Cleared", shown)))


@app.command(name="pass-over")
def pass_over(*, source: Source, key: KeySource = ENVIRONMENT) -> Result:
    """Put the first request behind the others: an order, where anything else waits, or where a
    batch has left it since it is due.

    Exits with 3 if it is none.
    """
    deployment = source.read_deployment()
    with open_chain(source.rpc) as node:
        sender = chain.Sender(node, key.load())
        receipt = chain.ForcedQueue(sender, deployment).pass_over()
    shown = {"transaction": f"0x{receipt.transaction_hash.hex()}"}
    data = {"transaction_hash": receipt.transaction_hash}
    return Result(data, lambda console: console.print(facts("Behind the others", shown)))


_CLEARABLE: Final = (None, Reason.REPORT_MISSING)
_WHY: Final = {
    Reason.INBOX_EMPTY: "nothing is in the queue",
    Reason.ITEM_OPEN: "a batch can still do the first request, or it is not due yet",
    Reason.REPORT_MISSING: "name --reporter: its account may have the margin that it needs",
}


async def _latest(urls: list[str], rules: Rules) -> "Attested | None":
    from offbeat.node import ReportFeed

    feed = ReportFeed(urls, rules)
    try:
        return await feed.latest()
    finally:
        await feed.close()


def _standing(state: State, now_seconds: int, item: ForcedItem) -> str:
    """What becomes of a request, were it the first."""
    reason = clearance(replace(state, forced=(item,)), now_seconds)
    if reason is None:
        return "can be cleared"
    if now_seconds < item.due_at_seconds:
        return "not due yet"
    return "due" if item is state.forced[0] else "due in its turn"


def _item_json(item: ForcedItem) -> dict[str, Any]:
    return {
        "number": item.number,
        "kind": _kind(item),
        "intent_hash": item.digest,
        "owner": item.signed.intent.owner,
        "account": item.signed.intent.account,
        "due_at_seconds": item.due_at_seconds,
        "lapses_at_seconds": item.lapses_at_seconds,
        "fee_wei": item.fee_wei,
    }


def _kind(item: ForcedItem) -> str:
    return type(item.signed.intent).__name__.lower()


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _ether(wei: int) -> str:
    return f"{Decimal(wei) / _WEI_PER_ETHER:f} ETH"
