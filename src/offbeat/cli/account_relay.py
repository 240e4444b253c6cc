"""An account as a relay tells it: balances and what of them is final, nonces, open intents."""

from typing import Any

from rich.console import Console

from offbeat.cli.output import Result, facts, table
from offbeat.sdk import AccountState, BalanceState, Client


def show_from_relays(relays: list[str], owner: str, index: int) -> Result:
    """What the first relay that answers says; nothing of it is checked against the chain."""
    with Client(relays, owner=owner, account=index) as client:
        state = client.account()
    return Result(_data(state), lambda console: _show(console, state, f"{owner}/{index}"))


def _data(state: AccountState) -> dict[str, Any]:
    return {
        "account_id": state.account_id,
        "balances": [
            {
                "asset": each.asset,
                "available": str(each.available),
                "pending_final": str(each.pending_final),
            }
            for each in state.balances
        ],
        "positions": {name: str(quantity) for name, quantity in state.positions.items()},
        "lanes": _lanes(state),
        "open_intents": state.open_intents,
        "batch_number": state.batch_number,
        "block_number": state.block_number,
    }


def _lanes(state: AccountState) -> list[dict[str, int]]:
    """Of each lane: below ``floor`` every number is spent, ``next_number`` is free."""
    floors = [lane.floor for lane in state.lanes.lanes]
    return [
        {"floor": floors[lane] if lane < len(floors) else 0, "next_number": number}
        for lane, number in enumerate(state.lanes.next_numbers)
    ]


def _show(console: Console, state: AccountState, name: str) -> None:
    nonces = (str(each["next_number"]) for each in _lanes(state))
    console.print(
        facts(
            f"Account {name}",
            {
                "open intents": str(state.open_intents),
                "next nonces, by lane": ", ".join(nonces) or "0",
                "as of": f"block {state.block_number}, batch {state.batch_number}",
            },
        )
    )
    listing = table("Balances", "asset", "available", "pending final", numbers=2)
    for each in state.balances:
        listing.add_row(*_balance(each))
    console.print(listing)
    if state.positions:
        positions = table("Positions", "instrument", "quantity", numbers=1)
        for instrument, quantity in state.positions.items():
            positions.add_row(instrument, f"{quantity:,}")
        console.print(positions)


def _balance(each: BalanceState) -> tuple[str, str, str]:
    return each.asset, f"{each.available:,}", f"{each.pending_final:,}"
