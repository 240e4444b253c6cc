"""``offbeat reporter``: see markets, agree with the other reporters, sign, and serve relays."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from coincurve import PrivateKey
from cyclopts import App, Parameter

from offbeat.cli.inputs import read_deployment
from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.node import run_async, until_signal
from offbeat.cli.output import ExitCode, stderr
from offbeat.core import InvalidInput

if TYPE_CHECKING:
    from offbeat.node import ReporterService

app = App(name="reporter", help="Report prices, volatilities and settlement prices.")


@app.command
def run(
    *,
    rpc: Annotated[str, Parameter(help="URL of a node of the chain, read once for the quorum.")],
    deployment: Annotated[Path, Parameter(help="The deployment file.")],
    key: Annotated[Path, Parameter(help="File with the reporter's private key in hex.")],
    source: Annotated[
        str, Parameter(help="URL of a venue with Deribit's API, folder:PATH, or invented:SEED.")
    ],
    peers: Annotated[
        tuple[str, ...], Parameter(name="--peer", help="URL of another reporter; repeat it.")
    ] = (),
    symbols: Annotated[
        tuple[str, ...], Parameter(name="--symbol", help="Underlying to ask the venue for.")
    ] = ("BTC", "ETH"),
    host: Annotated[str, Parameter(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to serve on; 0 is any free one.")] = 8546,
    interval: Annotated[int, Parameter(help="Seconds between reports.")] = 10,
    max_move_bps: Annotated[int, Parameter(help="Largest move of a price it signs.")] = 1_000,
    max_disagreement_bps: Annotated[
        int, Parameter(help="Largest distance from its own prices that it signs.")
    ] = 200,
    max_spread: Annotated[float, Parameter(help="Widest quote that counts, in volatility.")] = 0.10,
    max_quote_age: Annotated[int, Parameter(help="Oldest quote that counts, in seconds.")] = 900,
    clock_offset: Annotated[
        int, Parameter(help="Seconds added to the clock, to report on a recorded market.")
    ] = 0,
) -> ExitCode:
    """Run a reporter until SIGTERM or Ctrl-C.

    Serves /report and /settlement-prices for relays and anybody who posts, /livez with what it
    refuses and why. The key must be one of the quorum's on chain.
    """
    from offbeat.node import ReporterRules

    if interval <= 0:
        raise InvalidInput("usage", "an interval is at least a second")
    rules = ReporterRules(
        interval_seconds=interval,
        max_move_bps=max_move_bps,
        max_disagreement_bps=max_disagreement_bps,
    )

    async def main() -> None:
        import httpx

        from offbeat.chain import RpcChain, read_rules
        from offbeat.intents import address_of
        from offbeat.node import (
            DeribitSource,
            MarketSource,
            ReporterService,
            Rounds,
        )
        from offbeat.oracle import QuoteFilter
        from offbeat.sim import FolderSource, InventedSource

        secret = _key(key)
        placed = read_deployment(deployment)
        known = await asyncio.to_thread(read_rules, RpcChain(rpc), placed)
        signers = known.reporters.signers
        if address_of(secret) not in signers:
            raise InvalidInput("signer_unknown", "the key is none of the reporters'")
        async with httpx.AsyncClient(timeout=10.0) as client:
            market: MarketSource
            kind, _, rest = source.partition(":")
            if kind == "folder":
                market = FolderSource(Path(rest))
            elif kind == "invented" and rest.isdigit():
                market = InventedSource(int(rest))
            elif kind in {"http", "https"}:
                seen = QuoteFilter(max_age_seconds=max_quote_age, max_spread=max_spread)
                market = DeribitSource(source, symbols, seen, client)
            else:
                raise InvalidInput("source_unknown", f"{source} is no URL, folder:, invented:SEED")
            rounds = Rounds(
                secret, signers.index(address_of(secret)), known.reporters, known.domain, rules
            )
            service = ReporterService(rounds, market, peers, now=lambda: time.time() + clock_offset)
            await _serve(service, host, port)

    run_async(main)
    return ExitCode.OK


@app.command
def post(
    *,
    rpc: Annotated[str, Parameter(help="URL of a node of the chain.")],
    deployment: Annotated[Path, Parameter(help="The deployment file.")],
    reporters: Annotated[
        tuple[str, ...], Parameter(name="--reporter", help="URL of a reporter; repeat it.")
    ],
    key: KeySource = ENVIRONMENT,
) -> ExitCode:
    """Bring settlement prices on chain as reporters sign them, paid for by the key.

    Positions of an expiry become cash after this. Anybody may do it, and one is enough; a price
    stands once it is there. Runs until SIGTERM or Ctrl-C.
    """
    from offbeat.chain import Gateway, RpcChain, Sender
    from offbeat.node import PricePoster

    placed = read_deployment(deployment)
    poster = PricePoster(Gateway(Sender(RpcChain(rpc), key.load()), placed), reporters)

    async def main() -> None:
        posting = asyncio.create_task(poster.run())
        stopping = asyncio.create_task(until_signal())
        stderr().print(f"posting what {len(reporters)} reporters sign", soft_wrap=True)
        await asyncio.wait([posting, stopping], return_when=asyncio.FIRST_COMPLETED)
        for each in (posting, stopping):
            each.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await posting

    run_async(main)
    return ExitCode.OK


async def _serve(service: "ReporterService", host: str, port: int) -> None:
    """Serve and report until a signal."""
    import uvicorn

    from offbeat.node import HttpServer, listen, reporter_app, url_of

    config = uvicorn.Config(reporter_app(service), log_config=None, access_log=False, ws="none")
    server = HttpServer(config)
    with listen(host, port) as listening:
        tasks = [
            asyncio.create_task(server.serve(sockets=[listening])),
            asyncio.create_task(service.run()),
        ]
        stopping = asyncio.create_task(until_signal())
        stderr().print(f"listening on {url_of(listening)}", soft_wrap=True)
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stopping.cancel()
        tasks[1].cancel()
        await tasks[0]
        with contextlib.suppress(asyncio.CancelledError):
            await tasks[1]


def _key(file: Path) -> PrivateKey:
    try:
        return PrivateKey(bytes.fromhex(file.read_text().strip().removeprefix("0x")))
    except (OSError, ValueError) as error:
        raise InvalidInput("private_key_invalid", f"no private key in {file}") from error
