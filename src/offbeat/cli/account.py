"""``offbeat account``: records rebuilt from the chain alone, and checked against it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from offbeat.chain import read_facts
from offbeat.cli import history
from offbeat.cli.account_relay import show_from_relays
from offbeat.cli.amounts import micros_text
from offbeat.cli.history import Source
from offbeat.cli.inputs import open_chain
from offbeat.cli.output import ExitCode, Result, facts, table
from offbeat.core import InvalidInput
from offbeat.intents import address_text, parse_address
from offbeat.reconciliation import Divergence, check
from offbeat.rulebook import Account, State, account_id, owner_of, symbol_text
from offbeat.wire import ChainFacts, account_to_json, instrument_label

app = App(name="account", help="Account records, from the chain.")

_ACCOUNT = re.compile(r"(0x[0-9a-fA-F]{40})(?:/([0-9]{1,10}))?")


Block = Annotated[int | None, Parameter(help="Rebuild as of this block. [default: the latest]")]


@dataclass(frozen=True, slots=True)
class _Rebuilt:
    """A state, the contracts' side of it, and where the two disagree."""

    state: State
    facts: ChainFacts
    divergences: tuple[Divergence, ...]

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.FAILURE if self.divergences else ExitCode.OK


@app.command
def show(
    account: Annotated[str, Parameter(help="OWNER/INDEX; an owner alone means index 0.")],
    *,
    relay: Annotated[
        list[str] | None, Parameter(help="Ask this relay instead; may be repeated.", negative="")
    ] = None,
    block: Block = None,
    deployment: Annotated[
        Path | None, Parameter(help="Where Offbeat stands.", env_var="OFFBEAT_DEPLOYMENT")
    ] = None,
    rpc: Annotated[
        str | None, Parameter(help="URL of a node to rebuild from.", env_var="OFFBEAT_RPC_URL")
    ] = None,
) -> Result:
    """Show one account: its record rebuilt from the chain alone, or what a relay says of it.

    From the chain it exits with 1 if the contract's commitment to any record is another. A relay
    also knows what is not final yet, the next nonces, and what is open.
    """
    wanted = _parse_account(account)
    if relay:
        if block is not None:
            raise InvalidInput("usage", "a relay tells of now: --block needs --rpc, not --relay")
        return show_from_relays(relay, address_text(owner_of(wanted)), wanted & 0xFFFF_FFFF)
    if deployment is None or rpc is None:
        raise InvalidInput("usage", "give --deployment and --rpc, or --relay")
    rebuilt = _rebuild(Source(deployment=deployment, rpc=rpc), block)
    record = rebuilt.state.account(wanted)
    claimable = {
        symbol_text(symbol): amount
        for (address, symbol), amount in rebuilt.facts.claimable_micros.items()
        if address == record.owner and amount
    }
    pending = [
        {"number": number, "symbol": symbol_text(item.symbol), "amount_micros": item.amount_micros}
        for number, item in rebuilt.state.inbox.items()
        if account_id(item.owner, item.index) == wanted
    ]
    data = {
        **account_to_json(record),
        "known": wanted in rebuilt.state.accounts,
        "inbox": pending,
        "claimable_micros": claimable,
        **_proof(rebuilt),
    }

    def human(console: Console) -> None:
        console.print(_record(record, rebuilt))
        if record.positions:
            console.print(_positions(record))
        if pending or claimable:
            console.print(_waiting(pending, claimable))
        _print_divergences(console, rebuilt)

    return Result(data, human, rebuilt.exit_code)


@app.command
def rebuild(*, block: Block = None, source: Source) -> Result:
    """Rebuild every account's record from the chain alone, and check each commitment.

    Exits with 1 if anything differs from what the contracts store.
    """
    rebuilt = _rebuild(source, block)
    records = sorted(rebuilt.state.accounts.values(), key=lambda record: record.id)
    data = {"accounts": [account_to_json(record) for record in records], **_proof(rebuilt)}

    def human(console: Console) -> None:
        listing = table(
            "Accounts", "account", "commitment", "on chain", "positions", "cash", numbers=2
        )
        for record in records:
            agrees = rebuilt.facts.commitments[record.id] == record.commitment
            listing.add_row(
                _account_text(record),
                f"0x{record.commitment.hex()[:12]}…",
                "equal" if agrees else "[red]differs[/]",
                str(len(record.positions)),
                micros_text(record.cash_micros),
            )
        console.print(listing)
        console.print(_summary(rebuilt))
        _print_divergences(console, rebuilt)

    return Result(data, human, rebuilt.exit_code)


