"""``offbeat devnet``: a chain, the contracts, reporters, relays and funded keys, in one command."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from offbeat.cli.anvil import find_anvil
from offbeat.cli.devnet_plan import N_REPORTERS, Devnet, draw_keys
from offbeat.cli.network import running
from offbeat.cli.node import run_async, until_signal
from offbeat.cli.output import ExitCode, stderr, stdout, table
from offbeat.core import InvalidInput

app = App(name="devnet", help="A chain and relays to try it all on.")


@app.command
def up(
    *,
    folder: Annotated[
        Path, Parameter(name="--dir", help="Where everything is written; must be new.")
    ] = Path(".offbeat-devnet"),
    nodes: Annotated[int, Parameter(help="Relays, all on one store.")] = 1,
    traders: Annotated[int, Parameter(help="Funded keys to trade with.")] = 4,
    anvil: Annotated[
        bool, Parameter(negative="", help="Run anvil, instead of the EVM in this process.")
    ] = False,
    store: Annotated[
        str | None, Parameter(help="URL of the store. [default: SQLite in the folder]")
    ] = None,
    port: Annotated[int, Parameter(help="Of the first relay; the others follow.")] = 8420,
    chain_port: Annotated[int, Parameter(help="Of the chain's JSON-RPC.")] = 8545,
    reporter_port: Annotated[int, Parameter(help="Of the first of three reporters.")] = 8546,
) -> ExitCode:
    """Start a whole network on this machine, and stop it with Ctrl-C.

    Prints where everything is, and writes it to devnet.json in the folder when all of it is there.
    The keys are drawn anew each time, readable to you alone, and worth nothing elsewhere. A port of
    0 is any free one.
    """
    if not (0 < nodes <= 8 and 0 < traders <= 256):
        raise InvalidInput("usage", "1 to 8 nodes, 1 to 256 traders")
    anvil_binary = find_anvil() if anvil else None
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise InvalidInput("file_exists", f"{folder} exists already; remove it first") from error
    folder = folder.resolve()
    network = Devnet(
        folder=folder,
        keys=draw_keys(folder / "keys", nodes, traders),
        store_url=store or f"sqlite:///{folder / 'store.db'}",
    )
    ports = [port + number if port else 0 for number in range(nodes)]
    reporter_ports = [reporter_port + each for each in range(N_REPORTERS)] if reporter_port else []
    run_async(lambda: _run(network, anvil_binary, ports, chain_port, reporter_ports))
    return ExitCode.OK


async def _run(
    plan: Devnet,
    anvil_binary: str | None,
    ports: Sequence[int],
    chain_port: int,
    reporter_ports: Sequence[int],
) -> None:
    stderr().print("founding: contracts, tokens, deposits", soft_wrap=True)
    async with running(
        plan, ports, anvil_binary=anvil_binary, chain_port=chain_port, reporter_ports=reporter_ports
    ) as network:
        _show(plan.write_summary(network.rpc_url, network.reporter_urls, network.urls))
        await until_signal()
        stderr().print("stopping", soft_wrap=True)


def _show(summary: dict[str, Any]) -> None:
    console = stdout()
    places = table("Devnet", "what", "where")
    places.add_row("chain", f"{summary['rpc_url']} (id {summary['chain_id']})")
    for number, url in enumerate(summary["relays"], 1):
        places.add_row(f"relay {number}", url)
    for number, url in enumerate(summary["reporters"], 1):
        places.add_row(f"reporter {number}", f"{url}/report")
    for name in ("deployment", "store_url"):
        places.add_row(name.removesuffix("_url"), summary[name])
    people = table("Accounts", "trader", "address", "key file")
    for name, person in summary["traders"].items():
        people.add_row(name, person["address"], person["key_file"])
    console.print(places)
    console.print(people)
    console.print(json.dumps({"ready": summary["folder"]}), soft_wrap=True)
