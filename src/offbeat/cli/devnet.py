"""``offbeat devnet``: a chain, the contracts, reporters, relays and funded keys, in one command."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
from cyclopts import App, Parameter

from offbeat import chain
from offbeat.cli.deploy import write_deployment
from offbeat.cli.devnet_market import found, reporters_app
from offbeat.cli.devnet_plan import Devnet, draw_keys
from offbeat.cli.node import run_async
from offbeat.cli.output import ExitCode, stderr, stdout, table
from offbeat.core import ChainError, InvalidInput, Unavailable
from offbeat.core.ports import DevChain
from offbeat.node import HttpServer, listen, url_of

app = App(name="devnet", help="A chain and relays to try it all on.")

START_SECONDS: Final = 60
"""How long a process of the network may take to come up."""
STOP_SECONDS: Final = 15
LOOPBACK: Final = "127.0.0.1"
_PAST_SECONDS: Final = 3_600
"""The embedded chain begins so long ago: founding takes more blocks than seconds."""
_RUN_NODE: Final = "import sys; from offbeat.cli import main; sys.exit(main())"


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
    reporter_port: Annotated[int, Parameter(help="Of the three reporters.")] = 8546,
) -> ExitCode:
    """Start a whole network on this machine, and stop it with Ctrl-C.

    Prints where everything is, and writes it to devnet.json in the folder when all of it is there.
    The keys are drawn anew each time, readable to you alone, and worth nothing elsewhere. A port of
    0 is any free one.
    """
    if not (0 < nodes <= 8 and 0 < traders <= 256):
        raise InvalidInput("usage", "1 to 8 nodes, 1 to 256 traders")
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
    run_async(lambda: _run(network, anvil, ports, chain_port, reporter_port))
    return ExitCode.OK


async def _run(
    network: Devnet, anvil: bool, ports: Sequence[int], chain_port: int, reporter_port: int
) -> None:
    async with AsyncExitStack() as stack:
        stderr().print("founding: contracts, tokens, deposits", soft_wrap=True)
        if anvil:
            url = stack.enter_context(_anvil(chain_port))
            node: DevChain = chain.AnvilChain(url)
            deployment = await asyncio.to_thread(found, node, network)
        else:
            embedded = chain.EmbeddedChain(genesis_seconds=int(time.time()) - _PAST_SECONDS)
            deployment = await asyncio.to_thread(found, embedded, network)
            url = await stack.enter_async_context(_serving(chain.rpc_app(embedded), chain_port))
        write_deployment(deployment, network.deployment_file)
        reporters = reporters_app(network.reporters, deployment.domain)
        reporter_url = await stack.enter_async_context(_serving(reporters, reporter_port))
        stderr().print(f"starting {len(ports)} relays", soft_wrap=True)
        starting = [
            await stack.enter_async_context(
                _relay(network, number, network.write_node(number, url, reporter_url, port))
            )
            for number, port in enumerate(ports)
        ]
        relays = await asyncio.gather(*starting)
        summary = network.write_summary(url, reporter_url, relays)
        _show(summary)
        await _until_signal()
        stderr().print("stopping", soft_wrap=True)


# Processes and servers --------------------------------------------------------------------


@asynccontextmanager
async def _serving(served: Any, port: int) -> AsyncIterator[str]:
    """An app in this process; its URL."""
    import uvicorn

    config = uvicorn.Config(served, log_config=None, access_log=False, ws="none")
    server = HttpServer(config)
    with listen(LOOPBACK, port) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield url_of(listening)
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def _relay(
    network: Devnet, number: int, config: Path
) -> AsyncIterator[Coroutine[Any, Any, str]]:
    """A relay in a process of its own, and what waits until it is ready, for its URL."""
    log = network.folder / f"node-{number + 1}.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing is imported from where we happen to stand
            "-c",
            _RUN_NODE,
            "node",
            "run",
            f"--config={config}",
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield _ready(process, log)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> str:
    """The URL that the relay's log names, once it answers there that it is ready."""
    deadline = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(timeout=2) as client:
        while time.monotonic() < deadline and process.returncode is None:
            lines = log.read_text().splitlines()
            url = next((each.split()[-1] for each in lines if "listening on" in each), None)
            if url is not None:
                try:
                    if (await client.get(f"{url}/readyz")).is_success:
                        return url
                except httpx.HTTPError:
                    pass
            await asyncio.sleep(0.1)
    raise Unavailable("node_unavailable", f"a relay did not come up: see {log}")


@contextmanager
def _anvil(port: int) -> Iterator[str]:
    """A real node that mines each second, and at once what it is sent; its URL."""
    binary = shutil.which("anvil")
    if binary is None:
        raise InvalidInput("anvil_missing", "there is no anvil on the path")
    command = [
        binary, f"--port={port}", "--hardfork=prague", "--accounts=0", "--block-time=1",
        "--mixed-mining", "--enable-tx-gas-limit", "--gas-limit=36000000",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None, "a pipe was asked for"
            address = next((line for line in process.stdout if "Listening on" in line), None)
            if address is None:
                raise ChainError("anvil_failed", f"anvil could not start on port {port}")
            yield f"http://{address.split()[-1]}"
        finally:
            process.terminate()


async def _until_signal() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    await stopped.wait()


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