def _rebuild(source: Source, block: int | None) -> _Rebuilt:
    deployment = source.read_deployment()
    with open_chain(source.rpc) as chain:
        last = chain.block(block).number
        state = history.rebuild(chain, deployment, last)
        facts = read_facts(chain, deployment, state, last)
    return _Rebuilt(state, facts, check(state, facts))


def _parse_account(text: str) -> int:
    match = _ACCOUNT.fullmatch(text)
    index = int(match[2] or 0) if match else 0
    if match is None or index >> 32:
        raise InvalidInput("account_invalid", "an account is OWNER/INDEX, like 0x12…ab/0")
    return account_id(parse_address(match[1]), index)


def _account_text(record: Account) -> str:
    return f"{address_text(record.owner)}/{record.index}"


def _proof(rebuilt: _Rebuilt) -> dict[str, Any]:
    """What all of it stands on."""
    return {
        "block_number": rebuilt.facts.block_number,
        "batches": rebuilt.state.number,
        "head": rebuilt.state.head,
        "verified": not rebuilt.divergences,
        "divergences": [divergence.as_json() for divergence in rebuilt.divergences],
    }


def _record(record: Account, rebuilt: _Rebuilt) -> Any:
    lanes = (f"{lane.floor}+{lane.bitmap.bit_count()}" for lane in record.lanes)
    return facts(
        f"Account {_account_text(record)}",
        {
            "cash": micros_text(record.cash_micros),
            "positions": str(len(record.positions)),
            "orders partly filled": str(len(record.partials)),
            "nonces spent, by lane": ", ".join(lanes) or "none",
            "commitment": f"0x{record.commitment.hex()}",
            "on chain": _on_chain(record, rebuilt),
            "as of": f"block {rebuilt.facts.block_number}, batch {rebuilt.state.number}",
        },
    )


def _on_chain(record: Account, rebuilt: _Rebuilt) -> str:
    commitment = rebuilt.facts.commitments.get(record.id)
    return f"0x{commitment.hex()}" if commitment else "nothing: no batch has touched it"


def _positions(record: Account) -> Any:
    listing = table("Positions", "instrument", "quantity", numbers=1)
    for position in record.positions:
        name = instrument_label(position.instrument_id)
        listing.add_row(name, micros_text(position.quantity_micros))
    return listing


def _waiting(pending: list[dict[str, Any]], claimable: dict[str, int]) -> Any:
    listing = table("On its way", "what", "asset", "amount", numbers=1)
    for item in pending:
        listing.add_row(
            f"deposit {item['number']}", item["symbol"], micros_text(item["amount_micros"])
        )
    for symbol, amount in claimable.items():
        listing.add_row("to be claimed", symbol, micros_text(amount))
    return listing


def _summary(rebuilt: _Rebuilt) -> Any:
    state = rebuilt.state
    when = datetime.fromtimestamp(state.time_seconds, UTC).isoformat()
    return facts(
        "Rebuilt from calldata and events",
        {
            "batches": f"{state.number}, the last of {when}" if state.number else "none",
            "head": f"0x{state.head.hex()}",
            "accounts": str(len(state.accounts)),
            "inbox": f"{state.inbox_count - state.inbox_consumed} waiting of {state.inbox_count}",
            "as of": f"block {rebuilt.facts.block_number}",
            "verdict": "differs from the chain" if rebuilt.divergences else "equals the chain",
        },
    )


def _print_divergences(console: Console, rebuilt: _Rebuilt) -> None:
    for divergence in rebuilt.divergences:
        console.print(f"[bold red]diverged[/] {divergence}")
